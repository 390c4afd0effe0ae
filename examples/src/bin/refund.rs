//! One agent, one domain, five endings: each request, its answer, the audit trail, and what a replay says.

use kiff_examples::scenarios::{Result, SCENARIOS};
use std::io::Write;

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    for scenario in SCENARIOS {
        let shop = scenario.run()?;
        writeln!(out, "== {}. {} ==\n", scenario.number, scenario.title)?;
        for (request, answer) in &shop.exchanges {
            writeln!(out, "{request}\n-> {answer}\n")?;
        }
        write!(out, "{}", shop.runtime.timeline(scenario.order)?)?;
        writeln!(out, "rebuild: {}", shop.runtime.rebuild(scenario.order)?)?;
        shop.notes.iter().try_for_each(|note| writeln!(out, "{note}"))?;
        writeln!(out)?;
    }
    Ok(())
}
