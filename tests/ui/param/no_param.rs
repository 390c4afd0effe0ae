#![allow(unused)]

use kiff::Param;

pub struct Money;

#[derive(Param)]
pub struct Line {
    sku: String,
    price: Money,
}

#[derive(Param)]
pub enum Target {
    Card,
    Cash(Money),
}

fn main() {}
