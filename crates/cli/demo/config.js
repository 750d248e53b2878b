// What the demo knows of its user pool; against a real one there is no inbox and no ready account.

import { call } from "./api.js";

export async function loadConfig() {
  try {
    const { body } = await call("GET", "/demo/config.json");
    return body;
  } catch {
    return null;
  }
}

/** Leads to where the codes are, when they are mailed nowhere. */
export async function showInbox() {
  const pool = webUrl((await loadConfig())?.pool_url);
  if (!pool) return;
  for (const link of document.querySelectorAll("[data-inbox-link]")) link.href = new URL("/_local/", pool).href;
  for (const hint of document.querySelectorAll("[data-inbox]")) hint.hidden = false;
}

export function webUrl(text) {
  const url = URL.parse?.(text) ?? (URL.canParse(text) ? new URL(text) : null);
  return url && /^https?:$/.test(url.protocol) ? url.href : null;
}
