// Unmodified aws-amplify against the pool at POOL_URL: second factors.

import assert from "node:assert/strict";

import { auth, configure } from "./amplify.mjs";
import { codeFor, local, makeUser, password, publicClient, refused, totp, wrongTotp } from "./pool.mjs";

const username = "mfa@example.com";
const signIn = async (name = username) => (await auth.signIn({ username: name, password })).nextStep;
const answer = async (challengeResponse) => (await auth.confirmSignIn({ challengeResponse })).nextStep;

async function setUp() {
  await signIn();
  const { sharedSecret, getSetupUri } = await auth.setUpTOTP();
  const uri = getSetupUri("Cogward", username);
  assert.ok(uri.href.startsWith("otpauth://totp/") && uri.searchParams.get("secret") === sharedSecret);
  await refused("EnableSoftwareTokenMFAException", auth.verifyTOTPSetup({ code: await wrongTotp(sharedSecret) }));
  await auth.verifyTOTPSetup({ code: await totp(sharedSecret) });
  await auth.updateMFAPreference({ totp: "PREFERRED" });
  assert.deepEqual(await auth.fetchMFAPreference(), { enabled: ["TOTP"], preferred: "TOTP" });
  await auth.signOut();
  return sharedSecret;
}

async function withCode(secret) {
  assert.equal((await signIn()).signInStep, "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  await refused("CodeMismatchException", answer(await wrongTotp(secret)));
  assert.equal((await answer(await totp(secret))).signInStep, "DONE");
  await auth.signOut();
}

/** Two factors and none preferred: the person chooses. */
async function choose(secret) {
  await signIn();
  await answer(await totp(secret));
  await auth.updateMFAPreference({ totp: "NOT_PREFERRED", email: "ENABLED" });
  const { enabled, preferred } = await auth.fetchMFAPreference();
  assert.deepEqual([enabled.sort(), preferred], [["EMAIL", "TOTP"], undefined]);
  await auth.signOut();

  const step = await signIn();
  assert.equal(step.signInStep, "CONTINUE_SIGN_IN_WITH_MFA_SELECTION");
  assert.deepEqual(step.allowedMFATypes.sort(), ["EMAIL", "TOTP"]);
  const mailed = await answer("EMAIL");
  assert.equal(mailed.signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
  assert.equal(mailed.codeDeliveryDetails.deliveryMedium, "EMAIL");
  assert.equal((await answer(await codeFor(username))).signInStep, "DONE");
  await auth.signOut();

  await signIn();
  assert.equal((await answer("TOTP")).signInStep, "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  assert.equal((await answer(await totp(secret))).signInStep, "DONE");
  await auth.updateMFAPreference({ totp: "DISABLED", email: "DISABLED" });
  await auth.signOut();
  assert.equal((await signIn()).signInStep, "DONE");
  await auth.signOut();
}

/** Where a second factor is asked of everyone, a sign-in sets it up. */
async function setUpMeanwhile() {
  const name = "required@example.com";
  await makeUser(name);
  await signIn(name);
  await auth.signOut();
  await local("settings", { mfa: "ON" });
  const step = await signIn(name);
  assert.equal(step.signInStep, "CONTINUE_SIGN_IN_WITH_TOTP_SETUP");
  const secret = step.totpSetupDetails.sharedSecret;
  assert.equal((await answer(await totp(secret))).signInStep, "DONE");
  await auth.signOut();
  assert.equal((await signIn(name)).signInStep, "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  assert.equal((await answer(await totp(secret))).signInStep, "DONE");
  await auth.signOut();
}

configure(publicClient);
await makeUser(username);
await local("settings", { mfa: "OPTIONAL" });
const secret = await setUp();
await withCode(secret);
await choose(secret);
await setUpMeanwhile();
