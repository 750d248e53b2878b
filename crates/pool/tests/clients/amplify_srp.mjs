// Unmodified aws-amplify against the pool at POOL_URL: sign-in with SRP, which is its usual way.

import assert from "node:assert/strict";

import { auth, configure } from "./amplify.mjs";
import { local, makeUser, password, publicClient, refused } from "./pool.mjs";

const username = "srp@example.com";
const second = "N3w-Passw0rd";
const signIn = (password, name = username) => auth.signIn({ username: name, password });

async function withSrp() {
  const refusal = await refused("NotAuthorizedException", signIn("Wrong-Passw0rd"));
  const unknown = await refused("NotAuthorizedException", signIn(password, "nobody@example.com"));
  assert.equal(refusal.message, "Incorrect username or password.");
  assert.equal(unknown.message, refusal.message);

  const before = await local("stats");
  assert.ok((await signIn(password)).isSignedIn);
  const after = await local("stats");
  assert.equal(after.RespondToAuthChallenge, before.RespondToAuthChallenge + 1);

  const { tokens } = await auth.fetchAuthSession();
  const again = await auth.fetchAuthSession({ forceRefresh: true });
  assert.notEqual(again.tokens.idToken.toString(), tokens.idToken.toString());
  const { username: sub, signInDetails } = await auth.getCurrentUser();
  assert.equal(sub, tokens.accessToken.payload.sub);
  assert.equal(signInDetails.authFlowType, "USER_SRP_AUTH");
  await auth.signOut();
}

/** Whoever was given a password chooses another at the first sign-in. */
async function newPassword() {
  const username = "invited@example.com";
  await makeUser(username, { status: "FORCE_CHANGE_PASSWORD" });
  const { nextStep } = await signIn(password, username);
  assert.equal(nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED");
  const choose = (challengeResponse) => auth.confirmSignIn({ challengeResponse });
  await refused("InvalidPasswordException", choose("weak"));
  assert.ok((await choose(second)).isSignedIn);
  await auth.signOut();
  assert.ok((await signIn(second, username)).isSignedIn);
  await auth.signOut({ global: true });
}

configure(publicClient);
await makeUser(username);
await withSrp();
await newPassword();
