//! The store suite: the stores that keep the rules pass it, and each broken one is caught by the right check.

mod naive;
mod sqlite;
mod transfer;
mod turns;

use self::naive::{Fault, Naive};
use self::turns::Turns;
use kiff::{
    store::MemoryStore,
    testing::store_suite::{self, Check, Failure, block_on, on_a_thread},
};
use std::{collections::BTreeSet, error::Error, sync::Arc};

#[test]
fn the_memory_store_passes() {
    block_on(store_suite::run(async || MemoryStore::new())).unwrap();
}

#[test]
fn a_store_that_knows_only_the_public_interface_passes() {
    block_on(store_suite::run(async || Naive::default())).unwrap();
}

#[test]
fn twenty_writers_race_a_thousand_times_and_one_wins_each() {
    let store = Arc::new(MemoryStore::new());
    block_on(store_suite::race(&store, 1_000, &on_a_thread)).unwrap();
}

#[test]
fn what_a_store_forgets_when_it_is_opened_again_is_told() {
    for (fault, keeps) in
        [(None, true), (Some(Fault::ForgetsTheLastRecord), false), (Some(Fault::ForgetsCellsWhenClosed), false)]
    {
        let mut disk = Naive::default();
        let open = async || {
            disk = disk.reopened(fault);
            disk.clone()
        };
        let told = block_on(store_suite::run_reopening(open)).map_err(|failure| failure.check);
        assert_eq!(told, if keeps { Ok(()) } else { Err(Check::KeepsWhatIsStored) }, "{fault:?}");
    }
}

#[test]
fn a_broken_store_is_caught_by_name() {
    use Fault::*;
    for (fault, check) in [
        (RewritesBytes, Check::ReadsBack),
        (SortsByText, Check::ReadsInOrder),
        (IgnoresLimit, Check::ReadsInOrder),
        (CutsLargeRecords, Check::HoldsLargeRecords),
        (KeepsFewStreams, Check::HoldsManyStreams),
        (SharesClaims, Check::KeepsTenantsApart),
        (SharesLogs, Check::KeepsTenantsApart),
        (LetsAheadPass, Check::RefusesOtherSequences),
        (LetsStalePass, Check::RefusesOtherSequences),
        (TellsWrongSequence, Check::RefusesOtherSequences),
        (SplitsBatches, Check::AppendsAllOrNothing),
        (DropsGuards, Check::HeedsGuards),
        (ForgetsKeys, Check::KeepsClaimsUnique),
        (ForgetsEvents, Check::KeepsClaimsUnique),
        (ForgetsReceipts, Check::KeepsClaimsUnique),
        (ForgetsApprovals, Check::KeepsClaimsUnique),
        (ForgetsExecutions, Check::KeepsClaimsUnique),
        (StoresWhatIsClaimed, Check::KeepsClaimsUnique),
        (ChecksClaimsOnlyAgainstLog, Check::KeepsClaimsUniqueInBatch),
        (FoldsLetters, Check::TellsClaimsApart),
        (FindsOneOff, Check::FindsClaims),
        (NeverTellsClosed, Check::TellsWhatIsClosed),
        (StaysClosed, Check::TellsWhatIsClosed),
        (KeepsFirstClose, Check::TellsWhatIsClosed),
        (NeverCloses, Check::KeepsOpenMarks),
        (NeverReopens, Check::KeepsOpenMarks),
        (MovesOpenMarks, Check::KeepsOpenMarks),
        (MixesKinds, Check::PagesOpenMarks),
        (SortsMarksById, Check::PagesOpenMarks),
        (InterleavesBatches, Check::KeepsTheLog),
        (TurnsBatchesRound, Check::KeepsTheLog),
        (NewestFirst, Check::KeepsPlacesInTheLog),
        (ChecksThenAppends, Check::LetsOneWriterWin),
        (ChecksThenAppends, Check::LetsOneClaimWin),
        (RefusesOthersMeanwhile, Check::LetsOthersWrite),
        (LeavesGaps, Check::LetsOthersWrite),
        (ForgetsCells, Check::ReadsCellsBack),
        (RestartsRevisions, Check::ReadsCellsBack),
        (IgnoresRevisions, Check::SetsCellsByRevision),
        (TellsWrongRevision, Check::SetsCellsByRevision),
        (SetsInConflict, Check::SetsCellsByRevision),
        (SharesCells, Check::KeepsCellsApart),
        (FoldsCellNames, Check::KeepsCellsApart),
        (CutsLargeCells, Check::HoldsLargeCells),
        (ChecksThenSets, Check::LetsOneSettingWin),
        (ForgetsCells, Check::KeepsWhatIsStored),
    ] {
        let store = Arc::new(Naive::with(fault));
        let turns = Turns::default();
        match turns.block_on(check.run(&store, &|writer| turns.spawn(writer))) {
            Err(failure) => assert_eq!(failure.check, check),
            Ok(()) => panic!("{fault:?} passes {check}"),
        }
    }
}

#[test]
fn a_writer_that_panics_does_not_hang_the_check() {
    let store = Arc::new(Naive::with(Fault::Panics));
    assert!(block_on(Check::LetsOthersWrite.run(&store, &on_a_thread)).is_err());
}

#[test]
fn the_suite_runs_inside_an_executor() {
    let turns = Turns::default();
    turns.block_on(store_suite::run_with(async || MemoryStore::new(), |writer| turns.spawn(writer))).unwrap();
}

#[test]
fn a_failure_names_the_rule_and_keeps_the_stores_error() {
    let broken = |fault| block_on(store_suite::run(async || Naive::with(fault))).unwrap_err();
    let failure: Failure = broken(Fault::DropsGuards);
    assert_eq!(failure.check, Check::HeedsGuards);
    assert!(failure.to_string().contains("heeds_guards") && failure.to_string().contains(Check::HeedsGuards.rule()));
    assert!(Error::source(&failure).is_none());
    assert!(Error::source(&broken(Fault::Fails)).is_some());
}

#[test]
fn every_check_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = Check::ALL.iter().map(|check| check.name()).collect();
    assert_eq!(names.len(), Check::ALL.len());
}
