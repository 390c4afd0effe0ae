//! The rules of authority (`kiff/docs/architecture.md`), each held by tests that are named after it.

#[cfg(test)]
mod binding;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod everywhere;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod races;
#[cfg(test)]
mod readable;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod reviewed;
#[cfg(test)]
mod rule_1;
#[cfg(test)]
mod rule_10;
#[cfg(test)]
mod rule_11;
#[cfg(test)]
mod rule_2;
#[cfg(test)]
mod rule_3;
#[cfg(test)]
mod rule_4;
#[cfg(test)]
mod rule_5;
#[cfg(test)]
mod rule_6;
#[cfg(test)]
mod rule_7;
#[cfg(test)]
mod rule_8;
#[cfg(test)]
mod rule_9;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod timer;
#[cfg(test)]
mod windows;
