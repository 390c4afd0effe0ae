#![allow(unused)]

use kiff::Param;

#[derive(Param)]
#[param(min = 5, max = 1)]
pub struct Percent(u8);

#[derive(Param)]
#[param(minimum = 5, max = five)]
pub struct Count(u8);

#[derive(Param)]
#[param(min = -1.50, max = -1.51)]
pub struct Change(u8);

#[derive(Param)]
#[param(min = 1e3)]
pub struct Thousands(u32);

#[derive(Param)]
#[param(min_len = 5, max_len = 1)]
pub struct Name(String);

#[derive(Param)]
#[param(max_len = "20")]
pub struct Title(String);

#[derive(Param)]
#[param(max_len = 99999999999)]
pub struct Text(String);

#[derive(Param)]
pub struct Place(#[param(max_len = 20)] String);

fn main() {}
