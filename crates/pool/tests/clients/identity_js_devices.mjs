// Unmodified amazon-cognito-identity-js against the pool at POOL_URL: a browser is remembered
// and signs in with its own secret as well.

import assert from "node:assert/strict";

import { Store, authenticate, called, heard, user, userPool } from "./identity_js.mjs";
import { local, makeUser, password, refused } from "./pool.mjs";

const email = "devices@example.com";

const devices = async (person) => {
  const { values: [{ Devices }] } = await heard((listener) => person.listDevices(10, null, listener));
  return Devices;
};
const status = (device) =>
  device.DeviceAttributes.find(({ Name }) => Name === "device_status" || Name === "dev:device_remembered_status")?.Value;

async function remember(store) {
  const person = user(userPool(store), email);
  const { name, values: [session] } = await authenticate(person, password);
  assert.equal(name, "onSuccess");
  assert.ok(session.getAccessToken().payload.device_key, "the token names its device");
  await heard((listener) => person.setDeviceStatusRemembered(listener));
  const { values: [{ Device }] } = await heard((listener) => person.getDevice(listener));
  assert.equal(Device.DeviceKey, session.getAccessToken().payload.device_key);
  assert.deepEqual((await devices(person)).map((device) => device.DeviceKey), [Device.DeviceKey]);
  return Device.DeviceKey;
}

/** The second sign-in of the same browser proves its own secret. */
async function again(store, key) {
  const before = await local("stats");
  const person = user(userPool(store), email);
  const { values: [session] } = await authenticate(person, password);
  const after = await local("stats");
  assert.equal(after.RespondToAuthChallenge - before.RespondToAuthChallenge, 3);
  assert.equal(session.getAccessToken().payload.device_key, key);
  assert.equal((await devices(person)).length, 1);
  const renewed = await called((done) => person.refreshSession(session.getRefreshToken(), done));
  assert.equal(renewed.getAccessToken().payload.device_key, key);
  return person;
}

async function others(person) {
  const other = user(userPool(), email);
  await authenticate(other, password);
  assert.equal((await devices(person)).length, 2);
  await heard((listener) => other.setDeviceStatusNotRemembered(listener));
  await heard((listener) => other.forgetDevice(listener));
  assert.equal((await devices(person)).length, 1);
}

/** Forgotten elsewhere, the browser signs in as a new one. */
async function forgotten(store, key) {
  const elsewhere = user(userPool(), email);
  await authenticate(elsewhere, password);
  await heard((listener) => elsewhere.forgetSpecificDevice(key, listener));
  const person = user(userPool(store), email);
  const { values: [session] } = await authenticate(person, password);
  assert.notEqual(session.getAccessToken().payload.device_key, key);
  await refused("ResourceNotFoundException", heard((listener) => elsewhere.forgetSpecificDevice(key, listener)));
}

await makeUser(email);
await local("settings", { devices: "ALWAYS" });
const store = new Store();
const key = await remember(store);
const person = await again(store, key);
await others(person);
await forgotten(store, key);
