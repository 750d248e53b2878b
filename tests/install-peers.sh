#!/bin/sh
# Installs cognito-local, moto and what the checks of `cogward-bench pools` need, at the
# versions pinned in crates/bench/peers, into .test-tools/peers. Does nothing when they are
# there. Not part of ./test. Run tests/install-sdks.sh first: it sees to Python and Node.js.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
pins=$root/crates/bench/peers
peers=$root/.test-tools/peers

say() { printf 'install-peers: %s\n' "$*"; }

if ! cmp -s "$pins/requirements.txt" "$peers/python/installed.txt"; then
    say "moto into $peers/python"
    rm -rf "$peers/python"
    python3 -m venv "$peers/python"
    "$peers/python/bin/pip" install --quiet --disable-pip-version-check -r "$pins/requirements.txt"
    cp "$pins/requirements.txt" "$peers/python/installed.txt"
fi

if ! cmp -s "$pins/package-lock.json" "$peers/node/installed.json"; then
    say "cognito-local into $peers/node"
    # A Node.js that tests/install-sdks.sh had to bring itself lies there.
    PATH=$PATH:$root/.test-tools/venv/bin
    rm -rf "$peers/node"
    mkdir -p "$peers/node"
    cp "$pins/package.json" "$pins/package-lock.json" "$pins/.npmrc" "$peers/node/"
    (cd "$peers/node" && npm ci --ignore-scripts --silent)
    cp "$pins/package-lock.json" "$peers/node/installed.json"
fi
say "ready in $peers"
