#![allow(unused)]

use kiff::Param;

#[derive(Param)]
pub struct Line {
    #[param(rename = "order id")]
    order: String,
    #[param(rename = "")]
    size: u8,
    größe: u8,
}

#[derive(Param)]
pub enum Why {
    #[param(rename = "-late")]
    Late,
}

fn main() {}
