// Building and switching what is on the page. Text goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** Makes an element; `attributes` are set as attributes, `children` are nodes or strings. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const TITLES = {
  loading: "Cogward demo",
  unavailable: "Not available · Cogward demo",
  "signed-out": "Sign in · Cogward demo",
  failed: "Sign-in did not finish · Cogward demo",
  dashboard: "Dashboard · Cogward demo",
  account: "Your account · Cogward demo",
};

let current = null;

export const currentView = () => current;

/** Shows one view; after the first, the focus follows so that a screen reader hears the change. */
export function show(view) {
  if (view === current) return;
  const first = current === null || current === "loading";
  current = view;
  for (const section of document.querySelectorAll("[data-view]")) section.hidden = section.dataset.view !== view;
  byId("sign-out").hidden = view !== "dashboard" && view !== "account";
  const developers = byId("developers");
  if (developers) developers.hidden = view === "loading";
  const heading = document.querySelector(`[data-view="${view}"] h1`);
  document.title = TITLES[view] ?? `${heading.textContent} · Cogward demo`;
  if (!first) heading?.focus({ preventScroll: true });
}

let countdown = null;

/** Shows an error above the view; `retry` makes the button, which waits for the server's Retry-After. */
export function showError(error, retry) {
  clearInterval(countdown);
  const box = byId("error-box");
  const children = [element("p", { "data-testid": "error-message" }, error.message)];
  if (error.requestId) children.push(element("p", { class: "error-id" }, "Request ", element("code", {}, error.requestId)));
  const actions = element("div", { class: "error-actions" });
  if (retry && error.retryable) actions.append(retryButton(error.retryAfter ?? 0, retry));
  const close = element("button", { type: "button", class: "button button-quiet button-small" }, "Dismiss");
  close.addEventListener("click", clearError);
  actions.append(close);
  box.replaceChildren(...children, actions);
  box.hidden = false;
}

export function clearError() {
  clearInterval(countdown);
  byId("error-box").hidden = true;
  byId("error-box").replaceChildren();
}

function retryButton(wait, retry) {
  const button = element("button", { type: "button", class: "button button-small" });
  const ready = () => {
    button.disabled = false;
    button.textContent = "Try again";
  };
  button.addEventListener("click", () => {
    clearError();
    retry();
  });
  if (wait === 0) {
    ready();
    return button;
  }
  // The count stays out of the accessible name: an alert that speaks every second is no help.
  const until = Date.now() + wait * 1000;
  const digits = element("span", { "aria-hidden": "true" }, `\u00a0in ${wait} s`);
  button.append("Try again", digits);
  button.disabled = true;
  countdown = setInterval(() => {
    const left = Math.ceil((until - Date.now()) / 1000);
    digits.textContent = `\u00a0in ${left} s`;
    if (left <= 0) {
      clearInterval(countdown);
      ready();
    }
  }, 250);
  return button;
}

/** Runs `action` on click, once at a time; the button keeps the focus and says that it is busy. */
export function onClick(button, action) {
  button.addEventListener("click", () => onceAtATime(button, action));
}

/** The same for a form and its button. */
export function onSubmit(form, action) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onceAtATime(form.querySelector('[type="submit"]'), action);
  });
}

async function onceAtATime(button, action) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  button.setAttribute("aria-disabled", "true");
  try {
    await action();
  } finally {
    button.removeAttribute("aria-busy");
    button.removeAttribute("aria-disabled");
  }
}

/** Shows what the server said: its status, words of ours about it, its JSON. */
export function showAnswer(box, { status, statusText, body }, ...words) {
  const refused = status >= 400 ? " result-refused" : "";
  const line = element("p", { class: `result-status${refused}` }, `${status} ${statusText}`.trim());
  showResult(box, line, ...words, element("pre", {}, JSON.stringify(body, null, 2)));
}

export function showResult(box, ...children) {
  box.replaceChildren(...children);
  box.hidden = false;
}
