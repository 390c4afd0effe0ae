//! A process that pays, to be killed: what it does, and how it tells of it.
//!
//! The process takes an [`Order`] as its arguments, opens a store and a [`Ledger`], settles what an earlier process
//! left, and then pays in laps until it is done or dead. Whatever a call has acknowledged stands on its standard
//! output before the next call begins, one [`Line`] each. The tests kill it, read the files that it left, and compare.

mod child;
mod domain;
mod ledger;
mod line;
mod order;
mod point;
mod store;

pub use child::run;
pub use domain::{LATER_MS, NOON_MS, domain};
pub use ledger::{Ledger, Payment};
pub use line::Line;
pub use order::{Order, Place};
pub use point::{Phase, Point, Points, Spot};
pub use store::CrashStore;
