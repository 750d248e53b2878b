// Another password by a code.

import { call } from "./api.js";
import { onForm, say } from "./forms.js";
import { startSignIn } from "./sign_in.js";
import { byId, show } from "./view.js";

const API = "/api/v1/auth";

export function startReset() {
  onForm(byId("reset"), async ({ email }) => {
    await sendCode(email);
    byId("reset-sent-to").textContent = email;
    show("reset-code");
    byId("reset-code-code").focus();
  });
  const email = () => byId("reset-email").value;
  onForm(byId("reset-code"), async ({ code, new_password }) => {
    await call("POST", `${API}/verify-otp`, { email: email(), code, new_password, purpose: "password_reset" });
    startSignIn("Your password is changed. Sign in with it.", email());
  });
  const resend = byId("reset-resend");
  onForm(resend, async () => {
    await sendCode(email());
    say(resend, "Another code is on its way. The one before is not good any more.");
  });
  show("reset");
  byId("reset-email").focus();
}

const sendCode = (email) => call("POST", `${API}/request-otp`, { email, purpose: "password_reset" });
