//! Processes that are killed at any moment.

use crate::{
    folder::Folder,
    process::{Dice, rounds, run, run_until},
};
use kiff_tests::crash::Line;
use std::{os::unix::process::ExitStatusExt, time::Duration};

/// How many processes die on one log, before it is too long to be read after each.
const ON_ONE_LOG: u32 = 10;

#[test]
fn nothing_is_lost_and_nothing_paid_twice_when_a_process_is_killed_at_any_moment() {
    let (mut dice, most) = (Dice::new("kills"), rounds(40));
    let mut folder = Folder::new();
    let (mut kills, mut acknowledged, mut doubts) = (0, 0, 0);
    for round in 0..most {
        if round % ON_ONE_LOG == 0 {
            finish(std::mem::replace(&mut folder, Folder::new()));
        }
        let moment = Duration::from_micros(dice.below(100_000));
        let heard = run_until(&folder.order(1_000, 3, None), moment);
        kills += u32::from(heard.status.signal() == Some(KILLED));
        acknowledged += heard.lines.iter().filter(|line| matches!(line, Line::Acknowledged { .. })).count();
        doubts += folder.check(&heard).in_doubt().len();
    }
    finish(folder);
    println!("{kills} kills, {acknowledged} acknowledged, {doubts} executions in doubt");
    assert_eq!(kills, most, "a process ended before it was killed");
    assert!(acknowledged > 0 && doubts > 0, "nobody was killed while anything happened");
}

/// One more process, which nobody kills, settles what is left.
fn finish(mut folder: Folder) {
    let heard = run(&folder.order(1, 1, None));
    assert_eq!(heard.lines.last(), Some(&Line::Done), "{heard:?}");
    // What the last lap itself has left open is what the bank did not answer.
    assert_eq!(folder.check(&heard).in_doubt().len(), 2);
}

/// The number of the signal that cannot be caught.
const KILLED: i32 = 9;
