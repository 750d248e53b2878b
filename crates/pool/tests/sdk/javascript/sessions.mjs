// The sign-ins of a user, listed and ended.

import assert from "node:assert/strict";

import { call, makeUser, poolId, publicClient, refused, tokenOf } from "./pool.mjs";

const name = "ada@example.com";

/** The ids of sessions, each of which is whole. */
function ids(sessions) {
  for (const { SessionType, ClientId, CreateDate, LastActiveDate } of sessions) {
    assert.deepEqual([SessionType, ClientId], ["TOKEN", publicClient]);
    assert.ok(CreateDate instanceof Date && LastActiveDate >= CreateDate);
  }
  return sessions.map(({ SessionId }) => SessionId);
}

async function own() {
  await makeUser(name);
  const [token, other] = [{ AccessToken: await tokenOf(name) }, { AccessToken: await tokenOf(name) }];
  const { Sessions } = await call("ListUserSessions", token);
  const mine = ids(Sessions.filter(({ IsCurrentSession }) => IsCurrentSession));
  const others = ids(Sessions.filter(({ IsCurrentSession }) => IsCurrentSession === false));
  assert.deepEqual([mine.length, others.length], [1, 1]);
  const revoke = (SessionId) => call("RevokeUserSession", { ...token, SessionId, RevokeAssociatedSessions: "NONE" });
  await refused("InvalidParameterException", revoke(mine[0]));
  await revoke(others[0]);
  await refused("ResourceNotFoundException", revoke(others[0]));
  await refused("NotAuthorizedException", call("ListUserSessions", other));
  assert.deepEqual(ids((await call("ListUserSessions", token)).Sessions), mine);
  await refused("InvalidParameterException", call("ListUserSessions", { ...token, NextToken: "???" }));
}

async function ofOthers() {
  const user = { UserPoolId: poolId, Username: name };
  let AccessToken;
  for (let count = 0; count < 20; count += 1) AccessToken = await tokenOf(name);
  const list = (NextToken) => call("AdminListUserSessions", { ...user, NextToken });
  const first = await list();
  const rest = await list(first.NextToken);
  const all = [...ids(first.Sessions), ...ids(rest.Sessions)];
  assert.deepEqual([first.Sessions.length, new Set(all).size, rest.NextToken], [20, 21, undefined]);
  const revoke = () => call("AdminRevokeUserSession", { ...user, SessionId: all[0] });
  await revoke();
  await refused("ResourceNotFoundException", revoke());
  await refused("InvalidParameterException", list("???"));
  await call("AdminUserGlobalSignOut", user);
  assert.deepEqual((await list()).Sessions, []);
  await refused("NotAuthorizedException", call("GetUser", { AccessToken }));
}

export async function run() {
  await own();
  await ofOthers();
}
