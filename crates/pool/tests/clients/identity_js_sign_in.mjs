// Unmodified amazon-cognito-identity-js against the pool at POOL_URL: from sign-up
// to sign-out, signed in with SRP.

import assert from "node:assert/strict";

import { CognitoUserAttribute, Store, authenticate, called, heard, user, userPool } from "./identity_js.mjs";
import { call, codeFor, local, makeUser, password, refused, wrong } from "./pool.mjs";

const email = "identity@example.com";
const second = "N3w-Passw0rd";

async function signUp(pool) {
  const attributes = [new CognitoUserAttribute({ Name: "given_name", Value: "Ada" })];
  const made = await called((done) => pool.signUp(email, password, attributes, null, done));
  assert.equal(made.userConfirmed, false);
  assert.equal(made.codeDeliveryDetails.AttributeName, "email");
  await refused("UsernameExistsException", called((done) => pool.signUp(email, password, [], null, done)));
  await refused("UserNotConfirmedException", authenticate(user(pool, email), password));

  const confirm = (code) => called((done) => made.user.confirmRegistration(code, true, done));
  await refused("CodeMismatchException", confirm(wrong(await codeFor(email))));
  await called((done) => made.user.resendConfirmationCode(done));
  assert.equal(await confirm(await codeFor(email)), "SUCCESS");
  return made.userSub;
}

async function plainPassword(pool) {
  const person = user(pool, email);
  person.setAuthenticationFlowType("USER_PASSWORD_AUTH");
  assert.equal((await authenticate(person, password)).name, "onSuccess");
  person.signOut();
}

/** A page that is opened again finds its session, and refreshes it when it is over. */
async function sessions(store, sub) {
  const person = user(userPool(store), email);
  const refusal = await refused("NotAuthorizedException", authenticate(person, "Wrong-Passw0rd"));
  assert.equal(refusal.message, "Incorrect username or password.");
  await local("settings", { access_token_seconds: 1, id_token_seconds: 1 });
  const { values: [session] } = await authenticate(user(userPool(store), email), password);
  await local("settings", { access_token_seconds: 3600, id_token_seconds: 3600 });
  const first = session.getAccessToken();
  assert.equal(first.payload.sub, sub);
  assert.equal(session.getIdToken().payload.email, email);

  const again = userPool(store).getCurrentUser();
  while (session.isValid()) await new Promise((tick) => setTimeout(tick, 50));
  const renewed = await called((done) => again.getSession(done));
  assert.ok(renewed.isValid());
  assert.notEqual(renewed.getAccessToken().getJwtToken(), first.getJwtToken());
  assert.equal(renewed.getRefreshToken().getToken(), session.getRefreshToken().getToken());
}

async function forgotten() {
  const stranger = user(userPool(), email);
  const asked = await heard((listener) => stranger.forgotPassword(listener));
  assert.equal(asked.name, "inputVerificationCode");
  const reset = (code) => heard((listener) => stranger.confirmPassword(code, second, listener));
  const code = await codeFor(email);
  await refused("CodeMismatchException", reset(wrong(code)));
  await reset(code);
  await refused("NotAuthorizedException", authenticate(user(userPool(), email), password));
}

async function newPassword() {
  const invited = "invited@example.com";
  await makeUser(invited, { status: "FORCE_CHANGE_PASSWORD", attributes: { given_name: "Ida" } });
  const person = user(userPool(), invited);
  const { name, values: [attributes, required] } = await authenticate(person, password);
  assert.equal(name, "newPasswordRequired");
  assert.equal(attributes.email, invited);
  assert.deepEqual(required, []);
  const more = { nickname: "Idy" };
  const weak = heard((listener) => person.completeNewPasswordChallenge("weak", more, listener));
  await refused("InvalidPasswordException", weak);
  const done = await heard((listener) => person.completeNewPasswordChallenge(second, more, listener));
  assert.equal(done.name, "onSuccess");
  assert.equal(done.values[0].getIdToken().payload.nickname, "Idy");
  assert.equal((await authenticate(user(userPool(), invited), second)).name, "onSuccess");
}

/** One signs out here, another everywhere. */
async function leave() {
  const [here, there] = [user(userPool(), email), user(userPool(), email)];
  const dead = async ({ values: [session] }) =>
    refused("NotAuthorizedException", call("GetUser", { AccessToken: session.getAccessToken().getJwtToken() }));

  const first = await authenticate(here, second);
  const other = await authenticate(there, second);
  await called((done) => here.signOut(done));
  await dead(first);
  const again = await authenticate(here, second);
  await heard((listener) => there.globalSignOut(listener));
  await dead(other);
  await dead(again);
}

const store = new Store();
const sub = await signUp(userPool(store));
await plainPassword(userPool());
await sessions(store, sub);
await forgotten();
await newPassword();
await leave();
