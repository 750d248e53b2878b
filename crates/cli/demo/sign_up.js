// Sign-up: the form, then the code.

import { call } from "./api.js";
import { onForm, Refused, say } from "./forms.js";
import { beginSignIn, startSignIn } from "./sign_in.js";
import { byId, show } from "./view.js";

const API = "/api/v1/auth";

export function startSignUp() {
  onForm(byId("sign-up"), async (person) => {
    await call("POST", `${API}/register`, { ...person, accept_terms: person.accept_terms === "on" });
    confirmAddress(person.email, person.password);
  });
  show("sign-up");
}

/** Asks for the code of a new account; who has just typed his password need not type it again. */
export function confirmAddress(email, password) {
  byId("confirm-email").textContent = email;
  onForm(byId("confirm"), async ({ code }) => {
    await call("POST", `${API}/verify-otp`, { email, code, purpose: "email_verification" });
    await signInAfterwards(email, password);
  });
  const resend = byId("confirm-resend");
  onForm(resend, async () => {
    await call("POST", `${API}/request-otp`, { email, purpose: "email_verification" });
    say(resend, "Another code is on its way. The one before is not good any more.");
  });
  show("confirm");
  byId("confirm-code").focus();
}

async function signInAfterwards(email, password) {
  try {
    await beginSignIn({ email, password });
  } catch (error) {
    if (error instanceof Refused) throw error;
    startSignIn("Your address is confirmed. Sign in.", email);
  }
}
