// The application's own API on its page: for everybody, with a session, for administrators,
// and with a bearer token from a shell.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import { APP, run, shot } from "./browser.mjs";
import { local, onDashboard, signIn, toSignIn, tokens } from "./hosted.mjs";

const USER = "user@example.com";
const ADMIN = "admin@example.com";
const LEAVER = "leaver@example.com";

await run(async (session) => {
  const page = await session.device({ permissions: ["clipboard-read", "clipboard-write"] });
  await signedOut(page);
  await fromAShell(page);
  const { username: leaver } = await local("users", { username: LEAVER, password: "Passw0rd!" });
  await member(session, page, leaver);
  const [other, admin] = [await session.device(), await session.device()];
  await signedIn(session, other, LEAVER);
  await administrator(session, admin, leaver);
  await deleted(other);
  covered(session.exchanges, leaver);
});

/** The API was asked through the recording proxy, and for nothing that was cancelled. */
function covered(exchanges, leaver) {
  const asked = exchanges.map(({ method, url, status }) => `${method} ${url.slice(APP.length)} ${status}`);
  for (const path of ["/messages/public", "/messages/private", "/feed"]) assert.ok(asked.includes(`GET ${path} 200`), path);
  const deletions = asked.filter((line) => line.startsWith("DELETE"));
  const odd = "DELETE /users/no%2Fsuch%20user%3F%23%252e%C3%A9 404";
  assert.deepEqual(deletions, [`DELETE /users/${leaver} 403`, odd, `DELETE /users/${leaver} 200`, `DELETE /users/${leaver} 404`]);
}

async function signedOut(page) {
  await page.goto(`${APP}/`);
  await calls(page, "call-public-signed-out", "signed-out-result", { message: "Hello, world!" });
  await calls(page, "call-feed-signed-out", "signed-out-result", { feed: "generic" });
  await shot(page, "70-api-signed-out");
}

/** Presses a button and reads what it shows. */
async function calls(page, button, result, body) {
  await page.getByTestId(button).click();
  const box = page.getByTestId(result);
  await box.getByText(Object.values(body)[0]).waitFor();
  const text = await box.innerText();
  assert.match(text, /^200 OK\n/);
  assert.deepEqual(JSON.parse(text.slice(text.indexOf("{"))), body);
}

/** The commands on the page, copied and run as they are. */
async function fromAShell(page) {
  const copied = [];
  for (const button of await page.getByTestId("copy").all()) {
    await button.click();
    await page.getByText("Copied").nth(copied.length).waitFor();
    copied.push(await page.evaluate(() => navigator.clipboard.readText()));
  }
  assert.equal(copied.length, 2);
  const said = execFileSync("bash", ["-euo", "pipefail", "-c", copied.join("\n")], { encoding: "utf8" });
  assert.match(said, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(said, /"message":"Hello, user@example\.com!"/);
}

/** Signs in; the tokens of this session must never be seen. */
async function signedIn(session, page, email) {
  await toSignIn(page);
  await signIn(page, email);
  await onDashboard(page, email);
  const { name, value } = (await page.context().cookies(APP)).find((cookie) => cookie.name === "cogward_session");
  const held = await tokens(`${name}=${value}`);
  session.secrets.push(held.access_token, held.id_token);
  const { sub } = JSON.parse(Buffer.from(held.id_token.split(".")[1], "base64url"));
  return sub;
}

async function member(session, page, leaver) {
  const sub = await signedIn(session, page, USER);
  await calls(page, "call-public", "api-result", { message: "Hello, world!" });
  await calls(page, "call-private", "api-result", { message: `Hello, ${USER}!`, user_id: sub });
  await calls(page, "call-feed", "api-result", { feed: "personalized", user: USER });
  await page.getByTestId("delete-id").fill(leaver);
  await page.getByTestId("delete-user").click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await deletes(page, leaver, "403 Forbidden", "Only members of the group admin may delete users.", "Admin access required");
  await shot(page, "71-api-refused");
}

async function deletes(page, id, ...said) {
  // What went before is over.
  await page.locator('[data-testid="delete-user"]:not([aria-busy])').waitFor();
  await page.getByTestId("delete-id").fill(id);
  await page.getByTestId("delete-user").click();
  await page.getByRole("dialog").getByText(id, { exact: true }).waitFor();
  await page.getByTestId("confirm-delete").click();
  for (const text of said) await page.getByTestId("delete-result").getByText(text).waitFor();
}

async function administrator(session, page, leaver) {
  const sub = await signedIn(session, page, ADMIN);
  await deletes(page, "no/such user?#%2e\u00e9", "404 Not Found", "There is no user with this id.");
  await page.getByTestId("delete-id").fill(sub);
  await page.getByTestId("delete-user").click();
  await page.getByText("This is your own account.").waitFor();
  await shot(page, "72-api-own-account");
  await page.keyboard.press("Escape");
  await deletes(page, leaver, "200 OK", "The user is deleted and cannot sign in again.", "User deleted");
  assert.equal(await page.getByTestId("delete-id").inputValue(), "");
  await shot(page, "73-api-deleted");
  await deletes(page, leaver, "404 Not Found");
}

/** The session's refresh token went with the user. */
async function deleted(page) {
  await page.getByTestId("refresh").click();
  await page.getByText("Your session has ended. Sign in again to go on.").waitFor();
  await page.getByTestId("sign-in").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await signIn(page, LEAVER);
  await page.getByRole("alert").getByText("Incorrect username or password").waitFor();
}
