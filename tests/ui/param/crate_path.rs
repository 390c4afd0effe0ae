#![allow(unused)]

use kiff::Param;

#[derive(Param)]
#[param(crate = "kiff")]
pub struct Name(String);

fn main() {}
