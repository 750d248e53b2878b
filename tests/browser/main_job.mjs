// The whole job of the demo, as a person does it: create an account, read the code, sign in,
// call the protected route, refresh, end another device's session, sign out.

import assert from "node:assert/strict";

import { APP, run, shot } from "./browser.mjs";
import { enterCode, local, onDashboard, PASSWORD, readCode, signIn, signUp, tokens, toSignIn } from "./hosted.mjs";

const EMAIL = "ada.lovelace@example.com";
const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0";

await run(async (session) => {
  const page = await session.device();
  await createAccount(page);
  const cookie = await checkCookie(page);
  await useSession(session, page, cookie);
  const other = await session.device({ userAgent: FIREFOX });
  await endOtherDevice(page, other);
  await signOut(page, cookie);
});

async function createAccount(page) {
  await page.goto(`${APP}/`);
  await page.getByTestId("sign-in").waitFor();
  await shot(page, "01-start");
  await toSignIn(page);
  await shot(page, "02-sign-in");
  await page.getByRole("link", { name: "Create account" }).click();
  await shot(page, "03-create-account");
  await signUp(page, EMAIL);
  await page.getByRole("heading", { name: "Confirm your account" }).waitFor();
  await shot(page, "04-confirm");
  const code = await readCode(page, EMAIL, (inbox) => shot(inbox, "05-inbox"));
  assert.match(code, /^\d{6}$/);
  await enterCode(page, code);
  await onDashboard(page, EMAIL);
  await shot(page, "06-dashboard");
}

/** One cookie that no script can read, and nothing else anywhere. */
async function checkCookie(page) {
  const cookies = await page.context().cookies(APP);
  const cookie = cookies.find(({ name }) => name === "cogward_session");
  assert.ok(cookie, `no session cookie among ${cookies.map(({ name }) => name)}`);
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, "Lax");
  assert.equal(cookie.path, "/");
  assert.ok(!cookies.some(({ name }) => name === "cogward_login"), "the cookie of the sign-in is gone");
  await nothingWithinReach(page);
  return `${cookie.name}=${cookie.value}`;
}

async function nothingWithinReach(page) {
  const reach = await page.evaluate(async () => ({
    cookie: document.cookie,
    localStorage: { ...localStorage },
    sessionStorage: { ...sessionStorage },
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
  }));
  assert.deepEqual(reach, { cookie: "", localStorage: {}, sessionStorage: {}, databases: [], caches: [] });
  const proof = page.getByTestId("visible-storage");
  assert.equal(await proof.getAttribute("data-empty"), "true");
  assert.equal(await proof.getAttribute("data-token"), "false");
}

async function useSession(session, page, cookie) {
  const before = await tokens(cookie);
  await page.getByTestId("call-protected").click();
  const answer = page.getByTestId("protected-result");
  await answer.waitFor();
  const text = await answer.innerText();
  assert.match(text, /^200/);
  assert.equal(JSON.parse(text.slice(text.indexOf("{"))).email, EMAIL);
  await page.getByTestId("refresh").click();
  await page.getByTestId("refresh-result").getByText("Token refreshed, good for 60 minutes.").waitFor();
  const after = await tokens(cookie);
  assert.notEqual(after.access_token, before.access_token, "the refresh brought a new token");
  session.secrets.push(before.access_token, before.id_token, after.access_token, after.id_token);
  await shot(page, "07-dashboard-used");
  await nothingWithinReach(page);
}

async function endOtherDevice(page, other) {
  await toSignIn(other);
  await signIn(other, EMAIL, PASSWORD);
  await onDashboard(other, EMAIL);
  await page.reload();
  await onDashboard(page, EMAIL);
  const rows = page.getByTestId("device-row");
  assert.equal(await rows.count(), 2);
  await shot(page, "08-two-devices");
  await rows.filter({ hasText: "Firefox 133 on Windows" }).getByTestId("revoke-device").click();
  await page.getByText("The session of Firefox 133 on Windows has ended.").waitFor();
  assert.equal(await rows.count(), 1);
  assert.equal(await rows.getAttribute("data-current"), "true");
  await shot(page, "09-device-ended");
  await other.getByTestId("call-protected").click();
  await other.getByText("Your session has ended. Sign in again to go on.").waitFor();
  await shot(other, "10-ended-elsewhere");
  await other.goto(`${APP}/dashboard`);
  await other.getByText("Sign in to see the dashboard.").waitFor();
}

async function signOut(page, cookie) {
  const revoked = (await local("stats"))["oauth2/revoke"] ?? 0;
  await page.getByTestId("sign-out").click();
  await page.waitForURL(`${APP}/`);
  await page.getByTestId("sign-in").waitFor();
  await shot(page, "11-signed-out");
  const names = (await page.context().cookies(APP)).map(({ name }) => name);
  assert.ok(!names.includes("cogward_session"), "the cookie is gone");
  for (const path of ["/api/v1/auth/check", "/api/v1/profile", "/auth/token", "/auth/me"]) {
    const replay = await fetch(APP + path, { headers: { cookie } });
    assert.equal(replay.status, 401, `${path} with the cookie of a session that has ended`);
  }
  await page.goBack();
  await page.getByTestId("sign-in").waitFor();
  assert.equal(await page.getByText(EMAIL).count(), 0, "Back does not show the dashboard again");
  // Told to Cognito in the background.
  while (((await local("stats"))["oauth2/revoke"] ?? 0) === revoked) await new Promise((later) => setTimeout(later, 20));
  await toSignIn(page);
  await page.getByLabel("Password", { exact: true }).waitFor();
}
