//! Nothing in the user's module changes what the macros emit.
#![allow(dead_code, unused_macros, non_camel_case_types, non_upper_case_globals, reason = "these names exist to be in the way")]

mod core {}
mod std {}
mod kiff {}

struct Result;
struct Option;
struct String;
struct Vec;
struct Box;
struct Ok;
struct Some;
struct None;
struct Executor;
struct Outcome;
struct Definition;
struct Param;
struct ParamKind;
struct ParamSpec;
struct VariantSpec;
struct ParamRule;
struct ParamFault;
struct Value;
struct Bounds;
struct Err;
trait From {}
trait Into {}
trait TryFrom {}
trait Send {}
trait Sized {}
trait Display {}
macro_rules! line { () => { compile_error!("another `line!`") } }
macro_rules! concat { ($($any:tt)*) => { compile_error!("another `concat!`") } }
macro_rules! file { () => { compile_error!("another `file!`") } }
type str = u8;
type usize = u8;
type bool = u8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ::kiff::StateMachine)]
#[state_machine(entity = "ticket")]
enum Ticket {
    #[enter(on = "TICKET_OPENED")]
    Open,
    #[enter(from = Open, on = "TICKET_CLOSED", sources = ["desk"])]
    Closed,
}

struct Desk;

#[::kiff::action(
    allowed_states = [Open],
    approval = When(ctx(at)),
    reviewers = "tickets.approve",
    checks = [at(call), definition],
    emits = ["TICKET_CLOSED"],
)]
async fn call(ctx: &::kiff::Ctx<'_, Ticket>, definition: &Desk, at: i64, call: ::core::option::Option<u8>) -> ::core::result::Result<::kiff::Outcome, ::kiff::Failure> {
    let _ = (definition, at, call);
    ::core::result::Result::Ok(::kiff::Outcome::new(ctx.id()).emit("TICKET_CLOSED"))
}

fn ctx(_: &::kiff::Ctx<'_, Ticket>, _: &i64) -> ::core::primitive::bool {
    true
}

fn at(_: &::kiff::Ctx<'_, Ticket>, _: &::core::option::Option<u8>) -> ::core::primitive::bool {
    true
}

fn definition(_: &::kiff::Ctx<'_, Ticket>) -> ::core::primitive::bool {
    true
}

// What a decoder calls and names, as the user's own.
fn members() {}
fn member() {}
fn variant() {}
fn content() {}
fn inside() {}
fn bounded() {}
fn within() {}
fn drop() {}
const name: u8 = 1;
const state: u8 = 1;
static content_of: u8 = 1;
static arg0: u8 = 1;
static arg1: u8 = 1;
static text: u8 = 1;

#[derive(::kiff::Param)]
#[param(min = 1, max = 10)]
struct Few(u8);

#[derive(::kiff::Param)]
#[param(max_len = 10)]
struct Words(::core::option::Option<::std::string::String>);

#[derive(::kiff::Param)]
struct Line {
    value: Few,
    given: Words,
    content: ::std::vec::Vec<Target>,
}

#[derive(::kiff::Param)]
enum Target {
    Ok,
    Err(Few),
    Some { content: Few, value: ::core::option::Option<Few> },
    None(::core::option::Option<Email>),
}

#[derive(::kiff::Param)]
#[param(try_from = ::std::string::String)]
struct Email(::std::string::String);

impl ::core::convert::TryFrom<::std::string::String> for Email {
    type Error = &'static ::core::primitive::str;
    fn try_from(address: ::std::string::String) -> ::core::result::Result<Self, Self::Error> {
        ::core::result::Result::Ok(Self(address))
    }
}

#[::kiff::action(allowed_states = [Open], checks = [within_bounds(value)], summary = "{value}")]
fn drop_it(
    _: &::kiff::Ctx<'_, Ticket>,
    #[param(rename = "given")] value: Line,
    r#in: ::core::option::Option<Target>,
) -> ::kiff::Outcome {
    let _ = (value, r#in);
    ::kiff::Outcome::new("done")
}

fn within_bounds(_: &::kiff::Ctx<'_, Ticket>, _: &Line) -> ::core::primitive::bool {
    true
}

fn main() {
    let _ = <drop_it as ::kiff::ActionContract>::definition();
    assert!(<Target as ::kiff::Param>::KIND.admit(::kiff::Value::from("ok")).is_ok());
    let _ = <call as ::kiff::ActionContract>::definition();
    assert!(<call as ::kiff::ActionContract>::CONTRACT.name == "CALL");
}
