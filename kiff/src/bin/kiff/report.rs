//! Reports what was proved, what was not, and what was refused, as lines or as one JSON object.

use super::{
    out::{self, Out},
    status::{CommandError, Status},
};
use kiff::{Value, replay::Fault};

/// The most refusals, and the most faults, in a JSON report. The report is held in memory, which a log of faulty
/// records would fill.
const MAX_LISTED: usize = 1_000;

/// A claim that was proved or not proved, by a stable word and in words.
#[derive(Debug)]
struct Item {
    item: &'static str,
    text: String,
}

/// Collects the findings of a verification. Refusals are printed as lines when they are found, and JSON at the end.
#[derive(Debug)]
pub(super) struct Report {
    out: Out,
    is_json: bool,
    proved: Vec<Item>,
    not_proved: Vec<Item>,
    refused: Vec<Value>,
    faults: Vec<Value>,
    counts: Vec<(&'static str, u64)>,
    refused_count: u64,
    fault_count: u64,
}

impl Report {
    pub(super) fn new(is_json: bool) -> Self {
        Self {
            out: Out::new(),
            is_json,
            proved: Vec::new(),
            not_proved: Vec::new(),
            refused: Vec::new(),
            faults: Vec::new(),
            counts: Vec::new(),
            refused_count: 0,
            fault_count: 0,
        }
    }

    /// Adds a claim that holds.
    pub(super) fn proved(&mut self, item: &'static str, text: impl Into<String>) {
        self.proved.push(Item { item, text: text.into() });
    }

    /// Adds a claim that a reader might take for proved, and that is not.
    pub(super) fn not_proved(&mut self, item: &'static str, text: impl Into<String>) {
        self.not_proved.push(Item { item, text: text.into() });
    }

    pub(super) fn count(&mut self, member: &'static str, number: u64) {
        self.counts.push((member, number));
    }

    /// Adds a refusal: its stable word, and an explanation.
    pub(super) fn refuse(&mut self, reason: impl AsRef<str>, detail: &str) -> Result<(), CommandError> {
        self.refused_count += 1;
        if !self.is_json {
            return self.out.refused(reason, detail);
        }
        if self.refused.len() < MAX_LISTED {
            self.refused.push(Value::object([("detail", detail), ("reason", reason.as_ref())]));
        }
        Ok(())
    }

    /// Adds a faulty record.
    pub(super) fn fault(&mut self, fault: &Fault) -> Result<(), CommandError> {
        self.fault_at(fault.index, &fault.entity, &fault.reason, &fault.detail)
    }

    pub(super) fn fault_at(
        &mut self,
        index: u64,
        entity: &str,
        reason: impl AsRef<str>,
        detail: &str,
    ) -> Result<(), CommandError> {
        self.fault_count += 1;
        if !self.is_json {
            return self.out.fault_at(index, entity, reason, detail);
        }
        if self.faults.len() < MAX_LISTED {
            self.faults.push(Value::object([
                ("detail", Value::from(detail)),
                ("entity", Value::from(entity)),
                ("index", Value::from(index)),
                ("reason", Value::from(reason.as_ref())),
            ]));
        }
        Ok(())
    }

    /// The number of faulty records.
    pub(super) const fn faults(&self) -> u64 {
        self.fault_count
    }

    pub(super) fn end(mut self) -> Result<Status, CommandError> {
        let status = Status::of(self.refused_count + self.fault_count);
        if self.is_json {
            self.write_json(status)?;
        } else {
            self.write_lines(status)?;
        }
        self.out.flush()?;
        Ok(status)
    }

    fn write_lines(&mut self, status: Status) -> Result<(), CommandError> {
        for Item { text, .. } in &self.proved {
            self.out.line(&format!("proved: {text}"))?;
        }
        for Item { text, .. } in &self.not_proved {
            self.out.line(&format!("not proved: {text}"))?;
        }
        // A forger of a bundle signs it with other keys, and puts those into the bundle.
        let trusts_bundle = self.not_proved.iter().any(|claim| matches!(claim.item, "log_key" | "receipt_keys"));
        self.out.line(match status {
            Status::Success if trusts_bundle => "verified, but only by keys that came with the evidence",
            Status::Success => "verified",
            Status::Refused => "not verified",
        })
    }

    fn write_json(&mut self, status: Status) -> Result<(), CommandError> {
        let object = |claim: &Item| Value::object([("item", claim.item), ("text", &claim.text)]);
        let items = |claims: &[Item]| Value::from(claims.iter().map(object).collect::<Vec<_>>());
        let left_out = |count: u64, listed: &[Value]| Value::from(count.saturating_sub(listed.len() as u64));
        let members = [
            ("faults_left_out", left_out(self.fault_count, &self.faults)),
            ("faults", Value::from(std::mem::take(&mut self.faults))),
            ("format", Value::from("kiff-verification/1")),
            ("not_proved", items(&self.not_proved)),
            ("proved", items(&self.proved)),
            ("refused_left_out", left_out(self.refused_count, &self.refused)),
            ("refused", Value::from(std::mem::take(&mut self.refused))),
            ("verified", Value::from(status == Status::Success)),
        ];
        let counts = self.counts.iter().map(|(member, number)| (*member, Value::from(*number)));
        let json = Value::object(members.into_iter().chain(counts)).to_string();
        self.out.raw(&format!("{}\n", out::escape_json(&json)))
    }
}
