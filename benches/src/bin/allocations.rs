//! Counts the allocations of one governed execution. It is a program of its own, because counting takes time.

use kiff_benches::workload::{agent, execute, give_history, proposal, runtime};
use std::error::Error;

const COUNT: u64 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let (runtime, _store) = runtime()?;
    let agent = agent();
    println!("prior records   allocations per execution        bytes   most");
    for records in [10, 1_000, 100_000] {
        let entity = format!("order:with_{records}");
        give_history(&runtime, &entity, records)?;
        let (mut total, mut bytes, mut most) = (0, 0, 0);
        for _ in 0..COUNT {
            let proposal = proposal(&entity);
            let mut result = Ok(());
            let counted = allocation_counter::measure(|| result = execute(&runtime, &agent, proposal));
            result?;
            total += counted.count_total;
            bytes += counted.bytes_total;
            most = most.max(counted.count_total);
        }
        let (whole, tenths) = (total / COUNT, total * 10 / COUNT % 10);
        println!("{records:>13} {whole:>25}.{tenths} {:>12} {most:>6}", bytes / COUNT);
    }
    Ok(())
}
