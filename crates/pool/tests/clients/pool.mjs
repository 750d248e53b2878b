// What every script has in common: the pool at POOL_URL, the libraries in CLIENTS_DIR, and
// what a person does beside them.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

export const url = process.env.POOL_URL;
export const poolId = "us-east-1_Cogward01";
export const publicClient = "cogwardlocalpublicclient01";
export const secretClient = "cogwardlocalsecretclient01";
export const secret = "cogwardlocalsecret0123456789abcdef";
export const password = "Passw0rd!";

/** Loads a library, those without CommonJS as well. */
export const load = createRequire(`${process.env.CLIENTS_DIR}/`);
export const loadModule = (name) => import(pathToFileURL(load.resolve(name)));

/** Calls the pool's surface for tests. */
export async function local(what, body) {
  const init = body && {
    method: "POST",
    headers: { "content-type": "application/json", "x-cogward-local": "1" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(`${url}/_local/${what}`, init);
  assert.ok(answer.ok, `${what}: ${answer.status}`);
  return answer.json();
}

/** A confirmed user with the usual password. */
export const makeUser = (username, more = {}) => local("users", { username, password, ...more });

/** The newest code that was sent to `email`. */
export async function codeFor(email) {
  const [message] = await local(`messages?recipient=${encodeURIComponent(email)}`);
  return message.code;
}

export const wrong = (code) => (code === "000000" ? "111111" : "000000");

/** Calls the user-pool API without any library, with tokens that one has. */
export async function call(operation, input) {
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
    },
    body: JSON.stringify(input),
  });
  const text = await answer.text();
  const body = text && JSON.parse(text);
  if (!answer.ok) throw Object.assign(new Error(body.message), { name: body.__type });
  return body;
}

/** `promise` fails with an error of this name, or of a class so called. */
export async function refused(name, promise) {
  const error = await promise.then(() => assert.fail(`not refused with ${name}`), (error) => error);
  const names = [error.name, error.constructor.name];
  assert.ok(names.includes(name), `${names.join()} instead of ${name}: ${error.stack}`);
  return error;
}

/** The claims of a token, unverified. */
export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** The half minute that a code was last taken of, for each secret: no code is good twice. */
const taken = new Map();

/** The code that an app shows for a base32 secret. The pool's clock goes on when it was taken. */
export async function totp(base32) {
  const steps = async (advance_seconds) =>
    Math.floor((await local("clock", { advance_seconds })).now / 30);
  let step = await steps(0);
  while (step <= taken.get(base32)) step = await steps(30);
  taken.set(base32, step);
  return code(base32, step);
}

/** A code that no app shows around now. */
export async function wrongTotp(base32) {
  const { now } = await local("clock", { advance_seconds: 0 });
  const near = [-2, -1, 0, 1, 2].map((step) => code(base32, Math.floor(now / 30) + step));
  return ["000000", "111111", "222222", "333333", "444444", "555555"].find((code) => !near.includes(code));
}

/** RFC 6238. */
function code(base32, step) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...base32].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** A browser as far as the hosted pages need one: cookies, forms and redirects. */
export class Browser {
  #cookies = new Map();

  /** Follows `address` until it leaves the pool or shows a page. */
  async open(address, init = {}) {
    let at = new URL(address, url);
    for (let answer; at.origin === url; init = {}) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      answer = await fetch(at, { ...init, headers: { cookie }, redirect: "manual" });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
        this.#cookies.set(name, value);
      }
      if (answer.status !== 302) return { at, status: answer.status, text: await answer.text() };
      at = new URL(answer.headers.get("location"), at);
    }
    return { at };
  }

  /** Fills in the only form of a page. */
  submit({ at, status, text }, fields) {
    assert.equal(status, 200, text);
    const _csrf = text.match(/name="_csrf" value="([^"]+)"/)[1];
    return this.open(at, { method: "POST", body: new URLSearchParams({ _csrf, ...fields }) });
  }

  /** Signs in: the address back at the application. */
  async signIn(address, username) {
    const { at, text } = await this.submit(await this.open(address), { username, password });
    assert.notEqual(at.origin, url, text);
    return at;
  }
}
