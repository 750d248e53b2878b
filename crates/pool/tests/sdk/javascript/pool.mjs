// What the topics have in common: the SDK, installed in SDK_DIR, that calls the pool at POOL_URL,
// and what a person does beside it.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import * as record from "./record.mjs";

const require = createRequire(`${process.env.SDK_DIR}/`);
export const sdk = require("@aws-sdk/client-cognito-identity-provider");
export const { version } = require("@aws-sdk/client-cognito-identity-provider/package.json");

export const url = process.env.POOL_URL;
/** A pool whose users have names of their own and are found by e-mail address too. */
export const aliasUrl = process.env.ALIAS_POOL_URL;
export const poolId = "us-east-1_Cogward01";
export const publicClient = "cogwardlocalpublicclient01";
export const secretClient = "cogwardlocalsecretclient01";
export const secret = "cogwardlocalsecret0123456789abcdef";
export const [password, second] = ["Passw0rd!", "N3w-Passw0rd"];
export const model = JSON.parse(readFileSync(new URL("../../../src/model/cognito-idp.json", import.meta.url)));

/** Calls one pool's operations by name. */
function caller(endpoint) {
  const credentials = { accessKeyId: "unused", secretAccessKey: "unused" };
  const client = new sdk.CognitoIdentityProviderClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
  record.watch(client);
  return (operation, input = {}) => client.send(new sdk[`${operation}Command`](input));
}

export const call = caller(url);
export const aliased = caller(aliasUrl);

/** What is awaited fails with this exception of the SDK: its message. */
export async function refused(name, promise) {
  const error = await promise.then(() => assert.fail(`not refused with ${name}`), (error) => error);
  assert.ok(error instanceof sdk[name] && error.name === name, `${error.name} instead of ${name}: ${error.stack}`);
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert.ok(error.$metadata.requestId && error.message);
  return error.message;
}

/** Calls the pool's surface for tests. */
export async function local(what, body, base = url) {
  const headers = { "content-type": "application/json", "x-cogward-local": "1" };
  const init = body && { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`${base}/_local/${what}`, init);
  assert.ok(answer.ok, `${what}: ${answer.status}`);
  return answer.json();
}

export const settings = (changed, base = url) => local("settings", changed, base);
export const advance = async (advance_seconds) => (await local("clock", { advance_seconds })).now;

/** A confirmed user with the usual password: the `sub`. */
export const makeUser = async (username, more = {}) => (await local("users", { username, password, ...more })).sub;

/** The newest message to an address. */
export async function messageTo(recipient, base = url) {
  const [message] = await local(`messages?recipient=${encodeURIComponent(recipient)}`, undefined, base);
  return message;
}
export const codeFor = async (recipient, base = url) => (await messageTo(recipient, base)).code;
export const wrong = (code) => code.replace(/./g, /^0+$/.test(code) ? "1" : "0");

/** Attributes as `[{Name, Value}]`, and such a list as an object. */
export const pairs = (attributes) => Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
export const named = (list) => Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));

/** The members that these have in common with the ones expected are those. */
export function includes(actual, expected) {
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(actual[name], value, name);
}

export const secretHash = (username) => createHmac("sha256", secret).update(username + secretClient).digest("base64");

/** Those of a token, unverified. */
export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** An AuthenticationResult is whole and hangs together. */
export function isTokens(result, refreshed = false) {
  includes(result, { TokenType: "Bearer", ExpiresIn: 3600 });
  const [access, id] = [claims(result.AccessToken), claims(result.IdToken)];
  assert.deepEqual([access.token_use, id.token_use], ["access", "id"]);
  assert.deepEqual([access.sub, access.client_id], [id.sub, id.aud]);
  assert.equal(result.RefreshToken === undefined, refreshed);
  return result;
}

/** A way to sign in, through the public client: the API itself or its administrators' twins. */
export class Door {
  constructor(call, admin) {
    const prefix = admin ? "Admin" : "";
    this.admin = admin;
    this.initiate = (input) => call(`${prefix}InitiateAuth`, input);
    this.respond = (input) => call(`${prefix}RespondToAuthChallenge`, input);
    this.common = { ClientId: publicClient, ...(admin && { UserPoolId: poolId }) };
  }

  begin(AuthFlow, AuthParameters) {
    return this.initiate({ ...this.common, AuthFlow, AuthParameters });
  }

  answer({ ChallengeName, Session }, USERNAME, responses) {
    const ChallengeResponses = { USERNAME, ...responses };
    return this.respond({ ...this.common, ChallengeName, Session, ChallengeResponses });
  }

  async signIn(USERNAME, PASSWORD = password) {
    return isTokens((await this.begin("USER_PASSWORD_AUTH", { USERNAME, PASSWORD })).AuthenticationResult);
  }
}

export const api = new Door(call, false);
export const admin = new Door(call, true);
export const tokenOf = async (username, word) => (await api.signIn(username, word)).AccessToken;

const taken = new Map();

/** The code that an app shows. None is good twice: the pool's clock goes on when it was taken. */
export async function totp(base32) {
  let step = Math.floor((await advance(0)) / 30);
  while (step <= (taken.get(base32) ?? 0)) step = Math.floor((await advance(30)) / 30);
  taken.set(base32, step);
  return oneTimePassword(base32, step);
}

/** A code that no app shows around now. */
export async function wrongTotp(base32) {
  const step = Math.floor((await advance(0)) / 30);
  const near = [-2, -1, 0, 1, 2].map((off) => oneTimePassword(base32, step + off));
  return ["000000", "111111", "222222", "333333", "444444", "555555"].find((code) => !near.includes(code));
}

/** RFC 6238. */
function oneTimePassword(base32, step) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...base32].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

const EXAMPLES = {
  UserPoolId: poolId,
  ClientId: publicClient,
  Username: "nobody@example.com",
  GroupName: "readers",
  DeviceKey: "us-east-1_00000000-0000-0000-0000-000000000000",
  SessionId: `tkn${"0".repeat(25)}`,
  AccessToken: "a.b.c",
  RefreshToken: "a.b.c",
  Token: "a.b.c",
  FeedbackToken: "a.b.c",
  FeedbackValue: "Valid",
  EventId: "event",
  AuthFlow: "USER_PASSWORD_AUTH",
  ChallengeName: "SMS_MFA",
  ConfirmationCode: "123456",
  Code: "123456",
  UserCode: "123456",
  Password: password,
  ProposedPassword: second,
  AttributeName: "email",
  UserAttributeNames: ["name"],
  UserAttributes: [{ Name: "name", Value: "Ada" }],
  MFAOptions: [],
  CredentialId: "credential",
  Credential: { id: "credential" },
  MaxResults: 1,
};

/** An input that the model takes: what is required, and who calls. */
export function example(operation, more = {}) {
  const { members, required } = model.operations[operation].input;
  const names = Object.keys(members).filter((name) => required.includes(name) || name === "AccessToken");
  return { ...Object.fromEntries(names.map((name) => [name, EXAMPLES[name]])), ...more };
}
