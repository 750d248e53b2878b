// What every operation that takes an access token says when it, or its user, is not as it was.

import assert from "node:assert/strict";

import { advance, call, example, local, makeUser, model, poolId, refused, tokenOf } from "./pool.mjs";

async function token(name) {
  await makeUser(name);
  return tokenOf(name);
}

export async function run() {
  const deleted = await token("deleted@example.com");
  const reset = await token("reset@example.com");
  const unconfirmed = await token("unconfirmed@example.com");
  const disabled = await token("disabled@example.com");
  const expired = await token("expired@example.com");
  await call("DeleteUser", { AccessToken: deleted });
  await call("AdminResetUserPassword", { UserPoolId: poolId, Username: "reset@example.com" });
  await local("users", { username: "unconfirmed@example.com", status: "UNCONFIRMED" });
  await call("AdminDisableUser", { UserPoolId: poolId, Username: "disabled@example.com" });
  const cases = [
    [deleted, "UserNotFoundException"],
    [reset, "PasswordResetRequiredException"],
    [unconfirmed, "UserNotConfirmedException"],
    [disabled, "NotAuthorizedException"],
    ["a.b.c", "NotAuthorizedException"],
  ];
  const operations = Object.entries(model.operations).filter(([, { input }]) => input.members.AccessToken);
  assert.equal(operations.length, 24);
  for (const [operation, { errors }] of operations) {
    for (const [AccessToken, exception] of cases) {
      const expected = errors.includes(exception) ? exception : "NotAuthorizedException";
      await refused(expected, call(operation, example(operation, { AccessToken })));
    }
  }
  await advance(3600);
  for (const [operation] of operations) {
    const late = call(operation, example(operation, { AccessToken: expired }));
    assert.equal(await refused("NotAuthorizedException", late), "Access Token has expired");
  }
}
