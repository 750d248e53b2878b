// The card "Your API": routes of the application itself, called with the session cookie.

import { ApiError, call } from "./api.js";
import { byId, element, onClick, onSubmit, showAnswer } from "./view.js";

/** `guarded` runs an action and deals with a session that has ended and a server that is away. */
export function wireMessages(guarded) {
  for (const button of document.querySelectorAll("[data-get]")) {
    const box = button.closest(".card").querySelector(".result");
    onClick(button, () => guarded(() => ask("GET", button.dataset.get, box)));
  }
  onSubmit(byId("delete-user"), () => deleteUser(guarded));
}

async function ask(method, path, box, words = {}) {
  const answer = await answerTo(method, path);
  const request = element("code", {}, `${method} ${path}`);
  const meaning = words[answer.status] ?? "";
  showAnswer(box, answer, element("p", { class: "result-about" }, ...(meaning ? [meaning, element("br")] : []), request));
  return answer;
}

/** A refusal is an answer too: it is shown in this API's own words. */
async function answerTo(method, path) {
  try {
    return await call(method, path);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 401 || error.retryable) throw error;
    return error;
  }
}

const DELETED = {
  200: "The user is deleted and cannot sign in again.",
  403: "Only members of the group admin may delete users.",
  404: "There is no user with this id.",
};

async function deleteUser(guarded) {
  const id = byId("delete-id").value.trim();
  if (!(await confirmed(id))) return;
  await guarded(async () => {
    const { status } = await ask("DELETE", `/users/${encodeURIComponent(id)}`, byId("delete-result"), DELETED);
    if (status === 200) byId("delete-user").reset();
  });
}

/** Asks once more; Escape means no. */
function confirmed(id) {
  const dialog = byId("delete-confirm");
  byId("delete-confirm-id").textContent = id;
  byId("delete-own").hidden = id !== byId("user-email").dataset.userId;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((decide) => {
    dialog.addEventListener("close", () => decide(dialog.returnValue === "delete"), { once: true });
  });
}

/** A question that is left open would keep everything behind it out of reach. */
export function cancelDeletion() {
  byId("delete-confirm").close();
  byId("delete-user").reset();
}
