// Renders /openapi.json (OpenAPI 3.1). Text from the document goes in as text, never as markup.

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];
const byId = (id) => document.getElementById(id);
let api = null;

async function start() {
  try {
    const response = await fetch("/openapi.json", { credentials: "same-origin" });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    api = await response.json();
  } catch (error) {
    byId("problem").textContent = `openapi.json could not be read: ${error.message}. Load the page again.`;
    byId("problem").hidden = false;
    byId("operations").removeAttribute("aria-busy");
    return;
  }
  document.title = byId("api-title").textContent = api.info?.title ?? "API";
  byId("api-version").textContent = api.info?.version ?? "";
  byId("api-about").replaceChildren(...prose(api.info?.description));
  byId("operations").replaceChildren(...groups(operations()).map(group));
  byId("operations").removeAttribute("aria-busy");
  byId("filter").addEventListener("input", applyFilter);
  addEventListener("hashchange", openLinked);
  applyFilter();
  openLinked();
}

// The document: operations, in the order in which it has them, by tag.

function operations() {
  return Object.entries(api.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      return {
        ...operation,
        method,
        path,
        id: operation.operationId ?? `${method}${path.replaceAll(/[^\w]+/g, "-")}`,
        tag: operation.tags?.[0] ?? "Other",
        parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(deref),
      };
    }),
  );
}

function groups(list) {
  const described = (api.tags ?? []).map((tag) => tag.name);
  const names = new Set([...described, ...list.map((operation) => operation.tag)]);
  return [...names]
    .map((name) => ({ name, about: api.tags?.find((tag) => tag.name === name)?.description, list: list.filter((operation) => operation.tag === name) }))
    .filter((entry) => entry.list.length > 0);
}

function deref(value) {
  let found = value;
  for (let hops = 0; typeof found?.$ref === "string" && hops < 8; hops += 1) {
    found = found.$ref
      .replace(/^#\//, "")
      .split("/")
      .reduce((node, key) => node?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], api);
  }
  return found ?? {};
}

// The list.

const group = ({ name, about, list }) => make("section", { class: "group", "aria-label": name }, make("h2", {}, name), ...prose(about), ...list.map(operationRow));

function operationRow(operation) {
  const row = make(
    "details",
    { class: "operation", id: operation.id, "data-text": [operation.method, operation.path, operation.summary, operation.tag].join(" ").toLowerCase() },
    make(
      "summary",
      {},
      make("span", { class: `method method-${operation.method}` }, operation.method.toUpperCase()),
      make("code", { class: "path" }, ...breakable(operation.path)),
      make("span", { class: "summary-text" }, operation.summary ?? ""),
      operation.deprecated ? make("span", { class: "mark" }, "deprecated") : null,
    ),
  );
  row.addEventListener("toggle", () => {
    if (!row.open) return;
    if (row.childElementCount === 1) row.append(operationBody(operation));
    if (location.hash !== `#${operation.id}`) history.replaceState(null, "", `#${operation.id}`);
  });
  return row;
}

// A long path breaks after a slash, not in the middle of a word.
const breakable = (path) => path.split(/(?<=\/)/).flatMap((part) => [part, make("wbr")]);

function operationBody(operation) {
  return make(
    "div",
    { class: "body" },
    ...prose(operation.description),
    ...credentials(operation.security ?? []),
    ...parameterTable(operation.parameters),
    ...requestBody(operation),
    make("h3", {}, "Responses"),
    ...Object.entries(operation.responses ?? {}).map(([status, response]) => responseRow(status, deref(response))),
    tryIt(operation),
  );
}

// One of several ways; `{}` among them is that of nobody in particular.
function credentials(ways) {
  const named = ways.map((way) => Object.keys(way).join(" and ") || "nothing");
  return named.length ? [make("p", { class: "media" }, `Comes with ${named.join(" or ")}`)] : [];
}

function parameterTable(parameters) {
  if (parameters.length === 0) return [];
  return [make("h3", {}, "Parameters"), make("ul", { class: "fields" }, ...parameters.map((parameter) => field(parameter.name, parameter.schema ?? {}, { required: parameter.required, about: parameter.description, place: parameter.in })))];
}

function requestBody(operation) {
  if (!operation.requestBody) return [];
  const body = deref(operation.requestBody);
  return [make("h3", {}, "Request body", body.required ? null : make("span", { class: "faint" }, " optional")), ...prose(body.description), ...contents(body.content)];
}

function responseRow(status, response) {
  const headers = Object.entries(response.headers ?? {});
  const inside = [...contents(response.content), ...(headers.length ? [make("p", { class: "media" }, "Headers"), make("ul", { class: "fields" }, ...headers.map(([name, header]) => field(name, deref(header).schema ?? {}, { about: deref(header).description })))] : [])];
  const head = [make("span", { class: `status status-${status.slice(0, 1)}` }, status), " ", response.description ?? ""];
  if (inside.length === 0) return make("p", { class: "response response-flat" }, ...head);
  return make("details", { class: "response" }, make("summary", {}, ...head), ...inside);
}

const contents = (content) => Object.entries(content ?? {}).flatMap(([media, { schema }]) => [make("p", { class: "media" }, make("code", {}, media)), ...(schema ? [schemaTree(schema)] : [])]);

// Schemas: a field a line; what is inside opens on demand, so a cycle costs nothing.

function schemaTree(schema) {
  const inner = fieldsOf(schema);
  return inner ?? make("ul", { class: "fields" }, field(null, schema, {}));
}

function fieldsOf(schema) {
  const { properties, required, additional } = shape(schema);
  const entries = Object.entries(properties).map(([name, value]) => field(name, value, { required: required.includes(name) }));
  if (additional) entries.push(field("any other name", additional, {}));
  return entries.length ? make("ul", { class: "fields" }, ...entries) : null;
}

function shape(schema) {
  const own = deref(schema);
  const parts = [own, ...(own.allOf ?? []).map(shape)];
  return {
    properties: Object.assign({}, ...parts.map((part) => part.properties ?? {})),
    required: parts.flatMap((part) => part.required ?? []),
    additional: typeof own.additionalProperties === "object" ? own.additionalProperties : null,
  };
}

function field(name, schema, { required, about, place }) {
  const resolved = deref(schema);
  const label = make("p", { class: "field-line" }, name ? make("code", { class: "field-name" }, name) : null, make("span", { class: "type" }, typeOf(schema)), required ? make("span", { class: "mark" }, "required") : null, place ? make("span", { class: "faint" }, place) : null);
  const item = make("li", {}, label, ...prose(about ?? schema.description ?? resolved.description), ...limits(resolved));
  const inner = [resolved.type === "array" || resolved.items ? resolved.items : null, ...(resolved.oneOf ?? resolved.anyOf ?? []), schema].filter((part) => part && hasFields(part));
  for (const part of inner) item.append(lazy(inner.length > 1 ? `Fields of ${typeOf(part)}` : "Fields", () => fieldsOf(part)));
  return item;
}

function hasFields(schema) {
  const { properties, additional } = shape(schema);
  return additional !== null || Object.keys(properties).length > 0;
}

function lazy(title, build) {
  const box = make("details", { class: "more" }, make("summary", {}, title));
  box.addEventListener("toggle", () => box.open && box.childElementCount === 1 && box.append(build()));
  return box;
}

function typeOf(schema) {
  if (schema === true || schema === undefined) return "any";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return choices.map(typeOf).join(" or ");
  const names = [schema.type ?? (schema.properties ? "object" : "any")].flat().map((type) => (type === "array" ? `array of ${typeOf(schema.items)}` : type));
  return names.join(" or ") + (schema.format ? ` (${schema.format})` : "");
}

const LIMITS = { minimum: "at least", maximum: "at most", minLength: "shortest", maxLength: "longest", minItems: "fewest", maxItems: "most", pattern: "pattern", default: "default" };

function limits(schema) {
  const told = Object.entries(LIMITS)
    .filter(([key]) => schema[key] !== undefined)
    .map(([key, word]) => `${word} ${JSON.stringify(schema[key])}`);
  if (schema.enum) told.unshift(`one of ${schema.enum.map((value) => JSON.stringify(value)).join(", ")}`);
  return told.length ? [make("p", { class: "limits" }, told.join("; "))] : [];
}

function example(schema, depth = 0) {
  const resolved = deref(schema);
  const given = resolved.example ?? resolved.examples?.[0] ?? resolved.default ?? resolved.const ?? resolved.enum?.[0];
  if (given !== undefined) return given;
  const choice = (resolved.oneOf ?? resolved.anyOf)?.find((option) => option.type !== "null");
  if (choice) return example(choice, depth + 1);
  const type = [resolved.type].flat().find((name) => name !== "null");
  const { properties, required } = shape(resolved);
  if (type === "object" || Object.keys(properties).length) {
    if (depth > 5) return {};
    const wanted = Object.entries(properties).filter(([name]) => depth === 0 || required.includes(name));
    return Object.fromEntries(wanted.map(([name, value]) => [name, example(value, depth + 1)]));
  }
  return { array: [], integer: 0, number: 0, boolean: false, string: "" }[type] ?? null;
}

// Try it: same origin only, with this browser's cookie.

function tryIt(operation) {
  const inputs = operation.parameters.filter(({ in: place }) => ["path", "query", "header"].includes(place)).map((parameter) => ({ parameter, ...control(operation, parameter) }));
  const bearer = takesBearer(operation) ? control(operation, { name: "bearer", in: "authorization" }, "Bearer token") : null;
  const json = operation.requestBody && deref(operation.requestBody).content?.["application/json"];
  const body = json ? bodyControl(operation, json) : null;
  const answer = make("div", { class: "answer", role: "status", hidden: "" });
  const button = make("button", { class: "button", type: "submit" }, "Send");
  const form = make("form", { class: "try" }, ...inputs.map(({ box }) => box), bearer?.box ?? null, body?.box ?? null, button, answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    const request = buildRequest(operation, inputs, bearer?.input.value, body?.input.value);
    answer.replaceChildren(...(await send(request)));
    answer.hidden = false;
    button.removeAttribute("aria-disabled");
  });
  return make("details", { class: "try-box" }, make("summary", {}, "Try it"), form);
}

function control(operation, parameter, title) {
  const id = `${operation.id}.${parameter.in}.${parameter.name}`;
  const secret = parameter.in === "authorization";
  const input = make("input", { id, type: secret ? "password" : "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", ...(parameter.required ? { required: "" } : {}) });
  input.value = csrfHeader(parameter.name) ? "1" : (parameter.example ?? "");
  const about = title ?? make("code", {}, parameter.name);
  return { input, box: make("div", { class: "control" }, make("label", { for: id }, about, make("span", { class: "faint" }, secret ? " optional" : ` ${parameter.in}`)), input) };
}

function bodyControl(operation, json) {
  const id = `${operation.id}.body`;
  const value = JSON.stringify(json.example ?? example(json.schema ?? {}), null, 2);
  const input = make("textarea", { id, rows: String(Math.min(14, value.split("\n").length + 1)), autocomplete: "off", spellcheck: "false" });
  input.value = value;
  return { input, box: make("div", { class: "control" }, make("label", { for: id }, "Body", make("span", { class: "faint" }, " application/json")), input) };
}

function takesBearer(operation) {
  const names = (operation.security ?? api.security ?? []).flatMap((choice) => Object.keys(choice));
  return names.some((name) => deref(api.components?.securitySchemes?.[name]).scheme?.toLowerCase() === "bearer");
}

const csrfHeader = (name) => name.toLowerCase() === "x-l42-csrf";

function buildRequest(operation, inputs, bearer, body) {
  const headers = new Headers({ accept: "application/json, text/html;q=0.5, */*;q=0.1" });
  const query = new URLSearchParams();
  let path = operation.path;
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value === "") continue;
    else if (parameter.in === "query") query.append(parameter.name, input.value);
    else headers.set(parameter.name, input.value);
  }
  if (/^\/auth(\/|$)/.test(path) && !headers.has("x-l42-csrf")) headers.set("x-l42-csrf", "1");
  if (bearer) headers.set("authorization", `Bearer ${bearer}`);
  if (body) headers.set("content-type", "application/json");
  const address = path + (query.size ? `?${query}` : "");
  return { address, init: { method: operation.method.toUpperCase(), headers, body: body || undefined, credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(30_000) } };
}

async function send({ address, init }) {
  const url = new URL(address, location.origin);
  if (url.origin !== location.origin) return [line("error", "Not sent: this address is on another origin.")];
  const started = performance.now();
  try {
    const response = await fetch(url, init);
    if (response.type === "opaqueredirect") return redirected(url, init.method);
    const text = await response.text();
    const facts = `${Math.round(performance.now() - started)} ms · ${response.headers.get("content-type") ?? "no content"}`;
    return [line(response.ok ? "ok" : "error", `${response.status} ${response.statusText}`.trim(), facts), text ? make("pre", { tabindex: "0", "aria-label": "Answer" }, pretty(text)) : null].filter(Boolean);
  } catch (error) {
    return [line("error", "No answer", error.message)];
  }
}

function redirected(url, method) {
  const about = make("p", {}, "A redirect; a script may not look where to. ");
  if (method === "GET") about.append(make("a", { href: url.href, target: "_blank", rel: "noopener" }, "Open it in a new tab"));
  return [line("ok", "Redirect"), about];
}

const line = (kind, text, facts = "") => make("p", { class: `answer-line answer-${kind}` }, make("strong", {}, text), " ", make("span", { class: "faint" }, facts));

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// The page: filter and links to one operation.

function applyFilter() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...document.querySelectorAll(".operation")];
  for (const row of rows) row.hidden = !words.every((word) => row.dataset.text.includes(word));
  for (const section of document.querySelectorAll(".group")) section.hidden = !section.querySelector(".operation:not([hidden])");
  const shown = rows.filter((row) => !row.hidden).length;
  byId("count").textContent = shown === 0 ? "Nothing matches" : `${words.length ? `${shown} of ` : ""}${rows.length} operations`;
}

function openLinked() {
  const row = byId(decodeURIComponent(location.hash.slice(1)));
  if (!row?.classList.contains("operation")) return;
  if (row.hidden) {
    byId("filter").value = "";
    applyFilter();
  }
  row.open = true;
  row.scrollIntoView();
}

// Paragraphs and `code` of a description; the rest of Markdown stays as it is written.
function prose(text) {
  if (!text) return [];
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => make("p", { class: "prose" }, ...paragraph.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part))));
}

function make(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

start();
