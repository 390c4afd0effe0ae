//! Processes that end at every point around each append and each payment.

use crate::{folder::Folder, process::run};
use kiff_tests::crash::{Line, Phase, Point, Spot};
use std::os::unix::process::ExitStatusExt;

/// How many processes end on one log, before it is too long to be read after each.
const ON_ONE_LOG: u32 = 20;

#[test]
fn nothing_is_lost_and_nothing_paid_twice_when_a_process_ends_at_any_point() {
    let counts = Spot::ALL.map(ends_at_each_time);
    println!("points of a lap, by spot: {counts:?}");
    // Seven requests, the clearances and ends of seven payments and a note, a refusal, a hold and its grant.
    assert_eq!(counts, [26, 26, 5, 5, 5]);
}

/// Lets a process end at each time that it passes the spot, one after the other, each on what the last has left.
fn ends_at_each_time(spot: Spot) -> u32 {
    let mut folder = Folder::new();
    for time in 1.. {
        if time % ON_ONE_LOG == 0 {
            folder = Folder::new();
        }
        if !ends_at(&mut folder, Point { phase: Phase::Lap, spot, time }) {
            return time - 1;
        }
    }
    unreachable!("a lap ends")
}

/// True if the process has come to the point.
fn ends_at(folder: &mut Folder, point: Point) -> bool {
    let heard = run(&folder.order(1, 1, Some(point)));
    let has_ended = heard.status.signal() == Some(ABORTED);
    assert!(has_ended || heard.lines.last() == Some(&Line::Done), "{point}: {heard:?}");
    println!("{point}");
    folder.check(&heard);
    has_ended
}

#[test]
fn nothing_is_lost_and_nothing_paid_twice_when_a_recovery_ends_at_any_point() {
    let lap = |spot, time| Point { phase: Phase::Lap, spot, time };
    let left_overs = [
        // A payment of each kind that the bank did not answer, the second one paid and never told.
        lap(Spot::PaymentSynced, 4),
        // The same, written and not paid.
        lap(Spot::PaymentBefore, 4),
        // An approval that was granted and never used.
        lap(Spot::AppendBefore, 25),
        // A payment that was approved and never told.
        lap(Spot::PaymentWritten, 5),
    ];
    let mut ends = 0;
    for left_over in left_overs {
        let mut folder = Folder::new();
        assert!(ends_at(&mut folder, left_over));
        for spot in Spot::ALL {
            for time in 1.. {
                let mut copy = folder.copy();
                if !ends_at(&mut copy, Point { phase: Phase::Recovery, spot, time }) {
                    break;
                }
                ends += 1;
                // The next one settles what is left.
                let heard = run(&copy.order(0, 1, None));
                assert_eq!(copy.check(&heard).in_doubt().len(), 0);
            }
        }
    }
    println!("{ends} points of recoveries");
    assert!(ends >= 30, "{ends}");
}

/// The number of the signal of a process that aborts.
const ABORTED: i32 = 6;
