#![allow(unused)]

use kiff::Param;

#[derive(Param)]
#[param(min = 1, max = 10)]
pub struct Reason(String);

#[derive(Param)]
#[param(max_len = 10)]
pub struct Size(u32);

#[derive(Param)]
#[param(min = -1, max = 300)]
pub struct Count(u8);

#[derive(Param)]
#[param(max = 99.5)]
pub struct Percent(u8);

#[derive(Param)]
#[param(max_len = 20)]
pub struct Short(String);

#[derive(Param)]
#[param(max_len = 30)]
pub struct Longer(Short);

fn main() {}
