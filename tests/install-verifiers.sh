#!/bin/sh
# Installs the two verifiers that cogward-jwt is compared with, aws-jwt-verify and PyJWT, at
# the versions pinned in crates/jwt/tests/differential, into .test-tools. Does nothing when
# they are there. Run tests/install-sdks.sh first: it sees to Python and Node.js.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
pins=$root/crates/jwt/tests/differential
verifiers=$root/.test-tools/verifiers

say() { printf 'install-verifiers: %s\n' "$*"; }

if ! cmp -s "$pins/requirements.txt" "$verifiers/python/installed.txt"; then
    say "PyJWT into $verifiers/python"
    rm -rf "$verifiers/python"
    python3 -m venv "$verifiers/python"
    "$verifiers/python/bin/pip" install --quiet --disable-pip-version-check -r "$pins/requirements.txt"
    cp "$pins/requirements.txt" "$verifiers/python/installed.txt"
fi

if ! cmp -s "$pins/package-lock.json" "$verifiers/node/installed.json"; then
    say "aws-jwt-verify into $verifiers/node"
    # A Node.js that tests/install-sdks.sh had to bring itself lies there.
    PATH=$PATH:$root/.test-tools/venv/bin
    rm -rf "$verifiers/node"
    mkdir -p "$verifiers/node"
    cp "$pins/package.json" "$pins/package-lock.json" "$pins/.npmrc" "$verifiers/node/"
    (cd "$verifiers/node" && npm ci --ignore-scripts --silent)
    cp "$pins/package-lock.json" "$verifiers/node/installed.json"
fi
say "ready in $verifiers"
