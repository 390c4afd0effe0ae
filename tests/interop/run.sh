#!/usr/bin/env bash
# Evidence goes both ways between kiff and other tools: what it made a moment ago they verify, and what they made it
# verifies. Needs cargo, Python with venv, Node with npm, and openssl; packages are installed into a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cryptography rfc8785 securesystemslib
cp tests/interop/*.mjs "$work"
(cd "$work" && npm install --silent --no-audit --no-fund canonicalize)
cargo build --locked --quiet -p kiff --features cli --bin kiff

python() { "$work/venv/bin/python" "tests/interop/$1" "${@:2}"; }
kiff() { cargo run --locked --quiet -p kiff --features cli --bin kiff -- "$@"; }

# Runs a command that must refuse what it is given, with this status.
refused() {
    local status=0
    "${@:2}" >"$work/said" 2>&1 || status=$?
    [ "$status" = "$1" ] || { echo "status $status in place of $1: ${*:2}"; cat "$work/said"; exit 1; }
}

# What each verifier makes of a bundle: `accepted`, or `refused`.
everybody() {
    local verdict=$1 bundle=$2 tool
    for tool in "python verify.py" "node $work/verify.mjs" "bash tests/interop/verify.sh" "kiff verify"; do
        case $verdict in
            accepted) $tool "$bundle" >"$work/said" 2>&1 || { echo "$tool refuses $bundle"; cat "$work/said"; exit 1; } ;;
            refused) refused 1 $tool "$bundle" ;;
        esac
    done
}

cargo run --locked --quiet -p kiff-examples --bin refund -- --bundle "$work/ours"
everybody accepted "$work/ours"
everybody accepted tests/vectors/receipt
python dsse.py "$work/ours/dsse.json" "$work/ours/keys.jwks.json"

python make.py "$work/ours" "$work/python"
node "$work/make.mjs" "$work/ours" "$work/node"
for made in python node; do
    everybody accepted "$work/$made"
    kiff verify "$work/$made" --keys "$work/$made/keys.jwks.json" --vkeys "$work/$made/vkeys.txt"
    # Their keys are not ours.
    refused 1 kiff verify "$work/$made" --keys "$work/ours/keys.jwks.json"
    refused 1 kiff verify "$work/$made" --vkeys "$work/ours/vkeys.txt"
done

# One edit each, which nobody accepts.
edited() {
    rm -rf "$work/edited"
    cp -r "$work/$1" "$work/edited"
    sed -i "$3" "$work/edited/$2"
    ! cmp -s "$work/$1/$2" "$work/edited/$2" || { echo "nothing was edited in $2"; exit 1; }
    everybody refused "$work/edited"
}
for made in ours python node; do
    edited "$made" log.jsonl 's/999/998/'
    edited "$made" log.jsonl '$d'
    edited "$made" checkpoint.txt '3s/^./_/'
    edited "$made" vkeys.txt 's/.$/A/'
done
edited ours record.tlog-proof 's/^index 1*/&1/'
# openssl reads the envelope, the others the receipts.
for receipt in "$work"/python/receipts/*; do
    sed -i 's/approval_required/allowed/; s/"blocked"/"allowed"/; s/"none"/"some"/' "$receipt"
done
refused 1 kiff verify "$work/python"
refused 1 python verify.py "$work/python"
refused 1 node "$work/verify.mjs" "$work/python"
sed 's/"sig":"./"sig":"_/' "$work/ours/dsse.json" >"$work/dsse.json"
refused 1 python dsse.py "$work/dsse.json" "$work/ours/keys.jwks.json"
echo "evidence goes both ways"
