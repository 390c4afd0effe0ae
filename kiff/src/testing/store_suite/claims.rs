//! Checks of the names that only one record may have.

use super::{
    append::Standing,
    broken::{Broken, same},
    drafts::{ACTOR, Stream, acme, approval_id, blocked, cleared, event, event_with, execution_id, held, receipt_id},
    ground::{Ground, done},
};
use crate::{
    base::ids::{ActorId, EventId, IdempotencyKey},
    kernel::record::{Claim, Draft},
    store::{Append, EventStore, Found},
    value::Value,
};

pub(super) async fn keeps_claims_unique<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut stream = Stream::new(&tenant, "order:one")?;
    let pairs = pairs()?;
    done(ground, &stream.batch(pairs.iter().map(|pair| pair.first.clone()).collect())?).await?;
    let stood = Standing::of(ground, &tenant).await?;
    let elsewhere = Stream::new(&tenant, "order:0")?;
    for pair in &pairs {
        for writer in [&stream, &elsewhere] {
            // What stands around the claim must be left out too.
            let batch = Stream::new(&tenant, "order:1")?.batch(vec![held(9, 9)?])?;
            let batch = writer.clone().add(batch, vec![event("evt_x")?, pair.again.clone()])?;
            let batch = Stream::new(&tenant, "order:2")?.add(batch, vec![event("evt_x2")?])?;
            let claimed = Append::Claimed { claim: pair.claim.clone() };
            same("the answer to a batch whose claim is taken", &ground.store.append(&batch).await?, &claimed)?;
            same("what is stored after a claim was refused", &Standing::of(ground, &tenant).await?, &stood)?;
        }
    }
    done(ground, &stream.batch(vec![event("evt_x")?, held(9, 9)?, event("evt_x2")?])?).await
}

pub(super) async fn keeps_claims_unique_in_batch<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let [zero, one] = [Stream::new(&tenant, "order:0")?, Stream::new(&tenant, "order:1")?];
    let stood = Standing::of(ground, &tenant).await?;
    let pairs = pairs()?;
    for pair in &pairs {
        let apart = zero.clone().batch(vec![event("evt_x")?, pair.first.clone()])?;
        let apart = one.clone().add(apart, vec![pair.again.clone()])?;
        let together = zero.clone().batch(vec![pair.first.clone(), event("evt_x")?, pair.again.clone()])?;
        for batch in [apart, together] {
            let claimed = Append::Claimed { claim: pair.claim.clone() };
            same("the answer to a batch with a claim made twice", &ground.store.append(&batch).await?, &claimed)?;
            same("what is stored after a claim was refused", &Standing::of(ground, &tenant).await?, &stood)?;
        }
    }
    let batch = zero.clone().batch(pairs.into_iter().map(|pair| pair.first).collect())?;
    done(ground, &one.clone().add(batch, vec![event("evt_x")?])?).await
}

pub(super) async fn tells_claims_apart<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut stream = Stream::new(&tenant, "order:one")?;
    // Pairs that fall together where letters are folded, parts are joined, or `_` stands for any letter.
    let names = [
        ("suite", "x"),
        ("suite", "X"),
        ("Suite", "x"),
        ("a", "b:c"),
        ("a:b", "c"),
        ("suite", "a_b"),
        ("suite", "a.b"),
        ("suite", "01"),
        ("suite", "1"),
    ];
    let (mut drafts, mut claims) = (Vec::new(), Vec::new());
    for (actor, name) in names {
        drafts.extend([event_with(actor, name, Value::Null)?, stream.proposal(actor, name)?]);
        let actor = ActorId::new(actor)?;
        claims
            .extend([Claim::Event(actor.clone(), EventId::new(name)?), Claim::Key(actor, IdempotencyKey::new(name)?)]);
    }
    done(ground, &stream.batch(drafts)?).await?;
    done(ground, &stream.batch(vec![blocked(1)?])?).await?;
    claims.push(Claim::Receipt(receipt_id(1)));
    // A receipt, an approval and an execution with one ULID behind their prefixes.
    done(ground, &stream.batch(vec![held(2, 1)?])?).await?;
    done(ground, &stream.batch(vec![cleared(3, 1, None)?])?).await?;
    for (seq, claim) in (1..).zip(&claims) {
        let found = Found { stream: stream.name().clone(), seq, closed: None };
        same(&format!("the record with {claim:?}"), &ground.store.find(&tenant, claim).await?, &Some(found))?;
    }
    Ok(())
}

pub(super) async fn finds_claims<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let mut first = Stream::new(&tenant, "order:first")?;
    let pairs = pairs()?;
    for pair in &pairs {
        same("what was never claimed", &ground.store.find(&tenant, &pair.claim).await?, &None)?;
    }
    done(ground, &first.batch(vec![event("evt_y")?, event("evt_z")?])?).await?;
    let mut second = Stream::new(&tenant, "order:second")?;
    let (for_first, for_second) = pairs.split_at(2);
    let batch = first.batch(for_first.iter().map(|pair| pair.first.clone()).collect())?;
    done(ground, &second.add(batch, for_second.iter().map(|pair| pair.first.clone()).collect())?).await?;
    let places = [(&first, 3, for_first), (&second, 1, for_second)];
    for (stream, start, pairs) in places {
        for (seq, pair) in (start..).zip(pairs) {
            let found = Found { stream: stream.name().clone(), seq, closed: None };
            same(
                &format!("the record with {:?}", pair.claim),
                &ground.store.find(&tenant, &pair.claim).await?,
                &Some(found),
            )?;
        }
    }
    let other = Claim::Event(ActorId::new(ACTOR)?, EventId::new("evt_other")?);
    same("what was never claimed", &ground.store.find(&tenant, &other).await?, &None)
}

/// Two records that make one claim and otherwise different ones.
struct Pair {
    first: Draft,
    again: Draft,
    claim: Claim,
}

/// One pair for each kind of claim. The names of the batches around them are others.
fn pairs() -> Result<Vec<Pair>, Broken> {
    let proposed = Stream::new(&acme()?, "order:proposed")?;
    let actor = ActorId::new(ACTOR)?;
    Ok(vec![
        Pair {
            first: event("evt_1")?,
            again: event_with(ACTOR, "evt_1", Value::Null)?,
            claim: Claim::Event(actor.clone(), EventId::new("evt_1")?),
        },
        Pair {
            first: proposed.proposal(ACTOR, "key")?,
            again: proposed.proposal(ACTOR, "key")?,
            claim: Claim::Key(actor, IdempotencyKey::new("key")?),
        },
        Pair { first: blocked(1)?, again: cleared(1, 4, None)?, claim: Claim::Receipt(receipt_id(1)) },
        Pair { first: held(2, 5)?, again: held(6, 5)?, claim: Claim::Approval(approval_id(5)) },
        Pair { first: cleared(3, 6, None)?, again: cleared(7, 6, None)?, claim: Claim::Execution(execution_id(6)) },
    ])
}
