//! The view of `src/refunds_per_day.rs`, stopped at every place: by an error, and by the death of its process.

#[cfg(test)]
mod tests {
    use kiff::{Authority, Blocking, NewEvent, Proposal, Runtime, store::SqliteStore, testing::ManualClock};
    use kiff_examples::{
        database,
        refunds_per_day::{self, RefundsPerDay},
        scenarios::Result,
    };
    use std::{
        env, fs,
        path::{Path, PathBuf},
        process::{Command, Stdio},
        time::Duration,
    };

    /// Set for the process that a test starts: the folder with the log, and the step at which to die.
    const FOLDER: &str = "KIFF_TEST_PROJECTION_FOLDER";
    const STEP: &str = "KIFF_TEST_PROJECTION_STEP";
    const ORDERS: u64 = 3;

    #[test]
    fn a_view_that_is_stopped_at_any_place_comes_out_right() {
        let folder = Folder::new("stopped");
        let log = fill(&folder.0);
        let steps = follow(&folder.0.join("whole.db"), &log, u32::MAX).unwrap();
        assert!(steps > 20, "{steps} steps");
        assert_eq!(days(&folder.0.join("whole.db")), expected());
        for last in 1..=steps {
            let path = folder.0.join(format!("{last}.db"));
            assert!(follow(&path, &log, last).is_err());
            let _ = follow(&path, &log, u32::MAX).unwrap();
            assert_eq!(days(&path), expected(), "stopped at step {last}");
        }
    }

    #[test]
    fn a_view_that_is_stopped_again_and_again_comes_out_right() {
        let folder = Folder::new("again");
        let log = fill(&folder.0);
        let path = folder.0.join("view.db");
        // Each time it comes one page further, for the page that was committed counts.
        let times = (1..1_000).find(|_| follow(&path, &log, 7).is_ok()).unwrap();
        assert!(times > 4, "{times} times");
        assert_eq!(days(&path), expected());
    }

    #[test]
    fn a_view_whose_process_dies_at_any_place_comes_out_right() {
        if let (Some(folder), Ok(step)) = (env::var_os(FOLDER), env::var(STEP)) {
            return die(Path::new(&folder), step.parse().unwrap());
        }
        let folder = Folder::new("died");
        let log = fill(&folder.0);
        let steps = follow(&folder.0.join("whole.db"), &log, u32::MAX).unwrap();
        for step in 1..=steps {
            let path = folder.0.join("view.db");
            let child = Command::new(env::current_exe().unwrap())
                .args(["--exact", "tests::a_view_whose_process_dies_at_any_place_comes_out_right"])
                .env(FOLDER, &folder.0)
                .env(STEP, step.to_string())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            assert!(!child.unwrap().success(), "the process did not die at step {step}");
            let _ = follow(&path, &log, u32::MAX).unwrap();
            assert_eq!(days(&path), expected(), "died at step {step}");
            for end in ["", "-journal", "-wal", "-shm"] {
                let _ = fs::remove_file(folder.0.join(format!("view.db{end}")));
            }
        }
    }

    /// What the started process does: it ends without a word to anybody.
    fn die(folder: &Path, at: u32) {
        let mut step = 0;
        let mut view = RefundsPerDay::open(&folder.join("view.db")).unwrap();
        let followed = view.follow(&open(folder), &mut |_| {
            step += 1;
            if step == at { std::process::abort() } else { Ok(()) }
        });
        followed.unwrap();
    }

    /// Follows the log, and fails at a step; tells how many steps there were.
    fn follow(path: &Path, log: &Blocking, last: u32) -> Result<u32> {
        let mut step = 0;
        let mut view = RefundsPerDay::open(path)?;
        view.follow(log, &mut |place| {
            step += 1;
            if step == last { Err(place.into()) } else { Ok(()) }
        })?;
        Ok(step)
    }

    fn days(path: &Path) -> Vec<(String, u64, u64)> {
        let days = RefundsPerDay::open(path).unwrap().days().unwrap();
        days.into_iter().map(|it| (it.day, it.refunds, it.cents)).collect()
    }

    /// What `fill` has paid back: at 9:00 and 21:00 of one day, and at 9:00 of the next.
    fn expected() -> Vec<(String, u64, u64)> {
        vec![("2026-05-24".to_owned(), 2, 300), ("2026-05-25".to_owned(), 1, 300)]
    }

    fn open(folder: &Path) -> Blocking {
        let builder = Runtime::builder(refunds_per_day::domain().unwrap());
        builder.store(SqliteStore::open(folder.join("log.db")).unwrap()).build().unwrap().blocking()
    }

    /// A log with a refund of each order, half a day apart.
    fn fill(folder: &Path) -> Blocking {
        let clock = ManualClock::at("2026-05-24T09:00:00Z".parse().unwrap());
        let builder = Runtime::builder(refunds_per_day::domain().unwrap()).clock(clock.clone());
        let log = builder.store(SqliteStore::open(folder.join("log.db")).unwrap()).build().unwrap().blocking();
        for order in 1..=ORDERS {
            let entity = format!("order:o_{order}");
            let paid = NewEvent::new(format!("evt_{order}"), "ORDER_PAID");
            log.ingest(&Authority::service("stripe").unwrap(), &entity, paid).unwrap().accepted().unwrap();
            let proposal = Proposal::new("REFUND", entity).param("cents", 100 * order);
            let agent = Authority::agent("ops-agent", ["operator"]).unwrap();
            let _ = log.execute(&agent, proposal).unwrap().executed().unwrap();
            clock.advance(Duration::from_secs(12 * 60 * 60));
        }
        log
    }

    /// A folder that is removed with the value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            Self(database::new_folder(&format!("test-projection-{name}")).unwrap())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
