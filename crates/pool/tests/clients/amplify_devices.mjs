// Unmodified aws-amplify against the pool at POOL_URL: a browser is remembered and signs in
// with its own secret as well.

import assert from "node:assert/strict";

import { auth, configure } from "./amplify.mjs";
import { call, local, makeUser, password, publicClient } from "./pool.mjs";

const username = "devices@example.com";
const tokens = async () => (await auth.fetchAuthSession()).tokens;
const deviceKey = async () => (await tokens()).accessToken.payload.device_key;
const ids = async () => (await auth.fetchDevices()).map(({ id }) => id);

async function signIn(answers) {
  const before = (await local("stats")).RespondToAuthChallenge;
  const { isSignedIn, nextStep } = await auth.signIn({ username, password });
  assert.ok(isSignedIn, nextStep.signInStep);
  assert.equal((await local("stats")).RespondToAuthChallenge - before, answers);
}

async function remembered() {
  await signIn(1);
  const key = await deviceKey();
  assert.ok(key, "the token names its device");
  await auth.rememberDevice();
  assert.deepEqual(await ids(), [key]);
  const [device] = await auth.fetchDevices();
  assert.ok(device.createDate instanceof Date && device.lastAuthenticatedDate instanceof Date);
  await auth.signOut();

  await signIn(3);
  assert.equal(await deviceKey(), key);
  const { tokens: renewed } = await auth.fetchAuthSession({ forceRefresh: true });
  assert.equal(renewed.accessToken.payload.device_key, key);
  await auth.signOut();
  return key;
}

/** Forgotten elsewhere, the browser signs in as a new one. */
async function forgotten(key) {
  await signIn(3);
  const { accessToken } = await tokens();
  await auth.signOut();
  const elsewhere = await call("InitiateAuth", {
    ClientId: publicClient,
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: username, PASSWORD: password },
  });
  const { AccessToken } = elsewhere.AuthenticationResult;
  assert.notEqual(AccessToken, accessToken.toString());
  await call("ForgetDevice", { AccessToken, DeviceKey: key });
  await auth.signIn({ username, password });
  assert.notEqual(await deviceKey(), key);
  const known = (await ids()).length;
  await auth.forgetDevice();
  assert.equal((await ids()).length, known - 1);
}

configure(publicClient);
await makeUser(username);
await local("settings", { devices: "ALWAYS" });
await forgotten(await remembered());
