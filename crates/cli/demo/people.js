// Sign-up, sign-in, another password and the account, on the application's own pages: which of
// them this is.

import { startAccount } from "./account.js";
import { showInbox } from "./config.js";
import { startReset } from "./reset.js";
import { startSignIn } from "./sign_in.js";
import { startSignUp } from "./sign_up.js";

const PAGES = { "/signup": startSignUp, "/signin": startSignIn, "/reset": startReset, "/account": startAccount };

// A page restored by the Back button would show what a signed-out person must not see.
addEventListener("pageshow", (event) => event.persisted && location.reload());
showInbox();
PAGES[location.pathname]();
