//! What is left after a process dies or the power fails: everything that was acknowledged, and no payment twice.

#![cfg(test)]
#![cfg(unix)]

mod disk;
mod folder;
mod judge;
mod kills;
mod points;
mod power;
mod process;
#[cfg(feature = "postgres")]
mod server;
mod trace;
