// What a person does on the pool's pages.

import { APP, POOL } from "./browser.mjs";

export const PASSWORD = "Passw0rd!";

/** From the demo's start page to the hosted sign-in page. */
export async function toSignIn(page) {
  await page.goto(`${APP}/`);
  await page.getByTestId("sign-in").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

export async function signIn(page, email, password = PASSWORD) {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

export async function signUp(page, email, password = PASSWORD) {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
}

export async function enterCode(page, code) {
  await page.getByLabel("Confirmation code").fill(code);
  await page.getByRole("button", { name: "Confirm account" }).click();
}

/** Opens the inbox from the link on the page and reads the newest code of `email`. */
export async function readCode(page, email, look = async () => {}) {
  const opened = page.waitForEvent("popup");
  await page.getByRole("link", { name: /local inbox/i }).click();
  const inbox = await opened;
  await inbox.getByLabel("Recipient").fill(email);
  await inbox.getByRole("button", { name: "Show" }).click();
  const code = await inbox.getByRole("listitem").first().locator("code").innerText();
  await look(inbox);
  await inbox.close();
  return code.trim();
}

/** The dashboard of `email`, with its device list there. */
export async function onDashboard(page, email) {
  await page.waitForURL(`${APP}/dashboard`);
  await page.getByTestId("user-email").getByText(email, { exact: true }).waitFor();
  await page.getByTestId("device-row").first().waitFor();
}

/** The tokens behind a cookie, asked for beside the browser: there the page's answers are searched for them. */
export async function tokens(cookie) {
  const answer = await fetch(`${APP}/auth/token`, { headers: { cookie } });
  if (answer.status !== 200) throw new Error(`/auth/token: ${answer.status}`);
  return answer.json();
}

/** Calls the pool's surface for tests. */
export async function local(what, body) {
  const init = body && {
    method: "POST",
    headers: { "content-type": "application/json", "x-cogward-local": "1" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(`${POOL}/_local/${what}`, init);
  if (!answer.ok) throw new Error(`${what}: ${await answer.text()}`);
  return answer.json();
}
