//! The process: it opens, settles what is left over, and pays.

use super::{CrashStore, Ledger, Line, Order, Phase, Place, Points, domain};
use kiff::{
    Answer, ApprovalId, Authority, Blocking, EntityRef, ExecutionId, Ingested, NewEvent, Outcome, Proposal, Runtime,
    RuntimeError, Timestamp,
    doubt::{Probe, Probed, Probing, Resolution, Resolved},
    store::{EventStore, SqliteStore},
    testing::ManualClock,
};
use std::{error::Error, sync::Arc, thread, time::Duration};

type Failure = Box<dyn Error + Send + Sync>;

/// Runs the process with these arguments.
///
/// # Errors
/// Whatever stops it, other than its own end.
pub fn run(args: impl Iterator<Item = String>) -> Result<(), Failure> {
    let order = Order::parse(args)?;
    let points = Arc::new(Points::new(order.abort_at));
    match &order.place {
        Place::Sqlite(path) => work(&order, SqliteStore::open(path)?, &points, || ()),
        Place::Postgres { socket, schema } => on_postgres(&order, socket, schema, &points),
    }
}

#[cfg(feature = "postgres")]
fn on_postgres(order: &Order, socket: &std::path::Path, schema: &str, points: &Arc<Points>) -> Result<(), Failure> {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    let driver = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let options = PgConnectOptions::new().socket(socket).username("postgres").database("postgres");
    let store = driver.block_on(async {
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await?;
        Ok::<_, Failure>(kiff::store::PostgresStore::open_in(pool, schema).await?)
    })?;
    work(order, store, points, || driver.enter())
}

#[cfg(not(feature = "postgres"))]
fn on_postgres(_: &Order, _: &std::path::Path, _: &str, _: &Arc<Points>) -> Result<(), Failure> {
    Err("this process was built without the feature `postgres`".into())
}

/// Does all that the order says. Every thread enters what drives the store first.
fn work<G>(
    order: &Order,
    store: impl EventStore,
    points: &Arc<Points>,
    enter: impl Fn() -> G + Sync,
) -> Result<(), Failure> {
    let _entered = enter();
    let ledger = Arc::new(Ledger::open(&order.ledger, Arc::clone(points))?);
    let clock = ManualClock::at(Timestamp::from_unix_ms(order.now_ms));
    let rt = Runtime::builder(domain()?)
        .store(CrashStore::new(store, Arc::clone(points)))
        .provide(Arc::clone(&ledger))
        .probe("PAY_ONCE", probe(Arc::clone(&ledger)))
        .clock(clock.clone())
        .build()?
        .blocking();
    let teller = Teller { rt, ledger, clock, endure: order.endure };
    Line::Opened { ledger_bytes: teller.ledger.bytes_at_open() }.tell()?;
    if let Err(error) = teller.recover(true, |_| true) {
        teller.wait_out(error, "payout:")?;
    }
    Line::Recovered.tell()?;
    points.enter(Phase::Lap);
    thread::scope(|scope| {
        let (teller, enter) = (&teller, &enter);
        let run = |number| {
            move || {
                let _entered = enter();
                teller.run_laps(order, number)
            }
        };
        let threads: Vec<_> = (0..order.threads).map(|number| scope.spawn(run(number))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".into())))
    })?;
    Ok(Line::Done.tell()?)
}

/// Makes calls, and tells what each has acknowledged.
struct Teller {
    rt: Blocking,
    ledger: Arc<Ledger>,
    clock: ManualClock,
    endure: bool,
}

impl Teller {
    fn run_laps(&self, order: &Order, thread: u32) -> Result<(), Failure> {
        for lap in (order.first_lap..).take(usize::try_from(order.laps)?) {
            let name = format!("l{lap}t{thread}");
            while let Err(error) = self.run_lap(&name) {
                self.wait_out(error, &format!("payout:{name}_"))?;
            }
        }
        Ok(())
    }

    /// A lap can be run again: its events have ids, its proposals have keys.
    fn run_lap(&self, name: &str) -> Result<(), Failure> {
        let stranger = Authority::agent("stranger", [""; 0])?;
        let fates = ["at_once", "lost", "refused"];
        for (action, answer) in ["PAY_ONCE", "PAY_REPEATABLY"].into_iter().flat_map(|it| fates.map(|fate| (it, fate))) {
            let entity = format!("payout:{name}_{}_{answer}", action.to_ascii_lowercase());
            self.request(&entity)?;
            let _ = self.propose(&clerk(), action, &entity, answer)?;
            // The same key again: the recorded answer, and nothing runs.
            let _ = self.propose(&clerk(), action, &entity, answer)?;
        }
        let entity = format!("payout:{name}_approved");
        self.request(&entity)?;
        let _ = self.propose(&stranger, "PAY_APPROVED", &entity, "at_once")?;
        self.note(&entity)?;
        if let Answer::Held(held) = self.propose(&clerk(), "PAY_APPROVED", &entity, "at_once")? {
            self.approve(held.approval_id, held.grants < held.quorum, &entity)?;
        }
        Ok(())
    }

    fn request(&self, entity: &str) -> Result<(), Failure> {
        let id = format!("evt_{}", entity.replace(':', "_"));
        let event = NewEvent::new(&id, "REQUESTED");
        let trace = match self.rt.ingest(&Authority::service("shop")?, entity, event)? {
            Ingested::Accepted { trace_id, .. } => Some(trace_id),
            Ingested::AlreadyKnown => None,
            other => return Err(format!("{other:?}").into()),
        };
        Ok(Line::acknowledged("ingested", entity, id, trace, "-").tell()?)
    }

    fn propose(&self, by: &Authority, action: &str, entity: &str, answer: &str) -> Result<Answer, Failure> {
        let key = format!("key_{}_{action}", entity.replace(':', "_"));
        let proposal = Proposal::new(action, entity).param("answer", answer).idempotency_key(&key);
        let answer = self.rt.execute(by, proposal)?;
        Line::answered(&answer, &key).tell()?;
        Ok(answer)
    }

    fn note(&self, entity: &str) -> Result<(), Failure> {
        let answer = self.rt.execute(&clerk(), Proposal::new("NOTE", entity))?;
        Ok(Line::answered(&answer, "-").tell()?)
    }

    fn approve(&self, id: ApprovalId, is_missing: bool, entity: &str) -> Result<(), Failure> {
        if is_missing {
            let status = self.rt.grant(&lead(), id, "seen")?.recorded()?;
            Line::acknowledged("granted", entity, id.to_string(), Some(status.trace_id), "-").tell()?;
        }
        let answer = self.rt.resume(id)?;
        Ok(Line::answered(&answer, "-").tell()?)
    }

    /// Settles what is in doubt and uses what was approved, of these entities.
    fn recover(&self, is_told: bool, ours: impl Fn(&EntityRef) -> bool) -> Result<(), Failure> {
        let doubts: Vec<_> = self.rt.in_doubt()?.into_iter().filter(|doubt| ours(&doubt.entity)).collect();
        for doubt in doubts.iter().filter(|_| is_told) {
            Line::Doubt { execution: doubt.execution_id.to_string() }.tell()?;
        }
        for doubt in &doubts {
            let settled = match doubt.action.as_str() {
                "PAY_REPEATABLY" => self.rt.retry(&lead(), doubt.execution_id),
                "PAY_ONCE" => self.rt.probe(&lead(), doubt.execution_id),
                _ => self.look_up(doubt.execution_id),
            };
            let answer = settled?.settled()?;
            Line::answered(&answer, "-").tell()?;
            if matches!(answer, Answer::InDoubt(_)) {
                // The bank refuses the second attempt, which says nothing of the first.
                Line::answered(&self.look_up(doubt.execution_id)?.settled()?, "-").tell()?;
            }
        }
        for open in self.rt.pending_approvals()?.into_iter().filter(|open| ours(&open.entity)) {
            self.approve(open.id, open.grants < open.quorum, &open.entity.to_string())?;
        }
        Ok(())
    }

    /// Looks at the ledger, as a person does, for what became of a payment.
    fn look_up(&self, execution: ExecutionId) -> Result<Resolved, RuntimeError> {
        let resolution = match self.ledger.has_paid(execution) {
            true => Resolution::Succeeded(Outcome::new("paid").emit("PAID")),
            false => Resolution::NotApplied,
        };
        self.rt.resolve(&lead(), execution, resolution, "the ledger")
    }

    /// Waits until the store answers again and what the failure has left in entities of this beginning is settled, if the
    /// order is to endure it.
    fn wait_out(&self, error: Failure, mine: &str) -> Result<(), Failure> {
        if !self.endure {
            return Err(error);
        }
        let code =
            error.downcast_ref::<RuntimeError>().map_or_else(|| "other".to_owned(), |error| error.code().to_string());
        Line::Failed { code }.tell()?;
        let mut is_early = true;
        for _ in 0..MOST_WAITS {
            if is_early {
                self.clock.advance(Duration::from_secs(60));
            }
            let Err(error) = self.recover(false, |entity| entity.to_string().starts_with(mine)) else { return Ok(()) };
            // What the store itself refuses has made no new attempt, whose deadline would have to pass.
            is_early = !matches!(error.downcast_ref(), Some(RuntimeError::Store(_)));
            // Not to be in the way of the server while it starts.
            thread::sleep(Duration::from_millis(50));
        }
        Err(error)
    }
}

/// Asks the bank what became of a payment.
fn probe(ledger: Arc<Ledger>) -> impl Probe {
    move |asked: &Probing| {
        Ok(match ledger.has_paid(asked.execution_id) {
            true => Probed::Applied(Outcome::new("paid").emit("PAID")),
            false => Probed::NotApplied,
        })
    }
}

/// How often a store that is down is asked again.
const MOST_WAITS: u32 = 1_200;

fn clerk() -> Authority {
    let Ok(clerk) = Authority::agent("clerk", ["clerk"]) else { unreachable!("the names are well-formed") };
    clerk
}

fn lead() -> Authority {
    let Ok(lead) = Authority::human("lee", ["lead"]) else { unreachable!("the names are well-formed") };
    lead
}
