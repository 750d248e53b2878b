// The demo: which view, and what its buttons do.

import { ApiError, call } from "./api.js";
import { showCommands } from "./commands.js";
import { loadConfig, webUrl } from "./config.js";
import { deviceRows } from "./devices.js";
import { cancelDeletion, wireMessages } from "./messages.js";
import { fact, showProof } from "./proof.js";
import { byId, clearError, currentView, element, onClick, show, showAnswer, showError, showResult } from "./view.js";

const ENDED = "Your session has ended. Sign in again to go on.";

function start() {
  onClick(byId("call-protected"), callProtected);
  onClick(byId("refresh"), refreshTokens);
  onClick(byId("revoke-others"), endOthers);
  onClick(byId("sign-out"), signOut);
  wireMessages(guarded);
  // A page restored by the Back button would show what a signed-out person must not see.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && currentView() === "dashboard") checkAgain();
  });
  showConfig();
  route();
}

function route() {
  if (location.pathname === "/auth/error" || location.pathname === "/login") showFailed(new URLSearchParams(location.search));
  else checkSession();
}

async function checkSession() {
  show("loading");
  try {
    const { body } = await call("GET", "/api/v1/auth/check");
    history.replaceState(null, "", "/dashboard");
    byId("user-email").textContent = body.user.email ?? body.user.id;
    byId("user-email").dataset.userId = body.user.id;
    show("dashboard");
    await guarded(loadDevices);
  } catch (error) {
    if (error.status === 401) return showSignedOut(location.pathname === "/dashboard" ? "Sign in to see the dashboard." : null);
    show("unavailable");
    showError(error, checkSession);
  }
}

function showSignedOut(notice) {
  history.replaceState(null, "", "/");
  clearDashboard();
  byId("signed-out-notice").textContent = notice ?? "";
  byId("signed-out-notice").hidden = !notice;
  show("signed-out");
}

function clearDashboard() {
  clearError();
  cancelDeletion();
  byId("user-email").textContent = "";
  delete byId("user-email").dataset.userId;
  byId("devices").replaceChildren();
  for (const result of document.querySelectorAll(".result")) {
    result.hidden = true;
    result.replaceChildren();
  }
}

/** Runs one action of the dashboard: 401 leads back to signed out, anything else is shown with a way to retry. */
async function guarded(action) {
  clearError();
  try {
    await action();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) return showSignedOut(ENDED);
    showError(error, () => guarded(action));
  }
  showProof();
}

const callProtected = () =>
  guarded(async () => {
    showAnswer(byId("protected-result"), await call("GET", "/api/v1/profile"));
  });

const refreshTokens = () =>
  guarded(async () => {
    const { body } = await call("POST", "/api/v1/auth/refresh");
    const good = body.expires_in ? `, good for ${duration(body.expires_in)}` : "";
    showResult(byId("refresh-result"), element("p", { class: "result-status" }, `${body.message ?? "Token refreshed"}${good}.`));
  });

/** Back on this tab: another device may have ended this session meanwhile. */
async function checkAgain() {
  try {
    await call("GET", "/api/v1/auth/check");
  } catch (error) {
    if (error.status === 401) showSignedOut(ENDED);
  }
}

async function loadDevices() {
  const status = byId("devices-status");
  try {
    const { body } = await call("GET", "/api/v1/auth/sessions");
    byId("devices").replaceChildren(...deviceRows(body.sessions, Date.now() / 1000, endDevice));
    byId("revoke-others").hidden = body.sessions.every((session) => session.current);
    status.textContent = body.sessions.length === 1 ? "One device is signed in." : `${body.sessions.length} devices are signed in.`;
  } catch (error) {
    status.textContent = "The devices could not be loaded.";
    throw error;
  }
}

const endDevice = (session, name) =>
  guarded(async () => {
    try {
      await call("DELETE", `/api/v1/auth/sessions/${encodeURIComponent(session.handle)}`);
    } catch (error) {
      // Someone else ended it first: the list is what was wrong.
      if (error.status !== 404) throw error;
    }
    await reloadDevices(`The session of ${name} has ended.`);
  });

const endOthers = () =>
  guarded(async () => {
    await call("POST", "/api/v1/auth/logout/all", { others: true });
    await reloadDevices("All other devices are signed out.");
  });

async function reloadDevices(done) {
  await loadDevices();
  byId("devices-status").textContent = done;
  // The pressed button is gone; the focus must not fall back to the top of the page.
  byId("devices-title").focus({ preventScroll: true });
}

const signOut = () =>
  guarded(async () => {
    const hosted = await hostedLogout();
    await call("POST", "/api/v1/auth/logout");
    if (!hosted) return showSignedOut("You are signed out.");
    clearDashboard();
    show("loading");
    location.assign(hosted);
  });

/** Where the browser also loses its hosted session; asked for while there is a session to ask with. */
async function hostedLogout() {
  try {
    const { body } = await call("GET", "/api/v1/auth/logout/redirect");
    return webUrl(body.url);
  } catch {
    return null;
  }
}

const REASONS = {
  invalid_state: "This sign-in was started too long ago, in another browser, or has been used already. Start it again.",
  oauth_failed: "The sign-in service could not complete your sign-in. Nothing has changed in your account.",
  access_denied: "The sign-in was cancelled or refused.",
  temporarily_unavailable: "The sign-in service is not available right now. Try again in a moment.",
  server_error: "The sign-in service had a fault. Try again in a moment.",
};

// Anyone can write a link to this page, so what the link says is shown as quoted detail, never as our own words.
function showFailed(query) {
  const code = (query.get("reason") ?? query.get("error") ?? "").slice(0, 80);
  const description = (query.get("description") ?? query.get("error_description") ?? "").slice(0, 300);
  byId("failed-sentence").textContent = Object.hasOwn(REASONS, code) ? REASONS[code] : "Something went wrong on the way. You can simply try again.";
  const facts = byId("failed-facts");
  facts.replaceChildren(
    ...(code ? fact("Code", element("code", {}, code)) : []),
    ...(description ? fact("Detail given", element("q", {}, description)) : []),
  );
  facts.hidden = facts.childElementCount === 0;
  show("failed");
}

async function showConfig() {
  const config = await loadConfig();
  const pool = webUrl(config?.pool_url);
  if (pool) {
    byId("inbox-link").href = new URL("/_local/", pool).href;
    byId("inbox-item").hidden = false;
  }
  const users = config?.users ?? [];
  if (pool && users.length > 0) showCommands(pool, config.client_id, users[0]);
  byId("users").replaceChildren(...users.map(userRow));
  byId("ready-users").hidden = users.length === 0;
}

const userRow = ({ email, password, groups }) =>
  element("li", {}, element("code", {}, email), element("code", {}, password), groups?.length ? element("span", { class: "badge" }, groups.join(", ")) : null);

function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  return seconds < 120 ? `${seconds} seconds` : `${minutes} minutes`;
}

start();
