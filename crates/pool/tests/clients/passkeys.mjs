// Passkeys in Chromium, whose authenticator is a virtual one: on the hosted pages of the pool at
// POOL_URL, and through its API from a page of an application.
// BROWSER_DIR is where playwright-core is installed. SHOTS, when set, is where pictures go.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";

import * as pool from "./pool.mjs";

const { chromium } = createRequire(`${process.env.BROWSER_DIR}/`)("playwright-core");
const complaints = [];

/** The application: an empty page on every path. */
async function serve() {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end(`<!doctype html><link rel="icon" href="data:,"><title>app</title>`);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, origin: `http://localhost:${server.address().port}` };
}

/** A page in a browser of its own, with a device that knows its user. */
async function device(chrome, options = {}) {
  const context = await chrome.newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(20_000);
  context.on("console", (message) => {
    const aboutStatus = /^Failed to load resource: .* status of 4\d\d/.test(message.text());
    if (message.type() === "error" && !aboutStatus) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(error.error().stack));
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { context, page, authenticator: (what, more) => cdp.send(`WebAuthn.${what}`, { authenticatorId, ...more }) };
}

const query = (origin) =>
  new URLSearchParams({
    response_type: "code",
    client_id: pool.publicClient,
    redirect_uri: `${origin}/callback`,
    scope: "openid email",
    state: "s",
  });

async function look(page, name) {
  await page.waitForLoadState("load");
  const [content, window] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(content <= window, `${name} is ${content} px wide in a window of ${window} px`);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
}

async function signInByPassword(page, email) {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(pool.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** The claims of the ID token for the code that the application was given. */
async function arrived(page, origin) {
  await page.waitForURL(`${origin}/callback?**`);
  const address = new URL(page.url());
  const answer = await fetch(`${pool.url}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: pool.publicClient,
      redirect_uri: `${origin}/callback`,
      code: address.searchParams.get("code"),
    }),
  });
  assert.equal(answer.status, 200);
  return pool.claims((await answer.json()).id_token);
}

/** Adds a passkey after a sign-in by password, and signs in with it in a browser that forgot. */
async function onThePages({ context, page, authenticator }, origin, email, shots) {
  await pool.makeUser(email);
  await page.goto(`${pool.url}/passkeys/add?${query(origin)}`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await look(page, `${shots}-sign-in`);
  await signInByPassword(page, email);
  await arrived(page, origin);

  await page.goto(`${pool.url}/passkeys/add?${query(origin)}`);
  await page.getByText(email).waitFor();
  await look(page, `${shots}-add`);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.innerText), "Create a passkey");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Passkey saved" }).waitFor();
  await look(page, `${shots}-saved`);
  const { credentials } = await authenticator("getCredentials");
  assert.equal(credentials.length, 1);
  assert.equal(Buffer.from(credentials[0].userHandle, "base64").toString(), (await user(email)).sub);
  await page.getByRole("link", { name: "Continue to the application" }).click();
  await arrived(page, origin);

  // The same device makes no second one.
  await page.goto(`${pool.url}/passkeys/add?${query(origin)}`);
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await page.getByRole("alert").getByText("has a passkey of this account already").waitFor();
  await look(page, `${shots}-add-again`);

  await context.clearCookies();
  await page.goto(`${pool.url}/oauth2/authorize?${query(origin)}`);
  const button = page.getByRole("button", { name: "Sign in with a passkey" });
  await button.waitFor();
  await button.focus();
  await page.keyboard.press("Enter");
  assert.equal((await arrived(page, origin)).email, email);
}

/** A passkey that the pool no longer knows, and a device that knows none. */
async function refusals({ context, page, authenticator }, origin, email, shots) {
  const tokens = await pool.call("InitiateAuth", {
    ClientId: pool.publicClient,
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: { USERNAME: email, PASSWORD: pool.password },
  });
  const { AccessToken } = tokens.AuthenticationResult;
  const { Credentials } = await pool.call("ListWebAuthnCredentials", { AccessToken });
  await pool.call("DeleteWebAuthnCredential", { AccessToken, CredentialId: Credentials[0].CredentialId });
  await context.clearCookies();
  await page.goto(`${pool.url}/oauth2/authorize?${query(origin)}`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("alert").filter({ visible: true }).getByText("This passkey did not sign you in.").waitFor();
  await look(page, `${shots}-wrong`);

  await authenticator("clearCredentials");
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("alert").filter({ visible: true }).getByText("No passkey was used").waitFor();
  await look(page, `${shots}-none`);
  await signInByPassword(page, email);
  await arrived(page, origin);
}

const user = async (email) => (await pool.local("users", { username: email })) ?? assert.fail(email);

/** An application's own page: the calls of the user-pool API go to the pool from the browser. */
async function throughTheApi({ page }, origin, email) {
  await pool.makeUser(email);
  await page.goto(`${origin}/account`);
  const { list, tokens } = await page.evaluate(
    async ({ url, ClientId, USERNAME, PASSWORD }) => {
      const call = async (operation, input) => {
        const answer = await fetch(url, {
          method: "POST",
          headers: {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
          },
          body: JSON.stringify(input),
        });
        const body = await answer.json();
        if (!answer.ok) throw new Error(`${operation}: ${body.__type}: ${body.message}`);
        return body;
      };
      const first = await call("InitiateAuth", {
        ClientId,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME, PASSWORD },
      });
      const { AccessToken } = first.AuthenticationResult;
      const { CredentialCreationOptions } = await call("StartWebAuthnRegistration", { AccessToken });
      const created = await navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(CredentialCreationOptions),
      });
      await call("CompleteWebAuthnRegistration", { AccessToken, Credential: created.toJSON() });
      const list = await call("ListWebAuthnCredentials", { AccessToken });

      const asked = await call("InitiateAuth", {
        ClientId,
        AuthFlow: "USER_AUTH",
        AuthParameters: { USERNAME, PREFERRED_CHALLENGE: "WEB_AUTHN" },
      });
      const request = JSON.parse(asked.ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS);
      const shown = await navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(request),
      });
      const done = await call("RespondToAuthChallenge", {
        ClientId,
        ChallengeName: asked.ChallengeName,
        Session: asked.Session,
        ChallengeResponses: { USERNAME, CREDENTIAL: JSON.stringify(shown.toJSON()) },
      });
      return { list, tokens: done.AuthenticationResult };
    },
    { url: pool.url, ClientId: pool.publicClient, USERNAME: email, PASSWORD: pool.password },
  );
  assert.equal(list.Credentials.length, 1);
  assert.equal(list.Credentials[0].AuthenticatorAttachment, "platform");
  assert.deepEqual(list.Credentials[0].AuthenticatorTransports, ["internal"]);
  assert.equal(pool.claims(tokens.IdToken).email, email);
}

/** Without scripts there is nothing to press that does nothing. */
async function withoutScripts({ page }, origin, email) {
  await page.goto(`${pool.url}/oauth2/authorize?${query(origin)}`);
  assert.equal(await page.getByRole("button", { name: "passkey" }).count(), 0);
  await signInByPassword(page, email);
  await page.waitForURL(`${origin}/callback?**`);
  await page.goto(`${pool.url}/passkeys/add?${query(origin)}`);
  await page.getByText("This browser has no passkeys, or runs no scripts.").waitFor();
  assert.equal(await page.getByRole("button", { name: "passkey" }).count(), 0);
}

/** A browser from before the conversions of Web Authentication Level 3. */
async function older(chrome) {
  const one = await device(chrome);
  await one.context.addInitScript(() => {
    delete PublicKeyCredential.parseCreationOptionsFromJSON;
    delete PublicKeyCredential.parseRequestOptionsFromJSON;
    delete PublicKeyCredential.prototype.toJSON;
  });
  return one;
}

const { server, origin } = await serve();
const chrome = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
try {
  const light = await device(chrome);
  await onThePages(light, origin, "light@example.com", "light");
  await refusals(light, origin, "light@example.com", "light");
  const dark = await device(chrome, { colorScheme: "dark" });
  await onThePages(dark, origin, "dark@example.com", "dark");
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  await onThePages(await device(chrome, phone), origin, "telephone@example.com", "phone");
  await onThePages(await older(chrome), origin, "older@example.com", "older");
  await throughTheApi(await device(chrome), origin, "api@example.com");
  await withoutScripts(await device(chrome, { javaScriptEnabled: false }), origin, "light@example.com");
  assert.deepEqual(complaints, []);
} finally {
  await chrome.close();
  server.close();
}
