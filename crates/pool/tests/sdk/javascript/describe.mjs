// What the pool says of itself and its app clients.

import assert from "node:assert/strict";

import { call, includes, poolId, publicClient, refused, secret, secretClient, settings } from "./pool.mjs";

const given = { UserPoolId: poolId };

async function thePool() {
  await settings({ mfa: "OPTIONAL", devices: "ALWAYS" });
  const { UserPool } = await call("DescribeUserPool", given);
  includes(UserPool, { Id: poolId, MfaConfiguration: "OPTIONAL", UsernameAttributes: ["email"] });
  assert.equal(UserPool.Policies.PasswordPolicy.MinimumLength, 8);
  assert.equal(UserPool.DeviceConfiguration.DeviceOnlyRememberedOnUserPrompt, false);
  const names = UserPool.SchemaAttributes.map(({ Name }) => Name);
  assert.ok(names.includes("email") && names.includes("sub") && UserPool.CreationDate instanceof Date);
  const { UserPools } = await call("ListUserPools", { MaxResults: 10 });
  assert.equal(UserPools.length, 1);
  includes(UserPools[0], { Id: poolId, Name: UserPool.Name });
  const elsewhere = { MaxResults: 10, NextToken: "???" };
  await refused("InvalidParameterException", call("ListUserPools", elsewhere));

  const config = await call("GetUserPoolMfaConfig", given);
  includes(config, { MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: { Enabled: true } });
  assert.equal(config.WebAuthnConfiguration.RelyingPartyId, "localhost");
}

async function theClients() {
  const list = (more) => call("ListUserPoolClients", { ...given, ...more });
  const first = await list({ MaxResults: 1 });
  const rest = await list({ NextToken: first.NextToken });
  const ids = [...first.UserPoolClients, ...rest.UserPoolClients].map(({ ClientId }) => ClientId);
  assert.deepEqual([ids, rest.NextToken], [[publicClient, secretClient], undefined]);
  await refused("InvalidParameterException", list({ NextToken: "???" }));
  const describe = async (ClientId) =>
    (await call("DescribeUserPoolClient", { ...given, ClientId })).UserPoolClient;
  const told = await describe(publicClient);
  includes(told, { ClientSecret: undefined, PreventUserExistenceErrors: "ENABLED", RefreshTokenValidity: 30 });
  for (const flow of ["ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]) {
    assert.ok(told.ExplicitAuthFlows.includes(flow), flow);
  }
  includes(await describe(secretClient), { ClientSecret: secret });
  await refused("ResourceNotFoundException", describe("nobody"));
}

export async function run() {
  await thePool();
  await theClients();
}
