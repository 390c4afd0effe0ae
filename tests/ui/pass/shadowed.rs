//! Nothing in the user's module changes what the macros emit.
#![allow(dead_code, non_camel_case_types, reason = "these names exist to be in the way")]

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
trait From {}
trait Into {}
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

fn main() {
    let _ = <call as ::kiff::ActionContract>::definition();
    assert!(<call as ::kiff::ActionContract>::CONTRACT.name == "CALL");
}
