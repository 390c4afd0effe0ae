#![allow(unused)]

use kiff::Param;

#[derive(Param)]
pub struct Pair(u8, u8);

#[derive(Param)]
pub struct Nothing;

#[derive(Param)]
pub struct Empty();

#[derive(Param)]
pub union Either {
    this: u8,
    that: i8,
}

#[derive(Param)]
pub enum Never {}

#[derive(Param)]
pub enum Target {
    Card,
    Account(String, u8),
    Nowhere(),
}

fn main() {}
