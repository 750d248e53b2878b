// Unmodified aws-amplify against the pool at POOL_URL: an account from sign-up to sign-out,
// with the password sent as it is.

import assert from "node:assert/strict";

import { auth, configure, signedOut } from "./amplify.mjs";
import { call, codeFor, password, publicClient, refused, wrong } from "./pool.mjs";

const username = "amplify@example.com";
const second = "N3w-Passw0rd";
const signIn = (password) => auth.signIn({ username, password, options: { authFlowType: "USER_PASSWORD_AUTH" } });

async function signUp() {
  const userAttributes = { given_name: "Ada" };
  const made = await auth.signUp({ username, password, options: { userAttributes } });
  assert.equal(made.isSignUpComplete, false);
  assert.equal(made.nextStep.signUpStep, "CONFIRM_SIGN_UP");
  assert.equal(made.nextStep.codeDeliveryDetails.deliveryMedium, "EMAIL");
  await refused("UsernameExistsException", auth.signUp({ username, password }));
  await refused("InvalidPasswordException", auth.signUp({ username: "weak@example.com", password: "weak" }));

  assert.equal((await signIn(password)).nextStep.signInStep, "CONFIRM_SIGN_UP");
  const mismatch = { username, confirmationCode: wrong(await codeFor(username)) };
  await refused("CodeMismatchException", auth.confirmSignUp(mismatch));
  await auth.resendSignUpCode({ username });
  const confirmed = await auth.confirmSignUp({ username, confirmationCode: await codeFor(username) });
  assert.ok(confirmed.isSignUpComplete);
  return made.userId;
}

async function session(userId) {
  const refusal = await refused("NotAuthorizedException", signIn("Wrong-Passw0rd"));
  assert.equal(refusal.message, "Incorrect username or password.");
  assert.ok((await signIn(password)).isSignedIn);
  assert.equal((await auth.getCurrentUser()).userId, userId);
  await refused("UserAlreadyAuthenticatedException", signIn(password));

  const { tokens, userSub } = await auth.fetchAuthSession();
  assert.equal(userSub, userId);
  assert.equal(tokens.idToken.payload.email, username);
  const again = await auth.fetchAuthSession({ forceRefresh: true });
  assert.notEqual(again.tokens.accessToken.toString(), tokens.accessToken.toString());
  assert.equal(again.tokens.accessToken.payload.sub, userId);

  const attributes = await auth.fetchUserAttributes();
  assert.deepEqual(
    [attributes.sub, attributes.email, attributes.email_verified, attributes.given_name],
    [userId, username, "true", "Ada"],
  );
}

async function forgotten() {
  const reset = await auth.resetPassword({ username });
  assert.equal(reset.nextStep.resetPasswordStep, "CONFIRM_RESET_PASSWORD_WITH_CODE");
  const code = await codeFor(username);
  const confirm = (confirmationCode) => auth.confirmResetPassword({ username, newPassword: second, confirmationCode });
  await refused("CodeMismatchException", confirm(wrong(code)));
  await confirm(code);
  await refused("NotAuthorizedException", signIn(password));
}

async function leave(input) {
  assert.ok((await signIn(second)).isSignedIn);
  const { tokens } = await auth.fetchAuthSession();
  await auth.signOut(input);
  await signedOut();
  const AccessToken = tokens.accessToken.toString();
  await refused("NotAuthorizedException", call("GetUser", { AccessToken }));
}

configure(publicClient);
const userId = await signUp();
await session(userId);
await auth.signOut();
await forgotten();
await leave();
await leave({ global: true });
