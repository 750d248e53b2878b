// A user's own attributes and passwords.

import assert from "node:assert/strict";

import {
  call, codeFor, includes, makeUser, messageTo, named, pairs, password, poolId, publicClient, refused, second, settings,
  tokenOf, wrong,
} from "./pool.mjs";

async function attributes() {
  await makeUser("ada@example.com");
  await makeUser("bob@example.com");
  const AccessToken = await tokenOf("ada@example.com");
  const own = async () => named((await call("GetUser", { AccessToken })).UserAttributes);
  const update = (given) => call("UpdateUserAttributes", { AccessToken, UserAttributes: pairs(given) });

  assert.deepEqual((await update({ name: "Ada", "custom:plan": "gold" })).CodeDeliveryDetailsList, []);
  includes(await own(), { "custom:plan": "gold" });
  await refused("InvalidParameterException", update({ shoes: "37" }));
  await refused("NotAuthorizedException", update({ email_verified: "true" }));
  await refused("AliasExistsException", update({ email: "bob@example.com" }));
  const remove = (...UserAttributeNames) => call("DeleteUserAttributes", { AccessToken, UserAttributeNames });
  await remove("custom:plan");
  includes(await own(), { "custom:plan": undefined, name: "Ada" });
  await refused("InvalidParameterException", remove("email"));
  await refused("NotAuthorizedException", remove("sub"));
}

/** A new one is the old one's until its code comes back. */
async function addresses() {
  await settings({ verify_before_update: ["email"] });
  const [email, AttributeName, AccessToken] = ["new@example.com", "email", await tokenOf("ada@example.com")];
  const change = { AccessToken, UserAttributes: pairs({ email }) };
  const { CodeDeliveryDetailsList } = await call("UpdateUserAttributes", change);
  const delivery = { Destination: "n***@e***", DeliveryMedium: "EMAIL", AttributeName };
  assert.deepEqual(CodeDeliveryDetailsList, [delivery]);
  const code = await codeFor(email);
  const verify = (Code, more) => call("VerifyUserAttribute", { AccessToken, AttributeName, Code, ...more });
  await refused("CodeMismatchException", verify(wrong(code)));
  // Somebody else is quicker.
  await makeUser(email);
  await refused("AliasExistsException", verify(code));
  await call("AdminDeleteUser", { UserPoolId: poolId, Username: email });

  const send = (more) => call("GetUserAttributeVerificationCode", { AccessToken, AttributeName, ...more });
  assert.deepEqual((await send()).CodeDeliveryDetails, delivery);
  assert.equal((await messageTo(email)).kind, "verify_user_attribute");
  await verify(await codeFor(email));
  const user = await call("GetUser", { AccessToken });
  includes(named(user.UserAttributes), { email, email_verified: "true" });
  await refused("ExpiredCodeException", verify(code));
  const other = { AttributeName: "given_name" };
  await refused("InvalidParameterException", verify(code, other));
  await refused("InvalidParameterException", send(other));
}

async function passwords() {
  const name = "pat@example.com";
  await makeUser(name);
  const AccessToken = await tokenOf(name);
  const change = (more) =>
    call("ChangePassword", { AccessToken, PreviousPassword: password, ProposedPassword: second, ...more });
  await refused("NotAuthorizedException", change({ PreviousPassword: "Wr0ng-one" }));
  await refused("InvalidPasswordException", change({ ProposedPassword: "short" }));
  await refused("InvalidParameterException", change({ PreviousPassword: undefined }));
  await change();
  await tokenOf(name, second);

  await settings({ password_policy: { history_size: 2 } });
  await refused("PasswordHistoryPolicyViolationException", change({ PreviousPassword: second }));
  const person = { ClientId: publicClient, Username: name };
  await call("ForgotPassword", person);
  const reset = { ...person, ConfirmationCode: await codeFor(name), Password: second };
  await refused("PasswordHistoryPolicyViolationException", call("ConfirmForgotPassword", reset));
}

export async function run() {
  await attributes();
  await addresses();
  await passwords();
}
