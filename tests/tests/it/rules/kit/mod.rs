//! A small domain whose executors do what the test says, and a world to run it in.

mod domain;
mod lab;
mod world;

pub(crate) use domain::{Counts, ORDER, agent, domain, proposal, refund, resolver, reviewer, stranger};
pub(crate) use lab::{Lab, ManualTimer, Plan, noted, refunded, waits, yields};
pub(crate) use world::{World, call, verify};

use kiff::{Answer, Blocked, Executed, Failed, Held, InDoubt, Value, record::Record, value::Limits};

pub(crate) fn json(text: &[u8]) -> Value {
    Value::parse(text, &Limits::default().with_depth(64)).unwrap()
}

pub(crate) fn whole(record: &Record) -> Value {
    json(record.bytes())
}

pub(crate) fn body(record: &Record) -> Value {
    whole(record).as_object().unwrap().get("body").unwrap().clone()
}

/// The member at a path of names, as its canonical text; `-` if there is none.
pub(crate) fn at(value: &Value, path: &str) -> String {
    let step = |value: &Value, name: &str| value.as_object().and_then(|object| object.get(name)).cloned();
    let found = path.split('.').try_fold(value.clone(), |value, name| step(&value, name));
    found.map_or_else(|| "-".to_owned(), |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[track_caller]
pub(crate) fn held(answer: Answer) -> Held {
    match answer {
        Answer::Held(it) => it,
        other => panic!("wanted held, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn blocked(answer: Answer) -> Blocked {
    match answer {
        Answer::Blocked(it) => it,
        other => panic!("wanted blocked, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn executed(answer: Answer) -> Executed {
    match answer {
        Answer::Executed(it) => it,
        other => panic!("wanted executed, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn failed(answer: Answer) -> Failed {
    match answer {
        Answer::Failed(it) => it,
        other => panic!("wanted failed, got {other:?}"),
    }
}

#[track_caller]
pub(crate) fn in_doubt(answer: Answer) -> InDoubt {
    match answer {
        Answer::InDoubt(it) => it,
        other => panic!("wanted in doubt, got {other:?}"),
    }
}
