// Unmodified oidc-client-ts in Chromium: an application of one page signs in on the hosted
// pages of the pool at POOL_URL, reads userinfo, renews silently and signs out.
// BROWSER_DIR is where playwright-core is installed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname } from "node:path";

import * as pool from "./pool.mjs";

const { chromium } = createRequire(`${process.env.BROWSER_DIR}/`)("playwright-core");
const library = readFileSync(
  `${dirname(pool.load.resolve("oidc-client-ts/package.json"))}/dist/browser/oidc-client-ts.min.js`,
);
const email = "spa@example.com";

/** The application: one page on every path, which has the library. */
async function serve() {
  const page = `<!doctype html><link rel="icon" href="data:,"><title>app</title><script src="/library.js"></script>`;
  const server = createServer((request, response) => {
    const isLibrary = request.url === "/library.js";
    response.setHeader("content-type", isLibrary ? "text/javascript" : "text/html");
    response.end(isLibrary ? library : page);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, origin: `http://localhost:${server.address().port}` };
}

/** Makes `window.users`, the library's manager, on the page that is open. */
function manage(page, origin) {
  const settings = {
    authority: `${pool.url}/${pool.poolId}`,
    client_id: pool.publicClient,
    redirect_uri: `${origin}/callback`,
    scope: "openid email profile",
    loadUserInfo: true,
    automaticSilentRenew: false,
  };
  return page.evaluate((settings) => {
    const store = new oidc.WebStorageStateStore({ store: localStorage });
    window.users = new oidc.UserManager({ ...settings, userStore: store });
  }, settings);
}

async function signIn(page, origin) {
  await page.goto(`${origin}/`);
  await manage(page, origin);
  await page.evaluate(() => void users.signinRedirect({ state: "back to the cart" }));
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(pool.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL(`${origin}/callback?**`);
  await manage(page, origin);
  return page.evaluate(async () => {
    const { state, profile, access_token, refresh_token } = await users.signinCallback();
    return { state, profile, access_token, refresh_token };
  });
}

async function flow(page, origin) {
  const user = await signIn(page, origin);
  assert.equal(user.state, "back to the cart");
  assert.equal(user.profile.email, email);
  assert.equal(user.profile.username, user.profile.sub, "userinfo was read as well");

  const renewed = await page.evaluate(async () => {
    const { access_token, refresh_token, profile } = await users.signinSilent();
    return { access_token, refresh_token, profile };
  });
  assert.notEqual(renewed.access_token, user.access_token);
  assert.equal(renewed.refresh_token, user.refresh_token);
  assert.equal(renewed.profile.sub, user.profile.sub);

  await page.evaluate(() => users.revokeTokens(["refresh_token"]));
  await pool.refused("NotAuthorizedException", pool.call("GetTokensFromRefreshToken", {
    ClientId: pool.publicClient,
    RefreshToken: user.refresh_token,
  }));

  const bye = `${origin}/bye`;
  const extraQueryParams = { client_id: pool.publicClient, logout_uri: bye };
  await page.evaluate((extraQueryParams) => void users.signoutRedirect({ extraQueryParams }), extraQueryParams);
  await page.waitForURL(bye);
  await manage(page, origin);
  assert.equal(await page.evaluate(() => users.getUser()), null);
  await page.evaluate(() => void users.signinRedirect());
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
}

await pool.makeUser(email);
const { server, origin } = await serve();
const chrome = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
try {
  const page = await chrome.newPage();
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.stack));
  await flow(page, origin);
  assert.deepEqual(complaints, []);
} finally {
  await chrome.close();
  server.close();
}
