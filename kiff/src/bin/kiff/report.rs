//! What was proved, what was not, and what was refused: as lines, or as one JSON object.

use super::{
    Ended,
    files::Trouble,
    out::{self, Out},
};
use kiff::{Value, replay::Fault};

/// A JSON report is held in memory; a log without one sound record would fill it.
const MOST_LISTED: usize = 1_000;

/// Gathers what a verification finds. Lines are printed as they are found, JSON at the end.
#[derive(Debug)]
pub(super) struct Report {
    out: Out,
    is_json: bool,
    proved: Vec<(&'static str, String)>,
    not_proved: Vec<(&'static str, String)>,
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

    /// Something that holds, by a stable word and in words.
    pub(super) fn proved(&mut self, item: &'static str, text: impl Into<String>) {
        self.proved.push((item, text.into()));
    }

    /// Something that a reader might take for proved, and that is not.
    pub(super) fn not_proved(&mut self, item: &'static str, text: impl Into<String>) {
        self.not_proved.push((item, text.into()));
    }

    pub(super) fn count(&mut self, what: &'static str, number: u64) {
        self.counts.push((what, number));
    }

    /// Evidence that is refused: its stable word, and why.
    pub(super) fn refuse(&mut self, reason: impl AsRef<str>, detail: &str) -> Result<(), Trouble> {
        self.refused_count += 1;
        if !self.is_json {
            return self.out.refused(reason, detail);
        }
        if self.refused.len() < MOST_LISTED {
            self.refused.push(Value::object([("detail", detail), ("reason", reason.as_ref())]));
        }
        Ok(())
    }

    /// A record that does not hold.
    pub(super) fn fault(&mut self, fault: &Fault) -> Result<(), Trouble> {
        self.fault_at(fault.index, &fault.entity, &fault.reason, &fault.detail)
    }

    pub(super) fn fault_at(
        &mut self,
        index: u64,
        entity: &str,
        reason: impl AsRef<str>,
        detail: &str,
    ) -> Result<(), Trouble> {
        self.fault_count += 1;
        if !self.is_json {
            return self.out.fault(index, entity, reason, detail);
        }
        if self.faults.len() < MOST_LISTED {
            self.faults.push(Value::object([
                ("detail", Value::from(detail)),
                ("entity", Value::from(entity)),
                ("index", Value::from(index)),
                ("reason", Value::from(reason.as_ref())),
            ]));
        }
        Ok(())
    }

    /// How many records do not hold.
    pub(super) const fn faults(&self) -> u64 {
        self.fault_count
    }

    pub(super) fn end(mut self) -> Result<Ended, Trouble> {
        let ended = match self.refused_count + self.fault_count {
            0 => Ended::Well,
            _ => Ended::Refused,
        };
        match self.is_json {
            true => self.write_json(ended)?,
            false => self.write_lines(ended)?,
        }
        self.out.flush()?;
        Ok(ended)
    }

    fn write_lines(&mut self, ended: Ended) -> Result<(), Trouble> {
        for (_, text) in &self.proved {
            self.out.line(&format!("proved: {text}"))?;
        }
        for (_, text) in &self.not_proved {
            self.out.line(&format!("not proved: {text}"))?;
        }
        // Whoever forges a bundle signs it with keys of their own, and puts those in.
        let is_own_word = self.not_proved.iter().any(|(item, _)| matches!(*item, "log_key" | "receipt_keys"));
        self.out.line(match ended {
            Ended::Well if is_own_word => "verified, by keys that came with the evidence",
            Ended::Well => "verified",
            Ended::Refused => "not verified",
        })
    }

    fn write_json(&mut self, ended: Ended) -> Result<(), Trouble> {
        let items = |items: &[(&'static str, String)]| {
            let object = |(item, text): &(&str, String)| Value::object([("item", *item), ("text", text)]);
            Value::from(items.iter().map(object).collect::<Vec<_>>())
        };
        let left_out = |count: u64, listed: &[Value]| Value::from(count.saturating_sub(listed.len() as u64));
        let members = [
            ("faults_left_out", left_out(self.fault_count, &self.faults)),
            ("faults", Value::from(std::mem::take(&mut self.faults))),
            ("format", Value::from("kiff-verification/1")),
            ("not_proved", items(&self.not_proved)),
            ("proved", items(&self.proved)),
            ("refused_left_out", left_out(self.refused_count, &self.refused)),
            ("refused", Value::from(std::mem::take(&mut self.refused))),
            ("verified", Value::from(ended == Ended::Well)),
        ];
        let counts = self.counts.iter().map(|(what, number)| (*what, Value::from(*number)));
        let json = Value::object(members.into_iter().chain(counts)).to_string();
        self.out.raw(&format!("{}\n", out::shown_json(&json)))
    }
}
