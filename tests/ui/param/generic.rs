#![allow(unused)]

use kiff::Param;

#[derive(Param)]
pub struct Page<T> {
    items: Vec<T>,
}

#[derive(Param)]
pub struct Text<'a> {
    text: std::borrow::Cow<'a, str>,
}

fn main() {}
