// Shows new messages and calls by itself: the page asks for itself again and takes over its live part.
"use strict";
const EVERY = 2000;
const live = () => document.getElementById("live");
const selecting = () => !document.getSelection().isCollapsed;

async function refresh() {
  if (document.hidden || selecting()) return;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("live");
    if (next && next.innerHTML !== live().innerHTML && !selecting()) live().replaceWith(next);
    document.body.classList.remove("offline");
  } catch {
    document.body.classList.add("offline");
  }
}

setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
