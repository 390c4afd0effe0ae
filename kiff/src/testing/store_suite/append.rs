//! Checks of what an append refuses, and that a refusal leaves nothing.

use super::{
    broken::{Broken, same},
    drafts::{ACTOR, Stream, acme, approval_id, event, held, receipt_id},
    ground::{Ground, done, read_whole_log, whole_stream},
};
use crate::{
    base::ids::{ActorId, EventId, TenantId},
    kernel::record::{Claim, RecordBytes},
    store::{Append, Batch, EventStore, MarkKind, OpenMark},
};

pub(super) async fn refuses_other_sequences<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut stream = Stream::new(&tenant, "order:one")?;
    let empty = stream.clone();
    done(ground, &stream.batch(vec![event("evt_1")?, event("evt_2")?])?).await?;
    let mut ahead = stream.clone();
    ahead.seal(vec![event("evt_3")?])?;
    let mut elsewhere = Stream::new(&tenant, "order:empty")?;
    elsewhere.seal(vec![event("evt_3")?])?;
    let stood = Standing::of(ground, &tenant).await?;
    for (mut writer, actual) in [(empty, 2), (ahead, 2), (elsewhere, 0)] {
        let batch = writer.batch(vec![event("evt_x")?, held(1, 1)?])?;
        let conflict = Append::Conflict { stream: writer.name().clone(), actual };
        same("the answer to an append at another sequence", &ground.store.append(&batch).await?, &conflict)?;
        same("what is stored after a conflict", &Standing::of(ground, &tenant).await?, &stood)?;
    }
    done(ground, &stream.batch(vec![event("evt_x")?, held(1, 1)?])?).await
}

pub(super) async fn appends_all_or_nothing<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut moved = Stream::new(&tenant, "order:moved")?;
    let stale = moved.clone();
    done(ground, &moved.batch(vec![event("evt_1")?])?).await?;
    let stood = Standing::of(ground, &tenant).await?;
    for conflicting in 0..3 {
        let mut batch = Batch::new(tenant.clone());
        for place in 0..3 {
            let mut writer =
                if place == conflicting { stale.clone() } else { Stream::new(&tenant, &format!("order:{place}"))? };
            let number = place + 1;
            batch = writer.add(batch, vec![event(&format!("evt_x{place}"))?, held(number, number)?])?;
        }
        let conflict = Append::Conflict { stream: stale.name().clone(), actual: 1 };
        same("the answer to a batch with a conflict", &ground.store.append(&batch).await?, &conflict)?;
        same("what is stored after a conflict", &Standing::of(ground, &tenant).await?, &stood)?;
    }
    let mut batch = moved.add(Batch::new(tenant.clone()), vec![event("evt_x0")?])?;
    let mut streams = vec![moved];
    for place in 1..3 {
        let mut writer = Stream::new(&tenant, &format!("order:{place}"))?;
        batch = writer.add(batch, vec![event(&format!("evt_x{place}"))?, held(place, place)?])?;
        streams.push(writer);
    }
    done(ground, &batch).await?;
    for stream in &streams {
        same(&format!("the length of `{}`", stream.name()), &whole_stream(ground, stream).await?.len(), &2)?;
    }
    Ok(())
}

pub(super) async fn heeds_guards<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut guarded = Stream::new(&tenant, "order:guarded")?;
    let unmoved = guarded.clone();
    let mut stream = Stream::new(&tenant, "order:one")?;
    let with_guard = |stream: &mut Stream, guard: &Stream, id: &str| {
        let batch = guard.clone().add(Batch::new(tenant.clone()), Vec::new())?;
        stream.add(batch, vec![event(id)?])
    };
    done(ground, &with_guard(&mut stream, &unmoved, "evt_1")?).await?;
    same("a stream that was only guarded", &whole_stream(ground, &guarded).await?, &Vec::new())?;
    done(ground, &guarded.batch(vec![event("evt_2")?])?).await?;
    done(ground, &with_guard(&mut stream, &guarded, "evt_3")?).await?;
    let stood = Standing::of(ground, &tenant).await?;
    let conflict = Append::Conflict { stream: guarded.name().clone(), actual: 1 };
    let refused = with_guard(&mut stream.clone(), &unmoved, "evt_x")?;
    same("the answer to a batch whose guard has moved", &ground.store.append(&refused).await?, &conflict)?;
    same(
        "the answer to a guard alone that has moved",
        &ground.store.append(&unmoved.clone().batch(Vec::new())?).await?,
        &conflict,
    )?;
    done(ground, &guarded.batch(Vec::new())?).await?;
    done(ground, &Batch::new(tenant.clone())).await?;
    same("what is stored after guards alone", &Standing::of(ground, &tenant).await?, &stood)
}

/// All that can be seen of a tenant, of the names that the checks in this file and of claims use.
#[derive(Debug, PartialEq)]
pub(super) struct Standing {
    log: Vec<RecordBytes>,
    streams: Vec<usize>,
    claims: Vec<Claim>,
    open: Vec<OpenMark>,
}

impl Standing {
    pub(super) async fn of<S: EventStore>(ground: &Ground<'_, S>, tenant: &TenantId) -> Result<Self, Broken> {
        let log = read_whole_log(ground, tenant).await?;
        let mut streams = Vec::new();
        for name in ["one", "empty", "moved", "guarded", "0", "1", "2"] {
            streams.push(whole_stream(ground, &Stream::new(tenant, &format!("order:{name}"))?).await?.len());
        }
        let mut names = Vec::new();
        for id in ["evt_x", "evt_x0", "evt_x1", "evt_x2"] {
            names.push(Claim::Event(ActorId::new(ACTOR)?, EventId::new(id)?));
        }
        for number in 1..=9 {
            names.extend([Claim::Receipt(receipt_id(number)), Claim::Approval(approval_id(number))]);
        }
        let mut claims = Vec::new();
        for name in names {
            claims.extend(ground.store.find(tenant, &name).await?.map(|_| name));
        }
        let mut open = ground.store.open(tenant, MarkKind::Approval, None, usize::MAX).await?;
        open.extend(ground.store.open(tenant, MarkKind::Execution, None, usize::MAX).await?);
        Ok(Self { log, streams, claims, open })
    }
}
