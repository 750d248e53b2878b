// Unmodified amazon-cognito-identity-js against the pool at POOL_URL: second factors.

import assert from "node:assert/strict";

import { authenticate, called, heard, user, userPool } from "./identity_js.mjs";
import { local, makeUser, password, refused, totp, wrongTotp } from "./pool.mjs";

const email = "mfa@example.com";

async function associate(person) {
  const { values: [secret] } = await heard((listener) => person.associateSoftwareToken(listener));
  const verify = (code) => heard((listener) => person.verifySoftwareToken(code, "phone", listener));
  await refused("EnableSoftwareTokenMFAException", verify(await wrongTotp(secret)));
  return { secret, verified: await verify(await totp(secret)) };
}

async function setUp(person) {
  await authenticate(person, password);
  const { secret, verified } = await associate(person);
  assert.equal(verified.values[0].Status, "SUCCESS");
  const totpSettings = { Enabled: true, PreferredMfa: true };
  await called((done) => person.setUserMfaPreference(null, totpSettings, done));
  const data = await called((done) => person.getUserData(done, { bypassCache: true }));
  assert.equal(data.PreferredMfaSetting, "SOFTWARE_TOKEN_MFA");
  assert.deepEqual(data.UserMFASettingList, ["SOFTWARE_TOKEN_MFA"]);
  return secret;
}

async function withCode(email, secret) {
  const person = user(userPool(), email);
  const asked = await authenticate(person, password);
  assert.equal(asked.name, "totpRequired");
  const send = (code) => heard((listener) => person.sendMFACode(code, listener, "SOFTWARE_TOKEN_MFA"));
  await refused("CodeMismatchException", send(await wrongTotp(secret)));
  const { name, values: [session] } = await send(await totp(secret));
  assert.equal(name, "onSuccess");
  assert.ok(session.isValid());
  return person;
}

async function setUpMeanwhile() {
  const email = "required@example.com";
  await makeUser(email);
  await authenticate(user(userPool(), email), password);
  await local("settings", { mfa: "ON" });
  const person = user(userPool(), email);
  const asked = await authenticate(person, password);
  assert.equal(asked.name, "mfaSetup");
  assert.ok(JSON.parse(asked.values[1].MFAS_CAN_SETUP).includes("SOFTWARE_TOKEN_MFA"));
  const { values: [secret] } = await heard((listener) => person.associateSoftwareToken(listener));
  const code = await totp(secret);
  const done = await heard((listener) => person.verifySoftwareToken(code, "phone", listener));
  assert.ok(done.values[0].isValid());
  await withCode(email, secret);
}

await makeUser(email);
await local("settings", { mfa: "OPTIONAL" });
const secret = await setUp(user(userPool(), email));
const person = await withCode(email, secret);
const off = { Enabled: false, PreferredMfa: false };
await called((done) => person.setUserMfaPreference(null, off, done));
assert.equal((await authenticate(user(userPool(), email), password)).name, "onSuccess");
await setUpMeanwhile();
