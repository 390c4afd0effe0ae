//! A store of your own (`src/file_store.rs`), checked by `kiff::testing::store_suite` and then used.

use kiff::{
    Authority, NewEvent, Proposal, Runtime, RuntimeBuilder,
    testing::store_suite::{self, Check},
};
use kiff_examples::{
    file_store::FileStore,
    refund::{self, Stripe},
    scenarios::Result,
};
use std::{io::Write, path::Path, sync::Arc};

fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("kiff-own-store-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let done = run(&folder);
    std::fs::remove_dir_all(&folder)?;
    done
}

fn run(folder: &Path) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for check in Check::ALL {
        let store = Arc::new(FileStore::open(&folder.join(check.name()))?);
        store_suite::block_on(check.run(&store, &store_suite::on_a_thread))?;
        writeln!(out, "passes {check}")?;
    }

    let path = folder.join("orders");
    let runtime = on_file(&path)?.build()?.blocking();
    let paid = NewEvent::new("evt_1", "ORDER_PAID");
    runtime.ingest(&Authority::service("stripe")?, "order:ord_001", paid)?.accepted()?;
    let proposal = Proposal::new("AUTO_REFUND", "order:ord_001").param("amount", "49.00").param("reason", "broken");
    let done = runtime.execute(&Authority::agent("ops-agent", ["operator"])?, proposal)?.executed()?;
    writeln!(out, "\n{}", done.message)?;
    drop(runtime);

    let again = on_file(&path)?.build()?.blocking();
    let kinds = again.timeline("order:ord_001")?.entries().map(|entry| entry.kind.to_string()).collect::<Vec<_>>();
    writeln!(out, "opened again, the file holds: {}", kinds.join(", "))?;
    Ok(writeln!(out, "rebuild: {}", again.rebuild("order:ord_001")?)?)
}

fn on_file(path: &Path) -> Result<RuntimeBuilder> {
    Ok(Runtime::builder(refund::domain()?).provide(Stripe::fake()).store(FileStore::open(path)?))
}
