#!/usr/bin/env bash
# Sows defects into a copy of the workspace, and checks that the tests find each of them: every test that
# kiff/docs/security.md names for a defect must fail with it, and pass without.
#
# `tests/defects/run.sh` tries all defects; `tests/defects/run.sh self_review` tries those that it names.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder="$PWD/target/defects"
# As many random runs, and races of threads, as find any of them. Without a defect, fewer show that the tests find no more
# than there is.
runs=1500
runs_without=64

# Copies the workspace and applies every patch, so that one build has all defects, each behind the switch.
sow() {
    local newest file
    rm -rf "$folder/tree"
    mkdir -p "$folder/tree"
    git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
        if [ -e "$file" ]; then printf '%s\0' "$file"; fi
    done | tar --null -T - -cf - | tar -xf - -C "$folder/tree"
    cp tests/defects/switch.rs "$folder/tree/kiff/src/defect.rs"
    echo "mod defect;" >>"$folder/tree/kiff/src/lib.rs"
    # The copy is no repository, and git must not take it for a part of this one.
    GIT_CEILING_DIRECTORIES="$folder" git -C "$folder/tree" apply --whitespace=nowarn "$PWD"/tests/defects/*.patch
    # A file that changes here at every run would be built anew at every run.
    mapfile -t patched < <(sed -n 's|^+++ b/||p' tests/defects/*.patch | sort -u)
    patched+=(kiff/src/lib.rs)
    newest=$(ls -td "${patched[@]}" tests/defects tests/defects/*.{patch,rs} | head -1)
    for file in "${patched[@]}" kiff/src/defect.rs; do
        touch -r "$newest" "$folder/tree/$file"
    done
}

build() {
    local said
    said=$(cd "$folder/tree" && CARGO_PROFILE_DEV_DEBUG=0 cargo test --locked --no-run \
        --target-dir "$folder/build" -p kiff-tests --test it 2>&1) || {
        echo "$said"
        return 1
    }
    program=$(sed -n 's/^ *Executable .*(\(.*\))$/\1/p' <<<"$said")
}

# The tests that the page names for a defect, one a line.
named() {
    grep "^| $1 |" kiff/docs/security.md | grep -o '`[a-z0-9_]*`' | tr -d '`'
}

# Runs tests with a defect; their output is for the caller to judge.
run() {
    local defect=$1 count=$2
    shift 2
    (cd "$folder/tree/tests" && KIFF_DEFECT="$defect" KIFF_MODEL_RUNS="$count" KIFF_LINEAR_ROUNDS="$count" "$program" "$@" 2>&1) || true
}

# True if every test that is named for the defect fails. The model must say what differs: nothing else that goes wrong
# counts as found.
is_found() {
    local defect=$1 said test tests
    mapfile -t tests < <(named "$defect")
    said=$(run "$defect" "$runs" "${tests[@]}")
    for test in "${tests[@]}"; do
        if ! grep -q "^test .*$test .*FAILED$" <<<"$said"; then
            echo "$defect: $test passes"
            return 1
        fi
    done
    if [[ " ${tests[*]} " == *" kiff_says_what_the_reference_says "* ]] && ! grep -q "kiff says" <<<"$said"; then
        echo "$defect: the model fails without a difference"
        return 1
    fi
    echo "$defect: found by ${tests[*]}"
}

sow
build
echo "built after $SECONDS s"
defects=("$@")
if [ $# = 0 ]; then
    for patch in tests/defects/*.patch; do
        defects+=("$(basename "$patch" .patch)")
    done
fi
mapfile -t all < <(for defect in "${defects[@]}"; do named "$defect"; done | sort -u)
said=$(run none "$runs_without" "${all[@]}")
grep -q "^test result: ok" <<<"$said" || {
    echo "$said"
    echo "the tests fail without a defect"
    exit 1
}
missed=0
for defect in "${defects[@]}"; do
    is_found "$defect" || missed=$((missed + 1))
done
echo "${#defects[@]} defects, $missed of them missed ($SECONDS s)"
[ "$missed" = 0 ]
