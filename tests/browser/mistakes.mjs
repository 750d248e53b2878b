// What people get wrong, and that each page says so and lets them go on.

import assert from "node:assert/strict";

import { APP, run, shot } from "./browser.mjs";
import { enterCode, onDashboard, PASSWORD, readCode, signIn, signUp, toSignIn } from "./hosted.mjs";

const TAKEN = "user@example.com";
const EMAIL = "grace.hopper@example.com";
const NEW_PASSWORD = "An0ther-Passw0rd!";

await run(async (session) => {
  const page = await session.device();
  await wrongPassword(page);
  await takenAddressAndWeakPassword(page);
  await wrongCode(page);
  await resetPassword(await session.device());
  await brokenSignIns(await session.device());
});

/** The page's error, read out by screen readers, tied to the fields. */
async function refusal(page, text) {
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), text);
  assert.match(await page.title(), /^Error: /);
}

async function wrongPassword(page) {
  await toSignIn(page);
  await signIn(page, TAKEN, "not the password");
  await refusal(page, /Incorrect username or password/);
  assert.equal(await page.getByLabel("Email").inputValue(), TAKEN, "what was typed is kept");
  assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), "", "but not the password");
  await shot(page, "20-wrong-password");
  await signIn(page, "nobody@example.com");
  await refusal(page, /Incorrect username or password/);
}

async function takenAddressAndWeakPassword(page) {
  await page.getByRole("link", { name: "Create account" }).click();
  await signUp(page, TAKEN);
  await refusal(page, /already an account/);
  await shot(page, "21-taken-address");
  await signUp(page, EMAIL, "password");
  await refusal(page, /password/i);
  await shot(page, "22-weak-password");
}

async function wrongCode(page) {
  await signUp(page, EMAIL);
  await page.getByRole("heading", { name: "Confirm your account" }).waitFor();
  const first = await readCode(page, EMAIL);
  await enterCode(page, other(first));
  await refusal(page, /code/i);
  await shot(page, "23-wrong-code");
  await page.goto(`${APP}/`);
  await toSignIn(page);
  await signIn(page, EMAIL);
  await page.getByText("Your account is not confirmed yet.").waitFor();
  await page.getByRole("button", { name: "Send a new code" }).click();
  await page.getByText(/A new code was sent to/).waitFor();
  await shot(page, "24-new-code");
  await enterCode(page, await readCode(page, EMAIL));
  await onDashboard(page, EMAIL);
}

function other(code) {
  return code === "123456" ? "654321" : "123456";
}

async function resetPassword(page) {
  await toSignIn(page);
  await page.getByRole("link", { name: "Forgot password?" }).click();
  await page.getByLabel("Email").fill(EMAIL);
  await shot(page, "25-forgot");
  await page.getByRole("button", { name: "Send code" }).click();
  await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  const code = await readCode(page, EMAIL);
  await page.getByLabel("Code", { exact: true }).fill(other(code));
  await page.getByLabel("New password").fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Set new password" }).click();
  await refusal(page, /code/i);
  await shot(page, "26-reset-wrong-code");
  await page.getByLabel("Code", { exact: true }).fill(code);
  await page.getByLabel("New password").fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Set new password" }).click();
  await page.getByText("Your password is changed.").waitFor();
  await shot(page, "27-password-changed");
  await signIn(page, EMAIL, PASSWORD);
  await refusal(page, /Incorrect username or password/);
  await signIn(page, EMAIL, NEW_PASSWORD);
  await onDashboard(page, EMAIL);
}

async function brokenSignIns(page) {
  await page.goto(`${APP}/api/v1/auth/callback?code=made-up&state=made-up`);
  await page.waitForURL(/\/auth\/error\?reason=invalid_state$/);
  await page.getByTestId("auth-error").getByText("Start it again.").waitFor();
  await shot(page, "28-invalid-state");
  await page.goto(`${APP}/login?error=access_denied&error_description=%3Cb%3ECancelled%3C%2Fb%3E`);
  await page.getByText("<b>Cancelled</b>").waitFor();
  await page.getByTestId("retry-sign-in").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await signIn(page, TAKEN);
  await onDashboard(page, TAKEN);
}
