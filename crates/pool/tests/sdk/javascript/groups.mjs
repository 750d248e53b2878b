// Groups and who is in them.

import assert from "node:assert/strict";

import { api, call, claims, includes, makeUser, named, poolId, refused } from "./pool.mjs";

const pool = { UserPoolId: poolId };
const group = { ...pool, GroupName: "writers" };
const RoleArn = "arn:aws:iam::000000000000:role/writers";
const find = async () => (await call("GetGroup", group)).Group;

async function theGroup() {
  const told = { ...group, Description: "They write", Precedence: 1, RoleArn };
  const made = await call("CreateGroup", told);
  includes(made.Group, told);
  assert.ok(made.Group.CreationDate instanceof Date);
  await refused("GroupExistsException", call("CreateGroup", group));
  const changed = await call("UpdateGroup", { ...group, Precedence: 2 });
  includes(changed.Group, { ...told, Precedence: 2 });
  assert.deepEqual(await find(), changed.Group);
  const nobody = { ...pool, GroupName: "nobody" };
  for (const operation of ["GetGroup", "UpdateGroup", "DeleteGroup", "ListUsersInGroup"]) {
    await refused("ResourceNotFoundException", call(operation, nobody));
  }
  const bad = { ...pool, GroupName: "two words" };
  for (const operation of ["CreateGroup", "GetGroup", "UpdateGroup", "DeleteGroup"]) {
    await refused("InvalidParameterException", call(operation, bad));
  }
}

async function members() {
  const [ada, bob] = ["ada@example.com", "bob@example.com"];
  const user = { ...pool, Username: ada };
  for (const Username of [ada, bob]) {
    await makeUser(Username);
    await call("AdminAddUserToGroup", { ...group, Username });
  }
  const { AccessToken, IdToken } = await api.signIn(ada);
  for (const token of [AccessToken, IdToken]) assert.deepEqual(claims(token)["cognito:groups"], ["writers"]);
  assert.equal(claims(IdToken)["cognito:preferred_role"], RoleArn);
  const first = await call("ListUsersInGroup", { ...group, Limit: 1 });
  const rest = await call("ListUsersInGroup", { ...group, Limit: 1, NextToken: first.NextToken });
  const emails = [...first.Users, ...rest.Users].map(({ Attributes }) => named(Attributes).email);
  assert.deepEqual(emails.sort(), [ada, bob]);
  assert.deepEqual((await call("AdminListGroupsForUser", user)).Groups, [await find()]);
  for (const operation of ["AdminAddUserToGroup", "AdminRemoveUserFromGroup"]) {
    await refused("UserNotFoundException", call(operation, { ...group, Username: "nobody@example.com" }));
    await refused("ResourceNotFoundException", call(operation, { ...user, GroupName: "nobody" }));
  }
  await call("AdminRemoveUserFromGroup", { ...user, ...group });
  assert.deepEqual((await call("AdminListGroupsForUser", user)).Groups, []);
  const lists = { AdminListGroupsForUser: user, ListUsersInGroup: group, ListGroups: pool };
  for (const [operation, given] of Object.entries(lists)) {
    await refused("InvalidParameterException", call(operation, { ...given, NextToken: "???" }));
  }
}

async function lists() {
  await call("CreateGroup", { ...pool, GroupName: "readers" });
  const first = await call("ListGroups", { ...pool, Limit: 1 });
  const rest = await call("ListGroups", { ...pool, Limit: 1, NextToken: first.NextToken });
  const names = [...first.Groups, ...rest.Groups].map(({ GroupName }) => GroupName);
  assert.deepEqual([names, rest.NextToken], [["readers", "writers"], undefined]);
  await call("DeleteGroup", group);
  await refused("ResourceNotFoundException", find());
}

export async function run() {
  await theGroup();
  await members();
  await lists();
}
