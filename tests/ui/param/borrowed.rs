#![allow(unused)]

use kiff::Param;

#[derive(Param)]
pub struct Name(&'static str);

#[derive(Param)]
pub struct Line {
    sku: &'static str,
    tags: &'static [String],
}

fn main() {}
