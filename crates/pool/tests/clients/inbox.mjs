// The inbox of the pool at POOL_URL in Chromium: it shows by itself what is sent and what is
// called, and keeps what a person is typing.
// BROWSER_DIR is where playwright-core is installed.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import * as pool from "./pool.mjs";

const { chromium } = createRequire(`${process.env.BROWSER_DIR}/`)("playwright-core");
const email = "ada@example.com";
const signUp = (username) =>
  pool.call("SignUp", { ClientId: pool.publicClient, Username: username, Password: pool.password });

const chrome = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
try {
  const page = await chrome.newPage();
  page.setDefaultTimeout(20_000);
  let loads = 0;
  page.on("load", () => (loads += 1));
  await page.goto(`${pool.url}/_local/`);
  const live = page.locator("#live");
  assert.ok(!(await live.textContent()).includes(email));

  await page.fill("#recipient", "ad");
  await signUp(email);
  const code = await pool.codeFor(email);
  await live.getByText(code).first().waitFor();
  await live.getByText(email).first().waitFor();
  await live.getByText("SignUp").first().waitFor();

  await pool.refused("UsernameExistsException", signUp(email));
  await live.getByText("UsernameExistsException").first().waitFor();
  assert.equal(await page.inputValue("#recipient"), "ad", "what is typed stays");
  assert.equal(loads, 1, "without a reload");

  // Only one person's, and still by itself.
  await page.fill("#recipient", email);
  await page.press("#recipient", "Enter");
  await page.waitForURL(/recipient=ada/);
  await signUp("bob@example.com");
  await pool.call("ResendConfirmationCode", { ClientId: pool.publicClient, Username: email });
  const another = await pool.codeFor(email);
  await live.getByText(another).first().waitFor();
  const messages = await live.getByRole("region", { name: "Messages" }).textContent();
  assert.ok(!messages.includes("bob@example.com"), messages);
} finally {
  await chrome.close();
}
