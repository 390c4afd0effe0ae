#![allow(unused)]

use kiff::Param;

#[derive(Param)]
#[param(try_from = String)]
pub struct Email(String);

#[derive(Param)]
#[param(try_from = "u32")]
pub struct Port(u16);

pub struct Silent;

impl TryFrom<u32> for Port {
    type Error = Silent;
    fn try_from(port: u32) -> Result<Self, Silent> {
        port.try_into().map(Self).map_err(|_| Silent)
    }
}

fn main() {}
