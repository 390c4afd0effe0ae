//! The program `kiff`, run as an auditor runs it: what it proves, what it refuses, and with which status.

#[cfg(test)]
mod edits;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod ledgers;
#[cfg(test)]
mod programs;
