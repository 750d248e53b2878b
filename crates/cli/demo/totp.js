// A key for an authenticator app: to scan, to open, to type.

import { element } from "./view.js";

export function showTotp(box, { secret, uri, qr_svg: svg }) {
  const parts = [];
  if (svg) parts.push(element("img", { class: "qr", alt: "QR code of the key below", src: `data:image/svg+xml,${encodeURIComponent(svg)}` }));
  const label = element("p", { class: "key-label" }, "Or type this key into the app");
  const key = element("code", { class: "key", "data-testid": "totp-secret" }, secret);
  const link = element("p", { class: "field-hint" }, element("a", { href: uri }, "Open in an app on this device"));
  box.replaceChildren(...parts, element("div", {}, label, key, link));
}
