//! A batch as rows for the tables.

use super::{
    error::int,
    read::{claim_text, kind_text, mark_text},
    statements::Statements,
};
use crate::{
    kernel::record::{Claim, IndexEntry, Mark, Record, index_of},
    store::{Batch, Part},
};
use sqlx::{Postgres, postgres::PgArguments, query::Query};
use std::collections::{BTreeMap, HashSet};

/// A batch as the columns that the append's statement takes. Made once, bound at each try.
pub(super) struct Rows<'a> {
    batch: &'a Batch,
    /// In the order of their names, in which all batches lock them.
    parts: Vec<&'a Part>,
    locked: Heads<'a>,
    /// In the batch's own order.
    written: Heads<'a>,
    streams: Vec<&'a str>,
    seqs: Vec<i64>,
    bytes: Vec<&'a [u8]>,
    claims: Claims<'a>,
    marks: Marks<'a>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(batch: &'a Batch) -> Self {
        let mut parts: Vec<_> = batch.parts().iter().collect();
        parts.sort_unstable_by_key(|part| part.stream().as_str());
        let written: Vec<_> = batch.parts().iter().filter(|part| !part.records().is_empty()).collect();
        let mut rows = Self {
            batch,
            locked: Heads::of(&parts),
            parts,
            written: Heads::of(&written),
            streams: Vec::new(),
            seqs: Vec::new(),
            bytes: Vec::new(),
            claims: Claims::default(),
            marks: Marks::default(),
        };
        let mut ends = BTreeMap::new();
        for record in batch.parts().iter().flat_map(Part::records) {
            rows.streams.push(record.entity().as_str());
            rows.seqs.push(int(record.entity_seq()));
            rows.bytes.push(record.bytes());
            rows.index(record, &mut ends);
        }
        rows.finish(ends);
        rows
    }

    /// The part at a place among those that were locked.
    pub(super) fn part(&self, place: usize) -> Option<&'a Part> {
        self.parts.get(place).copied()
    }

    /// The claim at a place among those that the batch makes.
    pub(super) fn claim(&self, place: usize) -> Option<&Claim> {
        self.claims.claims.get(place)
    }

    /// True if the batch goes after one stream's head and does not touch older rows.
    pub(super) fn are_usual(&self) -> bool {
        let is_one = self.parts.len() == 1 && self.written.streams.len() == 1;
        is_one && self.claims.twice.is_none() && self.marks.shut.is_empty() && self.marks.settled.is_empty()
    }

    /// The statement of the usual batch with its parameters, in the order of their numbers.
    pub(super) fn usual(&self, statements: &Statements) -> Query<'static, Postgres, PgArguments> {
        let query = statements.append.query().bind(self.batch.tenant().as_str());
        let query = query.bind(self.written.streams.first().copied());
        let query = query.bind(self.written.expected.first().copied()).bind(self.written.heads.first().copied());
        let query = query.bind(&self.seqs).bind(&self.bytes).bind(&self.claims.texts).bind(&self.claims.seqs);
        let query = query.bind(&self.marks.ids).bind(&self.marks.kinds).bind(&self.marks.seqs);
        query.bind(statements.durability.as_str())
    }

    /// The statement of any batch with its parameters, in the order of their numbers.
    pub(super) fn careful(&self, statements: &Statements) -> Query<'static, Postgres, PgArguments> {
        let query = statements.append_carefully.query().bind(self.batch.tenant().as_str());
        let query = query.bind(&self.locked.streams).bind(&self.locked.expected).bind(&self.locked.heads);
        let query = query.bind(&self.written.streams).bind(&self.written.expected).bind(&self.written.heads);
        let query = query.bind(&self.streams).bind(&self.seqs).bind(&self.bytes);
        let query = query.bind(&self.claims.texts).bind(&self.claims.streams).bind(&self.claims.seqs);
        let query = query.bind(&self.claims.closed).bind(self.claims.twice.map(place_of));
        let query = query.bind(&self.marks.ids).bind(&self.marks.kinds).bind(&self.marks.streams);
        let query = query.bind(&self.marks.seqs).bind(&self.marks.moved).bind(&self.marks.shut);
        query.bind(&self.marks.settled).bind(&self.marks.closed).bind(statements.durability.as_str())
    }

    /// Follows what a record claims, opens and closes.
    fn index(&mut self, record: &'a Record, ends: &mut BTreeMap<Mark, End<'a>>) {
        for entry in index_of(record) {
            match entry {
                IndexEntry::Claim(claim) => self.claims.push(record, claim),
                IndexEntry::Open(mark) => {
                    let end = ends.entry(mark).or_default();
                    end.open.get_or_insert(record);
                    end.closed = None;
                }
                IndexEntry::Close(mark) => {
                    ends.insert(mark, End { open: None, shut: true, closed: Some(record.entity_seq()) });
                }
            }
        }
    }

    /// Takes what the batch leaves of each mark: only the end of it is written.
    fn finish(&mut self, ends: BTreeMap<Mark, End<'a>>) {
        for (mark, end) in ends {
            let claim = claim_text(&Claim::from(mark));
            let closed = end.closed.map(int);
            // A claim of this very batch is written with its end; no statement changes a row twice.
            match self.claims.texts.iter().position(|text| *text == claim) {
                Some(place) => self.claims.closed.get_mut(place).into_iter().for_each(|cell| *cell = closed),
                None => {
                    self.marks.settled.push(claim);
                    self.marks.closed.push(closed);
                }
            }
            match end.open {
                Some(record) => self.marks.open(mark, record, end.shut),
                None => self.marks.shut.push(mark_text(mark)),
            }
        }
    }
}

/// A place as the database counts it: from 1.
fn place_of(index: usize) -> i32 {
    i32::try_from(index).map_or(i32::MAX, |index| index.saturating_add(1))
}

/// Streams with the sequences before and after the batch.
struct Heads<'a> {
    streams: Vec<&'a str>,
    expected: Vec<i64>,
    heads: Vec<i64>,
}

impl<'a> Heads<'a> {
    fn of(parts: &[&'a Part]) -> Self {
        let head = |part: &&Part| int(part.records().last().map_or(part.expected(), Record::entity_seq));
        Self {
            streams: parts.iter().map(|part| part.stream().as_str()).collect(),
            expected: parts.iter().map(|part| int(part.expected())).collect(),
            heads: parts.iter().map(head).collect(),
        }
    }
}

#[derive(Default)]
struct Claims<'a> {
    claims: Vec<Claim>,
    texts: Vec<String>,
    streams: Vec<&'a str>,
    seqs: Vec<i64>,
    closed: Vec<Option<i64>>,
    known: HashSet<String>,
    /// Where the batch makes a claim that it made before, so that it can only be refused.
    twice: Option<usize>,
}

impl<'a> Claims<'a> {
    fn push(&mut self, record: &'a Record, claim: Claim) {
        let text = claim_text(&claim);
        if !self.known.insert(text.clone()) {
            self.twice.get_or_insert(self.claims.len());
        }
        self.claims.push(claim);
        self.texts.push(text);
        self.streams.push(record.entity().as_str());
        self.seqs.push(int(record.entity_seq()));
        self.closed.push(None);
    }
}

/// The state in which a batch leaves a mark.
#[derive(Default)]
struct End<'a> {
    /// The record that opened it, after the last one that closed it.
    open: Option<&'a Record>,
    /// True if a record closed it, so that what opened it before the batch counts no more.
    shut: bool,
    /// The record that closed it last, if none opened it again.
    closed: Option<u64>,
}

#[derive(Default)]
struct Marks<'a> {
    ids: Vec<String>,
    kinds: Vec<&'static str>,
    streams: Vec<&'a str>,
    seqs: Vec<i64>,
    /// Those that take a new place where they are open already. Any other one keeps its place.
    moved: Vec<String>,
    shut: Vec<String>,
    settled: Vec<String>,
    closed: Vec<Option<i64>>,
}

impl<'a> Marks<'a> {
    fn open(&mut self, mark: Mark, record: &'a Record, shut: bool) {
        let id = mark_text(mark);
        if shut {
            self.moved.push(id.clone());
        }
        self.ids.push(id);
        self.kinds.push(kind_text(mark.kind()));
        self.streams.push(record.entity().as_str());
        self.seqs.push(int(record.entity_seq()));
    }
}
