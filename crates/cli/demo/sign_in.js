// Sign-in: the password or a passkey, then whatever else Cognito asks for.

import { call } from "./api.js";
import { clear, onForm, Refused, showRefusal } from "./forms.js";
import { canPasskeys, usePasskey } from "./passkeys.js";
import { fact } from "./proof.js";
import { confirmAddress } from "./sign_up.js";
import { showTotp } from "./totp.js";
import { byId, element, onClick, show } from "./view.js";

const API = "/api/v1/auth";
const NAMES = {
  WEB_AUTHN: "Use a passkey",
  PASSWORD: "Type the password",
  EMAIL_OTP: "Get a code by email",
  SMS_OTP: "Get a code by SMS",
  SMS_MFA: "Get a code by SMS",
  SOFTWARE_TOKEN_MFA: "Use the authenticator app",
};
const CODES = ["SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP", "SMS_OTP"];

let step = null;

export function startSignIn(notice = null, email = "") {
  const form = byId("sign-in");
  history.replaceState(null, "", `/signin${location.search}`);
  onForm(form, ({ email, password }) => beginSignIn({ email, password }), (error) => notConfirmed(form, error));
  const passkey = byId("sign-in-passkey");
  passkey.hidden = !canPasskeys();
  byId("no-passkeys").hidden = canPasskeys();
  onClick(passkey, () => withPasskey(form));
  const said = notice ?? (isAgain() ? "Before your account is changed it has to be you: sign in once more." : "");
  byId("sign-in-notice").textContent = said;
  byId("sign-in-notice").hidden = said === "";
  if (email) form.elements.namedItem("email").value = email;
  show("sign-in");
  form.elements.namedItem(email ? "password" : "email").focus();
}

/** Led here from the account. */
const isAgain = () => new URLSearchParams(location.search).has("again");

/** A session, or the step before it. No token comes to this page. */
export async function beginSignIn(by) {
  wireSteps();
  const { body } = await call("POST", `${API}/login`, { ...by, session: true });
  await next(body);
}

function wireSteps() {
  onForm(byId("code"), ({ code }) => proceed({ code }));
  onForm(byId("new-password"), ({ new_password, ...attributes }) => proceed({ new_password, attributes }));
  onForm(byId("password"), ({ password }) => proceed(step.challenge === "PASSWORD" ? { password } : { answer: "PASSWORD", password }));
  onForm(byId("answer"), ({ answer }) => proceed({ answer }));
  onForm(byId("set-up"), ({ code }) => proceed({ code }));
  onForm(byId("set-up-email"), ({ email }) => proceed({ email }));
}

async function proceed(answer) {
  const { continuation } = step;
  try {
    const { body } = await call("POST", `${API}/login/continue`, { continuation, ...answer });
    await next(body);
  } catch (error) {
    if (error.code !== "invalid_continuation") throw error;
    throw new Refused("This took too long, or too many tries.", { href: "/signin", text: "Sign in again." });
  }
}

async function withPasskey(form) {
  clear(form);
  const field = form.elements.namedItem("email");
  if (!field.reportValidity()) return;
  try {
    await beginSignIn({ email: field.value, preferred: "WEB_AUTHN" });
  } catch (error) {
    showRefusal(form, error);
  }
}

/** Right password, address not verified: here is where the code goes. */
function notConfirmed(form, error) {
  if (error.code === "password_reset_required") {
    showRefusal(form, new Refused("Choose another password first.", { href: "/reset", text: "Choose one." }));
    return true;
  }
  if (error.code !== "user_not_confirmed") return false;
  confirmAddress(form.elements.namedItem("email").value, form.elements.namedItem("password").value);
  return true;
}

async function next(outcome) {
  if (outcome.success) return location.assign(isAgain() ? "/account" : "/dashboard");
  step = outcome;
  const { challenge, parameters, options = [] } = step;
  if (CODES.includes(challenge)) return askCode(challenge, parameters);
  if (challenge === "WEB_AUTHN") return proceed({ credential: await usePasskey(JSON.parse(parameters.CREDENTIAL_REQUEST_OPTIONS)) });
  if (challenge === "SELECT_CHALLENGE") return choose(options.filter((option) => NAMES[option]));
  if (challenge === "SELECT_MFA_TYPE") return choose(JSON.parse(parameters.MFAS_CAN_CHOOSE ?? "[]"));
  if (challenge === "NEW_PASSWORD_REQUIRED") return newPassword(parameters);
  if (challenge === "MFA_SETUP") return setUp(step);
  if (challenge === "PASSWORD") return focusOn("password", "password-password");
  byId("question").replaceChildren(...Object.entries(parameters).flatMap(([name, text]) => fact(name, text)));
  byId("question").hidden = Object.keys(parameters).length === 0;
  focusOn("answer", "answer-answer");
}

function focusOn(view, field) {
  show(view);
  byId(field).value = "";
  byId(field).focus();
}

function askCode(challenge, { CODE_DELIVERY_DESTINATION: sentTo }) {
  const app = challenge === "SOFTWARE_TOKEN_MFA";
  const lead = app ? ["Open your authenticator app and type the code it shows."] : ["A code is on its way", ...(sentTo ? [" to ", element("strong", { class: "break" }, sentTo)] : []), "."];
  byId("code-lead").replaceChildren(...lead);
  byId("code-mailed").hidden = app;
  focusOn("code", "code-code");
}

/** The attributes that the pool asks for come as `["userAttributes.given_name"]`. */
function newPassword({ requiredAttributes }) {
  const names = JSON.parse(requiredAttributes ?? "[]").map((name) => name.replace(/^userAttributes\./, ""));
  byId("new-password-more").replaceChildren(
    ...names.map((name) => {
      const id = `new-password-${name}`;
      const label = element("label", { for: id }, name.replaceAll("_", " "));
      return element("div", { class: "field" }, label, element("input", { id, name, required: "", maxlength: "256" }));
    }),
  );
  focusOn("new-password", "new-password-password");
}

function choose(options) {
  const form = byId("choices");
  form.replaceChildren(
    ...options.map((option) => {
      const button = element("button", { type: "button", class: "button button-quiet" }, NAMES[option] ?? option);
      onClick(button, () => chosen(option));
      return button;
    }),
  );
  show("choice");
}

async function chosen(option) {
  if (option === "PASSWORD") return focusOn("password", "password-password");
  try {
    await proceed({ answer: option });
  } catch (error) {
    startSignIn();
    showRefusal(byId("sign-in"), error);
  }
}

function setUp({ totp, parameters }) {
  const byEmail = (parameters.MFAS_CAN_SETUP ?? "").includes("EMAIL_OTP");
  byId("set-up").hidden = !totp;
  byId("set-up-lead").hidden = !totp;
  byId("set-up-email").hidden = !byEmail;
  if (totp) showTotp(byId("set-up").querySelector("[data-totp]"), totp);
  focusOn("set-up", totp ? "set-up-code" : "set-up-address");
}
