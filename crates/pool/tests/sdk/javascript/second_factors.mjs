// Second factors: set up, preferred, asked for; through either door.

import assert from "node:assert/strict";

import {
  admin, aliased, aliasUrl, api, call, codeFor, Door, includes, isTokens, makeUser, pairs, password, poolId, refused,
  settings, tokenOf, totp, wrong, wrongTotp,
} from "./pool.mjs";

const phone = "+4915112345678";
const [app, mail, text] = ["SOFTWARE_TOKEN_MFA", "EMAIL_OTP", "SMS_MFA"];
const on = { Enabled: true };
const sms = [{ DeliveryMedium: "SMS", AttributeName: "phone_number" }];

const begin = (door, USERNAME) => door.begin("USER_PASSWORD_AUTH", { USERNAME, PASSWORD: password });
const done = async (answer) => isTokens((await answer).AuthenticationResult);

/** The user's own preferences: the secret of the app. */
async function setUp(name) {
  await settings({ mfa: "OFF" });
  await makeUser(name, { attributes: { phone_number: phone, phone_number_verified: "true" } });
  const token = { AccessToken: await tokenOf(name) };
  await refused("SoftwareTokenMFANotFoundException", call("AssociateSoftwareToken", token));
  await settings({ mfa: "OPTIONAL" });
  const verify = (UserCode) => call("VerifySoftwareToken", { ...token, UserCode, FriendlyDeviceName: "telephone" });
  await refused("SoftwareTokenMFANotFoundException", verify("123456"));
  await refused("InvalidParameterException", call("VerifySoftwareToken", { UserCode: "123456" }));
  await refused("InvalidParameterException", call("AssociateSoftwareToken"));
  const prefer = (given) => call("SetUserMFAPreference", { ...token, ...given });
  await refused("InvalidParameterException", prefer({ SoftwareTokenMfaSettings: on }));

  const { SecretCode } = await call("AssociateSoftwareToken", token);
  await refused("EnableSoftwareTokenMFAException", verify(await wrongTotp(SecretCode)));
  assert.equal((await verify(await totp(SecretCode))).Status, "SUCCESS");
  const preferred = { ...on, PreferredMfa: true };
  await prefer({ SoftwareTokenMfaSettings: preferred, EmailMfaSettings: on, SMSMfaSettings: on });
  const both = prefer({ SMSMfaSettings: preferred, EmailMfaSettings: preferred });
  await refused("InvalidParameterException", both);
  const user = await call("GetUser", token);
  includes(user, { PreferredMfaSetting: app, MFAOptions: sms });
  assert.deepEqual(user.UserMFASettingList.sort(), [mail, text, app]);
  includes(await call("GetUserAuthFactors", token), {
    Username: user.Username,
    PreferredMfaSetting: app,
    ConfiguredUserAuthFactors: ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "SOFTWARE_TOKEN"],
  });

  // The operation of old knows text messages only.
  const set = (MFAOptions) => call("SetUserSettings", { ...token, MFAOptions });
  await set([]);
  assert.ok(!(await call("GetUser", token)).UserMFASettingList.includes(text));
  await set(sms);
  assert.ok((await call("GetUser", token)).UserMFASettingList.includes(text));
  await refused("InvalidParameterException", set([{ DeliveryMedium: "EMAIL", AttributeName: "email" }]));
  return SecretCode;
}

async function byApp(door, name, secret) {
  const challenge = await begin(door, name);
  assert.equal(challenge.ChallengeName, app);
  assert.equal(challenge.ChallengeParameters.FRIENDLY_DEVICE_NAME, "telephone");
  const answer = (to, code) => door.answer(to, name, { SOFTWARE_TOKEN_MFA_CODE: code });
  await refused("CodeMismatchException", answer(challenge, await wrongTotp(secret)));
  const code = await totp(secret);
  await done(answer(challenge, code));
  await refused("ExpiredCodeException", answer(await begin(door, name), code));
}

async function preferencesOfOthers(name) {
  const user = { UserPoolId: poolId, Username: name };
  const prefer = (given) => call("AdminSetUserMFAPreference", { ...user, ...given });
  await prefer({ SoftwareTokenMfaSettings: { ...on, PreferredMfa: false } });
  assert.equal((await call("AdminGetUser", user)).PreferredMfaSetting, undefined);
  await refused("InvalidParameterException", prefer({ WebAuthnMfaSettings: on }));
  await call("AdminSetUserSettings", { ...user, MFAOptions: [] });
  assert.ok(!(await call("AdminGetUserAuthFactors", user)).UserMFASettingList.includes(text));
  await call("AdminSetUserSettings", { ...user, MFAOptions: sms });
  assert.deepEqual((await call("AdminGetUser", user)).UserMFASettingList.sort(), [mail, text, app]);
}

/** The choice, since none is preferred. */
async function byMessage(door, name) {
  for (const [factor, recipient] of [[mail, name], [text, phone]]) {
    const choice = await begin(door, name);
    assert.equal(choice.ChallengeName, "SELECT_MFA_TYPE");
    assert.deepEqual(JSON.parse(choice.ChallengeParameters.MFAS_CAN_CHOOSE), [text, app, mail]);
    const challenge = await door.answer(choice, name, { ANSWER: factor });
    assert.equal(challenge.ChallengeName, factor);
    const code = await codeFor(recipient);
    assert.equal(code.length, 6);
    const answer = (given) => door.answer(challenge, name, { [`${factor}_CODE`]: given });
    await refused("CodeMismatchException", answer(wrong(code)));
    await done(answer(code));
  }
}

/** The app is taken away while it is asked for. */
async function lost(door, name) {
  const user = { UserPoolId: poolId, Username: name };
  const challenge = await door.answer(await begin(door, name), name, { ANSWER: app });
  const choice = await begin(door, name);
  await call("AdminDeleteSoftwareToken", user);
  assert.ok(!(await call("AdminGetUserAuthFactors", user)).UserMFASettingList.includes(app));
  const late = door.answer(challenge, name, { SOFTWARE_TOKEN_MFA_CODE: "123456" });
  await refused("SoftwareTokenMFANotFoundException", late);
  await refused("MFAMethodNotFoundException", door.answer(choice, name, { ANSWER: app }));
}

/** A pool that asks everybody: the app is set up in the middle of the sign-in. */
async function required(door, name) {
  await makeUser(name);
  await door.signIn(name);
  await settings({ mfa: "ON" });
  const challenge = await begin(door, name);
  assert.equal(challenge.ChallengeName, "MFA_SETUP");
  assert.deepEqual(JSON.parse(challenge.ChallengeParameters.MFAS_CAN_SETUP), [app]);
  const associate = () => call("AssociateSoftwareToken", { Session: challenge.Session });
  const { SecretCode, Session } = await associate();
  await refused("NotAuthorizedException", associate());
  const verify = (UserCode) => call("VerifySoftwareToken", { Session, UserCode });
  await refused("EnableSoftwareTokenMFAException", verify(await wrongTotp(SecretCode)));
  const verified = await verify(await totp(SecretCode));
  assert.equal(verified.Status, "SUCCESS");
  await refused("NotAuthorizedException", verify("123456"));
  await done(door.answer({ ...challenge, Session: verified.Session }, name));
  assert.equal((await begin(door, name)).ChallengeName, app);
  await settings({ mfa: "OFF" });
}

/** Who has no address may set one up, but not another's; through the pool where names are no addresses. */
async function byNewAddress(isAdmin, name) {
  const door = new Door(aliased, isAdmin);
  const user = { UserPoolId: poolId, Username: name };
  await settings({ mfa: "OFF", account_recovery: ["verified_phone_number", "verified_email"] }, aliasUrl);
  await aliased("AdminCreateUser", { ...user, TemporaryPassword: password, MessageAction: "SUPPRESS" });
  await aliased("AdminSetUserPassword", { ...user, Password: password, Permanent: true });
  await door.signIn(name);
  await settings({ mfa: "ON" }, aliasUrl);
  const setUp = await begin(door, name);
  assert.deepEqual(JSON.parse(setUp.ChallengeParameters.MFAS_CAN_SETUP), [app, mail]);
  await refused("InvalidParameterException", door.answer(setUp, name, { EMAIL: "no address" }));
  const confirm = async (from, EMAIL) => {
    const challenge = await door.answer(from, name, { EMAIL });
    assert.equal(challenge.ChallengeName, mail);
    const code = { EMAIL_OTP_CODE: await codeFor(EMAIL, aliasUrl) };
    return () => door.answer(challenge, name, code);
  };
  await refused("AliasExistsException", (await confirm(setUp, "owned@example.com"))());
  await done((await confirm(await begin(door, name), `${name}@example.com`))());
}

export async function run() {
  const owner = pairs({ email: "owned@example.com", email_verified: "true" });
  await aliased("AdminCreateUser", { UserPoolId: poolId, Username: "owner", UserAttributes: owner });
  for (const door of [api, admin]) {
    const name = door.admin ? "admin@example.com" : "api@example.com";
    const secret = await setUp(name);
    await byApp(door, name, secret);
    await preferencesOfOthers(name);
    await byMessage(door, name);
    await lost(door, name);
    await required(door, `new-${name}`);
    await byNewAddress(door.admin, door.admin ? "ada" : "bob");
  }
}
