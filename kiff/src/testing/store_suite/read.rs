//! Checks of what comes back.

use super::{
    broken::{Broken, same},
    drafts::{ACTOR, Stream, acme, blocked, cleared, event, event_with, executed, held, receipt_id},
    ground::{Ground, bytes_of, done, read_whole_log, whole_stream},
};
use crate::{
    base::ids::TenantId,
    kernel::record::{Claim, MAX_RECORD, Record, RecordBytes},
    store::{Batch, EventStore, MarkKind},
    value::Value,
};

pub(super) async fn reads_back<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let mut stream = Stream::new(&acme()?, "order:a:B.c~-_@+")?;
    // What a store that understands JSON would write in another way.
    let payload = Value::object([
        ("text", Value::from("\u{e9}\u{1f600} \"\\/\n\u{7f}")),
        ("\u{e9}", Value::Null),
        ("Z", Value::from("1.50")),
    ]);
    let drafts = vec![
        event_with(ACTOR, "evt_1", payload)?,
        stream.proposal(ACTOR, "key/1?{}")?,
        held(1, 1)?,
        cleared(2, 1, Some(1))?,
        executed(1)?,
        blocked(3)?,
    ];
    let batch = stream.batch(drafts)?;
    let wanted: Vec<RecordBytes> = bytes_of(&batch);
    done(ground, &batch).await?;
    same("the stream", &whole_stream(ground, &stream).await?, &wanted)?;
    same("the log", &read_whole_log(ground, stream.tenant()).await?, &wanted)
}

pub(super) async fn reads_in_order<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let mut stream = Stream::new(&acme()?, "order:one")?;
    let mut other = Stream::new(&acme()?, "order:other")?;
    let mut wanted = Vec::new();
    for round in 0..6 {
        let batch = stream.batch(vec![event(&format!("a{round}"))?, event(&format!("b{round}"))?])?;
        wanted.extend(bytes_of(&batch));
        done(ground, &batch).await?;
        done(ground, &other.batch(vec![event(&format!("c{round}"))?])?).await?;
    }
    // Twelve records, so that an order by text would put the tenth before the second.
    for (after, limit) in [
        (0, usize::MAX),
        (0, 1),
        (0, 5),
        (3, 4),
        (9, 100),
        (11, 1),
        (12, 5),
        (13, 5),
        (u64::MAX, 5),
        (0, 0),
        (4, usize::MAX),
    ] {
        let found = ground.store.read(stream.tenant(), stream.name(), after, limit).await?;
        let skipped = usize::try_from(after).unwrap_or(usize::MAX);
        let page: Vec<RecordBytes> = wanted.iter().skip(skipped).take(limit).cloned().collect();
        same(&format!("the stream behind {after}, at most {limit},"), &found, &page)?;
    }
    let nobody = Stream::new(&acme()?, "order:nobody")?;
    same("a stream without records", &whole_stream(ground, &nobody).await?, &Vec::new())
}

pub(super) async fn holds_large_records<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let mut stream = Stream::new(&acme()?, "order:large")?;
    let small = |id: &str, length: usize| event_with(ACTOR, id, Value::object([("text", "x".repeat(length))]));
    let length = |records: Vec<Record>| records.first().map_or(0, |record| record.bytes().len());
    let overhead = length(stream.clone().seal(vec![small("evt_1", 0)?])?);
    let room = MAX_RECORD.saturating_sub(overhead);
    let batch = stream.batch(vec![small("evt_1", room)?, small("evt_2", room)?, small("evt_3", room - 1)?])?;
    let wanted = bytes_of(&batch);
    same("the largest record", &wanted.first().map_or(0, |bytes| bytes.len()), &MAX_RECORD)?;
    done(ground, &batch).await?;
    same("the stream", &whole_stream(ground, &stream).await?, &wanted)
}

pub(super) async fn holds_many_streams<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut streams = Vec::new();
    for number in 0..1_000 {
        streams.push(Stream::new(&tenant, &format!("order:{number}"))?);
    }
    for (group, streams) in streams.chunks_mut(100).enumerate() {
        let mut batch = Batch::new(tenant.clone());
        for (place, stream) in streams.iter_mut().enumerate() {
            batch = stream.add(batch, vec![event(&format!("evt_{group}_{place}"))?])?;
        }
        done(ground, &batch).await?;
    }
    same("the log's length", &ground.store.sequence(&tenant).await?, &1_000)?;
    for stream in &streams {
        same(&format!("the length of `{}`", stream.name()), &whole_stream(ground, stream).await?.len(), &1)?;
    }
    Ok(())
}

pub(super) async fn keeps_tenants_apart<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenants = [acme()?, TenantId::new("acme-2")?];
    let mut wanted = Vec::new();
    for tenant in &tenants {
        let mut stream = Stream::new(tenant, "order:same")?;
        let drafts = vec![event("evt_1")?, stream.proposal(ACTOR, "key")?, held(1, 1)?, cleared(2, 1, None)?];
        let batch = stream.batch(drafts)?;
        done(ground, &batch).await?;
        wanted.push((stream, bytes_of(&batch)));
    }
    for (stream, wanted) in &wanted {
        let tenant = stream.tenant();
        same("a tenant's stream", &whole_stream(ground, stream).await?, wanted)?;
        same("a tenant's log", &read_whole_log(ground, tenant).await?, wanted)?;
        same("a tenant's open approvals", &ground.store.open(tenant, MarkKind::Approval, None, 9).await?.len(), &1)?;
    }
    let stranger = TenantId::new("stranger")?;
    if let Some((stream, _)) = wanted.first() {
        same("a stranger's stream", &ground.store.read(&stranger, stream.name(), 0, 9).await?, &Vec::new())?;
    }
    same("a stranger's log", &read_whole_log(ground, &stranger).await?, &Vec::new())?;
    same("a stranger's claim", &ground.store.find(&stranger, &Claim::Receipt(receipt_id(1))).await?, &None)?;
    same("a stranger's open approvals", &ground.store.open(&stranger, MarkKind::Approval, None, 9).await?, &Vec::new())
}
