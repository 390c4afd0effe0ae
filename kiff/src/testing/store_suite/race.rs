//! Checks with several writers at once.

use super::{
    broken::{Broken, same},
    drafts::{ACTOR, Stream, acme, event, event_with},
    ground::{Ground, bytes_of, read_whole_log, whole_stream},
    log::{check_log, parse},
};
use crate::{
    base::{digest::Digest, ids::TenantId},
    domain::action::BoxFuture,
    kernel::record::RecordBytes,
    store::{Append, Batch, EventStore},
    value::Value,
};
use std::{
    future::{Future, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

pub(super) const WRITERS: usize = 6;
pub(super) const ROUNDS: usize = 12;

/// The writers of one race.
const RACERS: usize = 20;
/// The races of the check.
const FEW: usize = 5;

pub(super) async fn lets_one_writer_win<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let stream = Stream::new(&acme()?, "order:one")?;
    let writers = (0..WRITERS).map(|writer| insist(Arc::clone(ground.store), stream.clone(), writer));
    all_of(ground.spawn, writers).await?;
    let records = whole_stream(ground, &stream).await?;
    same("the number of records that won", &records.len(), &(WRITERS * ROUNDS))?;
    let mut prev = Digest::ZERO;
    for (seq, bytes) in (1..).zip(&records) {
        let record = parse(bytes)?;
        same("the stream's next sequence", &record.entity_seq(), &seq)?;
        // Two winners at one sequence would both name the same predecessor.
        same(&format!("the predecessor of record {seq}"), &record.prev(), &prev)?;
        prev = record.leaf();
    }
    let alone: Vec<_> = records.into_iter().map(|bytes| vec![bytes]).collect();
    check_log(&read_whole_log(ground, stream.tenant()).await?, &alone)?;
    race(ground, FEW).await
}

/// In each round all writers expect the same sequence, and one of them is right.
pub(super) async fn race<S: EventStore>(ground: &Ground<'_, S>, rounds: usize) -> Result<(), Broken> {
    let mut stream = Stream::new(&TenantId::new("race")?, "order:raced")?;
    while let Some(last) = ground.store.read(stream.tenant(), stream.name(), stream.seq(), usize::MAX).await?.last() {
        stream.follow(&parse(last)?);
    }
    for _ in 0..rounds {
        let next = stream.seq() + 1;
        let writers = (0..RACERS).map(|writer| try_once(Arc::clone(ground.store), stream.clone(), writer));
        let mut won: Vec<RecordBytes> = all_of(ground.spawn, writers).await?.into_iter().flatten().collect();
        same(&format!("the number of winners at sequence {next}"), &won.len(), &1)?;
        let stored = ground.store.read(stream.tenant(), stream.name(), stream.seq(), usize::MAX).await?;
        same(&format!("the record at sequence {next}"), &stored, &won)?;
        if let Some(won) = won.pop() {
            stream.follow(&parse(&won)?);
        }
    }
    Ok(())
}

/// Appends one record and gives its bytes if that won.
async fn try_once<S: EventStore>(
    store: Arc<S>,
    mut stream: Stream,
    writer: usize,
) -> Result<Option<RecordBytes>, Broken> {
    let next = stream.seq() + 1;
    let batch = stream.batch(vec![event(&format!("evt_{next}_{writer}"))?])?;
    let conflict = Append::Conflict { stream: stream.name().clone(), actual: next };
    match store.append(&batch).await? {
        Append::Done => Ok(bytes_of(&batch).pop()),
        lost => same("the answer to a writer that lost", &lost, &conflict).map(|()| None),
    }
}

/// Appends its records to a stream that others write too: reads on after every conflict.
async fn insist<S: EventStore>(store: Arc<S>, mut stream: Stream, writer: usize) -> Result<(), Broken> {
    for round in 0..ROUNDS {
        let mut tries = 0;
        loop {
            let mut next = stream.clone();
            match store.append(&next.batch(vec![event(&format!("evt_{writer}_{round}"))?])?).await? {
                Append::Done => break stream = next,
                Append::Conflict { .. } => {}
                other => return Err(Broken::Rule(format!("an append that could only conflict gave {other:?}"))),
            }
            // Each conflict means that another record came first, and there are only so many.
            tries += 1;
            if tries > WRITERS * ROUNDS {
                return Err(Broken::Rule("there were more conflicts than records".into()));
            }
            if let Some(last) = store.read(stream.tenant(), stream.name(), stream.seq(), usize::MAX).await?.last() {
                stream.follow(&parse(last)?);
            }
        }
    }
    Ok(())
}

pub(super) async fn lets_one_claim_win<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        writers.push(claim_all(Arc::clone(ground.store), Stream::new(&tenant, &format!("order:{writer}"))?));
    }
    let mut wins = vec![0; ROUNDS];
    for won in all_of(ground.spawn, writers).await? {
        wins.iter_mut().zip(won).for_each(|(wins, won)| *wins += usize::from(won));
    }
    same("the winners of each claim", &wins, &vec![1; ROUNDS])?;
    same("the log's length", &read_whole_log(ground, &tenant).await?.len(), &ROUNDS)
}

/// Makes every claim that the others make too, on a stream of its own, and tells which it got.
async fn claim_all<S: EventStore>(store: Arc<S>, mut stream: Stream) -> Result<Vec<bool>, Broken> {
    let mut won = Vec::new();
    for round in 0..ROUNDS {
        let mut next = stream.clone();
        // The payload differs by writer, so that the winner's record can be told from the losers'.
        let draft = event_with(ACTOR, &format!("evt_{round}"), Value::from(stream.name().as_str()))?;
        match store.append(&next.batch(vec![draft])?).await? {
            Append::Done => {
                stream = next;
                won.push(true);
            }
            Append::Claimed { .. } => won.push(false),
            other => {
                return Err(Broken::Rule(format!("an append that could only find its claim taken gave {other:?}")));
            }
        }
    }
    Ok(won)
}

pub(super) async fn lets_others_write<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let streams =
            [Stream::new(&tenant, &format!("order:{writer}_a"))?, Stream::new(&tenant, &format!("order:{writer}_b"))?];
        writers.push(write_and_follow(Arc::clone(ground.store), streams));
    }
    let (mut batches, mut followed) = (Vec::new(), Vec::new());
    for (appended, log) in all_of(ground.spawn, writers).await? {
        batches.extend(appended);
        followed.push(log);
    }
    let log = read_whole_log(ground, &tenant).await?;
    check_log(&log, &batches)?;
    for followed in followed {
        same("the log as one saw it who followed it", &&*followed, &log.get(..followed.len()).unwrap_or_default())?;
    }
    Ok(())
}

/// Appends to two streams of its own, and reads the log behind what it has read before, as a follower does.
async fn write_and_follow<S: EventStore>(
    store: Arc<S>,
    mut streams: [Stream; 2],
) -> Result<(Vec<Vec<RecordBytes>>, Vec<RecordBytes>), Broken> {
    let (mut batches, mut log) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let tenant = acme()?;
        let mut batch = Batch::new(tenant.clone());
        for stream in &mut streams {
            let id = format!("{}_{round}", stream.name().id());
            batch = stream.add(batch, vec![event(&id)?])?;
        }
        same("the answer to a writer on streams of its own", &store.append(&batch).await?, &Append::Done)?;
        batches.push(bytes_of(&batch));
        store.sequence(&tenant).await?;
        log.extend(store.read_log(&tenant, log.len() as u64, usize::MAX).await?);
        if !batches.last().is_some_and(|batch| batch.iter().all(|bytes| log.contains(bytes))) {
            return Err(Broken::Rule("the log lacks a batch that was appended before it was sequenced".into()));
        }
    }
    Ok((batches, log))
}

/// Spawns the writers and waits for all of them.
pub(super) async fn all_of<T, W>(
    spawn: &dyn Fn(BoxFuture<'static, ()>),
    writers: impl IntoIterator<Item = W>,
) -> Result<Vec<T>, Broken>
where
    T: Send + 'static,
    W: Future<Output = Result<T, Broken>> + Send + 'static,
{
    let writers: Vec<W> = writers.into_iter().collect();
    let count = writers.len();
    let finish = Arc::new(Mutex::new(Finish { results: Vec::new(), running: count, waker: None }));
    for writer in writers {
        let seat = Seat(Arc::clone(&finish));
        spawn(Box::pin(async move {
            let result = writer.await;
            seat.lock().results.push(result);
        }));
    }
    let results = poll_fn(|context| {
        let mut finish = finish.lock().unwrap_or_else(PoisonError::into_inner);
        if finish.running == 0 {
            return Poll::Ready(std::mem::take(&mut finish.results));
        }
        finish.waker = Some(context.waker().clone());
        Poll::Pending
    })
    .await;
    if results.len() < count {
        return Err(Broken::Rule("a writer panicked, or was never run".into()));
    }
    results.into_iter().collect()
}

/// Where writers leave what they found.
struct Finish<T> {
    results: Vec<Result<T, Broken>>,
    running: usize,
    waker: Option<Waker>,
}

/// A writer that is not back yet. Dropped in any case, even if its writer panics or is never run.
struct Seat<T>(Arc<Mutex<Finish<T>>>);

impl<T> Seat<T> {
    fn lock(&self) -> MutexGuard<'_, Finish<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Seat<T> {
    fn drop(&mut self) {
        let waker = {
            let mut finish = self.lock();
            finish.running -= 1;
            finish.waker.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
