// Every declared error that no ordinary use gives comes by a fault, and is the SDK's own class.

import assert from "node:assert/strict";

import { call, example, local, model, sdk } from "./pool.mjs";
import * as record from "./record.mjs";

export async function run() {
  for (const [operation, { errors }] of Object.entries(model.operations)) {
    for (const type of errors.filter((name) => !record.of(operation).errors.has(name))) {
      const { declared } = await local("faults", { op: operation, type });
      assert.deepEqual(declared, errors);
      const failed = call(operation, example(operation));
      const error = await failed.then(() => assert.fail(`${operation} did not fail with ${type}`), (error) => error);
      assert.ok(error instanceof sdk[type], `${operation}: ${error.stack} instead of ${type}`);
      assert.equal(error.$metadata.httpStatusCode, type === "InternalErrorException" ? 500 : 400);
      assert.equal(error.message, record.FAULT);
    }
  }
}
