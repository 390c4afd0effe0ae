#![allow(unused)]

use kiff::Param;

#[derive(Param)]
pub struct Line {
    #[param(max_len = 20)]
    sku: String,
    #[param(rename = "n", min = 1)]
    count: u8,
}

#[derive(Param)]
#[param(max_len = 20)]
pub struct Address {
    street: String,
}

#[derive(Param)]
#[param(min = 1)]
pub enum Why {
    Late,
}

fn main() {}
