#!/bin/sh
# Installs moto, which stands in for DynamoDB in tests, at the versions pinned in
# crates/services/src/dynamodb, into .test-tools. Does nothing when it is there. Run
# tests/install-sdks.sh first: it sees to Python.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
pins=$root/crates/services/src/dynamodb/requirements.txt
moto=$root/.test-tools/moto

say() { printf 'install-stores: %s\n' "$*"; }

if ! cmp -s "$pins" "$moto/installed.txt"; then
    say "moto into $moto"
    rm -rf "$moto"
    python3 -m venv "$moto"
    "$moto/bin/pip" install --quiet --disable-pip-version-check -r "$pins"
    cp "$pins" "$moto/installed.txt"
fi
say "ready in $moto"
