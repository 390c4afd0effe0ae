//! Checks of what is open and what is closed.

use super::{
    broken::{Broken, same},
    drafts::{
        Stream, acme, approval_id, cleared, contradicted, denied, executed, execution_id, held, receipt_id, settled,
        unknown,
    },
    ground::{Ground, done},
};
use crate::{
    base::ids::TenantId,
    kernel::record::{Claim, Mark},
    store::{EventStore, Found, MarkKind, OpenMark},
};

pub(super) async fn tells_what_is_closed<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let mut stream = Stream::new(&acme()?, "order:one")?;
    let approval = |number| Claim::Approval(approval_id(number));
    let execution = |number| Claim::Execution(execution_id(number));
    // Each record, and where a claim was made and closed after it.
    let steps = vec![
        (held(1, 1)?, approval(1), 1, None),
        (denied(1)?, approval(1), 1, Some(2)),
        (held(2, 2)?, approval(2), 3, None),
        (cleared(3, 1, Some(2))?, approval(2), 3, Some(4)),
        (unknown(1)?, execution(1), 4, None),
        (executed(1)?, execution(1), 4, Some(6)),
        (contradicted(1)?, execution(1), 4, None),
        (settled(1)?, execution(1), 4, Some(8)),
        (settled(1)?, execution(1), 4, Some(9)),
        (cleared(4, 2, None)?, Claim::Receipt(receipt_id(3)), 4, None),
    ];
    for (draft, claim, seq, closed) in steps {
        done(ground, &stream.batch(vec![draft])?).await?;
        let found = Found { stream: stream.name().clone(), seq, closed };
        let what = format!("{claim:?} after record {}", stream.seq());
        same(&what, &ground.store.find(stream.tenant(), &claim).await?, &Some(found))?;
    }
    // Opened, closed and opened again in one batch: the entries take effect in their order.
    done(ground, &stream.batch(vec![cleared(5, 3, None)?, executed(3)?, contradicted(3)?, held(6, 3)?, denied(3)?])?)
        .await?;
    let found = |seq, closed| Some(Found { stream: stream.name().clone(), seq, closed });
    same(
        "an execution opened again in its batch",
        &ground.store.find(stream.tenant(), &execution(3)).await?,
        &found(11, None),
    )?;
    same(
        "an approval closed in its batch",
        &ground.store.find(stream.tenant(), &approval(3)).await?,
        &found(14, Some(15)),
    )
}

pub(super) async fn keeps_open_marks<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let mut stream = Stream::new(&acme()?, "order:one")?;
    let approval = |number| Mark::Approval(approval_id(number));
    let execution = |number| Mark::Execution(execution_id(number));
    // Each batch, and what is open after it.
    let steps = vec![
        (vec![held(1, 1)?], vec![(1, approval(1))]),
        (vec![held(2, 2)?], vec![(1, approval(1)), (2, approval(2))]),
        (vec![cleared(3, 1, Some(1))?], vec![(2, approval(2)), (3, execution(1))]),
        (vec![unknown(1)?], vec![(2, approval(2)), (3, execution(1))]),
        // What is open already stays where it was opened.
        (vec![contradicted(1)?], vec![(2, approval(2)), (3, execution(1))]),
        (vec![executed(1)?], vec![(2, approval(2))]),
        (vec![denied(2)?], vec![]),
        (vec![contradicted(1)?], vec![(8, execution(1))]),
        (vec![settled(1)?], vec![]),
        (vec![settled(1)?], vec![]),
        (vec![cleared(4, 2, None)?, executed(2)?], vec![]),
        (vec![cleared(5, 3, None)?, executed(3)?, contradicted(3)?], vec![(15, execution(3))]),
    ];
    for (drafts, wanted) in steps {
        done(ground, &stream.batch(drafts)?).await?;
        let mut found = ground.store.open(stream.tenant(), MarkKind::Approval, None, usize::MAX).await?;
        found.extend(ground.store.open(stream.tenant(), MarkKind::Execution, None, usize::MAX).await?);
        let wanted = wanted.into_iter().map(|(seq, mark)| OpenMark { stream: stream.name().clone(), seq, mark });
        same(&format!("what is open after record {}", stream.seq()), &found, &wanted.collect())?;
    }
    Ok(())
}

pub(super) async fn pages_open_marks<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let (mut approvals, mut executions) = (Vec::new(), Vec::new());
    let mut number = 0;
    // Names that a collation sorts otherwise than their bytes.
    for name in [
        "order:b",
        "order:a_1",
        "order:B",
        "order:a-1",
        "order:a",
        "order:a1",
        "o:z",
        "order_2:a",
        "order:10",
        "order:9",
    ] {
        let mut stream = Stream::new(&tenant, name)?;
        for _ in 0..6 {
            number += 2;
            // The later mark has the smaller id, so that an order by id is not the order asked for.
            let id = 1_000 - number;
            done(ground, &stream.batch(vec![held(number, id)?, cleared(number + 1, id, None)?])?).await?;
            let mark = |seq, mark| OpenMark { stream: stream.name().clone(), seq, mark };
            approvals.push(mark(stream.seq() - 1, Mark::Approval(approval_id(id))));
            executions.push(mark(stream.seq(), Mark::Execution(execution_id(id))));
        }
    }
    approvals.sort();
    executions.sort();
    for limit in [1, 7, usize::MAX] {
        same("the open approvals", &page_by_page(ground, &tenant, MarkKind::Approval, limit).await?, &approvals)?;
        same("the open executions", &page_by_page(ground, &tenant, MarkKind::Execution, limit).await?, &executions)?;
    }
    same("a page of at most 0", &ground.store.open(&tenant, MarkKind::Approval, None, 0).await?, &Vec::new())?;
    goes_on_behind_a_closed_mark(ground, &tenant, &approvals).await
}

/// Who pages remembers the last mark, and it may be closed before the next page is asked for.
async fn goes_on_behind_a_closed_mark<S: EventStore>(
    ground: &Ground<'_, S>,
    tenant: &TenantId,
    approvals: &[OpenMark],
) -> Result<(), Broken> {
    let (Some(last), Some(rest)) = (approvals.get(20), approvals.get(21..)) else {
        return Ok(());
    };
    let Mark::Approval(approval) = last.mark else {
        return Ok(());
    };
    // A stream of its own may close it: the index goes by the approval's id.
    let number = approval.ulid();
    let closing = (0..1_000).find(|id| approval_id(*id).ulid() == number).unwrap_or_default();
    done(ground, &Stream::new(tenant, "order:closing")?.batch(vec![denied(closing)?])?).await?;
    same(
        "the page behind a mark that is closed",
        &ground.store.open(tenant, MarkKind::Approval, Some(last), usize::MAX).await?,
        &rest.to_vec(),
    )
}

async fn page_by_page<S: EventStore>(
    ground: &Ground<'_, S>,
    tenant: &TenantId,
    kind: MarkKind,
    limit: usize,
) -> Result<Vec<OpenMark>, Broken> {
    let mut all: Vec<OpenMark> = Vec::new();
    // A store that gives the same page for ever must not hang the check.
    for _ in 0..1_000 {
        let page = ground.store.open(tenant, kind, all.last(), limit).await?;
        if page.len() > limit {
            return Err(Broken::Rule(format!("a page of at most {limit} has {}", page.len())));
        }
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
    Err(Broken::Rule("the pages of open marks do not end".into()))
}
