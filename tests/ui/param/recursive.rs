#![allow(unused)]

use kiff::Param;

#[derive(Param)]
pub struct Tree {
    name: String,
    below: Vec<Tree>,
}

#[derive(Param)]
pub enum Rule {
    Always,
    Not(Box<Rule>),
    All { rules: Vec<Self> },
}

#[derive(Param)]
pub struct Chain(Vec<Chain>);

mod other {
    #[derive(kiff::Param)]
    pub struct Line(u8);
}

/// Not itself, but another of its name.
#[derive(Param)]
pub struct Line {
    other: other::Line,
}

fn main() {}
