//! Checks a log line by line, in memory that grows with its entities and not with its records.

use super::{
    entity_end::{EntityEnd, Followed},
    report::{Fault, Mismatch, Report},
    stream::{Stream, StreamKey},
};
use crate::{
    base::{code::Code, digest::Digest},
    domain::Domain,
    kernel::record::{Record, RecordBytes, RecordError, body::Body},
};
use std::collections::{BTreeMap, HashMap};

/// Checks a log as [`verify`](super::verify) does, but one line at a time. Use it for a log that is larger than memory.
///
/// It keeps what is open of each entity, and the hash of each erased record.
///
/// ```
/// use kiff::replay::LogVerifier;
///
/// let mut verifier = LogVerifier::new();
/// let fault = verifier.take(b"not a record").fault.ok_or("no fault")?;
/// assert_eq!(fault.index, 0);
/// assert_eq!(fault.reason, "not_a_record");
/// assert_eq!(verifier.finish().records, 1);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Default)]
pub struct LogVerifier<'a> {
    domain: Option<&'a Domain>,
    streams: BTreeMap<StreamKey, Stream>,
    /// The leaf hashes of the erased records, with their indices.
    pruned: HashMap<Digest, u64>,
    /// The stream of the line before, if that line is a proposal.
    undecided: Option<StreamKey>,
    records: u64,
    pruned_lines: u64,
}

/// A checked line of a log.
#[non_exhaustive]
#[derive(Debug)]
pub struct Line {
    /// The index of the line in the log, counted from 0.
    pub index: u64,
    /// The leaf hash in the tree of the log. An erased record keeps it.
    pub leaf: Digest,
    /// The record; `None` if it was erased or cannot be read.
    pub record: Option<Record>,
    /// The fault of the line. A stream is not followed beyond its first fault.
    pub fault: Option<Fault>,
}

impl<'a> LogVerifier<'a> {
    /// Checks a log without a domain.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks a log, and recomputes every step and every fact with the domain's machines.
    #[must_use]
    pub fn with(domain: &'a Domain) -> Self {
        Self { domain: Some(domain), ..Self::default() }
    }

    /// Checks the next line, given without its newline.
    pub fn take(&mut self, line: &[u8]) -> Line {
        let index = self.records;
        self.records += 1;
        if let Some(leaf) = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()) {
            self.pruned_lines += 1;
            self.pruned.insert(leaf, index);
            self.lose_decision();
            return Line { index, leaf, record: None, fault: None };
        }
        self.undecided = None;
        let bytes = RecordBytes::from(line);
        match Record::parse(bytes.clone()) {
            Ok(record) => {
                if matches!(record.body, Body::DecisionRecorded(_)) {
                    self.undecided = Some(key_of(&record));
                }
                let fault = self.follow(&record).err().map(|mismatch| Fault {
                    index,
                    entity: record.entity().to_string(),
                    reason: mismatch.reason,
                    detail: mismatch.detail,
                });
                Line { index, leaf: record.leaf(), record: Some(record), fault }
            }
            Err(error) => {
                let fault = self.reject(index, &bytes, &error);
                Line { index, leaf: Digest::leaf(line), record: None, fault }
            }
        }
    }

    /// The index of the erased record with this leaf hash.
    #[must_use]
    pub fn pruned(&self, leaf: &Digest) -> Option<u64> {
        self.pruned.get(leaf).copied()
    }

    /// Where the log so far leaves each entity, ordered by tenant and entity.
    pub fn entities(&self) -> impl Iterator<Item = EntityEnd> {
        self.streams.iter().map(|(key, stream)| stream.end(key))
    }

    /// Ends the log. The report has only the faults that show at the end; the others were in their lines.
    #[must_use]
    pub fn finish(&self) -> Report {
        let torn = self.streams.iter().filter(|(_, stream)| stream.is_torn());
        let fault = |((_, entity), _): (&StreamKey, _)| Fault {
            index: self.records,
            entity: entity.to_string(),
            reason: Code::fixed("proposal_unpaired"),
            detail: "the log ends between a proposal and its decision".to_owned(),
        };
        Report {
            records: self.records,
            pruned: self.pruned_lines,
            entities: self.streams.len() as u64,
            faults: torn.map(fault).collect(),
        }
    }

    /// A decision is appended together with its proposal, so an erased line after a proposal was its decision.
    fn lose_decision(&mut self) {
        if let Some(stream) = self.undecided.take().and_then(|key| self.streams.get_mut(&key)) {
            stream.lose_content();
        }
    }

    /// Stops following the stream of a record that cannot be read or is of an unknown kind. Returns no fault if the
    /// stream had one already.
    fn reject(&mut self, index: u64, bytes: &RecordBytes, error: &RecordError) -> Option<Fault> {
        let key = Record::entity_of(bytes);
        if let Some(stream) = key.as_ref().and_then(|key| self.streams.get_mut(key)) {
            if stream.followed() == Followed::ToFault {
                return None;
            }
            stream.stop();
        }
        let detail = match error {
            RecordError::Json(faults) => faults.to_string(),
            error => error.to_string(),
        };
        let entity = key.map_or_else(String::new, |(_, entity)| entity.to_string());
        Some(Fault { index, entity, reason: error.code(), detail })
    }

    fn follow(&mut self, record: &Record) -> Result<(), Mismatch> {
        let follows_erased = self.pruned.contains_key(&record.prev());
        let domain = self.domain;
        let key = key_of(record);
        let stream = self.streams.entry(key).or_insert_with_key(|key| Stream::new(domain, key.clone()));
        if stream.followed() == Followed::ToFault {
            return Ok(());
        }
        if follows_erased {
            stream.skip_erased(record);
        }
        stream.follow(domain, record).inspect_err(|_| stream.stop())
    }
}

fn key_of(record: &Record) -> StreamKey {
    (record.tenant().clone(), record.entity().clone())
}
