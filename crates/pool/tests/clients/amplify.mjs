// aws-amplify, which Node.js gives a store in memory.

import assert from "node:assert/strict";

import { load, poolId, refused, url } from "./pool.mjs";

// What a browser and Node.js from version 21 on have: a device is confirmed with its name.
globalThis.navigator ??= { userAgent: "Node.js" };

const { Amplify } = load("aws-amplify");
export const auth = load("aws-amplify/auth");

export function configure(userPoolClientId) {
  Amplify.configure({ Auth: { Cognito: { userPoolId: poolId, userPoolClientId, userPoolEndpoint: `${url}/` } } });
}

/** Nobody is signed in any more. */
export async function signedOut() {
  await refused("UserUnAuthenticatedException", auth.getCurrentUser());
  assert.equal((await auth.fetchAuthSession()).tokens, undefined);
}
