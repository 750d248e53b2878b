// Unmodified aws-amplify against the pool at POOL_URL: USER_AUTH, by which a person chooses
// the first factor, and the sign-in that follows a sign-up by itself.

import assert from "node:assert/strict";

import { auth, configure } from "./amplify.mjs";
import { codeFor, makeUser, password, publicClient, refused, wrong } from "./pool.mjs";

const username = "choice@example.com";
const signIn = async (preferredChallenge, more = {}) => {
  const options = { authFlowType: "USER_AUTH", preferredChallenge };
  return (await auth.signIn({ username, options, ...more })).nextStep;
};
const answer = async (challengeResponse) => (await auth.confirmSignIn({ challengeResponse })).nextStep;

async function done(step) {
  assert.equal(step.signInStep, "DONE");
  assert.equal((await auth.fetchUserAttributes()).email, username);
  await auth.signOut();
}

async function byMail(step) {
  assert.equal(step.signInStep, "CONFIRM_SIGN_IN_WITH_EMAIL_CODE");
  assert.equal(step.codeDeliveryDetails.deliveryMedium, "EMAIL");
  await done(await answer(await codeFor(username)));
}

async function choose() {
  const step = await signIn();
  assert.equal(step.signInStep, "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION");
  for (const factor of ["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"]) assert.ok(step.availableChallenges.includes(factor));
  await byMail(await answer("EMAIL_OTP"));

  for (const factor of ["PASSWORD", "PASSWORD_SRP"]) {
    await signIn();
    assert.equal((await answer(factor)).signInStep, "CONFIRM_SIGN_IN_WITH_PASSWORD");
    await done(await answer(password));
  }
}

async function prefer() {
  await byMail(await signIn("EMAIL_OTP"));
  for (const factor of ["PASSWORD", "PASSWORD_SRP"]) {
    await refused("NotAuthorizedException", signIn(factor, { password: "Wrong-Passw0rd" }));
    await done(await signIn(factor, { password }));
  }
}

async function afterSignUp() {
  const username = "straight@example.com";
  const autoSignIn = { authFlowType: "USER_AUTH" };
  await auth.signUp({ username, password, options: { userAttributes: { email: username }, autoSignIn } });
  const code = await codeFor(username);
  await refused("CodeMismatchException", auth.confirmSignUp({ username, confirmationCode: wrong(code) }));
  const confirmed = await auth.confirmSignUp({ username, confirmationCode: code });
  assert.equal(confirmed.nextStep.signUpStep, "COMPLETE_AUTO_SIGN_IN");
  assert.ok((await auth.autoSignIn()).isSignedIn);
  assert.equal((await auth.fetchUserAttributes()).email, username);
  await auth.signOut();
}

configure(publicClient);
await makeUser(username);
await choose();
await prefer();
await afterSignUp();
// Amplify would wait minutes for another confirmation.
process.exit();
