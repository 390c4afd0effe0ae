//! Compares what a process acknowledged with what it left: the log, and the ledger of the bank.

use crate::{folder::Folder, process::run};
use kiff::{Authority, Blocking, Domain, replay};
use kiff_tests::crash::{Line, Payment, domain};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What one execution came to, by the log.
#[derive(Debug, Default)]
struct Execution {
    action: String,
    /// The attempts that were recorded before they started.
    attempts: u32,
    /// The words of everything that was recorded of its end, in order.
    ends: Vec<&'static str>,
    is_open: bool,
}

/// A log, read without kiff's own reader.
#[derive(Debug, Default)]
pub(crate) struct Log {
    executions: BTreeMap<String, Execution>,
    /// Pairs of kind and id: of event, approval, key or call.
    facts: BTreeSet<(&'static str, String)>,
    entities: BTreeSet<String>,
}

impl Log {
    pub(crate) fn read(text: &[u8]) -> Self {
        let mut log = Self::default();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            log.take(&serde_json::from_slice(line).unwrap());
        }
        log
    }

    fn take(&mut self, record: &Value) {
        let body = &record["body"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.entities.insert(text(&record["entity"]));
        self.facts.insert(("call", text(&record["trace_id"])));
        for (name, what) in [("event_id", "event"), ("idempotency_key", "key")] {
            self.facts.insert((what, text(&body[name])));
        }
        let approval = text(&body["approval_id"]);
        let execution = self.executions.entry(text(&body["execution_id"])).or_default();
        match record["kind"].as_str().unwrap() {
            "approval_required" => drop(self.facts.insert(("held", approval))),
            "approval_granted" => drop(self.facts.insert(("granted", approval))),
            "action_validated" => {
                assert_eq!(execution.attempts, 0, "cleared twice: {record}");
                *execution =
                    Execution { action: text(&body["action"]), attempts: 1, is_open: true, ..Default::default() };
            }
            "execution_retried" => execution.attempts += 1,
            "action_unknown" => execution.ends.push("in_doubt"),
            "action_executed" => execution.end("executed"),
            "action_failed" => execution.end("failed"),
            "execution_resolved" if body["result"] == "succeeded" => execution.end("executed"),
            "execution_resolved" => execution.end("failed"),
            "outcome_conflict" => panic!("an attempt that was taken for dead has ended: {record}"),
            _ => {}
        }
    }

    /// The executions that were cleared and have no outcome.
    pub(crate) fn in_doubt(&self) -> BTreeSet<String> {
        self.executions.iter().filter(|(_, it)| it.is_open).map(|(id, _)| id.clone()).collect()
    }

    /// Everything that was acknowledged is there, with that outcome.
    pub(crate) fn has(&self, told: &[Line]) -> Result<(), String> {
        let is_there = |line: &Line| {
            let Line::Acknowledged { word, entity, id, trace, key } = line else { return true };
            let knows = |what, name: &String| name == "-" || self.facts.contains(&(what, name.clone()));
            let ended = |end| self.executions.get(id).is_some_and(|it| it.ends.iter().any(|it| it == end));
            // Of a refusal without a permission only the call is recorded, and not with the entity.
            let is_blocked = word == "blocked";
            knows("call", trace)
                && (is_blocked || knows("key", key) && self.entities.contains(entity))
                && match word.as_str() {
                    "ingested" => self.facts.contains(&("event", id.clone())),
                    "held" => self.facts.contains(&("held", id.clone())),
                    "granted" => self.facts.contains(&("granted", id.clone())),
                    "executed" | "failed" | "in_doubt" => ended(word),
                    "unfinished" => self.executions.contains_key(id),
                    "blocked" => true,
                    word => panic!("what is `{word}`?"),
                }
        };
        match told.iter().find(|line| !is_there(line)) {
            Some(line) => Err(format!("acknowledged and not in the log: {line:?}")),
            None => Ok(()),
        }
    }

    /// No payment without a clearance before it, none twice without a retry, and none that the log denies.
    pub(crate) fn agrees_with(&self, payments: &[Payment]) -> Result<(), String> {
        let mut asked: BTreeMap<&str, Vec<&Payment>> = BTreeMap::new();
        for payment in payments {
            asked.entry(&payment.execution).or_default().push(payment);
        }
        for (id, payments) in &asked {
            let cleared = self.executions.get(*id).filter(|it| it.attempts > 0);
            let cleared = cleared.ok_or_else(|| format!("paid without a clearance: {payments:?}"))?;
            let mut attempts: Vec<u32> = payments.iter().map(|payment| payment.attempt).collect();
            attempts.sort_unstable();
            attempts.dedup();
            if attempts.len() < payments.len() || attempts.last() > Some(&cleared.attempts) {
                return Err(format!("more payments than attempts in the log: {payments:?}, {cleared:?}"));
            }
            if cleared.attempts > 1 && cleared.action != "PAY_REPEATABLY" {
                return Err(format!("a retry of what must not be retried: {cleared:?}"));
            }
            if payments.iter().filter(|payment| payment.moved).count() != 1 {
                return Err(format!("money moved twice: {payments:?}"));
            }
        }
        for (id, execution) in &self.executions {
            let is_paid = asked.contains_key(id.as_str());
            let is_wrong = match execution.ends.last() {
                Some(&"executed") => !is_paid && execution.action != "NOTE",
                Some(&"failed") => is_paid,
                _ => false,
            };
            if is_wrong {
                return Err(format!("the log and the ledger differ on {id}: {execution:?}, paid: {is_paid}"));
            }
        }
        Ok(())
    }
}

impl Execution {
    fn end(&mut self, word: &'static str) {
        self.ends.push(word);
        self.is_open = false;
    }
}

/// What must hold of the log that a process left, and of its payments.
pub(crate) fn judge_log(rt: &Blocking, told: &[Line], payments: &[Payment]) -> Result<Log, String> {
    let text = rt.export().map_err(|error| error.to_string())?;
    let report = replay::verify_with(&rules(), &text);
    if !report.holds() {
        return Err(report.to_string());
    }
    let log = Log::read(&text);
    log.has(told)?;
    log.agrees_with(payments)?;
    Ok(log)
}

/// The same, and what the runtime makes of it.
pub(crate) fn judge(rt: &Blocking, told: &[Line], payments: &[Payment]) -> Result<Log, String> {
    let log = judge_log(rt, told, payments)?;
    let doubts: BTreeSet<String> = rt.in_doubt().unwrap().iter().map(|doubt| doubt.execution_id.to_string()).collect();
    if doubts != log.in_doubt() {
        return Err(format!("in doubt are {:?}, and told were {doubts:?}", log.in_doubt()));
    }
    for entity in &log.entities {
        // So that the runtime holds a view to compare with.
        let _ = rt
            .allowed_actions(&Authority::agent("clerk", ["clerk"]).unwrap(), entity)
            .map_err(|error| error.to_string())?;
        let rebuild = rt.rebuild(entity).map_err(|error| error.to_string())?;
        if !rebuild.matches() {
            return Err(format!("{entity}: {rebuild}"));
        }
    }
    Ok(log)
}

/// The rules of the process.
pub(crate) fn rules() -> Domain {
    domain().unwrap()
}

#[test]
fn the_judge_finds_what_is_wrong() {
    let mut folder = Folder::new();
    let heard = run(&folder.order(1, 1, None));
    let (rt, payments) = (folder.open().unwrap(), folder.payments());
    let verdict = |told: &[Line], payments: &[Payment]| judge(&rt, told, payments).err().unwrap_or_default();
    assert_eq!(verdict(&heard.lines, &payments), "");
    let never = |word: &str| Line::acknowledged(word, "payout:none", "exec_none".to_owned(), None, "-");
    for word in ["ingested", "held", "granted", "executed", "failed", "in_doubt", "unfinished"] {
        assert!(verdict(&[never(word)], &payments).starts_with("acknowledged and not in the log"), "{word}");
    }
    let Payment { execution, attempt, .. } = payments[0].clone();
    let paid = |execution: &str, attempt, moved| Payment { execution: execution.to_owned(), attempt, moved };
    let cases = [
        (paid("exec_none", 1, true), "paid without a clearance"),
        (paid(&execution, attempt, false), "more payments than attempts"),
        (paid(&execution, attempt + 1, false), "more payments than attempts"),
    ];
    for (payment, fault) in cases {
        let told = verdict(&[], &[payments.clone(), vec![payment]].concat());
        assert!(told.starts_with(fault), "{told}");
    }
    assert!(verdict(&[], &payments[1..]).starts_with("the log and the ledger differ"));
}
