#![allow(unused)]

use kiff::Param;

#[derive(Param)]
#[param(try_from = String, max_len = 20)]
pub struct Email(String);

#[derive(Param)]
#[param(try_from = 5)]
pub struct Port(u16);

#[derive(Param)]
#[param(tryfrom = String)]
pub struct Host(String);

#[derive(Param)]
#[param(try_from = f64)]
pub struct Rate(u32);

#[derive(Param)]
#[param(try_from = "&str")]
pub struct Name(String);

#[derive(Param)]
#[param(try_from = String)]
pub struct Split {
    #[param(rename = "l")]
    left: String,
}

impl TryFrom<String> for Host {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Ok(Self(text))
    }
}

fn main() {}
