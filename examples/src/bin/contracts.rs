//! A domain as data: its declaration, the tools for a model, and a diagram for a reviewer.

use kiff_examples::{refund, scenarios::Result};
use std::io::Write;

fn main() -> Result<()> {
    let domain = refund::domain()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "== what a reviewer would ask ==\n")?;
    domain.lint().iter().try_for_each(|warning| writeln!(out, "{warning}"))?;
    writeln!(out, "{} questions", domain.lint().len())?;

    writeln!(out, "\n== what it declares ==\n")?;
    writeln!(out, "{}", serde_json::to_string_pretty(&domain.describe())?)?;

    writeln!(out, "\n== what may be given ==\n")?;
    for action in domain.actions() {
        writeln!(out, "{}", action.json_schema())?;
    }

    writeln!(out, "\n== tools for a model ==\n")?;
    for tool in domain.tools() {
        writeln!(out, "{}\n", tool.to_value())?;
        writeln!(out, "{}\n", tool.to_function())?;
        writeln!(out, "{}\n", tool.to_strict_function())?;
        writeln!(out, "{}\n", tool.to_mcp())?;
        writeln!(out, "{}\n", tool.with_entity().input_schema())?;
    }

    writeln!(out, "== the machine ==\n")?;
    write!(out, "{}", domain.to_mermaid("order").ok_or("the domain has orders")?)?;
    Ok(())
}
