// What every operation refuses alike: broken input, another pool or client, a name nobody has.

import assert from "node:assert/strict";

import { call, example, model, poolId, refused } from "./pool.mjs";

/** An input one of whose members the model does not take. */
function broken(operation) {
  const [input, { members }] = [example(operation), model.operations[operation].input];
  for (const name of Object.keys(input)) {
    const { pattern, enum: names, min, max, type } = members[name];
    if (pattern || names) return { ...input, [name]: " ".repeat(min ?? 1) };
    if (type === "integer") return { ...input, [name]: max + 1 };
  }
  return assert.fail(`${operation} takes anything`);
}

export async function run() {
  await call("CreateGroup", { UserPoolId: poolId, GroupName: "readers" });
  for (const [operation, { errors, input }] of Object.entries(model.operations)) {
    const attempt = (name, given) => refused(name, call(operation, given));
    const message = await attempt("InvalidParameterException", broken(operation));
    assert.ok(message.startsWith("1 validation error detected: Value "), message);
    const { UserPoolId, ClientId, Username } = input.members;
    if (UserPoolId) {
      await attempt("ResourceNotFoundException", example(operation, { UserPoolId: "us-east-1_Nowhere00" }));
    }
    if (ClientId) {
      const unknown = operation === "RevokeToken" ? "UnauthorizedException" : "ResourceNotFoundException";
      await attempt(unknown, example(operation, { ClientId: "nobody" }));
    }
    // One makes a user, the other is anybody's to call and tells nothing of who there is.
    const told = !["AdminCreateUser", "UpdateAuthEventFeedback"].includes(operation);
    if (told && UserPoolId && Username) {
      const unknown = "UserNotFoundException";
      await attempt(errors.includes(unknown) ? unknown : "ResourceNotFoundException", example(operation));
    }
  }
}
