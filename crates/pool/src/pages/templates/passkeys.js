// Passkeys on the hosted pages: forms with data-passkey are sent once the authenticator has answered.
"use strict";

const SAID = {
  get: "No passkey was used. Try again, or sign in another way.",
  create: "No passkey was made. Try again.",
  held: "This device has a passkey of this account already.",
  failed: "The local user pool could not be asked. Reload the page and try again.",
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!globalThis.PublicKeyCredential || !navigator.credentials) break;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

for (const notice of document.querySelectorAll("[data-passkey-missing]")) {
  notice.hidden = Boolean(globalThis.PublicKeyCredential && navigator.credentials);
}

async function send(form) {
  const button = form.querySelector("button");
  const told = form.querySelector("[role=alert]");
  if (button.getAttribute("aria-disabled") === "true") return;
  told.hidden = true;
  document.getElementById("form-error")?.remove();
  button.setAttribute("aria-disabled", "true");
  try {
    const asked = await ask(form);
    form.elements.session.value = asked.session ?? "";
    form.elements.credential.value = JSON.stringify(await answer(form.dataset.passkey, asked.options));
    form.submit();
  } catch (error) {
    told.textContent = sentence(form.dataset.passkey, error);
    told.hidden = false;
    button.removeAttribute("aria-disabled");
  }
}

/** What the pool asks the authenticator: `{options, session?}`, or an error in its own words. */
async function ask(form) {
  const body = new URLSearchParams({ _csrf: form.elements._csrf.value });
  const response = await fetch(form.dataset.options, { method: "POST", body });
  if (!response.headers.get("content-type")?.startsWith("application/json")) throw new Error(SAID.failed);
  const asked = await response.json();
  if (!response.ok) throw new Error(asked.message);
  return asked;
}

function sentence(kind, error) {
  if (error.name === "InvalidStateError") return SAID.held;
  if (error instanceof DOMException) return SAID[kind];
  return error instanceof TypeError ? SAID.failed : error.message;
}

/** The credential as the JSON that Web Authentication Level 3 defines. */
async function answer(kind, options) {
  if (kind === "create") {
    const parse = PublicKeyCredential.parseCreationOptionsFromJSON?.bind(PublicKeyCredential) ?? creationOptions;
    return json(await navigator.credentials.create({ publicKey: parse(options) }));
  }
  const parse = PublicKeyCredential.parseRequestOptionsFromJSON?.bind(PublicKeyCredential) ?? requestOptions;
  return json(await navigator.credentials.get({ publicKey: parse(options) }));
}

// For browsers that have no such conversions yet.

function creationOptions(options) {
  const { challenge, user, excludeCredentials = [], ...rest } = options;
  return {
    ...rest,
    challenge: bytes(challenge),
    user: { ...user, id: bytes(user.id) },
    excludeCredentials: excludeCredentials.map(descriptor),
  };
}

function requestOptions(options) {
  const { challenge, allowCredentials = [], ...rest } = options;
  return { ...rest, challenge: bytes(challenge), allowCredentials: allowCredentials.map(descriptor) };
}

function descriptor({ id, ...rest }) {
  return { ...rest, id: bytes(id) };
}

function json(credential) {
  if (credential.toJSON) return credential.toJSON();
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const texts = parts.filter((name) => response[name]).map((name) => [name, text(response[name])]);
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...Object.fromEntries(texts), transports: response.getTransports?.() },
  };
}

function bytes(base64url) {
  const base64 = base64url.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function text(buffer) {
  const characters = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(characters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
