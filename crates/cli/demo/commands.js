// Commands to copy: a token from the local pool, and the API called with it.

import { byId, element, onClick } from "./view.js";

export function showCommands(pool, clientId, { email, password }) {
  const signIn = `token=$(curl -fsS ${pool} \\
  -H 'Content-Type: application/x-amz-json-1.1' \\
  -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \\
  -d '{"ClientId":"${clientId}","AuthFlow":"USER_PASSWORD_AUTH",
       "AuthParameters":{"USERNAME":"${email}","PASSWORD":"${password}"}}' |
  sed 's/.*"IdToken":"\\([^"]*\\)".*/\\1/')`;
  const ask = `curl -i ${location.origin}/messages/private -H "Authorization: Bearer $token"`;
  byId("commands").append(command(`Get a bearer token for ${email} from the local pool`, signIn), command("Call the API with it", ask));
  byId("commands").hidden = false;
}

function command(title, text) {
  const code = element("pre", {}, text);
  const said = element("span", { class: "copied", role: "status" });
  const copy = element("button", { type: "button", class: "button button-quiet button-small", "data-testid": "copy", "aria-label": `Copy: ${title}` }, "Copy");
  // Only pages that the browser calls secure may write to the clipboard; the text can be selected anyway.
  copy.hidden = !navigator.clipboard;
  onClick(copy, async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      said.textContent = "Selected: press Ctrl+C";
    }
  });
  return element("div", { class: "command" }, element("div", { class: "command-head" }, element("h3", {}, title), said, copy), code);
}
