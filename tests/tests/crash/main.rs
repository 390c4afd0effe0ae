//! What is left after a process dies or the power fails: everything that was acknowledged, and no payment twice.

#![cfg(unix)]

#[cfg(test)]
mod disk;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod points;
#[cfg(test)]
mod power;
#[cfg(test)]
mod process;
#[cfg(test)]
#[cfg(feature = "postgres")]
mod server;
#[cfg(test)]
mod trace;
