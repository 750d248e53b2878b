// The application's own pages: sign-up, sign-in with its further steps and by passkey, another
// password, and the account of who is signed in.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { APP, fits, POOL, run, shot } from "./browser.mjs";
import { local, onDashboard, PASSWORD, signIn as signInHosted, toSignIn } from "./hosted.mjs";

const EMAIL = "grace.hopper@example.com";
/** Whoever tries ten times has to wait: each part has a person of its own. */
const WITH_APP = "ada.lovelace@example.com";
const FORGETFUL = "alan.turing@example.com";
const INVITED = "edsger.dijkstra@example.com";
const OTHER = "An0ther-Passw0rd!";

await run(async (session) => {
  const page = await session.device();
  for (const username of [WITH_APP, FORGETFUL]) await local("users", { username, password: PASSWORD });
  await signUp(page);
  await passkey(page);
  await changePassword(page);
  await authenticatorApp(await session.device());
  await reset(await session.device());
  await steps(await session.device());
  await givenPassword(await session.device());
  await deleteAccount(page);
  for (const options of [{ colorScheme: "dark" }, { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true }]) {
    await looks(await session.device(options), options.colorScheme ?? "phone");
  }
  await withoutPasskeys(await session.device());
  await fromTheHostedPage(await session.device());
});

/** What can be seen; the pages that are not shown have fields and words of the same name. */
function field(page, name) {
  return page.getByLabel(name).filter({ visible: true });
}

function words(page, text) {
  return page.getByText(text).filter({ visible: true });
}

/** The newest code for an address, from the inbox that the page leads to. */
async function readCode(page, email) {
  const opened = page.waitForEvent("popup");
  await page.getByRole("link", { name: /local inbox/i }).filter({ visible: true }).click();
  const inbox = await opened;
  await inbox.getByLabel("Recipient").fill(email);
  await inbox.getByRole("button", { name: "Show" }).click();
  const code = await inbox.getByRole("listitem").first().locator("code").innerText();
  await inbox.close();
  return code.trim();
}

function wrong(code) {
  return code === "123456" ? "654321" : "123456";
}

/** The error beside a field: told by the field, and where the focus is. */
async function refusedAt(page, field, text) {
  await page.locator(`${field}[aria-invalid="true"]`).waitFor();
  const described = await page.locator(field).evaluate((input) => {
    const ids = input.getAttribute("aria-describedby").split(" ");
    return [ids.map((id) => document.getElementById(id).textContent).join(" "), document.activeElement === input];
  });
  assert.match(described[0], text);
  assert.equal(described[1], true, `the focus is on ${field}`);
}

async function signUp(page) {
  await page.goto(`${APP}/`);
  await page.getByTestId("own-sign-up").click();
  await page.getByRole("heading", { name: "Create account" }).waitFor();
  await shot(page, "80-own-sign-up");
  await field(page, "First name").fill("Grace");
  await field(page, "Last name").fill("Hopper");
  await field(page, "Email").fill(EMAIL);
  await field(page, "Password").fill("password");
  await field(page, /I accept/).check();
  await page.getByRole("button", { name: "Create account" }).click();
  await refusedAt(page, "#sign-up-password", /The password needs an? .*\./);
  await shot(page, "81-own-weak-password");
  await field(page, "Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Confirm your address" }).waitFor();
  const code = await readCode(page, EMAIL);
  await field(page, "Code").fill(wrong(code));
  await page.getByRole("button", { name: "Confirm" }).click();
  await refusedAt(page, "#confirm-code", /wrong/);
  await shot(page, "82-own-wrong-code");
  await page.getByRole("button", { name: "Send another code" }).click();
  await words(page, "Another code is on its way.").waitFor();
  await field(page, "Code").fill(await readCode(page, EMAIL));
  await page.getByRole("button", { name: "Confirm" }).click();
  await onDashboard(page, EMAIL);
}

/** Chromium's authenticator, whose person is always there. */
async function authenticator(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

async function passkey(page) {
  await authenticator(page);
  await page.getByTestId("account").click();
  await words(page, "You have none yet.").waitFor();
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await words(page, "The passkey is added.").waitFor();
  assert.equal(await page.getByTestId("passkey").count(), 1);
  await shot(page, "83-own-account");
  await page.getByTestId("sign-out").click();
  await page.getByTestId("own-sign-in").click();
  await field(page, "Email").fill(EMAIL);
  await shot(page, "84-own-sign-in");
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await onDashboard(page, EMAIL);
  await page.getByTestId("account").click();
  await page.getByRole("button", { name: /^Delete passkey/ }).click();
  await words(page, "The passkey is deleted.").waitFor();
  assert.equal(await page.getByTestId("passkey").count(), 0);
}

async function changePassword(page) {
  await field(page, "Current password").fill("Gue55-wrong");
  await field(page, "New password").fill(OTHER);
  await page.getByRole("button", { name: "Change password" }).click();
  await refusedAt(page, "#change-current", /current password is wrong/);
  await field(page, "Current password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await words(page, "Your password is changed.").waitFor();
}

/** What an authenticator app shows at this moment (RFC 6238). */
function totp(secret, step = 0) {
  const bits = [...secret.replace(/=+$/, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + step));
  const hash = createHmac("sha1", key).update(counter).digest();
  const from = hash.at(-1) & 15;
  return String((hash.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

async function authenticatorApp(page) {
  await page.goto(`${APP}/signin`);
  await signIn(page, WITH_APP);
  await onDashboard(page, WITH_APP);
  await page.getByTestId("account").click();
  await switchedOff(page);
  await local("settings", { mfa: "OPTIONAL" });
  await page.reload();
  await page.getByRole("button", { name: "Set up an app" }).click();
  const secret = await page.getByTestId("totp-secret").innerText();
  const qr = page.getByRole("img", { name: "QR code of the key below" });
  assert.ok(await qr.evaluate((image) => image.decode().then(() => image.naturalWidth > 0)), "the QR code is a picture");
  await shot(page, "85-own-app");
  const code = totp(secret);
  await field(page, "Code that the app shows").fill(wrong(code));
  await page.getByRole("button", { name: "Switch on" }).click();
  await refusedAt(page, "#app-code", /wrong/);
  await field(page, "Code that the app shows").fill(totp(secret));
  await page.getByRole("button", { name: "Switch on" }).click();
  await words(page, "The app is on").waitFor();
  await page.getByTestId("sign-out").click();
  await page.getByTestId("own-sign-in").click();
  await signIn(page, WITH_APP);
  await words(page, "Open your authenticator app").waitFor();
  await shot(page, "86-own-code");
  await field(page, "Code").fill(wrong(totp(secret, 1)));
  await page.getByRole("button", { name: "Continue" }).click();
  await refusedAt(page, "#code-code", /wrong/);
  // Each code is good once: the one of the next half minute.
  await field(page, "Code").fill(totp(secret, 1));
  await page.getByRole("button", { name: "Continue" }).click();
  await onDashboard(page, WITH_APP);
  await page.getByTestId("account").click();
  await page.getByRole("button", { name: "Switch off" }).click();
  await words(page, "The app is off.").waitFor();
}

/** The local pool has no second factors at first; the page says how to switch them on. */
async function switchedOff(page) {
  await page.getByRole("button", { name: "Set up an app" }).click();
  await words(page, "The user pool has this switched off.").waitFor();
  await page.getByRole("alert").getByText('{"mfa":"OPTIONAL"}').waitFor();
  await shot(page, "85-own-switched-off");
}

async function signIn(page, email, password = PASSWORD) {
  await field(page, "Email").fill(email);
  await field(page, "Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

async function reset(page) {
  await page.goto(`${APP}/signin`);
  await signIn(page, FORGETFUL, "Gue55-wrong");
  await refusedAt(page, "#sign-in-password", /Wrong address or password\./);
  await shot(page, "87-own-wrong-password");
  await page.getByRole("link", { name: "Forgot password?" }).click();
  await field(page, "Email").fill(FORGETFUL);
  await page.getByRole("button", { name: "Send code" }).click();
  await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  const code = await readCode(page, FORGETFUL);
  await field(page, "Code").fill(wrong(code));
  await field(page, "New password").fill(OTHER);
  await page.getByRole("button", { name: "Set new password" }).click();
  await refusedAt(page, "#reset-code-code", /wrong/);
  await shot(page, "88-own-reset");
  await field(page, "Code").fill(code);
  await page.getByRole("button", { name: "Set new password" }).click();
  await words(page, "Your password is changed.").waitFor();
  assert.equal(await field(page, "Email").inputValue(), FORGETFUL);
  await field(page, "Password").fill(OTHER);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await onDashboard(page, FORGETFUL);
}

/** A password that was given, a factor to choose, a budget that is used up. */
async function steps(page) {
  await page.goto(`${APP}/signin`);
  await field(page, "Email").fill("user@example.com");
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("heading", { name: "Choose how to go on" }).waitFor();
  await shot(page, "89-own-choice");
  await page.getByRole("button", { name: "Type the password" }).click();
  await field(page, "Password").fill("Gue55-wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await refusedAt(page, "#password-password", /Wrong address or password\./);
  await page.getByRole("link", { name: "Start again" }).click();
  await field(page, "Email").fill("user@example.com");
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("button", { name: "Get a code by email" }).click();
  await words(page, "A code is on its way").waitFor();
  await field(page, "Code").fill(await readCode(page, "user@example.com"));
  await page.getByRole("button", { name: "Continue" }).click();
  await onDashboard(page, "user@example.com");
  await page.goto(`${APP}/reset`);
  for (let asked = 0; asked < 3; asked += 1) {
    await field(page, "Email").fill("nobody@example.com");
    await page.getByRole("button", { name: "Send code" }).click();
    await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
    await page.goto(`${APP}/reset`);
  }
  await field(page, "Email").fill("nobody@example.com");
  await page.getByRole("button", { name: "Send code" }).click();
  await page.getByTestId("wait").getByText(/^Again in \d+ s\.$/).waitFor();
  assert.equal(await page.getByRole("button", { name: "Send code" }).isDisabled(), true);
  await shot(page, "90-own-wait");
}

/** Made by an administrator, in a pool that wants a second factor of everybody. */
async function givenPassword(page) {
  await local("settings", { mfa: "ON" });
  const call = await fetch(POOL, {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSCognitoIdentityProviderService.AdminCreateUser" },
    body: JSON.stringify({
      UserPoolId: "us-east-1_Cogward01",
      Username: INVITED,
      TemporaryPassword: "Temp0rary!",
      UserAttributes: [{ Name: "email", Value: INVITED }, { Name: "email_verified", Value: "true" }],
    }),
  });
  assert.equal(call.status, 200, await call.text());
  await page.goto(`${APP}/signin`);
  await signIn(page, INVITED, "Temp0rary!");
  await page.getByRole("heading", { name: "Choose a password of your own" }).waitFor();
  await field(page, "New password").fill("short");
  await page.getByRole("button", { name: "Continue" }).click();
  await refusedAt(page, "#new-password-password", /The password is too short\./);
  await shot(page, "90-own-new-password");
  await field(page, "New password").fill(PASSWORD);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: "Set up a second step" }).waitFor();
  const secret = await page.getByTestId("totp-secret").innerText();
  await shot(page, "90-own-set-up");
  await field(page, "Code").fill(wrong(totp(secret)));
  await page.getByRole("button", { name: "Continue" }).click();
  await refusedAt(page, "#set-up-code", /wrong/);
  await field(page, "Code").fill(totp(secret));
  await page.getByRole("button", { name: "Continue" }).click();
  await onDashboard(page, INVITED);
  await local("settings", { mfa: "OPTIONAL" });
}

async function deleteAccount(page) {
  await page.goto(`${APP}/signin?again`);
  await signIn(page, EMAIL, OTHER);
  await page.waitForURL(`${APP}/account`);
  await page.getByRole("button", { name: "Delete account…" }).click();
  await page.getByRole("dialog", { name: "Delete your account?" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Delete account…" }).click();
  await page.getByRole("button", { name: "Delete account", exact: true }).click();
  await page.waitForURL(`${APP}/`);
  assert.equal((await local("stats")).DeleteUser, 1);
  await page.goto(`${APP}/account`);
  await page.waitForURL(`${APP}/signin`);
}

async function looks(page, name) {
  const look = async (what) => {
    await fits(page);
    await shot(page, `91-own-${name}-${what}`);
  };
  for (const path of ["signup", "signin", "reset"]) {
    await page.goto(`${APP}/${path}`);
    await page.locator("form:visible").first().waitFor();
    await look(path);
  }
  await page.goto(`${APP}/signin`);
  await signIn(page, "admin@example.com", PASSWORD);
  await onDashboard(page, "admin@example.com");
  await page.getByTestId("account").click();
  await words(page, "You have none yet.").waitFor();
  await page.getByRole("button", { name: "Set up an app" }).click();
  await page.getByTestId("totp-secret").waitFor();
  await look("account");
  await page.goto(`${APP}/signup`);
  await field(page, "First name").fill("A");
  await field(page, "Last name").fill("B");
  await field(page, "Email").fill(`${"unbroken".repeat(6)}${name}@example.com`);
  await field(page, "Password").fill(PASSWORD);
  await field(page, /I accept/).check();
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Confirm your address" }).waitFor();
  await look("confirm");
}

/** A sign-in there may not change the account; one here may. */
async function fromTheHostedPage(page) {
  await toSignIn(page);
  await signInHosted(page, FORGETFUL, OTHER);
  await onDashboard(page, FORGETFUL);
  await page.getByTestId("account").click();
  await words(page, "sign in once more").waitFor();
  await signIn(page, FORGETFUL, OTHER);
  await page.waitForURL(`${APP}/account`);
  await words(page, "You have none yet.").waitFor();
}

async function withoutPasskeys(page) {
  await page.addInitScript(() => delete globalThis.PublicKeyCredential);
  await page.goto(`${APP}/signin`);
  await words(page, "This browser cannot use passkeys here.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Sign in with a passkey" }).count(), 0);
  await signIn(page, "user@example.com", PASSWORD);
  await onDashboard(page, "user@example.com");
  await page.getByTestId("account").click();
  await words(page, "this browser cannot make one here").waitFor();
}
