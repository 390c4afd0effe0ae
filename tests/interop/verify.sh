#!/usr/bin/env bash
# Verifies a log, a proof and a receipt with openssl, and nothing else but a shell and its usual tools.
#
#     verify.sh BUNDLE [VKEYS.txt] [KEY]
#
# KEY is the `x` of the key of receipts, from keys.jwks.json. Both should be yours; those in the bundle show only that
# it fits itself.
set -euo pipefail
bundle=$1
vkeys=${2:-$bundle/vkeys.txt}
x=${3:-$(tr -d ' \n' <"$bundle/keys.jwks.json" | sed 's/.*"x":"\([^"]*\)".*/\1/')}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refuse() { echo "refused: $1"; exit 1; }
hash() { openssl dgst -sha256 -r | cut -d' ' -f1; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
# Hexadecimal digits as bytes, without a further program.
bytes() { printf '%b' "$(sed 's/../\\x&/g')"; }
leaf() { { printf '\0'; cat; } | hash; }
node() { printf '01%s%s' "$1" "$2" | bytes | hash; }

# An Ed25519 signature of the file $3 under the public key $1 (hexadecimal), in the file $2.
signed() {
    printf '302a300506032b6570032100%s' "$1" | bytes >"$work/key.der"
    openssl pkeyutl -verify -pubin -inkey "$work/key.der" -keyform DER -rawin -in "$3" -sigfile "$2" >/dev/null 2>&1
}

# Sets origin, size and root, if the log has signed the checkpoint in the file $1.
checkpoint() {
    sed '/^$/,$d' "$1" >"$work/text"
    { read -r origin; read -r size; read -r root; } <"$work/text"
    root=$(printf '%s' "$root" | openssl base64 -d -A | hex)
    local key line
    key=$(awk -F+ -v name="$origin" '$1 == name' "$vkeys" | cut -d+ -f3- | head -1 | openssl base64 -d -A | hex)
    [ "${key:0:2}" = 01 ] || refuse "no known key of $origin"
    line=$(sed '1,/^$/d' "$1" | awk -v name="$origin" '$2 == name { print $3 }' | head -1)
    printf '%s' "$line" | openssl base64 -d -A | tail -c 64 >"$work/sig"
    signed "${key:2}" "$work/sig" "$work/text" || refuse "the checkpoint is not signed by the log"
}

# The root over the lines of a log: perfect subtrees are kept as `level hash`, largest first.
log_root() {
    local line at hash sibling peaks=()
    while read -r line; do
        case $line in sha256:*) hash=${line#sha256:} ;; *) hash=$(printf '%s' "$line" | leaf) ;; esac
        at=0
        while [ ${#peaks[@]} -gt 0 ] && [ "${peaks[-1]%% *}" = $at ]; do
            sibling=${peaks[-1]#* }
            unset 'peaks[-1]'
            hash=$(node "$sibling" "$hash")
            at=$((at + 1))
        done
        peaks+=("$at $hash")
    done <"$1"
    hash=${peaks[-1]#* }
    for ((at = ${#peaks[@]} - 2; at >= 0; at--)); do hash=$(node "${peaks[at]#* }" "$hash"); done
    echo "$hash"
}

# The path of a C2SP tlog-proof leads from its record to the root of its checkpoint.
proof() {
    local index last hash sibling
    sed '1,/^$/d' "$1" >"$work/note"
    checkpoint "$work/note"
    sed '/^$/,$d' "$1" >"$work/head"
    index=$(sed -n 's/^index //p' "$work/head")
    last=$((size - 1))
    [ "$index" -le "$last" ] || refuse "the index is outside the tree"
    hash=$(sed -n 's/^extra //p' "$work/head" | openssl base64 -d -A | leaf)
    while read -r sibling; do
        [ "$last" -gt 0 ] || refuse "the path is too long"
        sibling=$(printf '%s' "$sibling" | openssl base64 -d -A | hex)
        if ((index % 2 == 1 || index == last)); then
            hash=$(node "$sibling" "$hash")
            while ((index % 2 == 0 && index > 0)); do index=$((index / 2)) last=$((last / 2)); done
        else
            hash=$(node "$hash" "$sibling")
        fi
        index=$((index / 2)) last=$((last / 2))
    done < <(sed '1,/^index /d' "$work/head")
    [ "$last" = 0 ] && [ "$hash" = "$root" ] || refuse "the path leads to another root"
}

# A receipt as a DSSE envelope: its payload stands there as it was signed.
envelope() {
    local text type=application/vnd.kiff.receipt.v1+json
    text=$(tr -d ' \n' <"$1")
    sed 's/.*"payload":"\([^"]*\)".*/\1/' <<<"$text" | openssl base64 -d -A >"$work/payload"
    sed 's/.*"sig":"\([^"]*\)".*/\1/' <<<"$text" | openssl base64 -d -A >"$work/sig"
    printf 'DSSEv1 %d %s %d ' ${#type} $type "$(wc -c <"$work/payload")" | cat - "$work/payload" >"$work/message"
    signed "$(printf '%s=' "$x" | tr '_-' '/+' | openssl base64 -d -A | hex)" "$work/sig" "$work/message" ||
        refuse "the receipt is not signed by the key"
}

checkpoint "$bundle/checkpoint.txt"
[ "$(grep -c '' "$bundle/log.jsonl")" = "$size" ] || refuse "the log does not have $size records"
[ "$(log_root "$bundle/log.jsonl")" = "$root" ] || refuse "the log is not the one of the checkpoint"
echo "proved: $size records are the log that $origin has signed"
if [ -e "$bundle/record.tlog-proof" ]; then
    proof "$bundle/record.tlog-proof"
    echo "proved: the record in record.tlog-proof is in the log"
fi
if [ -e "$bundle/dsse.json" ]; then
    envelope "$bundle/dsse.json"
    echo "proved: the receipt in dsse.json is signed"
fi
