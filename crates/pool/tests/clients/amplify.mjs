// aws-amplify, which Node.js gives a store in memory.

import assert from "node:assert/strict";

import { load, poolId, refused, url } from "./pool.mjs";

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
