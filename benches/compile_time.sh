#!/usr/bin/env bash
# Measures the compile time of `#[action]`: a crate of 100 actions against the same functions without the attribute.
# Prints the user CPU time of `cargo check`. It takes the least of several rounds, to be robust on a busy machine.
#
#   benches/compile_time.sh [rounds]
set -euo pipefail
cd "$(dirname "$0")/.."

rounds="${1:-5}"
actions=100
work="target/compile_time"
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_TERM_COLOR=never
export CARGO_TARGET_DIR="$PWD/$work/target"

# One action with two parameters, a provider, a check, a policy and an event. The parts that only the attribute needs
# have lines of their own, which the plain crate leaves out.
action() {
    cat <<RUST
    /// Pays an order back, for the ${1}th time.
    #[kiff::action(
        allowed_states = [Paid],
        permissions = ["orders.refund"],
        risk = High,
        approval = When(large_$1(cents)),
        reviewers = "orders.approve",
        checks = [given_$1(reason)],
        emits = ["ORDER_REFUNDED"],
        timeout = "30s",
    )]
    pub async fn refund_$1(order: &Ctx<'_, Order>, bank: &Bank, cents: u64, reason: String) -> Result<Outcome, Failure> {
        bank.pay(cents, &reason).await?;
        Ok(Outcome::new(format!("{cents} paid back for {}", order.id())).emit("ORDER_REFUNDED"))
    }

    fn large_$1(_: &Ctx<'_, Order>, cents: u64) -> bool {
        cents > $1
    }

    fn given_$1(_: &Ctx<'_, Order>, reason: &str) -> bool {
        reason.len() > $1
    }

RUST
}

crate() {
    local name="$1" number
    mkdir -p "$work/$name/src"
    cp Cargo.lock "$work/$name/Cargo.lock"
    cat >"$work/$name/Cargo.toml" <<TOML
[package]
name = "$name"
version = "0.0.0"
edition = "2024"
[dependencies]
kiff = { path = "$PWD/kiff" }
[workspace]
TOML
    cat >"$work/$name/src/lib.rs" <<'RUST'
#![allow(dead_code, missing_docs, reason = "nobody calls what is only compiled")]
use kiff::{Ctx, Failure, Outcome, StateMachine};
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
pub enum Order {
    #[enter(on = "ORDER_PAID")]
    Paid,
    #[enter(from = Paid, on = "ORDER_REFUNDED")]
    Refunded,
}
pub struct Bank;
impl Bank {
    async fn pay(&self, _: u64, _: &str) -> Result<(), Failure> {
        Ok(())
    }
}
RUST
    for number in $(seq "$actions"); do action "$number"; done >>"$work/$name/src/lib.rs"
}

# The least user CPU milliseconds of the rounds.
measured() {
    local name="$1" least=999999 round spent
    TIMEFORMAT=%U
    cargo check --offline --quiet --manifest-path "$work/$name/Cargo.toml"
    for round in $(seq "$rounds"); do
        touch "$work/$name/src/lib.rs"
        spent=$({ time cargo check --offline --quiet --manifest-path "$work/$name/Cargo.toml" 2>/dev/null; } 2>&1)
        spent=$(awk -v s="$spent" 'BEGIN { printf "%d", s * 1000 }')
        if [ "$spent" -lt "$least" ]; then least="$spent"; fi
    done
    echo "$least"
}

crate annotated
crate plain
sed -i '/#\[kiff::action(/,/^    )\]$/d' "$work/plain/src/lib.rs"
annotated=$(measured annotated)
plain=$(measured plain)
awk -v a="$annotated" -v p="$plain" -v n="$actions" 'BEGIN {
    printf "%d actions: %d ms, the functions alone: %d ms\n", n, a, p
    printf "%.1f ms for each action, %.1f times the functions alone\n", (a - p) / n, a / p
}'
