// The browser's side of passkeys (Web Authentication Level 3): JSON in, JSON out.

import { Refused } from "./forms.js";

/** Whether the browser can do it, here: on HTTPS or localhost. */
export const canPasskeys = () =>
  typeof globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON === "function" &&
  typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";

const CANNOT = "This browser cannot use passkeys here. Use a newer one, or go on with your password.";

export async function createPasskey(options) {
  if (!canPasskeys()) throw new Refused(CANNOT);
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const made = asked(navigator.credentials.create({ publicKey }), "No passkey was made. Try again.");
  return (await made).toJSON();
}

export async function usePasskey(options) {
  if (!canPasskeys()) throw new Refused(CANNOT);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const used = asked(navigator.credentials.get({ publicKey }), "No passkey was used. Try again, or sign in with your password.");
  return (await used).toJSON();
}

/** Cancelled, timed out, not allowed here: browsers do not tell pages which. */
async function asked(answer, words) {
  try {
    return await answer;
  } catch (error) {
    if (error.name === "InvalidStateError") throw new Refused("This device has a passkey of this account already.");
    if (error.name === "SecurityError") throw new Refused("Passkeys do not work under this address: open the page as localhost.");
    if (error instanceof DOMException) throw new Refused(words);
    throw error;
  }
}
