#!/usr/bin/env bash
# Has what we sign verified, and what we did not sign refused, by the public Standard Webhooks libraries of Rust,
# Python and JavaScript, and by the skill document's own check.
#
# The libraries are pinned, by hash where their installers know hashes, and installed below target.
set -euo pipefail
cd "$(dirname "$0")/.."
# What is kept is to be checked, not written.
unset UPDATE_VECTORS

here=scripts/verify-signatures
kept=crates/webhook-dispatcher/tests/vectors.json
work=$PWD/target/verify-signatures

fail() {
    echo "verify-signatures: $*" >&2
    exit 1
}

for program in cargo python3 node npm; do
    command -v "$program" >/dev/null || fail "$program is missing"
done
python3 -m pip --version >/dev/null 2>&1 || fail "pip is missing"

# Anew each time: a folder from before may hold anything.
rm -rf "$work"
mkdir -p "$work/js"
python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes \
    --target "$work/python" -r "$here/requirements.txt"
cp "$here/package.json" "$here/package-lock.json" "$work/js"
npm ci --prefix "$work/js" --ignore-scripts --no-audit --no-fund --loglevel=error

# Writes deliveries of this minute besides, because the libraries look at the clock.
FRESH_VECTORS=$work cargo test -q --locked -p clankdin-webhook-dispatcher --test it vectors
for vectors in "$kept" "$work/fresh.json" "$work/stale.json"; do
    [ -s "$vectors" ] || fail "there is no $vectors"
done
PYTHONPATH=$work/python python3 "$here/verify.py" "$kept" "$work/fresh.json" "$work/stale.json"
node "$here/verify.mjs" "$work/js" "$kept" "$work/fresh.json" "$work/stale.json"
echo "verify-signatures: every library verifies what is signed, and nothing else"
