//! A subscription hands out every record at least once, whatever fails and whenever its consumer is stopped.

use kiff::{
    Authority, Blocking, Domain, NewEvent, Runtime, TenantId,
    domain::Machine,
    store::{EventStore, MemoryStore, SqliteStore},
    subscription::{Logged, SubscriptionError},
    testing::{Fault, FaultStore, store_suite::block_on},
};

fn runtime(store: impl EventStore) -> Blocking {
    let machine = Machine::new("counter").starts("BUMPED", "ON").moves("ON", "BUMPED", "ON");
    let domain = Domain::builder("counters", "v1").table(machine).build().unwrap();
    Runtime::builder(domain).tenant("acme").store(store).build().unwrap().blocking()
}

fn bump(rt: &Blocking, from: u64, to: u64) {
    for number in from..to {
        let event = NewEvent::new(format!("evt_{number}"), "BUMPED");
        let entity = format!("counter:{}", number % 3);
        rt.ingest(&Authority::service("host").unwrap(), &entity, event).unwrap().accepted().unwrap();
    }
}

fn indices(page: &[Logged]) -> Vec<u64> {
    page.iter().map(|logged| logged.index).collect()
}

#[test]
fn it_hands_out_the_log_page_by_page_and_goes_on_where_it_was_acknowledged() {
    let store = MemoryStore::new();
    let rt = runtime(store.clone());
    bump(&rt, 0, 5);
    let log = rt.export().unwrap();
    let lines: Vec<&[u8]> = log.split(|byte| *byte == b'\n').collect();

    let mut feed = rt.subscribe("view").unwrap();
    let first = feed.next(4).unwrap();
    assert_eq!((indices(&first), feed.position()), (vec![0, 1, 2, 3], 0));
    assert!(first.iter().zip(&lines).all(|(logged, line)| logged.record.bytes() == &(*line).into()));
    feed.acknowledge().unwrap();
    assert_eq!((feed.name(), feed.position()), ("view", 4));
    assert_eq!(indices(&feed.next(4).unwrap()), [4, 5, 6, 7]);
    feed.rewind();
    assert_eq!(indices(&feed.next(4).unwrap()), [4, 5, 6, 7]);
    assert_eq!(indices(&feed.next(4).unwrap()), [8, 9]);
    assert!(feed.next(4).unwrap().is_empty());
    drop(feed);

    // What was handed out and not acknowledged comes again, also in another process.
    let mut again = runtime(store).subscribe("view").unwrap();
    assert_eq!(again.position(), 4);
    assert_eq!(indices(&again.next(100).unwrap()), [4, 5, 6, 7, 8, 9]);
    again.acknowledge().unwrap();
    again.acknowledge().unwrap();
    bump(&rt, 5, 6);
    assert_eq!(indices(&again.next(100).unwrap()), [10, 11]);
    assert_eq!(indices(&rt.subscribe("another").unwrap().next(2).unwrap()), [0, 1]);
}

#[test]
fn the_position_is_in_the_file_of_a_store_that_has_one() {
    let path = std::env::temp_dir().join(format!("kiff-tests-subscription-{}.db", std::process::id()));
    let rt = runtime(SqliteStore::open(&path).unwrap());
    bump(&rt, 0, 2);
    let mut feed = rt.subscribe("view").unwrap();
    let _ = feed.next(3).unwrap();
    feed.acknowledge().unwrap();
    drop((feed, rt));
    let rt = runtime(SqliteStore::open(&path).unwrap());
    assert_eq!(rt.subscribe("view").unwrap().position(), 3);
    assert_eq!(runtime_of(&rt, "other").subscribe("view").unwrap().position(), 0);
    drop(rt);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

#[test]
fn of_two_consumers_of_one_name_the_slower_one_is_told() {
    let rt = runtime(MemoryStore::new());
    bump(&rt, 0, 2);
    let (mut fast, mut slow) = (rt.subscribe("view").unwrap(), rt.subscribe("view").unwrap());
    // Even where both have come to the same place.
    assert_eq!(indices(&fast.next(2).unwrap()), indices(&slow.next(2).unwrap()));
    fast.acknowledge().unwrap();
    for _ in 0..2 {
        let error = slow.acknowledge().unwrap_err();
        assert!(matches!(&error, SubscriptionError::Moved { name } if name == "view"), "{error}");
        assert_eq!((error.code().as_str(), slow.position()), ("position_moved", 0));
    }
    let _ = fast.next(2).unwrap();
    fast.acknowledge().unwrap();
    assert_eq!(rt.subscribe("view").unwrap().position(), 4);
}

#[test]
fn whatever_call_fails_every_record_comes_at_least_once_and_in_order() {
    let log = MemoryStore::new();
    bump(&runtime(log.clone()), 0, 4);
    for fault in [Fault::Refused, Fault::Lost, Fault::Conflict] {
        for call in 1.. {
            // The positions of an earlier round would be in the way.
            let name = format!("{}-{call}", format!("{fault:?}").to_lowercase());
            let store = FaultStore::new(log.clone());
            store.fail_at(call, fault);
            let rt = runtime(store.clone());
            let (mut seen, mut starts) = (Vec::new(), 0);
            while follow(&rt, &name, &mut seen).is_err() {
                starts += 1;
                assert!(starts < 4, "{fault:?} at {call}");
            }
            let mut once = seen.clone();
            once.dedup();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once, (0..8).collect::<Vec<u64>>(), "{fault:?} at {call}");
            assert_eq!(runtime(log.clone()).subscribe(&name).unwrap().position(), 8);
            if store.calls() < call {
                break;
            }
        }
    }
}

/// A consumer that begins anew after every fault.
fn follow(rt: &Blocking, name: &str, seen: &mut Vec<u64>) -> Result<(), SubscriptionError> {
    let mut feed = rt.subscribe(name)?;
    loop {
        let page = feed.next(3)?;
        if page.is_empty() {
            return Ok(());
        }
        assert!(page[0].index <= seen.last().map_or(0, |last| last + 1), "a record was left out");
        seen.extend(indices(&page));
        feed.acknowledge()?;
    }
}

#[test]
fn an_acknowledgement_whose_answer_was_lost_is_found_to_be_kept() {
    let store = FaultStore::new(MemoryStore::new());
    let rt = runtime(store.clone());
    bump(&rt, 0, 2);
    let mut feed = rt.subscribe("view").unwrap();
    let _ = feed.next(2).unwrap();
    store.fail_at(1, Fault::Lost);
    feed.acknowledge().unwrap();
    assert_eq!(feed.position(), 2);
    let _ = feed.next(2).unwrap();
    // Nor can it be looked for; the same call settles it later.
    store.fail_at(1, Fault::Lost);
    store.fail_at(2, Fault::Refused);
    assert_eq!(feed.acknowledge().unwrap_err().code(), "store_outcome_unknown");
    feed.acknowledge().unwrap();
    assert_eq!(feed.position(), 4);
    assert_eq!(rt.subscribe("view").unwrap().position(), 4);
}

#[test]
fn who_goes_on_after_a_lost_answer_is_no_other_consumer() {
    for fault in [Fault::Lost, Fault::Refused] {
        let store = FaultStore::new(MemoryStore::new());
        let rt = runtime(store.clone());
        bump(&rt, 0, 2);
        let mut feed = rt.subscribe("view").unwrap();
        for page in 1..=2 {
            let _ = feed.next(1).unwrap();
            // Neither the answer comes nor can it be looked for.
            store.fail_at(1, fault);
            store.fail_at(2, Fault::Refused);
            let code = feed.acknowledge().unwrap_err().code();
            assert!(code.as_str().starts_with("store_"), "{code} at page {page}");
            let _ = rt.read_log(0, 1);
        }
        let _ = feed.next(1).unwrap();
        feed.acknowledge().unwrap();
        assert_eq!((feed.position(), rt.subscribe("view").unwrap().position()), (3, 3), "{fault:?}");
        let mut other = rt.subscribe("view").unwrap();
        let _ = other.next(1).unwrap();
        other.acknowledge().unwrap();
        let _ = feed.next(1).unwrap();
        assert_eq!(feed.acknowledge().unwrap_err().code(), "position_moved");
    }
}

#[test]
fn a_position_of_another_log_is_refused() {
    let store = MemoryStore::new();
    let rt = runtime(store.clone());
    bump(&rt, 0, 2);
    let mut feed = rt.subscribe("view").unwrap();
    let _ = feed.next(100).unwrap();
    feed.acknowledge().unwrap();
    let tenant = TenantId::new("acme").unwrap();
    let position = block_on(store.cell(&tenant, "position:view")).unwrap().unwrap().value;

    // Another log that is shorter, as long, or longer.
    for events in [1, 2, 3] {
        let other = MemoryStore::new();
        let rt = runtime(other.clone());
        bump(&rt, 10, 10 + events);
        let _ = block_on(other.set_cell(&tenant, "position:view", 0, &position)).unwrap();
        assert_eq!(rt.subscribe("view").unwrap_err().code(), "other_log");
    }
    for value in [&b"{}"[..], b"", b"4", br#"{"format":"kiff-position/2","position":1,"record":""}"#] {
        let other = MemoryStore::new();
        let _ = block_on(other.set_cell(&tenant, "position:view", 0, value)).unwrap();
        let error = runtime(other).subscribe("view").unwrap_err();
        assert_eq!(error.code(), "position_malformed", "{error}");
    }
}

#[test]
fn a_name_is_checked_and_tenants_are_apart() {
    let rt = runtime(MemoryStore::new());
    for name in ["", "View", "a b", "-a", ".a", "a:b", "ä", &"a".repeat(65)] {
        let error = rt.subscribe(name).unwrap_err();
        assert_eq!(error.code(), "name_malformed", "{name}");
    }
    bump(&rt, 0, 1);
    for name in ["a", "0", "refunds-per-day", "a.b_c", &"a".repeat(64)] {
        let mut feed = rt.subscribe(name).unwrap();
        let _ = feed.next(9).unwrap();
        feed.acknowledge().unwrap();
        assert_eq!(runtime_of(&rt, "other").subscribe(name).unwrap().position(), 0);
    }
}

fn runtime_of(rt: &Blocking, tenant: &str) -> Blocking {
    rt.runtime().tenant(tenant).unwrap().blocking()
}
