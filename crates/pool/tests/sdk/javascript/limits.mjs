// What is done too often: codes guessed, messages sent, passwords tried, calls a second.

import assert from "node:assert/strict";

import {
  admin, advance, api, call, codeFor, example, local, makeUser, model, password, poolId, publicClient, refused, sdk,
  second, settings, tokenOf, wrong,
} from "./pool.mjs";

const name = "ada@example.com";
const person = { ClientId: publicClient, Username: name };
const often = "LimitExceededException";

/** So many calls end in one exception (none: in none), the next is too many. */
async function after(times, operation, input, exception) {
  for (let count = 0; count < times; count += 1) {
    await (exception ? refused(exception, call(operation, input)) : call(operation, input));
  }
  await refused(often, call(operation, input));
}

async function guesses() {
  const mismatch = "CodeMismatchException";
  await call("SignUp", { ...person, Password: password });
  await after(15, "ConfirmSignUp", { ...person, ConfirmationCode: wrong(await codeFor(name)) }, mismatch);
  await call("AdminConfirmSignUp", { UserPoolId: poolId, Username: name });
  const email = { AccessToken: await tokenOf(name), AttributeName: "email" };
  await call("GetUserAttributeVerificationCode", email);
  await call("VerifyUserAttribute", { ...email, Code: await codeFor(name) });
  await call("GetUserAttributeVerificationCode", email);
  await after(15, "VerifyUserAttribute", { ...email, Code: wrong(await codeFor(name)) }, mismatch);
  await call("ForgotPassword", person);
  const reset = { ...person, ConfirmationCode: wrong(await codeFor(name)), Password: second };
  await after(10, "ConfirmForgotPassword", reset, mismatch);
  return email;
}

async function messages(email) {
  await settings({ limits: { messages: true } });
  await after(5, "ForgotPassword", person);
  await after(5, "GetUserAttributeVerificationCode", email);
  const late = { ClientId: publicClient, Username: "late@example.com" };
  await call("SignUp", { ...late, Password: password });
  await after(5, "ResendConfirmationCode", late);
  const short = { AccessToken: email.AccessToken, PreviousPassword: password, ProposedPassword: "short" };
  await after(5, "ChangePassword", short, "InvalidPasswordException");
}

/** The clock stands still: a name is locked for a second at first. */
async function tries(door, USERNAME) {
  await local("clock", { fixed_at: await advance(0) });
  await makeUser(USERNAME);
  const begin = (PASSWORD) => door.begin("USER_PASSWORD_AUTH", { USERNAME, PASSWORD });
  const attempt = (word) => refused("NotAuthorizedException", begin(word));
  for (let count = 0; count < 5; count += 1) assert.equal(await attempt(second), "Incorrect username or password.");
  assert.equal(await attempt(password), "Password attempts exceeded");
  await advance(1);
  await door.signIn(USERNAME);
  await local("clock", { fixed_at: null });
}

/** The clock stands still, so that no second passes. */
async function requests() {
  await settings({ limits: { requests: true } });
  await local("clock", { fixed_at: await advance(0) });
  for (const [operation, { errors }] of Object.entries(model.operations)) {
    if (!errors.includes("TooManyRequestsException")) continue;
    let left = 500;
    for (let error; !(error instanceof sdk.TooManyRequestsException); left -= 1) {
      assert.ok(left > 0, `${operation} is taken however often`);
      error = await call(operation, example(operation)).catch((error) => error);
    }
  }
}

export async function run() {
  await messages(await guesses());
  await tries(api, "api@example.com");
  await tries(admin, "admin@example.com");
  await requests();
}
