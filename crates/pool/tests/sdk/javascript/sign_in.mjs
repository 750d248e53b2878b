// First factors: passwords, sent or proven, temporary ones, and codes; through either door.

import assert from "node:assert/strict";

import {
  admin, advance, api, call, claims, codeFor, isTokens, local, makeUser, messageTo, password, publicClient, refused,
  second, settings, wrong,
} from "./pool.mjs";
import { Exchange } from "./srp.mjs";

async function byPassword(door, USERNAME) {
  await makeUser(USERNAME);
  await door.signIn(USERNAME);
  const begin = (flow, PASSWORD) => door.begin(flow, { USERNAME, ...(PASSWORD && { PASSWORD }) });
  const message = await refused("NotAuthorizedException", begin("USER_PASSWORD_AUTH", second));
  assert.equal(message, "Incorrect username or password.");
  await refused("InvalidParameterException", begin("USER_PASSWORD_AUTH"));
  for (const flow of ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"]) {
    if (door.admin) isTokens((await begin(flow, password)).AuthenticationResult);
    else await refused("InvalidParameterException", begin(flow, password));
  }
}

async function bySrp(door, USERNAME) {
  const exchange = new Exchange();
  const begin = async (word) => {
    const challenge = await door.begin("USER_SRP_AUTH", { USERNAME, SRP_A: exchange.SRP_A });
    const { ChallengeName, ChallengeParameters: parameters, Session } = challenge;
    assert.deepEqual([ChallengeName, Session], ["PASSWORD_VERIFIER", undefined]);
    const names = ["SALT", "SECRET_BLOCK", "SRP_B", "USERNAME", "USER_ID_FOR_SRP"];
    assert.deepEqual(Object.keys(parameters).sort(), names);
    const proof = exchange.proof(parameters, word);
    return { parameters, answer: (given = proof) => door.answer(challenge, parameters.USERNAME, given) };
  };
  const { parameters, answer } = await begin(password);
  const tokens = isTokens((await answer()).AuthenticationResult);
  assert.equal(claims(tokens.AccessToken).username, parameters.USER_ID_FOR_SRP);
  assert.match(await refused("NotAuthorizedException", answer()), /session can only be used once\.$/);

  const other = await begin(second);
  await refused("NotAuthorizedException", other.answer());
  await refused("InvalidParameterException", other.answer({}));
  await refused("NotAuthorizedException", door.begin("USER_SRP_AUTH", { USERNAME, SRP_A: "0" }));
}

/** What is told of an account that cannot sign in. */
async function states(door, USERNAME) {
  await settings({ prevent_user_existence_errors: false });
  const given = { USERNAME, PASSWORD: password };
  const exchange = new Exchange();
  for (const [status, error] of [
    ["UNCONFIRMED", "UserNotConfirmedException"],
    ["RESET_REQUIRED", "PasswordResetRequiredException"],
  ]) {
    await local("users", { username: USERNAME, status });
    await refused(error, door.begin("USER_PASSWORD_AUTH", given));
    const challenge = await door.begin("USER_SRP_AUTH", { USERNAME, SRP_A: exchange.SRP_A });
    await refused(error, door.answer(challenge, USERNAME, exchange.proof(challenge.ChallengeParameters, password)));
  }
  await local("users", { username: USERNAME, status: "CONFIRMED" });
  const nobody = { ...given, USERNAME: "nobody@example.com" };
  await refused("UserNotFoundException", door.begin("USER_PASSWORD_AUTH", nobody));
  await settings({ prevent_user_existence_errors: true });
}

async function newPassword(door, USERNAME) {
  await makeUser(USERNAME, { status: "FORCE_CHANGE_PASSWORD" });
  await settings({ password_policy: { history_size: 1 } });
  const challenge = await door.begin("USER_PASSWORD_AUTH", { USERNAME, PASSWORD: password });
  assert.equal(challenge.ChallengeName, "NEW_PASSWORD_REQUIRED");
  const { requiredAttributes, userAttributes, USER_ID_FOR_SRP } = challenge.ChallengeParameters;
  assert.deepEqual([JSON.parse(requiredAttributes), JSON.parse(userAttributes).email], [[], USERNAME]);
  const answer = (given) => door.answer(challenge, USER_ID_FOR_SRP, given);
  await refused("InvalidPasswordException", answer({ NEW_PASSWORD: "short" }));
  await refused("PasswordHistoryPolicyViolationException", answer({ NEW_PASSWORD: password }));
  await refused("InvalidParameterException", answer({}));
  const done = await answer({ NEW_PASSWORD: second, "userAttributes.given_name": "Ada" });
  assert.equal(claims(isTokens(done.AuthenticationResult).IdToken).given_name, "Ada");
  await settings({ password_policy: { history_size: 0 } });
}

async function byChoice(door, USERNAME) {
  const phone = "+4915112345678";
  await makeUser(USERNAME, { attributes: { phone_number: phone, phone_number_verified: "true" } });
  const begin = async (PREFERRED_CHALLENGE) => {
    const challenge = await door.begin("USER_AUTH", { USERNAME, ...(PREFERRED_CHALLENGE && { PREFERRED_CHALLENGE }) });
    assert.equal(challenge.ChallengeName, PREFERRED_CHALLENGE ?? "SELECT_CHALLENGE");
    return challenge;
  };
  const done = async (challenge, given) =>
    isTokens((await door.answer(challenge, USERNAME, given)).AuthenticationResult);
  const choice = await begin();
  assert.deepEqual(choice.AvailableChallenges, ["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP"]);
  await refused("InvalidParameterException", door.answer(choice, USERNAME, { ANSWER: "WEB_AUTHN" }));
  await done(choice, { ANSWER: "PASSWORD", PASSWORD: password });

  // Preferred, the password is a challenge of its own, and so is the beginning of its proof.
  await done(await begin("PASSWORD"), { PASSWORD: password });
  const exchange = new Exchange();
  const proof = await door.answer(await begin("PASSWORD_SRP"), USERNAME, { SRP_A: exchange.SRP_A });
  assert.equal(proof.ChallengeName, "PASSWORD_VERIFIER");
  await done(proof, exchange.proof(proof.ChallengeParameters, password));

  for (const [factor, medium, address] of [["EMAIL_OTP", "EMAIL", USERNAME], ["SMS_OTP", "SMS", phone]]) {
    const challenge = await begin(factor);
    assert.equal(challenge.ChallengeParameters.CODE_DELIVERY_DELIVERY_MEDIUM, medium);
    const { code, kind } = await messageTo(address);
    assert.deepEqual([code.length, kind], [8, "authentication"]);
    const mistaken = door.answer(challenge, USERNAME, { [`${factor}_CODE`]: wrong(code) });
    await refused("CodeMismatchException", mistaken);
    await done(challenge, { [`${factor}_CODE`]: code });
  }
}

async function sessionsExpire(door, name) {
  const challenge = await door.begin("USER_AUTH", { USERNAME: name });
  await advance(180);
  const late = door.answer(challenge, name, { ANSWER: "PASSWORD", PASSWORD: password });
  assert.match(await refused("NotAuthorizedException", late), /session is expired\.$/);
}

/** From a sign-up without a password to tokens, and no further question. */
async function straightIn() {
  const person = { ClientId: publicClient, Username: "new@example.com" };
  const { Session: first } = await call("SignUp", person);
  const code = { ConfirmationCode: await codeFor(person.Username), Session: first };
  const { Session } = await call("ConfirmSignUp", { ...person, ...code });
  const AuthParameters = { USERNAME: person.Username };
  const begin = () => call("InitiateAuth", { ClientId: publicClient, AuthFlow: "USER_AUTH", AuthParameters, Session });
  isTokens((await begin()).AuthenticationResult);
  await refused("NotAuthorizedException", begin());
}

export async function run() {
  for (const door of [api, admin]) {
    const who = door.admin ? "admin" : "api";
    await byPassword(door, `${who}@example.com`);
    await bySrp(door, `${who}@example.com`);
    await states(door, `${who}@example.com`);
    await newPassword(door, `${who}-invited@example.com`);
    await byChoice(door, `${who}-choice@example.com`);
    await sessionsExpire(door, `${who}-choice@example.com`);
    const { RefreshToken } = await door.signIn(`${who}@example.com`);
    for (const flow of ["REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"]) {
      isTokens((await door.begin(flow, { REFRESH_TOKEN: RefreshToken })).AuthenticationResult, true);
    }
  }
  await straightIn();
}
