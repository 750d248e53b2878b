// The point of the whole design, shown: everything a script on this page could steal.

import { answers } from "./api.js";
import { byId, element } from "./view.js";

const TOKEN_START = /eyJ[\w-]{8,}/;

export function showProof() {
  const places = [
    ["document.cookie", read(() => document.cookie)],
    ["localStorage", read(() => contents(localStorage))],
    ["sessionStorage", read(() => contents(sessionStorage))],
  ];
  const empty = places.every(([, held]) => held === "");
  const token = answers.withToken > 0 || places.some(([, held]) => TOKEN_START.test(held));
  byId("proof-verdict").textContent = verdict(empty, token);
  const list = byId("proof");
  list.dataset.empty = String(empty);
  list.dataset.token = String(token);
  list.replaceChildren(
    ...places.flatMap(([place, held]) => fact(element("code", {}, place), held === "" ? element("span", { class: "nothing" }, "(empty)") : held)),
    ...fact("Answers received", `${answers.count}, with a token in them: ${answers.withToken}`),
  );
}

function verdict(empty, token) {
  if (token) return "Something shaped like a token is within reach of this page. That should not be.";
  if (empty) return "Nothing. The session cookie is HttpOnly and the tokens never left the server.";
  return "No token. What is listed was put here by other software on this origin.";
}

const contents = (storage) => Object.entries(storage).map(([key, value]) => `${key}=${value}`).join("\n");

function read(get) {
  try {
    return get();
  } catch {
    return "";
  }
}

export const fact = (name, value) => [element("dt", {}, name), element("dd", { class: "break" }, value)];
