// The operations of Cognito that the pool leaves out say so.

import assert from "node:assert/strict";

import { call, model, refused, sdk } from "./pool.mjs";

/** In the model of boto3, and not of this SDK. */
const missing = ["GetDerivedToken"];

export async function run() {
  const commands = Object.keys(sdk).filter((name) => /\wCommand$/.test(name));
  const known = [...Object.keys(model.operations), ...model.others].filter((name) => !missing.includes(name));
  assert.deepEqual(commands.sort(), known.map((name) => `${name}Command`).sort());
  for (const operation of model.others.filter((name) => known.includes(name))) {
    const message = await refused("OperationNotEnabledException", call(operation));
    assert.equal(message, `${operation} is not offered by the local user pool.`);
  }
}
