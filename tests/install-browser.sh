#!/bin/sh
# Installs what the browser tests need: Chromium with a font from Debian, and
# playwright-core, at the version pinned in tests/browser, into .test-tools.
# Does nothing when they are there. Run tests/install-sdks.sh first: it sees to Node.js.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
pins=$root/tests/browser
browser=$root/.test-tools/browser

say() { printf 'install-browser: %s\n' "$*"; }

if ! command -v chromium >/dev/null; then
    if [ "$(id -u)" = 0 ]; then run=""; else run="sudo"; fi
    say "installing chromium with apt-get"
    $run apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
fi

if ! cmp -s "$pins/package-lock.json" "$browser/installed.json"; then
    say "playwright-core into $browser"
    # A Node.js that tests/install-sdks.sh had to bring itself lies there.
    PATH=$PATH:$root/.test-tools/venv/bin
    rm -rf "$browser"
    mkdir -p "$browser"
    cp "$pins/package.json" "$pins/package-lock.json" "$pins/.npmrc" "$browser/"
    (cd "$browser" && npm ci --ignore-scripts --silent)
    cp "$pins/package-lock.json" "$browser/installed.json"
fi
say "ready in $browser"
