//! What was acknowledged is the same when it is asked for again, also by a store that was closed and opened.

use super::{
    broken::{Broken, same},
    drafts::{
        ACTOR, Stream, approval_id, blocked, cleared, contradicted, denied, event, executed, execution_id, held,
        receipt_id, settled, unknown,
    },
    ground::{Ground, check_on, done, read_whole_log, whole_stream},
};
use crate::{
    base::ids::{ActorId, EventId, IdempotencyKey, TenantId},
    kernel::record::{Claim, RecordBytes},
    store::{Append, Batch, Cell, CellSet, EventStore, Found, MarkKind, OpenMark},
};
use std::sync::Arc;

/// How often the store is opened again.
const TIMES: u64 = 3;

/// Asks the same store again. [`run_reopening`](super::run_reopening) closes it in between.
pub(super) async fn keeps_what_is_stored<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let mut history = History::write(ground).await?;
    for time in 0..TIMES {
        let stored = history.look(ground).await?;
        same("what is stored when it is asked for again", &history.look(ground).await?, &stored)?;
        history.go_on(ground, time).await?;
    }
    Ok(())
}

/// The same with a store that is closed, by its drop, and opened again.
pub(super) async fn reopening<S: EventStore>(open: &mut impl AsyncFnMut() -> S) -> Result<(), Broken> {
    let store = Arc::new(open().await);
    let ground = check_on(&store);
    let mut history = History::write(&ground).await?;
    let mut stored = history.look(&ground).await?;
    drop(store);
    for time in 0..TIMES {
        let store = Arc::new(open().await);
        let ground = check_on(&store);
        same("what is stored after it was opened again", &history.look(&ground).await?, &stored)?;
        history.go_on(&ground, time).await?;
        stored = history.look(&ground).await?;
        drop(store);
    }
    Ok(())
}

/// Two tenants with the same names, and everything of each kind: open, closed, and opened again.
struct History {
    tenants: Vec<[Stream; 2]>,
}

/// All that can be asked of one tenant.
#[derive(Debug, PartialEq)]
struct Stored {
    log: Vec<RecordBytes>,
    streams: Vec<Vec<RecordBytes>>,
    claims: Vec<Option<Found>>,
    open: Vec<OpenMark>,
    cells: Vec<Option<Cell>>,
}

impl History {
    async fn write<S: EventStore>(ground: &Ground<'_, S>) -> Result<Self, Broken> {
        let mut tenants = Vec::new();
        for name in ["acme", "other"] {
            let tenant = TenantId::new(name)?;
            let [mut one, mut two] = [Stream::new(&tenant, "order:one")?, Stream::new(&tenant, "order:two")?];
            done(ground, &one.batch(vec![event("evt_1")?, one.proposal(ACTOR, "key")?, held(1, 1)?])?).await?;
            // Some records have their places in the log by now, and the rest have none.
            ground.store.sequence(&tenant).await?;
            let batch = two.add(Batch::new(tenant.clone()), vec![held(2, 2)?, held(3, 3)?, denied(2)?, blocked(4)?])?;
            let cleared = vec![cleared(5, 1, Some(1))?, executed(1)?, contradicted(1)?, cleared(6, 2, None)?];
            done(ground, &one.add(batch, cleared)?).await?;
            done(ground, &two.batch(cleared_and_settled()?)?).await?;
            for revision in 0..3 {
                set(ground, &tenant, "position:suite", revision, b"place").await?;
            }
            set(ground, &tenant, "snapshot:order:one", 0, &vec![0xA5; 100_000]).await?;
            tenants.push([one, two]);
        }
        Ok(Self { tenants })
    }

    async fn look<S: EventStore>(&self, ground: &Ground<'_, S>) -> Result<Vec<Stored>, Broken> {
        let mut all = Vec::new();
        for [one, two] in &self.tenants {
            let tenant = one.tenant();
            let mut claims = Vec::new();
            for claim in claims_made()? {
                claims.push(ground.store.find(tenant, &claim).await?);
            }
            let mut open = ground.store.open(tenant, MarkKind::Approval, None, usize::MAX).await?;
            open.extend(ground.store.open(tenant, MarkKind::Execution, None, usize::MAX).await?);
            let mut cells = Vec::new();
            for name in ["position:suite", "snapshot:order:one", "head:none"] {
                cells.push(ground.store.cell(tenant, name).await?);
            }
            let streams = vec![whole_stream(ground, one).await?, whole_stream(ground, two).await?];
            all.push(Stored { log: read_whole_log(ground, tenant).await?, streams, claims, open, cells });
        }
        Ok(all)
    }

    /// What was stored still bars what it must, and more goes behind it.
    async fn go_on<S: EventStore>(&mut self, ground: &Ground<'_, S>, time: u64) -> Result<(), Broken> {
        for [one, _] in &mut self.tenants {
            let (tenant, log) = (one.tenant().clone(), read_whole_log(ground, one.tenant()).await?);
            let stale = Stream::new(&tenant, "order:one")?.batch(vec![event("evt_stale")?])?;
            let conflict = Append::Conflict { stream: one.name().clone(), actual: one.seq() };
            same("the answer to an append at an old sequence", &ground.store.append(&stale).await?, &conflict)?;
            let claim = Claim::Event(ActorId::new(ACTOR)?, EventId::new("evt_1")?);
            let again = one.clone().batch(vec![event("evt_1")?])?;
            let claimed = Append::Claimed { claim };
            same("the answer to a claim that was made before", &ground.store.append(&again).await?, &claimed)?;
            let old = ground.store.set_cell(&tenant, "position:suite", 1, b"old").await?;
            same("the answer to an old revision", &old, &CellSet::Conflict { actual: 3 + time })?;
            set(ground, &tenant, "position:suite", 3 + time, b"later").await?;
            done(ground, &one.batch(vec![event(&format!("evt_later_{time}"))?])?).await?;
            let grown = read_whole_log(ground, &tenant).await?;
            same("the log before the new record", &grown.get(..log.len()).unwrap_or_default(), &&*log)?;
        }
        Ok(())
    }
}

/// An execution of which nobody knows, until somebody says; and one that stays open.
fn cleared_and_settled() -> Result<Vec<crate::kernel::record::Draft>, Broken> {
    Ok(vec![cleared(7, 3, None)?, unknown(3)?, settled(3)?, cleared(8, 4, None)?, unknown(4)?])
}

fn claims_made() -> Result<Vec<Claim>, Broken> {
    let actor = ActorId::new(ACTOR)?;
    let mut claims = vec![
        Claim::Event(actor.clone(), EventId::new("evt_1")?),
        Claim::Event(actor.clone(), EventId::new("evt_stale")?),
        Claim::Key(actor, IdempotencyKey::new("key")?),
    ];
    claims.extend((1..=9).map(|number| Claim::Receipt(receipt_id(number))));
    claims.extend((1..=4).map(|number| Claim::Approval(approval_id(number))));
    claims.extend((1..=5).map(|number| Claim::Execution(execution_id(number))));
    Ok(claims)
}

async fn set<S: EventStore>(
    ground: &Ground<'_, S>,
    tenant: &TenantId,
    name: &str,
    expected: u64,
    value: &[u8],
) -> Result<(), Broken> {
    same("the answer to a setting", &ground.store.set_cell(tenant, name, expected, value).await?, &CellSet::Done)
}
