#![allow(unused)]

use kiff::Param;

#[derive(Param)]
pub struct Line {
    count: u8,
    #[param(rename = "count")]
    number: u8,
    _count: u8,
}

#[derive(Param)]
pub enum Why {
    TooLate,
    #[param(rename = "too_late")]
    Late,
}

fn main() {}
