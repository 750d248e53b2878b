// What administrators do to users.

import assert from "node:assert/strict";

import {
  api, call, codeFor, includes, makeUser, messageTo, named, pairs, password, poolId, publicClient, refused, second,
  settings, tokenOf,
} from "./pool.mjs";

const name = "ada@example.com";
const user = { UserPoolId: poolId, Username: name };
const found = () => call("AdminGetUser", user);

async function invitation() {
  const UserAttributes = pairs({ email_verified: "true", "custom:plan": "gold" });
  const create = (more) =>
    call("AdminCreateUser", { ...user, TemporaryPassword: password, UserAttributes, ...more });
  await refused("InvalidPasswordException", create({ TemporaryPassword: "short" }));
  await refused("InvalidParameterException", create({ Username: "no address" }));
  await refused("UserNotFoundException", create({ MessageAction: "RESEND" }));
  const { User } = await create({ DesiredDeliveryMediums: ["EMAIL"] });
  includes(User, { UserStatus: "FORCE_CHANGE_PASSWORD", Enabled: true });
  assert.equal(named(User.Attributes)["custom:plan"], "gold");
  assert.ok(User.UserCreateDate instanceof Date);
  includes(await messageTo(name), { kind: "admin_create_user", code: password });
  await refused("UsernameExistsException", create());
  await create({ MessageAction: "RESEND", TemporaryPassword: second });
  assert.equal(await codeFor(name), second);
  const challenge = await api.begin("USER_PASSWORD_AUTH", { USERNAME: name, PASSWORD: second });
  assert.equal(challenge.ChallengeName, "NEW_PASSWORD_REQUIRED");
  // What only confirmed people have is not reset.
  await refused("NotAuthorizedException", call("AdminResetUserPassword", user));

  const { Username, UserStatus, Enabled, UserCreateDate, UserAttributes: attributes } = await found();
  includes(User, { Username, UserStatus, Enabled, UserCreateDate });
  assert.deepEqual(named(attributes), named(User.Attributes));
}

async function passwords() {
  const set = (Password, Permanent) => call("AdminSetUserPassword", { ...user, Password, Permanent });
  await refused("InvalidPasswordException", set("short"));
  await set(password, true);
  const AccessToken = await tokenOf(name);
  await refused("UnsupportedUserStateException", call("AdminCreateUser", { ...user, MessageAction: "RESEND" }));
  await settings({ password_policy: { history_size: 3 } });
  await refused("PasswordHistoryPolicyViolationException", set(password));
  await settings({ password_policy: { history_size: 0 } });
  await call("AdminResetUserPassword", user);
  includes(await found(), { UserStatus: "RESET_REQUIRED" });
  includes(await messageTo(name), { kind: "forgot_password" });
  await refused("PasswordResetRequiredException", call("GetUser", { AccessToken }));
  await set(second, false);
  includes(await found(), { UserStatus: "FORCE_CHANGE_PASSWORD" });
  await set(password, true);
}

async function attributes() {
  const update = (given) => call("AdminUpdateUserAttributes", { ...user, UserAttributes: pairs(given) });
  const given = { name: "Ada", phone_number: "+4915112345678", phone_number_verified: "true" };
  await update(given);
  const own = async () => named((await found()).UserAttributes);
  includes(await own(), given);
  await refused("InvalidParameterException", update({ shoes: "37" }));
  await makeUser("bob@example.com");
  await refused("AliasExistsException", update({ email: "bob@example.com" }));
  const remove = (...UserAttributeNames) => call("AdminDeleteUserAttributes", { ...user, UserAttributeNames });
  await remove("name", "custom:plan");
  includes(await own(), { name: undefined, "custom:plan": undefined });
  await refused("InvalidParameterException", remove("email"));
}

async function comingAndGoing() {
  const AccessToken = await tokenOf(name);
  await call("AdminDisableUser", user);
  includes(await found(), { Enabled: false });
  const attempt = api.begin("USER_PASSWORD_AUTH", { USERNAME: name, PASSWORD: password });
  assert.equal(await refused("NotAuthorizedException", attempt), "User is disabled.");
  await refused("NotAuthorizedException", call("GetUser", { AccessToken }));
  await call("AdminEnableUser", user);
  await api.signIn(name);

  const late = { UserPoolId: poolId, Username: "late@example.com" };
  await call("SignUp", { ClientId: publicClient, Username: late.Username, Password: password });
  await refused("NotAuthorizedException", call("AdminResetUserPassword", late));
  await call("AdminConfirmSignUp", late);
  includes(await call("AdminGetUser", late), { UserStatus: "CONFIRMED" });
  await refused("NotAuthorizedException", call("AdminConfirmSignUp", late));
  // Confirmed like that, the address is not verified: nothing can be sent there.
  await refused("InvalidParameterException", call("AdminResetUserPassword", late));
  await call("AdminDeleteUser", late);
  await refused("UserNotFoundException", call("AdminDeleteUser", late));
}

async function lists() {
  const list = (more) => call("ListUsers", { UserPoolId: poolId, ...more });
  const first = await list({ Limit: 1 });
  const rest = await list({ Limit: 1, PaginationToken: first.PaginationToken });
  const emails = [...first.Users, ...rest.Users].map(({ Attributes }) => named(Attributes).email);
  assert.deepEqual([emails.sort(), rest.PaginationToken], [[name, "bob@example.com"], undefined]);
  const { Users } = await list({ Filter: 'email ^= "ada@"', AttributesToGet: ["email"] });
  assert.deepEqual(Users.map(({ Attributes }) => Attributes), [pairs({ email: name })]);
  await refused("InvalidParameterException", list({ Filter: "email" }));
  const foreign = { Filter: 'email = "x"', PaginationToken: first.PaginationToken };
  await refused("InvalidParameterException", list(foreign));
}

/** There is no threat protection, in which Cognito answers the same. */
async function feedback() {
  const event = { ...user, EventId: "event", FeedbackToken: "a.b.c", FeedbackValue: "Valid" };
  const give = (more) => call("UpdateAuthEventFeedback", { ...event, ...more });
  await refused("UserPoolAddOnNotEnabledException", give());
  const nobody = { Username: "nobody@example.com" };
  await refused("UserPoolAddOnNotEnabledException", give(nobody));
  await settings({ prevent_user_existence_errors: false });
  await refused("UserNotFoundException", give(nobody));
  await settings({ prevent_user_existence_errors: true });
}

export async function run() {
  await invitation();
  await passwords();
  await attributes();
  await comingAndGoing();
  await lists();
  await feedback();
}
