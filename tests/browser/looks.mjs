// With the keyboard alone, on a narrow phone, in the dark, with no scripts: the pages stay usable.

import assert from "node:assert/strict";

import { APP, fits, POOL, run, shot } from "./browser.mjs";
import { onDashboard, PASSWORD, readCode, signIn, signUp, toSignIn } from "./hosted.mjs";

const USER = "user@example.com";
const LONG = `${"a-very-long-name-".repeat(3)}end@a-very-long-domain-name.example.com`;

await run(async (session) => {
  await keyboardOnly(await session.device());
  await phone(await session.device({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }));
  await dark(await session.device({ colorScheme: "dark" }));
  await apiPage(await session.device());
  await withoutScripts(await session.device({ javaScriptEnabled: false }));
});

async function keyboardOnly(page) {
  await page.goto(`${APP}/`);
  await page.getByTestId("sign-in").waitFor();
  await tabTo(page, "Sign in or create account");
  await shot(page, "30-keyboard-focus");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  // The first field has the focus by itself, a frame after it can be seen.
  await page.locator('input[name="username"]:focus').waitFor();
  await page.keyboard.type(USER);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "password", "Tab goes from field to field");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await onDashboard(page, USER);
  await tabTo(page, "Call the protected route");
  await page.keyboard.press("Space");
  await page.getByTestId("protected-result").getByText(/^200/).waitFor();
  await deleteByKeyboard(page);
  await tabTo(page, "Sign out");
  await page.keyboard.press("Enter");
  await page.getByTestId("sign-in").waitFor();
}

/** Enter asks, the harmless answer is the one at hand, Escape leads back to where one was. */
async function deleteByKeyboard(page) {
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.innerText);
  await tabTo(page, "Feed");
  await page.keyboard.press("Tab");
  await page.keyboard.type("nobody");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Delete this user?" }).waitFor();
  assert.equal(await focused(), "Cancel");
  await page.keyboard.press("Escape");
  // Closed is told with the next frame.
  await page.locator('[data-testid="delete-user"]:not([aria-busy])').waitFor();
  assert.equal(await focused(), "delete-id");
  await page.keyboard.press("Enter");
  await tabTo(page, "Delete user");
  await page.keyboard.press("Enter");
  await page.getByTestId("delete-result").getByText("403 Forbidden").waitFor();
  assert.equal(await focused(), "delete-id");
}

/** Presses Tab until the focus is on what bears this name, and sees that the focus shows. */
async function tabTo(page, name) {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const [text, outline] = await page.evaluate(() => {
      const { activeElement } = document;
      const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
      return [activeElement.innerText?.trim(), `${outlineStyle} ${outlineWidth}`];
    });
    if (text !== name) continue;
    assert.match(outline, /^(solid|auto) [1-9]/, `the focus on ${name} can be seen`);
    return;
  }
  assert.fail(`Tab does not reach ${name}`);
}

/** 360 px, with an address too long for one line. */
async function phone(page) {
  const look = async (name, on = page) => {
    await fits(on);
    await shot(on, name);
  };
  await page.goto(`${APP}/`);
  await page.getByText("admin@example.com").waitFor();
  await look("40-phone-start");
  await toSignIn(page);
  await look("41-phone-sign-in");
  await page.getByRole("link", { name: "Create account" }).click();
  await look("42-phone-create-account");
  await signUp(page, LONG);
  await page.getByRole("heading", { name: "Confirm your account" }).waitFor();
  await look("43-phone-confirm");
  const code = await readCode(page, LONG, (inbox) => look("44-phone-inbox", inbox));
  await page.getByLabel("Confirmation code").fill(code);
  await page.getByRole("button", { name: "Confirm account" }).click();
  await onDashboard(page, LONG);
  await page.getByTestId("call-protected").click();
  await page.getByTestId("protected-result").waitFor();
  await page.getByTestId("call-private").click();
  await page.getByTestId("api-result").getByText(LONG).waitFor();
  await page.getByTestId("delete-id").fill("unbroken".repeat(20));
  await page.getByTestId("delete-user").click();
  await page.getByTestId("confirm-delete").waitFor();
  await look("49-phone-delete");
  await page.getByTestId("confirm-delete").click();
  await page.getByTestId("delete-result").waitFor();
  await look("45-phone-dashboard");
  await page.goto(`${APP}/auth/error?error=server_error&description=${"unbroken".repeat(30)}`);
  await page.getByTestId("auth-error").waitFor();
  await look("46-phone-error");
  await page.goto(`${APP}/docs`);
  await page.getByText("/api/v1/auth/check").first().waitFor();
  await look("47-phone-docs");
  await page.goto(`${POOL}/oauth2/authorize?client_id=unknown`);
  await page.getByRole("heading", { name: "The request cannot be served" }).waitFor();
  await look("48-phone-pool-error");
}

async function dark(page) {
  await page.goto(`${APP}/`);
  await page.getByText("admin@example.com").waitFor();
  await shot(page, "50-dark-start");
  await toSignIn(page);
  await signIn(page, USER, "wrong");
  await page.getByRole("alert").waitFor();
  await shot(page, "51-dark-wrong-password");
  await signIn(page, USER);
  await onDashboard(page, USER);
  await page.getByTestId("call-protected").click();
  await page.getByTestId("protected-result").waitFor();
  await page.getByTestId("delete-id").fill("nobody");
  await page.getByTestId("delete-user").click();
  await page.getByTestId("confirm-delete").click();
  await page.getByTestId("delete-result").getByText("403 Forbidden").waitFor();
  await shot(page, "52-dark-dashboard");
  await page.goto(`${APP}/docs`);
  await page.getByText("/api/v1/auth/check").first().waitFor();
  await shot(page, "53-dark-docs");
}

async function apiPage(page) {
  await page.goto(`${APP}/`);
  await page.getByRole("link", { name: "API page" }).click();
  await page.getByText("/api/v1/auth/check").first().waitFor();
  await shot(page, "60-docs");
  await page.getByLabel("Filter operations").fill("/api/v1/health");
  const operation = page.locator("details.operation:visible");
  assert.equal(await operation.count(), 1);
  await operation.locator("summary").first().click();
  await operation.getByText("Try it", { exact: true }).click();
  await operation.getByRole("button", { name: "Send" }).click();
  await operation.getByText(/"healthy"/).waitFor();
  await shot(page, "61-docs-operation");
}

/** The hosted pages are plain forms. */
async function withoutScripts(page) {
  await page.goto(`${APP}/api/v1/auth/login?return_to=/dashboard`);
  await signIn(page, USER);
  await page.waitForURL(`${APP}/dashboard`);
}
