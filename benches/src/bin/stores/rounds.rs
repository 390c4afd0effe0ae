//! Alternating rounds, and the report on them.

use std::{
    error::Error,
    io::Write,
    time::{Duration, Instant},
};

/// The number of turns of each side.
pub(crate) const ROUNDS: usize = 11;
/// The length of a turn.
pub(crate) const TURN: Duration = Duration::from_millis(400);
/// The error if a turn runs out of batches.
pub(crate) const TOO_FEW: &str = "too few batches were made ahead";

/// One side of a comparison: its name and the rates of its turns, in batches per second.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) name: String,
    pub(crate) rates: Vec<f64>,
}

impl Side {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), rates: Vec::new() }
    }

    /// Takes a turn: calls `once` until the time is over.
    pub(crate) fn turn(&mut self, mut once: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < TURN {
            once()?;
            count += 1;
        }
        self.took(count, start.elapsed());
        Ok(())
    }

    /// Records a turn in which this many batches were appended.
    pub(crate) fn took(&mut self, count: u32, time: Duration) {
        self.rates.push(f64::from(count) / time.as_secs_f64());
    }
}

/// Prints the median rate of each side and its ratio to the first side: the median of the ratios of the rounds, and the
/// range of the middle half.
pub(crate) fn tell(out: &mut impl Write, title: &str, sides: &[Side]) -> Result<(), Box<dyn Error>> {
    let floor = sides.first().ok_or("nothing was measured")?;
    writeln!(out, "\n{title}\n| | batches/s | ratio | half of the rounds |\n|---|---:|---:|---|")?;
    for side in sides {
        let ratios: Vec<f64> = side.rates.iter().zip(&floor.rates).map(|(rate, floor)| rate / floor).collect();
        let [_, rate, _] = quartiles(&side.rates);
        let [low, middle, high] = quartiles(&ratios);
        writeln!(out, "| {} | {rate:.0} | {middle:.2} | {low:.2} to {high:.2} |", side.name)?;
    }
    Ok(())
}

fn quartiles(numbers: &[f64]) -> [f64; 3] {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |quarter: usize| sorted.get((sorted.len().saturating_sub(1) * quarter).div_ceil(4)).copied();
    [1, 2, 3].map(|quarter| at(quarter).unwrap_or(f64::NAN))
}
