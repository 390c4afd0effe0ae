#![allow(unused)]

use kiff::Param;

#[derive(Param)]
pub struct Rate(f64);

#[derive(Param)]
pub struct Place {
    name: String,
    latitude: Option<f32>,
}

#[derive(Param)]
pub enum Share {
    All,
    Part(f64),
    Split { parts: Vec<f32> },
}

fn main() {}
