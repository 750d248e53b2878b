// Forms: one at a time, errors beside the field they are about, and a count down where the server
// asks to wait.

import { ApiError } from "./api.js";
import { element, onSubmit } from "./view.js";

/** Which field an error is about, by its code; the first that the form has. */
const FIELDS = {
  invalid_email: ["email"],
  user_exists: ["email"],
  address_taken: ["email"],
  terms_not_accepted: ["accept_terms"],
  password_policy: ["new_password", "password"],
  password_used_before: ["new_password", "password"],
  wrong_password: ["current_password"],
  invalid_credentials: ["password"],
  invalid_code: ["code", "answer"],
  expired_code: ["code"],
};

/** Runs `action` with the form's values; what it throws is shown where it belongs. */
export function onForm(form, action, refused = () => false) {
  const known = actions.has(form);
  actions.set(form, { action, refused });
  if (!known) onSubmit(form, () => submitted(form));
}

/** What each form does now. */
const actions = new WeakMap();

async function submitted(form) {
  const { action, refused } = actions.get(form);
  clear(form);
  try {
    await action(values(form));
  } catch (error) {
    if (!refused(error)) showRefusal(form, error);
  }
}

const values = (form) => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value]));

/** Shows an error at its field, or above the form, and leads there. */
export function showRefusal(form, error) {
  const told = error instanceof ApiError ? sentence(error.message) : error.words;
  if (!told) throw error;
  const field = fieldOf(form, error);
  if (error.status === 429) return wait(form, error.retryAfter ?? 5);
  if (!field) return note(form, told, error);
  const box = element("p", { class: "field-error", id: `${field.id}-error` }, told);
  const where = field.closest(".check") ?? field;
  where.after(box);
  field.setAttribute("aria-invalid", "true");
  field.dataset.described = field.getAttribute("aria-describedby") ?? "";
  field.setAttribute("aria-describedby", `${box.id} ${field.dataset.described}`.trim());
  field.focus();
  if (field.type !== "checkbox") field.select();
}

export function clear(form) {
  clearInterval(waiting.get(form));
  submit(form).disabled = false;
  for (const box of form.querySelectorAll(".field-error, .note-error")) box.remove();
  const said = form.querySelector(".said");
  if (said) said.textContent = "";
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    if (field.dataset.described) field.setAttribute("aria-describedby", field.dataset.described);
    else field.removeAttribute("aria-describedby");
  }
}

/** What went well, read out by screen readers. */
export function say(form, text) {
  form.querySelector(".said").textContent = text;
}

/** An error in words of ours. */
export class Refused extends Error {
  constructor(words, link = null) {
    super(words);
    this.words = words;
    this.link = link;
  }
}

const submit = (form) => form.querySelector('[type="submit"]');

function fieldOf(form, error) {
  // "first_name must be 1 to 100 characters": the field is named.
  const named = error.code === "invalid_name" ? [error.message.split(" ")[0]] : FIELDS[error.code];
  return named?.map((name) => form.elements.namedItem(name)).find(Boolean) ?? null;
}

function note(form, told, error) {
  const box = element("div", { class: "note note-error", role: "alert" }, told);
  if (error.link) box.append(" ", element("a", { href: error.link.href }, error.link.text));
  form.prepend(box);
  return box;
}

const waiting = new WeakMap();

/** The count stays out of what is read out: an alert that speaks every second is no help. */
function wait(form, seconds) {
  const box = note(form, "Too many tries for now.", {});
  const until = Date.now() + seconds * 1000;
  const digits = element("span", { "aria-hidden": "true", "data-testid": "wait" });
  box.append(" ", digits);
  submit(form).disabled = true;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    digits.textContent = `Again in ${left} s.`;
    if (left > 0) return;
    clear(form);
  };
  tick();
  waiting.set(form, setInterval(tick, 250));
}

/** The server's sentence as one of a page. */
function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
