#![allow(unused)]

use kiff::Param;

#[derive(Param)]
pub struct Line {
    #[param(renam = "id")]
    order: String,
    #[param(rename = id)]
    item: String,
    #[param(rename)]
    size: u8,
    #[param(rename = "a", rename = "b")]
    color: u8,
    #[param]
    shape: u8,
}

fn main() {}
