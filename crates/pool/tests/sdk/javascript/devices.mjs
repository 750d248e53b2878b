// Devices: confirmed, listed, remembered, proven in a sign-in, forgotten; through either door.

import assert from "node:assert/strict";

import {
  admin, advance, api, call, claims, isTokens, makeUser, named, password, poolId, publicClient, refused, settings,
} from "./pool.mjs";
import { deviceVerifier, Exchange } from "./srp.mjs";

const secret = "what only the device knows";
const off = "InvalidUserPoolConfigurationException";
const attributes = ({ DeviceAttributes }) => named(DeviceAttributes);
const status = (device) => attributes(device)["dev:device_remembered_status"];

/** A sign-in on a new device: its tokens and its metadata. */
async function confirm(door, name, necessary) {
  const tokens = await door.signIn(name);
  const { DeviceKey, DeviceGroupKey } = tokens.NewDeviceMetadata;
  assert.ok(DeviceKey.startsWith("us-east-1_"));
  assert.equal(claims(tokens.AccessToken).device_key, DeviceKey);
  const DeviceSecretVerifierConfig = deviceVerifier(DeviceGroupKey, DeviceKey, secret);
  const given = { AccessToken: tokens.AccessToken, DeviceKey, DeviceSecretVerifierConfig, DeviceName: "laptop" };
  const confirm = (more) => call("ConfirmDevice", { ...given, ...more });
  const other = { DeviceKey: "us-east-1_00000000-0000-0000-0000-000000000000" };
  await refused("ResourceNotFoundException", confirm(other));
  const bad = { DeviceSecretVerifierConfig: { PasswordVerifier: "???", Salt: "???" } };
  await refused("InvalidParameterException", confirm(bad));
  assert.equal((await confirm()).UserConfirmationNecessary, necessary);
  await refused("DeviceKeyExistsException", confirm());
  return { tokens, device: tokens.NewDeviceMetadata };
}

async function own(name) {
  await settings({ devices: "USER_OPT_IN" });
  await makeUser(name);
  const first = await confirm(api, name, true);
  await advance(1);
  const { tokens: { AccessToken }, device: { DeviceKey } } = await confirm(api, name, true);
  const given = { AccessToken, DeviceKey };
  const { Device } = await call("GetDevice", given);
  assert.deepEqual([Device.DeviceKey, status(Device)], [DeviceKey, "not_remembered"]);
  assert.equal(attributes(Device).device_name, "laptop");
  assert.ok(Device.DeviceCreateDate instanceof Date);
  const list = (PaginationToken) => call("ListDevices", { AccessToken, Limit: 1, PaginationToken });
  const page = await list();
  const rest = await list(page.PaginationToken);
  const keys = [...page.Devices, ...rest.Devices].map((device) => device.DeviceKey);
  assert.deepEqual(keys.sort(), [first.device.DeviceKey, DeviceKey].sort());
  assert.equal(rest.PaginationToken, undefined);
  await refused("InvalidParameterException", list("???"));

  await call("UpdateDeviceStatus", { ...given, DeviceRememberedStatus: "remembered" });
  assert.equal(status((await call("GetDevice", given)).Device), "remembered");
  await call("ForgetDevice", given);
  const operations = ["GetDevice", "UpdateDeviceStatus", "ForgetDevice"];
  for (const operation of operations) await refused("ResourceNotFoundException", call(operation, given));
  await settings({ devices: "OFF" });
  for (const operation of [...operations, "ConfirmDevice"]) await refused(off, call(operation, given));
  await refused(off, list());
}

/** A remembered device answers in place of the second factor. */
async function proven(door, name) {
  await settings({ devices: "ALWAYS" });
  await makeUser(name);
  const { tokens, device: { DeviceKey, DeviceGroupKey } } = await confirm(door, name, false);
  const exchange = new Exchange();
  const first = { DEVICE_KEY: DeviceKey, SRP_A: exchange.SRP_A };
  const ask = async () => {
    const asked = await door.begin("USER_PASSWORD_AUTH", { USERNAME: name, PASSWORD: password, DEVICE_KEY: DeviceKey });
    assert.equal(asked.ChallengeName, "DEVICE_SRP_AUTH");
    return asked;
  };
  const prove = async (word) => {
    const challenge = await door.answer(await ask(), name, first);
    assert.equal(challenge.ChallengeName, "DEVICE_PASSWORD_VERIFIER");
    const proof = exchange.proof(challenge.ChallengeParameters, word, DeviceGroupKey, DeviceKey);
    return () => door.answer(challenge, name, { ...proof, DEVICE_KEY: DeviceKey });
  };
  await refused("NotAuthorizedException", (await prove("what another device knows"))());
  const again = isTokens((await (await prove(secret))()).AuthenticationResult);
  assert.equal(again.NewDeviceMetadata, undefined);

  // It refreshes its own tokens, and nobody else does.
  const refresh = { ClientId: publicClient, RefreshToken: again.RefreshToken };
  const refreshed = await call("GetTokensFromRefreshToken", { ...refresh, DeviceKey });
  isTokens(refreshed.AuthenticationResult, true);
  await refused("NotAuthorizedException", call("GetTokensFromRefreshToken", refresh));

  const asked = await ask();
  await call("ForgetDevice", { AccessToken: tokens.AccessToken, DeviceKey });
  await refused("ResourceNotFoundException", door.answer(asked, name, first));
}

async function ofOthers(name) {
  await makeUser(name);
  const { device: { DeviceKey } } = await confirm(api, name, false);
  const user = { UserPoolId: poolId, Username: name };
  const given = { ...user, DeviceKey };
  assert.equal(status((await call("AdminGetDevice", given)).Device), "remembered");
  await call("AdminUpdateDeviceStatus", { ...given, DeviceRememberedStatus: "not_remembered" });
  const { Devices } = await call("AdminListDevices", user);
  assert.deepEqual([Devices.length, Devices[0].DeviceKey, status(Devices[0])], [1, DeviceKey, "not_remembered"]);
  await refused("InvalidParameterException", call("AdminListDevices", { ...user, PaginationToken: "???" }));
  await call("AdminForgetDevice", given);
  assert.deepEqual((await call("AdminListDevices", user)).Devices, []);
  const operations = ["AdminGetDevice", "AdminUpdateDeviceStatus", "AdminForgetDevice"];
  for (const operation of operations) await refused("ResourceNotFoundException", call(operation, given));
  await settings({ devices: "OFF" });
  for (const operation of operations) await refused(off, call(operation, given));
  await refused(off, call("AdminListDevices", user));
}

export async function run() {
  await own("own@example.com");
  await proven(api, "api@example.com");
  await proven(admin, "admin@example.com");
  await ofOthers("other@example.com");
}
