//! One agent, one domain, five endings. Each scenario prints its requests as a web service would receive them, the
//! answers, the timeline, the receipts, and whether a replay of the log leads to the state that the runtime holds.
//!
//! With `--bundle FOLDER` the program writes the evidence of one scenario for an auditor instead.

use kiff::store::SqliteStore;
use kiff_examples::{
    database, demo_key, evidence,
    scenarios::{Result, SCENARIOS},
};
use std::{io::Write, path::Path};

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {}
        ["--bundle", folder] => {
            let bundle = evidence::write(Path::new(folder))?;
            return Ok(writeln!(out, "{} records and {} receipts: {folder}", bundle.records, bundle.receipts)?);
        }
        _ => return Err("usage: refund [--bundle FOLDER]".into()),
    }
    let store = SqliteStore::open(database::fresh("refund")?)?;
    for scenario in SCENARIOS {
        // The scenarios are independent, so each has a tenant and a log of its own in the file.
        let shop = scenario.run_on(store.clone(), &format!("scenario-{}", scenario.number))?;
        writeln!(out, "== {}. {} ==\n", scenario.number, scenario.title)?;
        for (request, answer) in &shop.exchanges {
            writeln!(out, "{request}\n-> {answer}\n")?;
        }
        write!(out, "{}", shop.runtime.timeline(scenario.order)?)?;
        writeln!(out, "rebuild: {}", shop.runtime.rebuild(scenario.order)?)?;
        for receipt in &shop.receipts {
            let [id, decision, reason] =
                ["receipt_id", "decision", "reason"].map(|member| receipt.get(member).unwrap_or("?"));
            let verified = demo_key::verifier().verify_receipt(receipt.clone(), receipt.issued_at());
            let signed = if verified.is_ok() { "signature holds" } else { "signature is wrong" };
            writeln!(out, "receipt: {id} {decision} ({reason}), {signed}")?;
        }
        shop.notes.iter().try_for_each(|note| writeln!(out, "{note}"))?;
        writeln!(out)?;
    }
    Ok(())
}
