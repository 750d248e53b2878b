// Unmodified aws-amplify against the pool at POOL_URL: what a person changes of an account.

import assert from "node:assert/strict";

import { auth, configure, signedOut } from "./amplify.mjs";
import { call, codeFor, makeUser, password, publicClient, refused, wrong } from "./pool.mjs";

const username = "srp@example.com";
const second = "N3w-Passw0rd";
const signIn = (password, name = username) => auth.signIn({ username: name, password });

async function attributes() {
  const changed = await auth.updateUserAttributes({ userAttributes: { given_name: "Grace", family_name: "Hopper" } });
  assert.ok(changed.given_name.isUpdated && changed.family_name.isUpdated);
  await auth.updateUserAttribute({ userAttribute: { attributeKey: "nickname", value: "Amazing" } });
  await auth.deleteUserAttributes({ userAttributeKeys: ["family_name"] });
  const { given_name, family_name, nickname } = await auth.fetchUserAttributes();
  assert.deepEqual([given_name, family_name, nickname], ["Grace", undefined, "Amazing"]);

  const moved = "moved@example.com";
  const update = await auth.updateUserAttribute({ userAttribute: { attributeKey: "email", value: moved } });
  assert.equal(update.nextStep.updateAttributeStep, "CONFIRM_ATTRIBUTE_WITH_CODE");
  await auth.sendUserAttributeVerificationCode({ userAttributeKey: "email" });
  const code = await codeFor(moved);
  const confirm = (confirmationCode) => auth.confirmUserAttribute({ userAttributeKey: "email", confirmationCode });
  await refused("CodeMismatchException", confirm(wrong(code)));
  await confirm(code);
  const { email, email_verified } = await auth.fetchUserAttributes();
  assert.deepEqual([email, email_verified], [moved, "true"]);
  return moved;
}

async function passwords(email) {
  await refused("NotAuthorizedException", auth.updatePassword({ oldPassword: "Wrong-Passw0rd", newPassword: second }));
  await refused("InvalidPasswordException", auth.updatePassword({ oldPassword: password, newPassword: "weak" }));
  await auth.updatePassword({ oldPassword: password, newPassword: second });
  await auth.signOut();
  await refused("NotAuthorizedException", signIn(password, email));
  assert.ok((await signIn(second, email)).isSignedIn);
}

async function deleted(email) {
  const { tokens } = await auth.fetchAuthSession();
  await auth.deleteUser();
  await signedOut();
  await refused("NotAuthorizedException", signIn(second, email));
  const AccessToken = tokens.accessToken.toString();
  await call("GetUser", { AccessToken }).then(() => assert.fail("a token of nobody works"), () => {});
}

configure(publicClient);
await makeUser(username);
assert.ok((await signIn(password)).isSignedIn);
const email = await attributes();
await passwords(email);
await deleted(email);
