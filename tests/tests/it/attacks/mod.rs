//! What is tried against kiff from outside, and the word that each attempt is refused with.

#[cfg(test)]
mod admission;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod secrets;
