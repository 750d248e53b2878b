// The whole account life with unmodified @aws-sdk/client-cognito-identity-provider, against
// the pool at POOL_URL. SDK_DIR is where the package is installed.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.SDK_DIR}/`);
const sdk = require("@aws-sdk/client-cognito-identity-provider");

const url = process.env.POOL_URL;
const secret = "cogwardlocalsecret0123456789abcdef";
const confidential = "cogwardlocalsecretclient01";
const cognito = new sdk.CognitoIdentityProviderClient({
  endpoint: url,
  region: "us-east-1",
  credentials: { accessKeyId: "unused", secretAccessKey: "unused" },
  maxAttempts: 1,
});
const call = (name, input) => cognito.send(new sdk[`${name}Command`](input));

async function codeFor(email) {
  const answer = await fetch(`${url}/_local/messages?recipient=${encodeURIComponent(email)}`);
  return (await answer.json())[0].code;
}

const wrong = (code) => (code === "000000" ? "111111" : "000000");

const secretHash = (username) =>
  createHmac("sha256", secret).update(username + confidential).digest("base64");

async function refused(name, promise) {
  const error = await promise.then(() => assert.fail(`not refused with ${name}`), (error) => error);
  assert.ok(error instanceof sdk[name], `${error.name} instead of ${name}: ${error.message}`);
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert.ok(error.$metadata.requestId);
}

async function accountLife(email, ClientId, hash, plain) {
  const [first, second] = ["Passw0rd!", "N3w-Passw0rd"];
  const person = { ClientId, Username: email, SecretHash: hash?.(email) };
  const signIn = (PASSWORD) =>
    call("InitiateAuth", {
      ClientId,
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: email, PASSWORD, ...(hash && { SECRET_HASH: hash(email) }) },
    });

  const made = await call("SignUp", { ...person, Password: first });
  assert.equal(made.UserConfirmed, false);
  await refused("UsernameExistsException", call("SignUp", { ...person, Password: first }));
  await refused("UserNotConfirmedException", signIn(first));
  const mismatch = { ...person, ConfirmationCode: wrong(await codeFor(email)) };
  await refused("CodeMismatchException", call("ConfirmSignUp", mismatch));
  await call("ResendConfirmationCode", person);
  await call("ConfirmSignUp", { ...person, ConfirmationCode: await codeFor(email) });
  await refused("NotAuthorizedException", signIn("Wrong-Passw0rd"));

  let tokens = (await signIn(first)).AuthenticationResult;
  const user = await call("GetUser", { AccessToken: tokens.AccessToken });
  assert.equal(user.Username, made.UserSub);
  const again = await call("InitiateAuth", {
    ClientId,
    AuthFlow: "REFRESH_TOKEN_AUTH",
    AuthParameters: {
      REFRESH_TOKEN: tokens.RefreshToken,
      ...(hash && { SECRET_HASH: hash(made.UserSub) }),
    },
  });
  assert.notEqual(again.AuthenticationResult.AccessToken, tokens.AccessToken);
  const asked = { ClientId, ClientSecret: plain, RefreshToken: tokens.RefreshToken };
  assert.ok((await call("GetTokensFromRefreshToken", asked)).AuthenticationResult.IdToken);

  await call("ForgotPassword", person);
  const code = await codeFor(email);
  const reset = { ...person, Password: second };
  const bad = { ...reset, ConfirmationCode: wrong(code) };
  await refused("CodeMismatchException", call("ConfirmForgotPassword", bad));
  await call("ConfirmForgotPassword", { ...reset, ConfirmationCode: code });
  await refused("NotAuthorizedException", signIn(first));

  await call("RevokeToken", { ClientId, ClientSecret: plain, Token: tokens.RefreshToken });
  await refused("NotAuthorizedException", call("GetTokensFromRefreshToken", asked));
  await refused("NotAuthorizedException", call("GetUser", { AccessToken: tokens.AccessToken }));

  tokens = (await signIn(second)).AuthenticationResult;
  await call("GlobalSignOut", { AccessToken: tokens.AccessToken });
  await refused("NotAuthorizedException", call("GetUser", { AccessToken: tokens.AccessToken }));
}

await accountLife("js@example.com", "cogwardlocalpublicclient01");
await accountLife("js-secret@example.com", confidential, secretHash, secret);
console.log("js flow done");
