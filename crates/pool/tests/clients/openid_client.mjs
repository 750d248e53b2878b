// Unmodified openid-client against the pool at POOL_URL: discovery, the code flow with PKCE
// through the hosted pages, userinfo, refresh, revocation and sign-out, for both app clients.

import assert from "node:assert/strict";

import * as pool from "./pool.mjs";

const client = await pool.loadModule("openid-client");
const issuer = `${pool.url}/${pool.poolId}`;
const redirect_uri = "http://localhost:3001/callback";
const scope = "openid email profile";

function discover(id, authentication) {
  const options = { execute: [client.allowInsecureRequests] };
  return client.discovery(new URL(issuer), id, undefined, authentication, options);
}

/** An authorize URL and what has to be known when the browser comes back. */
async function begin(config, more = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expected = { pkceCodeVerifier, expectedState: client.randomState(), expectedNonce: client.randomNonce() };
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope,
    state: expected.expectedState,
    nonce: expected.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    ...more,
  });
  return { address, expected };
}

async function codeFlow(config, email) {
  await pool.makeUser(email, { attributes: { given_name: "Ada" } });
  const browser = new pool.Browser();
  const first = await begin(config);
  const back = await browser.signIn(first.address, email);
  const tokens = await client.authorizationCodeGrant(config, back, first.expected);
  const { sub, email: shown } = tokens.claims();
  assert.equal(shown, email);
  assert.equal(tokens.token_type, "bearer");
  assert.ok(tokens.expiresIn() > 3500 && tokens.refresh_token);

  const again = client.authorizationCodeGrant(config, back, first.expected);
  assert.equal((await pool.refused("ResponseBodyError", again)).error, "invalid_grant");

  const other = await begin(config);
  const { at } = await browser.open(other.address);
  const swapped = { ...other.expected, pkceCodeVerifier: client.randomPKCECodeVerifier() };
  const unproven = client.authorizationCodeGrant(config, at, swapped);
  assert.equal((await pool.refused("ResponseBodyError", unproven)).error, "invalid_grant");

  const info = await client.fetchUserInfo(config, tokens.access_token, sub);
  assert.deepEqual([info.email, info.email_verified, info.given_name], [email, "true", "Ada"]);
  return { browser, sub, tokens };
}

async function refreshAndRevoke(config, { sub, tokens }) {
  const next = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(next.access_token, tokens.access_token);
  assert.equal(next.claims().sub, sub);
  assert.equal(next.refresh_token, undefined);

  await pool.local("settings", { refresh_rotation: true });
  const rotated = await client.refreshTokenGrant(config, tokens.refresh_token);
  await pool.local("settings", { refresh_rotation: false });
  assert.notEqual(rotated.refresh_token, tokens.refresh_token);

  await client.tokenRevocation(config, rotated.refresh_token);
  const dead = client.refreshTokenGrant(config, rotated.refresh_token);
  assert.equal((await pool.refused("ResponseBodyError", dead)).error, "invalid_grant");
  const refusal = await pool.refused(
    "WWWAuthenticateChallengeError",
    client.fetchUserInfo(config, tokens.access_token, sub),
  );
  assert.equal(refusal.cause[0].parameters.error, "invalid_token");
}

/** Signed in, `prompt=none` goes straight back with a code; signed out, with an error. */
async function signOut(config, browser) {
  const silent = await begin(config, { prompt: "none" });
  const { at } = await browser.open(silent.address);
  await client.authorizationCodeGrant(config, at, silent.expected);

  const logout_uri = "http://localhost:3001/bye";
  const left = await browser.open(client.buildEndSessionUrl(config, { logout_uri }));
  assert.equal(left.at.href, logout_uri);

  const late = await begin(config, { prompt: "none" });
  const answer = client.authorizationCodeGrant(config, (await browser.open(late.address)).at, late.expected);
  assert.equal((await pool.refused("AuthorizationResponseError", answer)).error, "login_required");
}

for (const [name, id, authentication] of [
  ["none", pool.publicClient, client.None()],
  ["basic", pool.secretClient, client.ClientSecretBasic(pool.secret)],
  ["post", pool.secretClient, client.ClientSecretPost(pool.secret)],
]) {
  const config = await discover(id, authentication);
  assert.equal(config.serverMetadata().issuer, issuer);
  const session = await codeFlow(config, `${name}@example.com`);
  await signOut(config, session.browser);
  await refreshAndRevoke(config, session);
}

const impostor = await discover(pool.secretClient, client.ClientSecretPost("x".repeat(34)));
const refusal = await pool.refused("ResponseBodyError", client.refreshTokenGrant(impostor, "x"));
assert.equal(refusal.error, "invalid_client");
