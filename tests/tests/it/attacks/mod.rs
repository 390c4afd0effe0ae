//! What is tried against kiff from outside, and the word that each attempt is refused with.

mod admission;
mod kit;
mod logs;
mod proofs;
mod secrets;
