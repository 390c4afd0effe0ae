//! Checks of the tenant's log.

use super::{
    broken::{Broken, cut, same},
    drafts::{Stream, acme, event, held},
    ground::{Ground, bytes_of, done, read_whole_log},
};
use crate::{
    base::ids::EntityRef,
    kernel::record::{Record, RecordBytes},
    store::{Append, Batch, EventStore},
};
use std::collections::HashMap;

pub(super) async fn keeps_the_log<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    same("the length of an empty log", &ground.store.sequence(&tenant).await?, &0)?;
    let mut streams = Vec::new();
    for name in ["order:c", "order:a", "order:b"] {
        streams.push(Stream::new(&tenant, name)?);
    }
    let mut batches = Vec::new();
    for round in 0..8 {
        let mut batch = Batch::new(tenant.clone());
        // Now one part, now two, now three, in changing order.
        for (place, stream) in streams.iter_mut().enumerate().take(round % 3 + 1) {
            batch =
                stream.add(batch, vec![event(&format!("a{round}_{place}"))?, event(&format!("b{round}_{place}"))?])?;
        }
        done(ground, &batch).await?;
        batches.push(bytes_of(&batch));
        streams.rotate_left(1);
    }
    check_log(&read_whole_log(ground, &tenant).await?, &batches)
}

pub(super) async fn keeps_places_in_the_log<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut streams = [Stream::new(&tenant, "order:b")?, Stream::new(&tenant, "order:a")?];
    let (mut log, mut batches): (Vec<RecordBytes>, Vec<_>) = (Vec::new(), Vec::new());
    let mut number = 0;
    for _ in 0..6 {
        for stream in &mut streams {
            let refused = stream.clone().batch(vec![event("evt_x")?, event("evt_x")?])?;
            if ground.store.append(&refused).await? == Append::Done {
                return Err(Broken::Rule("a batch that claims twice was stored".into()));
            }
            number += 1;
            let batch = stream.batch(vec![event(&format!("evt_{number}"))?, held(number, number)?])?;
            done(ground, &batch).await?;
            batches.push(bytes_of(&batch));
            let grown = read_whole_log(ground, &tenant).await?;
            same("the log's beginning after it has grown", &grown.get(..log.len()).unwrap_or_default(), &&*log)?;
            log = grown;
        }
    }
    check_log(&log, &batches)?;
    for (after, limit) in [(0, 1), (0, 5), (5, 7), (20, 100), (23, 1), (24, 1), (99, 1), (u64::MAX, usize::MAX), (0, 0)]
    {
        let page: Vec<RecordBytes> =
            log.iter().skip(usize::try_from(after).unwrap_or(usize::MAX)).take(limit).cloned().collect();
        same(
            &format!("the log behind {after}, at most {limit},"),
            &ground.store.read_log(&tenant, after, limit).await?,
            &page,
        )?;
    }
    same("the log's length when it is asked again", &ground.store.sequence(&tenant).await?, &(number * 2))
}

/// Holds a log to its rules: each record of the batches once, no batch split, the streams in order.
pub(super) fn check_log(log: &[RecordBytes], batches: &[Vec<RecordBytes>]) -> Result<(), Broken> {
    same("the number of records in the log", &log.len(), &batches.iter().map(Vec::len).sum())?;
    let places: HashMap<&[u8], usize> = log.iter().zip(0..).map(|(bytes, place)| (&**bytes, place)).collect();
    for batch in batches {
        let mut of_batch = Vec::new();
        for bytes in batch {
            of_batch.push(*places.get(&**bytes).ok_or_else(|| Broken::Rule(format!("the log lacks {}", cut(bytes))))?);
        }
        if !of_batch.is_sorted() {
            return Err(Broken::Rule(format!("a batch lies turned round in the log, at {}", cut(&of_batch))));
        }
        if of_batch.last().zip(of_batch.first()).is_some_and(|(last, first)| last - first + 1 != batch.len()) {
            return Err(Broken::Rule(format!("a batch lies split in the log, at {}", cut(&of_batch))));
        }
    }
    let mut heads: HashMap<EntityRef, u64> = HashMap::new();
    for bytes in log {
        let record = parse(bytes)?;
        let head = heads.entry(record.entity().clone()).or_default();
        *head += 1;
        same(&format!("the next sequence of `{}` in the log", record.entity()), &record.entity_seq(), head)?;
    }
    Ok(())
}

pub(super) fn parse(bytes: &RecordBytes) -> Result<Record, Broken> {
    Record::parse(bytes.clone()).map_err(|error| Broken::Rule(format!("{error}: {}", cut(bytes))))
}
