//! The same process on PostgreSQL, where the server dies too, and connections are lost.

#[path = "../postgres/cluster.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod cluster;

use crate::{
    folder::Folder,
    judge::{judge, rules},
    process::{Dice, Heard, hear, rounds, start},
};
use cluster::Cluster;
use kiff::{Runtime, store::PostgresStore};
use kiff_tests::crash::{Line, Order, Place};
use std::{
    ops::ControlFlow,
    process::Command,
    time::{Duration, Instant},
};

const SCHEMA: &str = "kiff";
/// How many processes work on one log, before it is too long to be read after each.
const ON_ONE_LOG: u32 = 10;

/// A cluster with a log, and the runtime that drives its connections.
struct Server {
    cluster: Cluster,
    driver: tokio::runtime::Runtime,
}

impl Server {
    fn new() -> Option<Self> {
        let driver = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Some(Self { cluster: Cluster::new()?, driver })
    }

    /// What the next process is told to do.
    fn order(&self, folder: &mut Folder, schema: &str) -> Order {
        let pool = self.driver.block_on(self.cluster.pool());
        let socket = pool.connect_options().get_socket().unwrap().clone();
        let place = Place::Postgres { socket, schema: schema.to_owned() };
        Order { place, endure: true, ..folder.order(1_000, 2, None) }
    }

    /// Waits until the server has ended the sessions of the process that was killed. A statement that was on its way when
    /// its client died still runs, and commits after the log was read.
    fn settle(&self) {
        let text = "SELECT count(*) FROM pg_stat_activity \
                    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
        self.driver.block_on(async {
            let pool = self.cluster.pool_with(Default::default(), 1).await;
            for _ in 0..3_000 {
                let others: i64 = sqlx::query_scalar(text).fetch_one(&pool).await.unwrap();
                if others == 0 {
                    return pool.close().await;
                }
                sqlx::query("SELECT pg_sleep(0.01)").execute(&pool).await.unwrap();
            }
            panic!("the sessions of a process that was killed do not end");
        });
    }

    /// Holds the log to what was acknowledged. How many are in doubt.
    fn check(&self, folder: &mut Folder, heard: &Heard, schema: &str) -> usize {
        self.settle();
        let _entered = self.driver.enter();
        let store = self.driver.block_on(async {
            let pool = self.cluster.pool().await;
            PostgresStore::open_in(pool, schema).await.unwrap()
        });
        let rt = Runtime::builder(rules()).store(store).build().unwrap().blocking();
        folder.check_with(heard, |folder| judge(&rt, &folder.told, &folder.payments())).in_doubt().len()
    }

    /// Cuts every connection but the one that asks for it.
    fn cut(&self) {
        self.driver.block_on(async {
            let pool = self.cluster.pool().await;
            let text = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
            let _: i64 = sqlx::query_scalar(text).fetch_one(&pool).await.unwrap();
            pool.close().await;
        });
    }
}

/// Runs a process, does something to its server after so many acknowledgements, and kills the process after as many more.
fn run(order: &Order, after: usize, mut harm: impl FnMut()) -> Heard {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crash_child"));
    let (mut acknowledged, mut is_harmed) = (0, false);
    hear(start(command.args(order.args())), Instant::now() + Duration::from_secs(120), |line| {
        acknowledged += usize::from(matches!(line, Line::Acknowledged { .. }));
        if acknowledged == after && !is_harmed {
            (acknowledged, is_harmed) = (0, true);
            harm();
        }
        if acknowledged > after + MORE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

/// How many acknowledgements of the time before the harm may still be on their way.
const MORE: usize = 12;

/// Does the harm again and again, each time to another process.
fn harm_again_and_again(what: &str, short: u32, harm: impl Fn(&Server)) {
    let Some(server) = Server::new() else { return };
    let (mut dice, mut folder, mut schema) = (Dice::new(what), Folder::new(), String::new());
    let (mut lost, mut failed, mut acknowledged, mut doubts) = (0, 0, 0, 0);
    let most = rounds(short);
    for round in 0..most {
        if round % ON_ONE_LOG == 0 {
            (folder, schema) = (Folder::new(), format!("{SCHEMA}_{round}"));
        }
        let after = usize::try_from(dice.below(40)).unwrap() + 1;
        let heard = run(&server.order(&mut folder, &schema), after, || harm(&server));
        let count = |is: fn(&Line) -> bool| heard.lines.iter().filter(|line| is(line)).count();
        lost += count(|line| matches!(line, Line::Lost));
        failed += count(|line| matches!(line, Line::Failed { .. }));
        acknowledged += count(|line| matches!(line, Line::Acknowledged { .. }));
        assert!(count(|line| matches!(line, Line::Acknowledged { .. })) > after, "it did not go on: {heard:?}");
        doubts += server.check(&mut folder, &heard, &schema);
    }
    println!(
        "{most} rounds: {lost} answers lost, {failed} calls failed, {acknowledged} acknowledged, {doubts} in doubt"
    );
    assert!(lost > 0, "no append ever lost its answer");
}

#[test]
fn nothing_is_lost_and_nothing_paid_twice_when_the_server_is_killed() {
    harm_again_and_again("server kills", 10, |server| {
        server.cluster.kill();
        server.cluster.restart();
    });
}

#[test]
fn nothing_is_lost_and_nothing_paid_twice_when_connections_are_cut() {
    harm_again_and_again("cuts", 30, Server::cut);
}
