// Unmodified openid-client against the pool at POOL_URL, which begins as machine.toml says:
// tokens for a program that has no user.

import assert from "node:assert/strict";

import * as pool from "./pool.mjs";

const client = await pool.loadModule("openid-client");
const issuer = `${pool.url}/${pool.poolId}`;
const options = { execute: [client.allowInsecureRequests] };
const discover = (id, authentication) =>
  client.discovery(new URL(issuer), id, undefined, authentication, options);
const refusal = async (config, parameters) =>
  (await pool.refused("ResponseBodyError", client.clientCredentialsGrant(config, parameters))).error;
const scope = "https://api.example.com/read";

for (const authentication of [client.ClientSecretBasic, client.ClientSecretPost]) {
  const machine = await discover("machine", authentication("machinesecret0123456789abcdef"));
  for (const parameters of [{ scope }, {}]) {
    const tokens = await client.clientCredentialsGrant(machine, parameters);
    const members = Object.keys(tokens).sort();
    assert.deepEqual(members, ["access_token", "expires_in", "token_type"]);
    const claims = pool.claims(tokens.access_token);
    assert.deepEqual([claims.sub, claims.client_id, claims.scope], ["machine", "machine", scope]);
    assert.equal(claims.iss, issuer);
    await pool.refused(
      "WWWAuthenticateChallengeError",
      client.fetchUserInfo(machine, tokens.access_token, client.skipSubjectCheck),
    );
  }
  assert.equal(await refusal(machine, { scope: "https://api.example.com/write" }), "invalid_scope");
  const stranger = await discover("machine", authentication("x".repeat(30)));
  assert.equal(await refusal(stranger, { scope }), "invalid_client");
  const website = await discover("website", authentication("websitesecret0123456789abcdef"));
  assert.equal(await refusal(website, {}), "unauthorized_client");
}
