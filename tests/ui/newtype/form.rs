#![allow(unused)]

use kiff::Param;

#[derive(Param)]
#[param(min = 5, max = 1)]
pub struct Percent(u8);

#[derive(Param)]
#[param(minimum = 5, max = "1")]
pub struct Count(u8);

#[derive(Param)]
pub struct Pair(u8, u8);

#[derive(Param)]
pub enum Either {
    This,
    That,
}

fn main() {}
