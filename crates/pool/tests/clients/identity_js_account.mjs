// Unmodified amazon-cognito-identity-js against the pool at POOL_URL: what a person changes of
// an account.

import assert from "node:assert/strict";

import { CognitoUserAttribute, authenticate, called, heard, user, userPool } from "./identity_js.mjs";
import { codeFor, makeUser, password, refused, wrong } from "./pool.mjs";

const email = "identity@example.com";
const second = "N3w-Passw0rd";

async function attributes(person) {
  const change = [new CognitoUserAttribute({ Name: "given_name", Value: "Grace" })];
  change.push(new CognitoUserAttribute({ Name: "nickname", Value: "Amazing" }));
  await called((done) => person.updateAttributes(change, done));
  await called((done) => person.deleteAttributes(["nickname"], done));
  const list = await called((done) => person.getUserAttributes(done));
  const found = Object.fromEntries(list.map((attribute) => [attribute.getName(), attribute.getValue()]));
  assert.deepEqual([found.email, found.given_name, found.nickname], [email, "Grace", undefined]);
  const data = await called((done) => person.getUserData(done, { bypassCache: true }));
  assert.equal(data.Username, found.sub);

  const asked = await heard((listener) => person.getAttributeVerificationCode("email", listener));
  assert.equal(asked.name, "inputVerificationCode");
  const verify = (code) => heard((listener) => person.verifyAttribute("email", code, listener));
  const code = await codeFor(email);
  await refused("CodeMismatchException", verify(wrong(code)));
  assert.equal((await verify(code)).name, "onSuccess");
}

async function passwords(person) {
  await refused("NotAuthorizedException", called((done) => person.changePassword("Wrong-Passw0rd", second, done)));
  await called((done) => person.changePassword(password, second, done));
  const stranger = user(userPool(), email);
  await refused("NotAuthorizedException", authenticate(stranger, password));
  assert.equal((await authenticate(stranger, second)).name, "onSuccess");
}

const person = user(userPool(), email);
await makeUser(email);
await authenticate(person, password);
await attributes(person);
await passwords(person);
await called((done) => person.deleteUser(done));
await refused("NotAuthorizedException", authenticate(user(userPool(), email), second));
