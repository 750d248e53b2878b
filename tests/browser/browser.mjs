// A real Chromium on a fresh profile, and everything it must never have to complain about.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { startProxy } from "./proxy.mjs";

const root = new URL("../../", import.meta.url);
const { chromium } = createRequire(new URL(".test-tools/browser/", root))("playwright-core");
const artifacts = fileURLToPath(new URL("test-artifacts/", root));

export const APP = process.env.APP_URL;
export const POOL = process.env.POOL_URL;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What three-part and five-part tokens have in common: a header that begins with `{"`. */
const TOKEN_SHAPE = /eyJ[\w-]{8,}\.[\w-]+\.[\w-]+/;

/** Runs `scenario` with a browser, then looks at all that the browser did. */
export async function run(scenario) {
  mkdirSync(artifacts, { recursive: true });
  const proxy = await startProxy([APP, POOL]);
  const chrome = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    proxy: { server: proxy.url },
  });
  const session = new Session(chrome, proxy);
  try {
    await scenario(session);
    session.check();
  } catch (error) {
    await session.shotsOfFailure();
    console.error(error);
    console.error(`screenshots are in ${artifacts}`);
    process.exitCode = 1;
  } finally {
    await chrome.close();
    proxy.stop();
  }
}

class Session {
  #chrome;
  #complaints = [];
  #pages = [];
  #strangers = [];

  constructor(chrome, proxy) {
    this.#chrome = chrome;
    this.exchanges = proxy.exchanges;
    /** Tokens that were really issued, to be looked for everywhere. */
    this.secrets = [];
  }

  /** Another device: a page with cookies and storage of its own. */
  async device(options = {}) {
    const context = await this.#chrome.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
    context.setDefaultTimeout(20_000);
    context.on("console", (message) => {
      if (message.type() === "error" && !noteOfStatus(message)) this.#complaints.push(`console: ${message.text()}`);
    });
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (/^(https?|wss?):$/.test(url.protocol) && ![APP, POOL].includes(url.origin)) this.#strangers.push(url.href);
    });
    context.on("weberror", (error) => this.#complaints.push(`exception: ${error.error().stack}`));
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        console.error(`CSP: ${event.violatedDirective} blocked ${event.blockedURI} on ${location.href}`);
      });
    });
    const page = await context.newPage();
    this.#pages.push(page);
    return page;
  }

  async shotsOfFailure() {
    for (const [index, page] of this.#pages.entries()) {
      await page.screenshot({ path: `${artifacts}failure-${index}.png`, fullPage: true }).catch(() => {});
    }
  }

  check() {
    assert.deepEqual(this.#complaints, [], "the browser's console stays clean");
    assert.deepEqual(this.#strangers, [], "no request goes to another host");
    assert.ok(this.exchanges.length > 10, "the exchanges were recorded");
    for (const { method, url, sent, status, headers, body } of this.exchanges) {
      const said = [url, sent, JSON.stringify(headers), body].join("\n");
      assert.doesNotMatch(said, TOKEN_SHAPE, `token-shaped text in ${method} ${url}`);
      for (const secret of this.secrets) assert.ok(!said.includes(secret), `a token in ${method} ${url}`);
      assert.ok(status < 500, `${method} ${url} answered ${status}`);
    }
  }
}

/** Chromium notes every status from 400 as an error; a 401 or a refused form is no fault of a page. */
function noteOfStatus(message) {
  return /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
}

/** Keeps what the page looks like. */
export async function shot(page, name) {
  await page.waitForLoadState("load");
  await page.screenshot({ path: `${artifacts}${name}.png`, fullPage: true });
}

/** Nothing sticks out to the side. */
export async function fits(page) {
  const [content, window] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(content <= window, `${page.url()} is ${content} px wide in a window of ${window} px`);
}
