//! The program `kiff`, run as an auditor runs it: what it proves, what it refuses, and with which status.

#![cfg(test)]

mod edits;
mod faults;
mod hostile;
mod kit;
mod ledgers;
mod programs;
