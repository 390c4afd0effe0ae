//! The power fails: nothing is acknowledged, and nothing paid, before what it rests on is on the disk.

use crate::{
    disk::{Disk, Loss},
    folder::Folder,
    judge::judge_log,
    process::{Dice, rounds},
    trace::{Call, Step, can_trace, trace},
};
use kiff_tests::crash::{Line, Phase, Point, Spot};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// What some processes did to one folder, one after the other.
struct Story {
    folder: Folder,
    steps: Vec<Step>,
}

/// A process that dies, one that settles what it left and fills the write-ahead log until that is moved into the file,
/// and one more that dies.
fn story(laps: &[(u32, Option<Point>)]) -> Story {
    let mut folder = Folder::new();
    let mut steps = Vec::new();
    for (laps, abort_at) in laps {
        let order = folder.order(*laps, 1, *abort_at);
        let (heard, more) = trace(&folder, &order);
        assert_eq!(heard.complaint, "", "{heard:?}");
        assert!(heard.lines.len() > 3, "{heard:?}");
        // The numbers of calls go on.
        let taken = steps.len();
        steps.extend(more.into_iter().map(|step| match step {
            Step::Begin => Step::Begin,
            Step::Enter(number, call) => Step::Enter(number + taken, call),
            Step::Leave(number, result) => Step::Leave(number + taken, result),
        }));
    }
    Story { folder, steps }
}

fn point(spot: Spot, time: u32) -> Option<Point> {
    Some(Point { phase: Phase::Lap, spot, time })
}

/// What is told by this step.
fn told(step: &Step) -> Option<Line> {
    let Step::Enter(_, Call::Write { file: 1, bytes, .. }) = step else { return None };
    let line = Line::parse(String::from_utf8(bytes.clone()).unwrap().trim_end()).unwrap();
    matches!(line, Line::Acknowledged { .. }).then_some(line)
}

/// The files after a loss, held to what was acknowledged before it.
fn check(files: &BTreeMap<String, Vec<u8>>, told: &[Line]) -> Result<(), String> {
    let folder = Folder::new();
    for (name, bytes) in files.iter().filter(|(name, _)| *name != "trace") {
        fs::write(folder.path.join(name), bytes).unwrap();
    }
    let _ = judge_log(&folder.open()?, told, &folder.payments())?;
    folder.check_integrity()
}

#[test]
fn what_was_acknowledged_is_there_when_the_power_is_back() {
    if !can_trace() {
        return;
    }
    let mut dice = Dice::new("power");
    let Story { folder, steps } =
        story(&[(1, point(Spot::AppendAfter, 20)), (5, None), (1, point(Spot::AppendBefore, 9))]);
    let (mut disk, mut acknowledged, mut losses) = (Disk::new(&folder.path), Vec::new(), 0);
    let mut lose = |files, told: &[Line]| {
        losses += 1;
        check(&files, told).unwrap_or_else(|fault| panic!("after {told:?}: {fault}"));
    };
    for step in &steps {
        if let Some(line) = told(step) {
            acknowledged.push(line);
            lose(disk.after(Loss::All), &acknowledged);
        }
        disk.step(step);
        // Some forty of the steps, unless a longer run is asked for.
        if dice.below(4_800) < rounds(40).into() {
            lose(disk.after(Loss::Some(&mut dice)), &acknowledged);
        }
    }
    println!("{losses} losses, {} acknowledged", acknowledged.len());
    assert!(acknowledged.len() > 130, "{}", acknowledged.len());
    // Made by the first process and by the last, and begun anew in between.
    let is_begin = |step: &&Step| match step {
        Step::Enter(_, Call::Write { at: Some(0), bytes, .. }) => bytes.starts_with(&WAL_MAGIC),
        _ => false,
    };
    assert!(steps.iter().filter(is_begin).count() > 2, "the write-ahead log was never moved into the file");
}

#[test]
fn a_sync_that_is_left_out_is_found() {
    if !can_trace() {
        return;
    }
    let Story { folder, steps } = story(&[(1, None)]);
    let (mut tried, mut seen) = (0, BTreeSet::new());
    for (place, step) in steps.iter().enumerate() {
        // An answer that was given before rests on nothing new.
        let Some(line) = told(step).filter(|line| seen.insert(format!("{line:?}"))) else { continue };
        let left_out = last_sync(&folder, &steps[..place]);
        let mut disk = Disk::new(&folder.path);
        for step in &steps[..place] {
            if !matches!(step, Step::Leave(number, _) if *number == left_out) {
                disk.step(step);
            }
        }
        tried += 1;
        let checked = check(&disk.after(Loss::All), std::slice::from_ref(&line));
        assert!(checked.is_err(), "nobody saw that {line:?} was not on the disk");
    }
    assert!(tried > 10, "{tried}");
}

/// The last sync of the write-ahead log.
fn last_sync(folder: &Folder, steps: &[Step]) -> usize {
    let (mut disk, mut last) = (Disk::new(&folder.path), None);
    for step in steps {
        if let Step::Enter(number, Call::Sync { file }) = step
            && disk.name_of(*file) == Some(WAL)
        {
            last = Some(*number);
        }
        disk.step(step);
    }
    last.unwrap()
}

#[test]
fn every_acknowledgement_and_every_payment_follows_its_sync() {
    if !can_trace() {
        return;
    }
    let Story { folder, steps } = story(&[(1, point(Spot::PaymentSynced, 4)), (5, None)]);
    let mut disk = Disk::new(&folder.path);
    let (mut written, mut synced) = (Vec::new(), Vec::<String>::new());
    let (mut seen, mut commits, mut payments) = (BTreeSet::new(), 0, 0);
    for step in &steps {
        match step {
            Step::Enter(_, Call::Write { file: 1, .. }) => {
                let Some(line) = told(step) else { continue };
                assert!(disk.is_synced(WAL) && disk.is_synced("log.db"), "{line:?} before the log is synced");
                if seen.insert(format!("{line:?}")) {
                    assert!(commits > 0, "{line:?} without a sync of its own");
                }
                commits = 0;
            }
            Step::Enter(_, Call::Write { file, bytes, .. }) if disk.name_of(*file) == Some("ledger") => {
                let line = String::from_utf8(bytes.clone()).unwrap();
                let execution = line.split(' ').nth(1).unwrap();
                assert!(disk.is_synced(WAL), "{line} before the log is synced");
                let is_cleared = synced.iter().any(|commit| commit.contains(execution));
                assert!(is_cleared, "{line} before its clearance is synced");
                // Its end needs another.
                (commits, payments) = (0, payments + 1);
            }
            Step::Enter(_, Call::Write { file, bytes, .. }) if disk.name_of(*file) == Some(WAL) => {
                written.extend_from_slice(bytes);
            }
            Step::Enter(_, Call::Sync { file }) if disk.name_of(*file) == Some(WAL) && !written.is_empty() => {
                synced.push(String::from_utf8_lossy(&std::mem::take(&mut written)).into_owned());
                commits += 1;
            }
            _ => {}
        }
        disk.step(step);
    }
    assert!(payments > 20 && seen.len() > 50, "{payments} payments, {} acknowledged", seen.len());
}

const WAL: &str = "log.db-wal";
/// How a write-ahead log begins.
const WAL_MAGIC: [u8; 3] = [0x37, 0x7F, 0x06];
