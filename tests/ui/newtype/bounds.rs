#![allow(unused)]

use kiff::Param;

#[derive(Param)]
#[param(min = 1)]
pub struct Reason(String);

#[derive(Param)]
#[param(min = -1, max = 10)]
pub struct Count(u8);

#[derive(Param)]
pub struct Rate(f64);

fn main() {}
