#!/bin/sh
# Installs moto, which stands in for AWS in tests, and aiosmtpd, a server of mail, at the
# versions pinned in crates/services/src, into .test-tools. Does nothing when they are there. Run
# tests/install-sdks.sh first: it sees to Python.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
tools=$root/.test-tools

say() { printf 'install-stores: %s\n' "$*"; }

# a name, and the folder of what is pinned for it
install() {
    pins=$root/crates/services/src/$2/requirements.txt
    cmp -s "$pins" "$tools/$1/installed.txt" && return
    say "$1 into $tools/$1"
    rm -rf "$tools/$1"
    python3 -m venv "$tools/$1"
    "$tools/$1/bin/pip" install --quiet --disable-pip-version-check -r "$pins"
    cp "$pins" "$tools/$1/installed.txt"
}

install moto dynamodb
install aiosmtpd smtp
say "ready in $tools"
