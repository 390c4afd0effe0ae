//! `log.jsonl` out of one store and into another.

use crate::folder::Folder;
use kiff::{
    Answer, Authority, Blocking, Decision, Domain, NewEvent, Outcome, Proposal, Runtime, TenantId,
    domain::Machine,
    store::{
        EventStore, MemoryStore, SqliteStore,
        transfer::{self, ExportError, ImportError, Imported},
    },
    testing::{Fault, FaultStore, store_suite::block_on},
};
use kiff_examples::{
    file_store::FileStore,
    refund::{self, Stripe},
};
use std::{env, fs, io, path::PathBuf};

#[test]
fn a_log_comes_back_byte_for_byte_from_every_store() {
    let folder = Folder::new("round-trip");
    for log in [every_kind(), busy(), one_stream()] {
        let tenant = tenant_of(&log);
        let first = MemoryStore::new();
        let imported = bring(&first, &log).unwrap();
        assert_eq!((imported.records, imported.added), (lines(&log), lines(&log)));
        let second = SqliteStore::open(folder.0.join("log.db")).unwrap();
        bring(&second, &write(&first, &tenant)).unwrap();
        let third = MemoryStore::new();
        bring(&third, &write(&second, &tenant)).unwrap();
        assert_eq!(write(&third, &tenant), log);
    }
    // Not more than this one: it reads its file whole for every page.
    let last = FileStore::open(&folder.0.join("own")).unwrap();
    bring(&last, &every_kind()).unwrap();
    drop(last);
    let last = FileStore::open(&folder.0.join("own")).unwrap();
    assert_eq!(write(&last, &TenantId::new("demo").unwrap()), every_kind());
}

#[test]
fn a_log_may_have_more_streams_than_an_import_keeps_the_ends_of() {
    let log = many_streams();
    let store = MemoryStore::new();
    assert_eq!(bring(&store, &log).unwrap().entities, 4_100);
    assert_eq!(write(&store, &tenant_of(&log)), log);
    // The first stream goes on at the end, long after its end was dropped; here it goes on in the wrong place.
    let wrong = [log.as_slice(), log.split_inclusive(|byte| *byte == b'\n').nth(3).unwrap()].concat();
    let error = bring(&MemoryStore::new(), &wrong).unwrap_err();
    assert_eq!((error.line(), error.code().as_str()), (lines(&wrong), "sequence_broken"), "{error}");
}

#[test]
fn it_is_told_how_much_came_in() {
    let log = every_kind();
    let imported = bring(&MemoryStore::new(), &log).unwrap();
    assert_eq!(imported.tenant, TenantId::new("demo").ok());
    assert_eq!(imported.entities, kiff::replay::verify(&log).entities);
    assert_eq!(bring(&MemoryStore::new(), b"").unwrap(), Imported::default());
    let unended = log.strip_suffix(b"\n").unwrap();
    assert_eq!(bring(&MemoryStore::new(), unended).unwrap(), imported);
}

#[test]
fn what_was_open_is_found_again_and_used() {
    let from = orders(MemoryStore::new());
    let agent = Authority::agent("ops-agent", ["operator"]).unwrap();
    for order in ["order:o_1", "order:o_2", "order:o_3"] {
        let paid = NewEvent::new(format!("paid-{order}"), "ORDER_PAID");
        from.ingest(&Authority::service("stripe").unwrap(), order, paid).unwrap().accepted().unwrap();
    }
    let asked = |order: &str, amount: &str| {
        Proposal::new("REFUND_ORDER", order).param("amount", amount).param("reason", "broken")
    };
    let Answer::Held(held) = from.execute(&agent, asked("order:o_1", "999.00")).unwrap() else { panic!("held") };
    // A clearance whose outcome the other side records.
    let Decision::Allowed(allowed) = from.decide(&agent, asked("order:o_2", "9.00")).unwrap() else { panic!() };
    // Opened and closed in the pages of one file.
    let key = asked("order:o_3", "7.00").idempotency_key("k-1");
    let done = from.execute(&agent, key.clone()).unwrap().executed().unwrap();

    let folder = Folder::new("open");
    let to = orders(SqliteStore::open(folder.0.join("log.db")).unwrap());
    let _ = to.import_from(from.export().unwrap().as_slice()).unwrap();
    assert_eq!(to.pending_approvals().unwrap().len(), 1);
    let doubts = to.in_doubt().unwrap();
    assert_eq!(doubts.iter().map(|it| it.entity.as_str()).collect::<Vec<_>>(), ["order:o_2"]);
    let again = to.execute(&agent, key).unwrap().executed().unwrap();
    assert!(again.is_repeat && again.execution_id == done.execution_id);
    let known = NewEvent::new("paid-order:o_1", "ORDER_PAID");
    let before = to.export().unwrap();
    let _ = to.ingest(&Authority::service("stripe").unwrap(), "order:o_1", known).unwrap();
    assert_eq!(to.export().unwrap(), before);

    let human = Authority::human("ops-human", ["ops_operator"]).unwrap();
    let _ = to.grant(&human, held.approval_id, "fine").unwrap().recorded().unwrap();
    let _ = to.resume(held.approval_id).unwrap().executed().unwrap();
    let _ = to.record_outcome(allowed.permit, Ok(Outcome::new("paid back").emit("ORDER_REFUNDED"))).unwrap();
    assert!(to.in_doubt().unwrap().is_empty() && to.pending_approvals().unwrap().is_empty());
    for order in ["order:o_1", "order:o_2", "order:o_3"] {
        assert!(to.rebuild(order).unwrap().matches());
    }
    let report = kiff::replay::verify_with(to.runtime().domain(), &to.export().unwrap());
    assert!(report.holds(), "{report}");
}

#[test]
fn a_line_that_does_not_hold_is_named() {
    let log = every_kind();
    let text = String::from_utf8(log.clone()).unwrap();
    let all: Vec<&str> = text.lines().collect();
    let with = |place: usize, line: &str| {
        let mut all = all.clone();
        all[place] = line;
        all.join("\n")
    };
    let without = |place: usize| [&all[..place], &all[place + 1..]].concat().join("\n");
    let swapped = |place: usize| {
        let mut all = all.clone();
        all.swap(place, place + 1);
        all.join("\n")
    };
    let twice = |place: usize| [&all[..=place], &all[place..]].concat().join("\n");
    let other_tenant = all[2].replace("\"tenant\":\"demo\"", "\"tenant\":\"other\"");
    let changed = all[0].replace("cart-77", "cart-78");
    let erased = format!("sha256:{}", "ab".repeat(32));
    let long = format!("{}{}", all[3], " ".repeat(70_000));
    let old = all[3].replace("kiff-record/1", "kiff-record/0");
    for (file, line, code) in [
        (with(0, &changed), 2, "chain_broken"),
        (without(2), 3, "sequence_broken"),
        (without(1), 1, "append_torn"),
        (swapped(1), 1, "append_torn"),
        (swapped(6), 7, "sequence_broken"),
        (twice(3), 5, "sequence_broken"),
        (with(3, &erased), 4, "record_erased"),
        (with(3, ""), 4, "not_a_record"),
        (with(3, &format!("{}\r", all[3])), 4, "not_a_record"),
        (with(3, &long), 4, "not_a_record"),
        (with(3, &old), 4, "unknown_format"),
        (with(2, &other_tenant), 3, "other_tenant"),
        (all[..5].join("\n"), 5, "append_torn"),
        (all[..1].join("\n"), 1, "append_torn"),
        (text[..text.len() - 9].to_owned(), lines(&log), "not_a_record"),
    ] {
        let error = bring(&MemoryStore::new(), file.as_bytes()).unwrap_err();
        assert_eq!((error.line(), error.code().as_str()), (line, code), "{error}");
        assert!(error.to_string().contains(&line.to_string()), "{error}");
    }
}

#[test]
fn a_name_that_two_records_claim_is_named_with_its_line() {
    // Two logs that are whole by themselves, and report one event of one source twice.
    let log = |order: &str| {
        let rt = orders(MemoryStore::new());
        let _ = rt.ingest(&Authority::service("stripe").unwrap(), order, NewEvent::new("evt_1", "ORDER_PAID")).unwrap();
        rt.export().unwrap()
    };
    let error = bring(&MemoryStore::new(), &[log("order:o_1"), log("order:o_2")].concat()).unwrap_err();
    assert_eq!((error.line(), error.code().as_str()), (3, "name_claimed"), "{error}");
}

#[test]
fn a_store_with_another_log_is_left_as_it_was() {
    let (log, tenant) = (every_kind(), TenantId::new("demo").unwrap());
    let other = orders(MemoryStore::new()).runtime().tenant("demo").unwrap().blocking();
    let _ =
        other.ingest(&Authority::service("stripe").unwrap(), "order:o_1", NewEvent::new("e", "ORDER_PAID")).unwrap();
    let before = other.export().unwrap();
    let error = other.import_from(log.as_slice()).unwrap_err();
    assert_eq!((error.line(), error.code().as_str()), (1, "other_log"));
    assert_eq!(other.export().unwrap(), before);

    let ahead = MemoryStore::new();
    bring(&ahead, &log).unwrap();
    let part = cut(&log, 4);
    let error = bring(&ahead, &part).unwrap_err();
    assert!(matches!(error, ImportError::StoreAhead { lines: 4, .. }), "{error}");
    assert_eq!(write(&ahead, &tenant), log);

    // What is another tenant's is no hindrance.
    let _ = orders(ahead).import_from(b"".as_slice()).unwrap();
}

#[test]
fn a_runtime_takes_the_log_of_its_own_tenant_alone() {
    let error = orders(MemoryStore::new()).import_from(every_kind().as_slice()).unwrap_err();
    assert_eq!((error.line(), error.code().as_str()), (1, "other_tenant"), "{error}");
}

#[test]
fn an_import_that_was_stopped_goes_on() {
    for log in [every_kind(), busy()] {
        let tenant = tenant_of(&log);
        let store = MemoryStore::new();
        // Cut between two appends, as far as a page that was stored.
        for part in [4, lines(&log) - 3] {
            let part = (part..).map(|part| cut(&log, part)).find(|part| !is_torn(part)).unwrap();
            let before = block_on(store.sequence(&tenant)).unwrap();
            assert_eq!(bring(&store, &part).unwrap().added, lines(&part) - before);
        }
        assert!(bring(&store, &log).unwrap().added < lines(&log));
        assert_eq!(bring(&store, &log).unwrap().added, 0);
        assert_eq!(write(&store, &tenant), log);
    }
}

#[test]
fn whatever_call_of_the_store_fails_the_next_import_ends_it() {
    let log = every_kind();
    let tenant = tenant_of(&log);
    for fault in [Fault::Refused, Fault::Lost, Fault::Conflict] {
        for call in 1.. {
            let store = FaultStore::new(MemoryStore::new());
            store.fail_at(call, fault);
            let done = bring(&store, &log);
            if store.calls() < call {
                break;
            }
            assert!(done.is_err() || fault == Fault::Conflict, "call {call}, {fault:?}");
            bring(&store, &log).unwrap();
            assert_eq!(write(&store, &tenant), log, "call {call}, {fault:?}");
        }
    }
}

#[test]
fn somebody_who_appends_meanwhile_is_noticed() {
    let log = busy();
    let store = MemoryStore::new();
    let mut whole = log.clone();
    let reader = Meddler { log: io::Cursor::new(&mut whole), store: store.clone(), reads: 0 };
    let error = block_on(transfer::import(&store, io::BufReader::with_capacity(64 * 1024, reader))).unwrap_err();
    assert_eq!(error.code(), "other_log", "{error}");
}

#[test]
fn a_file_that_cannot_be_written_or_read_is_an_error() {
    let store = MemoryStore::new();
    bring(&store, &every_kind()).unwrap();
    let tenant = TenantId::new("demo").unwrap();
    let error = block_on(transfer::export(&store, &tenant, Full)).unwrap_err();
    assert!(matches!(error, ExportError::Write(_)), "{error}");
    assert_eq!(error.code(), "log_not_written");
    let error = block_on(transfer::import(&MemoryStore::new(), io::BufReader::new(Full))).unwrap_err();
    assert_eq!((error.line(), error.code().as_str()), (1, "log_not_read"));
}

/// Every kind of record, from `tests/tests/it/formats`.
fn every_kind() -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/records.jsonl")).unwrap()
}

/// More than a page, of streams that take turns.
fn busy() -> Vec<u8> {
    let rt = counters();
    for number in 0..700 {
        // Now the streams one behind the other, now one of them again and again.
        let place = if number % 3 == 0 { number % 41 } else { number / 50 };
        let event = NewEvent::new(format!("evt_{number}"), "BUMPED");
        let _ = rt.ingest(&Authority::service("host").unwrap(), &format!("counter:{place}"), event).unwrap();
    }
    rt.export().unwrap()
}

/// More than a page of one stream.
fn one_stream() -> Vec<u8> {
    let rt = counters().runtime().tenant("single").unwrap().blocking();
    for number in 0..600 {
        let event = NewEvent::new(format!("evt_{number}"), "BUMPED");
        let _ = rt.ingest(&Authority::service("host").unwrap(), "counter:1", event).unwrap();
    }
    rt.export().unwrap()
}

/// More streams than an import keeps the ends of, and some of them once more.
fn many_streams() -> Vec<u8> {
    let rt = counters().runtime().tenant("many").unwrap().blocking();
    for number in 0..4_150 {
        let event = NewEvent::new(format!("evt_{number}"), "BUMPED");
        let counter = if number < 4_100 { number } else { number - 4_100 };
        let _ = rt.ingest(&Authority::service("host").unwrap(), &format!("counter:{counter}"), event).unwrap();
    }
    rt.export().unwrap()
}

fn counters() -> Blocking {
    let machine = Machine::new("counter").starts("BUMPED", "ON").moves("ON", "BUMPED", "ON");
    Runtime::builder(Domain::builder("counters", "v1").table(machine).build().unwrap()).build().unwrap().blocking()
}

fn orders(store: impl EventStore) -> Blocking {
    let builder = Runtime::builder(refund::domain().unwrap()).provide(Stripe::fake());
    builder.store(store).build().unwrap().blocking()
}

fn bring(store: &impl EventStore, log: &[u8]) -> Result<Imported, ImportError> {
    block_on(transfer::import(store, log))
}

fn write(store: &impl EventStore, tenant: &TenantId) -> Vec<u8> {
    let mut log = Vec::new();
    let written = block_on(transfer::export(store, tenant, &mut log)).unwrap();
    assert_eq!(written, lines(&log));
    log
}

fn tenant_of(log: &[u8]) -> TenantId {
    let line = log.split(|byte| *byte == b'\n').next().unwrap();
    kiff::record::Record::parse(line.into()).unwrap().tenant().clone()
}

fn lines(log: &[u8]) -> u64 {
    log.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn cut(log: &[u8], lines: u64) -> Vec<u8> {
    log.split_inclusive(|byte| *byte == b'\n').take(usize::try_from(lines).unwrap()).collect::<Vec<_>>().concat()
}

fn is_torn(log: &[u8]) -> bool {
    bring(&MemoryStore::new(), log).is_err_and(|error| error.code() == "append_torn")
}

/// Reads a log, and appends to the store's once the import is under way.
struct Meddler<'a> {
    log: io::Cursor<&'a mut Vec<u8>>,
    store: MemoryStore,
    reads: u32,
}

impl io::Read for Meddler<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.reads == 4 {
            let rt = Runtime::builder(counters().runtime().domain().clone()).store(self.store.clone());
            let event = NewEvent::new("meanwhile", "BUMPED");
            let _ = rt
                .build()
                .unwrap()
                .blocking()
                .ingest(&Authority::service("host").unwrap(), "counter:new", event)
                .unwrap();
        }
        self.log.read(out)
    }
}

/// A disk that is full, and cannot be read either.
struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Read for Full {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }
}
