// One row a session: which browser, from where, how lately.

import { element, onClick } from "./view.js";

/** The rows of the device list; `end` is called with the device of the pressed button. */
export function deviceRows(sessions, now, end) {
  const order = [...sessions].sort((a, b) => Number(b.current) - Number(a.current) || b.last_seen_at - a.last_seen_at);
  return order.map((session) => row(session, now, end));
}

function row(session, now, end) {
  const name = browserName(session.user_agent);
  const title = element("p", { class: "device-name" }, name, session.current ? element("span", { class: "badge" }, "This device") : null);
  const about = element(
    "p",
    { class: "device-about" },
    session.current ? "Active now" : element("span", {}, "Active ", time(session.last_seen_at, ago(session.last_seen_at, now))),
    element("span", {}, "Signed in ", time(session.created_at, shortDate(session.created_at))),
    session.address ? element("span", {}, session.address) : null,
  );
  const item = element("li", { "data-testid": "device-row", "data-current": String(Boolean(session.current)), title: session.user_agent }, element("div", {}, title, about));
  if (!session.current) {
    const button = element("button", { type: "button", class: "button button-quiet button-small", "data-testid": "revoke-device", "aria-label": `End session: ${name}` }, "End session");
    onClick(button, () => end(session, name));
    item.append(button);
  }
  return item;
}

const BROWSERS = [
  [/Edg(?:e|A|iOS)?\/(\d+)/, "Edge"],
  [/OPR\/(\d+)/, "Opera"],
  [/SamsungBrowser\/(\d+)/, "Samsung Internet"],
  [/(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/HeadlessChrome\/(\d+)/, "Headless Chrome"],
  [/(?:Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/Version\/(\d+).*Safari\//, "Safari"],
  [/^([\w.-]{1,30})\/\d/, null],
];
const SYSTEMS = [
  [/iPhone|iPod/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/CrOS/, "ChromeOS"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/Linux/, "Linux"],
];

/** A name a person knows: "Firefox 133 on Windows", "curl", or "Unknown browser". */
export function browserName(userAgent) {
  const agent = userAgent ?? "";
  const [pattern, known] = BROWSERS.find(([candidate]) => candidate.test(agent)) ?? [];
  if (!pattern) return "Unknown browser";
  const [, found] = pattern.exec(agent);
  const browser = known ? `${known} ${found}` : found;
  const system = SYSTEMS.find(([candidate]) => candidate.test(agent))?.[1];
  return system ? `${browser} on ${system}` : browser;
}

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const dates = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });

function ago(seconds, now) {
  const passed = Math.max(0, now - seconds);
  const [unit, length] = UNITS.find(([, size]) => passed >= size) ?? [];
  return unit ? relative.format(-Math.floor(passed / length), unit) : "just now";
}

const shortDate = (seconds) => dates.format(new Date(seconds * 1000));

const time = (seconds, text) => {
  const moment = new Date(seconds * 1000);
  return element("time", { datetime: moment.toISOString(), title: dates.format(moment) }, text);
};
