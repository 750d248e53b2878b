// amazon-cognito-identity-js, with promises in place of its callbacks.

import { load, poolId, publicClient, url } from "./pool.mjs";

export const { AuthenticationDetails, CognitoUser, CognitoUserAttribute, CognitoUserPool } = load(
  "amazon-cognito-identity-js",
);

/** A store of its own for each browser; like localStorage it answers null for what it has not. */
export class Store {
  #items = new Map();

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, String(value));
  }

  removeItem(key) {
    this.#items.delete(key);
  }

  clear() {
    this.#items.clear();
  }
}

export const userPool = (Storage = new Store()) =>
  new CognitoUserPool({ UserPoolId: poolId, ClientId: publicClient, endpoint: `${url}/`, Storage });

export const user = (pool, Username) => new CognitoUser({ Username, Pool: pool, Storage: pool.storage });

/** For calls that take `(error, value)`. */
export const called = (run) =>
  new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))));

/** For calls that take an object of functions: which of them was called, and with what. */
export function heard(run) {
  return new Promise((resolve, reject) => {
    const listen = (name) => (...values) => resolve({ name, values });
    const names = [
      "onSuccess",
      "newPasswordRequired",
      "mfaRequired",
      "totpRequired",
      "mfaSetup",
      "selectMFAType",
      "inputVerificationCode",
    ];
    run({
      ...Object.fromEntries(names.map((name) => [name, listen(name)])),
      associateSecretCode: listen("associateSecretCode"),
      onFailure: reject,
    });
  });
}

export function authenticate(user, Password) {
  const details = new AuthenticationDetails({ Username: user.getUsername(), Password });
  return heard((listener) => user.authenticateUser(details, listener));
}
