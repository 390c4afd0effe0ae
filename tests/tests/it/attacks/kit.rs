//! A shop with a log worth attacking, the auditor who looks at it, and the attacker's tools.

use kiff::{
    Answer, Authority, Blocking, Domain, NewEvent, Outcome, Param, Proposal, Receipt, Runtime, Value,
    domain::{Call, Contract, Definition, Machine},
    keys::Ed25519Signer,
    ledger::{Ed25519LogSigner, LogSigner},
    log::{ProofBuilder, SignedCheckpoint, VerifierKey, verify_consistency},
    record::Digest,
    replay,
    testing::{FixedIds, ManualClock},
};
use std::{collections::BTreeMap, time::Duration};

pub(crate) const START: &str = "2026-05-24T09:50:18.431Z";

/// What is told of the three orders. The same story gives the same bytes.
pub(crate) struct Story {
    pub(crate) tenant: &'static str,
    pub(crate) start: &'static str,
    /// What is refunded of each order, in cents.
    pub(crate) cents: [u64; 3],
}

pub(crate) const TRUE: Story = Story { tenant: "shop", start: START, cents: [2_000, 99_900, 500] };

/// A log that was told, and what others hold of it.
pub(crate) struct Told {
    pub(crate) rt: Blocking,
    pub(crate) lines: Vec<String>,
    /// The head behind the second order.
    pub(crate) early: SignedCheckpoint,
    /// The head of the whole log.
    pub(crate) late: SignedCheckpoint,
    /// For each order, that of its clearance.
    pub(crate) receipts: Vec<Receipt>,
}

pub(crate) fn domain() -> Domain {
    let contract = Contract::new("REFUND", "order")
        .allowed_states(["PAID"])
        .approval_when("amount_above_threshold", "orders.approve")
        .param("cents", u64::KIND)
        .emits(["REFUNDED"]);
    let refund = Definition::new(contract)
        .try_approval_when("amount_above_threshold", |at| Ok(at.param::<u64>("cents")? > 10_000))
        .executor(|_: Call<'_>| Ok(Outcome::new("paid back").emit("REFUNDED")));
    let machine = Machine::new("order").starts("PAID", "PAID").moves("PAID", "REFUNDED", "REFUNDED");
    Domain::builder("shop", "v1").table(machine).define(refund).role("approver", ["orders.approve"]).build().unwrap()
}

/// An empty shop of this tenant.
pub(crate) fn shop(tenant: &str, clock: &ManualClock) -> Blocking {
    let builder = Runtime::builder(domain()).tenant(tenant).clock(clock.clone()).ids(FixedIds::default());
    builder.signer(Ed25519Signer::from_seed(&[1; 32])).build().unwrap().blocking()
}

pub(crate) fn tell(story: &Story) -> Told {
    let clock = ManualClock::at(story.start.parse().unwrap());
    let rt = shop(story.tenant, &clock);
    let mut receipts = vec![refund(&rt, 1, story.cents[0])];
    clock.advance(Duration::from_secs(60));
    receipts.push(refund(&rt, 2, story.cents[1]));
    let early = head(&rt);
    clock.advance(Duration::from_secs(60));
    receipts.push(refund(&rt, 3, story.cents[2]));
    let late = head(&rt);
    Told { lines: lines(&rt), rt, early, late, receipts }
}

/// Pays an order and pays it back, with a person's consent if it must be.
pub(crate) fn refund(rt: &Blocking, number: usize, cents: u64) -> Receipt {
    let order = format!("order:o_{number}");
    let paid = NewEvent::new(format!("evt_{number}"), "PAID").payload(Value::object([("amount", "999.00")]));
    rt.ingest(&Authority::service("stripe").unwrap(), &order, paid).unwrap().accepted().unwrap();
    let agent = Authority::agent("bot", [""; 0]).unwrap();
    let answer = rt.execute(&agent, Proposal::new("REFUND", &order).param("cents", cents)).unwrap();
    let answer = match answer {
        Answer::Held(held) => {
            let reviewer = Authority::human("kim", ["approver"]).unwrap();
            let _ = rt.grant(&reviewer, held.approval_id, "seen").unwrap().recorded().unwrap();
            rt.resume(held.approval_id).unwrap()
        }
        answer => answer,
    };
    answer.executed().unwrap().receipt.unwrap()
}

fn log_signer() -> Ed25519LogSigner {
    Ed25519LogSigner::new("kiff.dev/log/shop", Ed25519Signer::from_seed(&[2; 32])).unwrap()
}

pub(crate) fn log_key() -> VerifierKey {
    log_signer().verifier_key().clone()
}

pub(crate) fn ledger(rt: &Blocking) -> kiff::ledger::LedgerBuilder {
    rt.runtime().ledger(log_signer())
}

pub(crate) fn head(rt: &Blocking) -> SignedCheckpoint {
    ledger(rt).open_blocking().unwrap().checkpoint().unwrap().checkpoint
}

pub(crate) fn lines(rt: &Blocking) -> Vec<String> {
    String::from_utf8(rt.export().unwrap()).unwrap().lines().map(str::to_owned).collect()
}

/// What the log says of itself: the first fault, or that it holds.
pub(crate) fn alone(lines: &[String]) -> String {
    replay::verify(lines.join("\n").as_bytes())
        .faults
        .first()
        .map_or_else(|| "holds".to_owned(), |fault| fault.reason.to_string())
}

/// What the log is to somebody who has kept a head of it.
pub(crate) fn against(held: &SignedCheckpoint, lines: &[String]) -> String {
    let old = held.unverified().head();
    let mut builder = ProofBuilder::consistency(old.size);
    lines.iter().for_each(|line| builder.append(leaf(line)));
    let now = builder.head();
    let shown = builder.proof().and_then(|proof| verify_consistency(&old, &now, &proof));
    shown.map_or_else(|error| error.code().to_string(), |()| "holds".to_owned())
}

/// A record that was erased leaves its hash.
pub(crate) fn leaf(line: &str) -> Digest {
    line.parse().unwrap_or_else(|_| Digest::leaf(line.as_bytes()))
}

/// What a ledger says that is opened on such a log, with the head at hand.
pub(crate) fn opened_with(held: &SignedCheckpoint, lines: &[String]) -> String {
    let rt = shop("shop", &ManualClock::at(START.parse().unwrap()));
    let _ = rt.import_from(lines.join("\n").as_bytes()).unwrap();
    ledger(&rt)
        .since(held.clone())
        .open_blocking()
        .map_or_else(|error| error.code().to_string(), |_| "holds".to_owned())
}

/// The index of the record of this kind and order.
pub(crate) fn find(lines: &[String], kind: &str, number: usize) -> usize {
    let (kind, entity) = (format!("\"kind\":\"{kind}\""), format!("\"entity\":\"order:o_{number}\""));
    lines.iter().position(|line| line.contains(&kind) && line.contains(&entity)).unwrap()
}

/// The log with one record changed, and nothing else.
pub(crate) fn with(lines: &[String], place: usize, from: &str, to: &str) -> Vec<String> {
    let mut lines = lines.to_vec();
    let changed = lines[place].replace(from, to);
    assert_ne!(changed, lines[place], "{from}");
    lines[place] = changed;
    lines
}

/// Numbers and chains all records anew, as whoever owns the database can.
pub(crate) fn chained(mut lines: Vec<String>) -> Vec<String> {
    let mut ends: BTreeMap<String, (u64, Digest)> = BTreeMap::new();
    for line in &mut lines {
        let stream = member(line, "\"tenant\":\"").to_owned() + member(line, "\"entity\":\"");
        let end = ends.entry(stream).or_insert((0, Digest::ZERO));
        let number = line.rfind("\"entity_seq\":").unwrap() + "\"entity_seq\":".len();
        let rest = number + line[number..].find(',').unwrap();
        line.replace_range(number..rest, &(end.0 + 1).to_string());
        let prev = line.rfind("\"prev\":\"").unwrap() + "\"prev\":\"".len();
        let rest = prev + line[prev..].find('"').unwrap();
        line.replace_range(prev..rest, &end.1.to_string());
        *end = (end.0 + 1, Digest::leaf(line.as_bytes()));
    }
    lines
}

/// The text behind the last place where `before` stands. The envelope's members are the last.
pub(crate) fn member<'a>(line: &'a str, before: &str) -> &'a str {
    line[line.rfind(before).unwrap() + before.len()..].split('"').next().unwrap()
}
