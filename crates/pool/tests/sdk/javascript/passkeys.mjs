// Passkeys: registered, listed, signed in with through either door, deleted.

import assert from "node:assert/strict";

import { Authenticator } from "./authenticator.mjs";
import {
  admin, api, call, includes, isTokens, makeUser, password, refused, secretClient, secretHash, settings, tokenOf,
} from "./pool.mjs";

async function start(token) {
  const { CredentialCreationOptions: options } = await call("StartWebAuthnRegistration", token);
  assert.equal(options.rp.id, "localhost");
  assert.ok(options.pubKeyCredParams.some(({ alg, type }) => alg === -7 && type === "public-key"));
  return options;
}

const complete = (token, Credential) => call("CompleteWebAuthnRegistration", { ...token, Credential });

async function add(token) {
  const passkey = new Authenticator();
  await complete(token, passkey.create(await start(token)));
  return passkey;
}

async function registration(name) {
  await makeUser(name);
  const token = { AccessToken: await tokenOf(name) };
  const credential = async (passkey = new Authenticator()) => passkey.create(await start(token));
  const good = await credential();
  await complete(token, good);
  await refused("WebAuthnChallengeNotFoundException", complete(token, good));
  await refused("InvalidParameterException", complete(token, { id: "no credential" }));
  const foreign = await credential(new Authenticator("https://evil.example"));
  await refused("WebAuthnOriginNotAllowedException", complete(token, foreign));
  const unheard = await credential(new Authenticator(undefined, -9));
  await refused("WebAuthnCredentialNotSupportedException", complete(token, unheard));
  const AuthParameters = { USERNAME: name, PASSWORD: password, SECRET_HASH: secretHash(name) };
  const input = { ClientId: secretClient, AuthFlow: "USER_PASSWORD_AUTH", AuthParameters };
  const { AccessToken } = (await call("InitiateAuth", input)).AuthenticationResult;
  await refused("WebAuthnClientMismatchException", complete({ AccessToken }, await credential()));

  const late = await credential();
  const begin = () => call("StartWebAuthnRegistration", token);
  await settings({ passkeys: { relying_party_id: "example.com" } });
  await refused("WebAuthnRelyingPartyMismatchException", complete(token, late));
  await settings({ passkeys: { relying_party_id: "" } });
  await refused("WebAuthnConfigurationMissingException", begin());
  await settings({ passkeys: { relying_party_id: "localhost", enabled: false } });
  await refused("WebAuthnNotEnabledException", begin());
  await refused("WebAuthnNotEnabledException", complete(token, late));
  await settings({ passkeys: { enabled: true } });
}

async function listing(name) {
  const token = { AccessToken: await tokenOf(name) };
  const list = (more) => call("ListWebAuthnCredentials", { ...token, ...more });
  while ((await list()).Credentials.length < 19) await add(token);
  const elsewhere = { AccessToken: await tokenOf(name) };
  const late = new Authenticator().create(await start(elsewhere));
  await add(token);
  await refused("LimitExceededException", complete(elsewhere, late));
  await refused("LimitExceededException", call("StartWebAuthnRegistration", token));

  const page = await list({ MaxResults: 19 });
  const rest = await list({ NextToken: page.NextToken });
  assert.deepEqual([page.Credentials.length, rest.Credentials.length, rest.NextToken], [19, 1, undefined]);
  const [last] = rest.Credentials;
  includes(last, { RelyingPartyId: "localhost", AuthenticatorAttachment: "platform" });
  assert.deepEqual(last.AuthenticatorTransports, ["internal"]);
  assert.ok(last.FriendlyCredentialName && last.CreatedAt instanceof Date);
  await refused("InvalidParameterException", list({ NextToken: "???" }));
  const remove = () => call("DeleteWebAuthnCredential", { ...token, CredentialId: last.CredentialId });
  await remove();
  await refused("ResourceNotFoundException", remove());
}

async function signIn(door, name) {
  await makeUser(name);
  const token = { AccessToken: await tokenOf(name) };
  const passkey = await add(token);
  assert.ok((await call("GetUserAuthFactors", token)).ConfiguredUserAuthFactors.includes("WEB_AUTHN"));
  const begin = async () => {
    const challenge = await door.begin("USER_AUTH", { USERNAME: name, PREFERRED_CHALLENGE: "WEB_AUTHN" });
    assert.equal(challenge.ChallengeName, "WEB_AUTHN");
    return challenge;
  };
  const challenge = await begin();
  const options = JSON.parse(challenge.ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS);
  const CREDENTIAL = JSON.stringify(passkey.get(options));
  isTokens((await door.answer(challenge, name, { CREDENTIAL })).AuthenticationResult);
  const message = await refused("NotAuthorizedException", door.answer(await begin(), name, { CREDENTIAL }));
  assert.equal(message, "Incorrect username or passkey.");
}

export async function run() {
  await registration("ada@example.com");
  await listing("ada@example.com");
  await signIn(api, "api@example.com");
  await signIn(admin, "admin@example.com");
}
