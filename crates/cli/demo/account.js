// The account of who is signed in: passkeys, authenticator app, password, and its end.

import { call } from "./api.js";
import { loadConfig, webUrl } from "./config.js";
import { onForm, Refused, say, showRefusal } from "./forms.js";
import { canPasskeys, createPasskey } from "./passkeys.js";
import { showTotp } from "./totp.js";
import { byId, element, onClick, show, showError } from "./view.js";

const API = "/api/v1/auth";
const AGAIN = { href: "/signin?again", text: "Sign in again." };

export async function startAccount() {
  show("loading");
  try {
    const { body } = await call("GET", `${API}/check`);
    byId("user-email").textContent = body.user.email ?? body.user.id;
    byId("change").elements.namedItem("username").value = body.user.email ?? "";
  } catch (error) {
    if (error.status === 401) return location.replace("/signin");
    show("unavailable");
    return showError(error, startAccount);
  }
  wire();
  show("account");
  await Promise.all([showPasskeys(), showApp()]).catch((error) => {
    // Signed in on the hosted page, which asked Cognito for less.
    if (error.code === "insufficient_scope") return location.replace(AGAIN.href);
    showError(error, () => location.reload());
  });
}

function wire() {
  onClick(byId("sign-out"), async () => {
    await call("POST", `${API}/logout`);
    location.assign("/");
  });
  ownForm("passkey-add", addPasskey);
  byId("passkey-add").hidden = !canPasskeys();
  ownForm("app-set-up", setUpApp);
  ownForm("app-verify", async ({ code }) => {
    await call("POST", `${API}/mfa/totp/verify`, { code, device_name: "Authenticator app" });
    await showApp("The app is on: its code is asked for from the next sign-in on.");
  });
  ownForm("app-remove", async () => {
    await call("DELETE", `${API}/mfa/totp`);
    await showApp("The app is off.");
  });
  const change = byId("change");
  ownForm("change", async ({ current_password, new_password }) => {
    const { body } = await call("POST", `${API}/change-password`, { current_password, new_password });
    change.reset();
    // Who has a second factor is asked for it anew.
    if (body?.challenge) return location.assign("/signin?again");
    say(change, "Your password is changed. All other devices are signed out.");
  });
  ownForm("delete", deleteAccount);
}

/** Runs an action of the account: who is signed out is led to the sign-in, who signed in long ago is asked to again. */
function ownForm(id, action) {
  const form = byId(id);
  onForm(form, action, (error) => {
    if (error.status === 401) location.assign("/signin");
    if (error.code === "reauthentication_required") showRefusal(form, new Refused("You signed in a while ago. Before such a change it has to be you again.", AGAIN));
    if (error.code === "not_offered") showNotOffered(form);
    return error.status === 401 || error.code === "reauthentication_required" || error.code === "not_offered";
  });
}

async function showNotOffered(form) {
  const pool = webUrl((await loadConfig())?.pool_url);
  showRefusal(form, new Refused("The user pool has this switched off."));
  if (!pool || form.id === "passkey-add") return;
  const command = `curl -fsS ${new URL("/_local/settings", pool).href} -H 'X-Cogward-Local: 1' -H 'Content-Type: application/json' -d '{"mfa":"OPTIONAL"}'`;
  form.querySelector(".note").append(" The local one has it on after:", element("pre", {}, command));
}

const dates = new Intl.DateTimeFormat("en", { dateStyle: "medium" });

async function showPasskeys(done = null) {
  const { body } = await call("GET", `${API}/passkeys`);
  byId("passkeys").replaceChildren(...body.passkeys.map(passkeyRow));
  const none = canPasskeys() ? "You have none yet." : "You have none, and this browser cannot make one here: use a newer one.";
  byId("passkeys-status").textContent = done ?? (body.passkeys.length === 0 ? none : "");
}

function passkeyRow({ id, name, created_at: made }) {
  const title = element("p", { class: "device-name" }, name || "Passkey");
  const about = element("p", { class: "device-about" }, `Added on ${dates.format(new Date(made * 1000))}`);
  const form = element("form", {}, element("button", { type: "submit", class: "button button-quiet button-small", "aria-label": `Delete passkey: ${name || "Passkey"}` }, "Delete"));
  form.id = `passkey-${id}`;
  const item = element("li", { "data-testid": "passkey" }, element("div", {}, title, about), form);
  queueMicrotask(() =>
    ownForm(form.id, async () => {
      await call("DELETE", `${API}/passkeys/${encodeURIComponent(id)}`);
      await showPasskeys("The passkey is deleted. Remove it from your device as well.");
      byId("passkeys-title").focus({ preventScroll: true });
    }),
  );
  return item;
}

async function addPasskey() {
  const { body } = await call("POST", `${API}/passkeys/options`);
  const credential = await createPasskey(body);
  await call("POST", `${API}/passkeys`, { credential });
  await showPasskeys("The passkey is added. You can sign in with it from now on.");
}

async function showApp(done = null) {
  const { body } = await call("GET", `${API}/mfa`);
  const on = body.enabled.includes("SOFTWARE_TOKEN_MFA");
  byId("app-status").textContent = done ?? (on ? "It is on." : "It is off.");
  byId("app-set-up").hidden = on;
  byId("app-remove").hidden = !on;
  byId("app-verify").hidden = true;
  byId("app-verify").querySelector("[data-totp]").replaceChildren();
  if (done) byId("app-title").focus({ preventScroll: true });
}

async function setUpApp() {
  const { body } = await call("POST", `${API}/mfa/totp`);
  const form = byId("app-verify");
  showTotp(form.querySelector("[data-totp]"), body);
  form.reset();
  form.hidden = false;
  byId("app-set-up").hidden = true;
  byId("app-code").focus();
}

async function deleteAccount() {
  if ((await asked(byId("delete-confirm"))) !== "delete") return;
  await call("POST", `${API}/delete-account`);
  location.assign("/");
}

function asked(dialog) {
  dialog.returnValue = "keep";
  dialog.showModal();
  return new Promise((answer) => dialog.addEventListener("close", () => answer(dialog.returnValue), { once: true }));
}
