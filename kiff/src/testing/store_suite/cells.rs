//! Checks of the cells beside the log.

use super::{
    broken::{Broken, same},
    drafts::acme,
    ground::{Ground, read_whole_log},
    race::{ROUNDS, WRITERS, all_of},
};
use crate::{
    base::ids::TenantId,
    store::{Cell, CellSet, EventStore},
};
use std::sync::Arc;

const NAME: &str = "position:suite";

pub(super) async fn reads_cells_back<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    same("a cell that was never set", &ground.store.cell(&tenant, NAME).await?, &None)?;
    let every_byte: Vec<u8> = (0..=255).collect();
    for (value, revision) in [&b"first"[..], &every_byte, b"", b"first"].into_iter().zip(1..) {
        set(ground, &tenant, NAME, revision - 1, value).await?;
        let cell = Cell { revision, value: value.to_vec() };
        same("a cell that was set", &ground.store.cell(&tenant, NAME).await?, &Some(cell))?;
    }
    Ok(())
}

pub(super) async fn sets_cells_by_revision<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    for actual in 0..4 {
        let stood = ground.store.cell(&tenant, NAME).await?;
        for expected in (0..6).chain([u64::MAX]).filter(|expected| *expected != actual) {
            let answer = ground.store.set_cell(&tenant, NAME, expected, b"other").await?;
            same("the answer to a setting at another revision", &answer, &CellSet::Conflict { actual })?;
            same("a cell after a conflict", &ground.store.cell(&tenant, NAME).await?, &stood)?;
        }
        set(ground, &tenant, NAME, actual, &actual.to_be_bytes()).await?;
    }
    Ok(())
}

pub(super) async fn keeps_cells_apart<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let mut places = Vec::new();
    for tenant in ["acme", "acme-2", "a"] {
        for name in ["head:a", "head:a.b", "head:A", "head:a:b", "head:a%", "head:a_b", "head:", "heads:a"] {
            places.push((TenantId::new(tenant)?, name));
        }
    }
    for (tenant, name) in &places {
        same("a cell that was never set", &ground.store.cell(tenant, name).await?, &None)?;
        set(ground, tenant, name, 0, format!("{tenant} {name}").as_bytes()).await?;
    }
    for (tenant, name) in &places {
        let cell = Cell { revision: 1, value: format!("{tenant} {name}").into_bytes() };
        same(&format!("the cell `{name}` of `{tenant}`"), &ground.store.cell(tenant, name).await?, &Some(cell))?;
        same("the log's length beside cells", &read_whole_log(ground, tenant).await?.len(), &0)?;
    }
    Ok(())
}

pub(super) async fn holds_large_cells<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let large: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    // The longest name that kiff gives.
    let name = format!("snapshot:{}", "n".repeat(246));
    for (value, revision) in [large.clone(), Vec::new(), large].into_iter().zip(1..) {
        set(ground, &tenant, &name, revision - 1, &value).await?;
        let Some(found) = ground.store.cell(&tenant, &name).await? else {
            return Err(Broken::Rule("a large cell that was set is not there".into()));
        };
        same("the bytes of a large cell", &found.value.len(), &value.len())?;
        same("a large cell", &(found == Cell { revision, value }), &true)?;
    }
    Ok(())
}

pub(super) async fn lets_one_setting_win<S: EventStore>(ground: &Ground<'_, S>) -> Result<(), Broken> {
    let tenant = acme()?;
    let setters = (0..WRITERS).map(|setter| set_on(Arc::clone(ground.store), tenant.clone(), setter));
    let mut given: Vec<u64> = all_of(ground.spawn, setters).await?.into_iter().flatten().collect();
    given.sort_unstable();
    let all: Vec<u64> = (0..given.len() as u64).collect();
    same("the revisions at which somebody won", &given, &all)?;
    let settings = (WRITERS * ROUNDS) as u64;
    same("how many settings won", &(given.len() as u64), &settings)?;
    let revision = ground.store.cell(&tenant, NAME).await?.map(|cell| cell.revision);
    same("the revision after all of them", &revision, &Some(settings))
}

/// Sets the cell that others set too, and tells at which revisions it could.
async fn set_on<S: EventStore>(store: Arc<S>, tenant: TenantId, setter: usize) -> Result<Vec<u64>, Broken> {
    let (mut revision, mut given) = (0, Vec::new());
    for round in 0..ROUNDS {
        let value = format!("{setter} {round}");
        let mut tries = 0;
        while let CellSet::Conflict { actual } = store.set_cell(&tenant, NAME, revision, value.as_bytes()).await? {
            // Each conflict means that somebody else won, and there are only so many to win.
            tries += 1;
            if tries > WRITERS * ROUNDS || actual <= revision {
                return Err(Broken::Rule(format!("a setting at {revision} is in conflict with {actual}")));
            }
            revision = actual;
        }
        given.push(revision);
        revision += 1;
    }
    Ok(given)
}

async fn set<S: EventStore>(
    ground: &Ground<'_, S>,
    tenant: &TenantId,
    name: &str,
    expected: u64,
    value: &[u8],
) -> Result<(), Broken> {
    let answer = ground.store.set_cell(tenant, name, expected, value).await?;
    same(&format!("the answer to a setting at revision {expected}"), &answer, &CellSet::Done)
}
