#![allow(unused)]

use kiff::Param;

#[derive(Param)]
#[param(try_from = String)]
pub struct Shared(std::rc::Rc<str>);

impl From<String> for Shared {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

fn main() {}
