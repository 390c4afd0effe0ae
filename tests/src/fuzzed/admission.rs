//! What agents, sources and reviewers send. Each gives true if the bytes were admitted.

use kiff::{
    Authority, Blocking, Domain, NewEvent, Outcome, Param, Proposal, Review, Runtime, RuntimeError, Value,
    domain::{
        Call, Contract, Definition, Machine,
        param::{ParamKind, ParamSpec},
    },
    ids::NameError,
    replay,
    review::ReviewRequest,
    value::Limits,
};
use std::sync::LazyLock;

/// JSON that is admitted has one canonical form, which is admitted too and stays as it is.
///
/// # Panics
/// If that does not hold.
pub fn value(bytes: &[u8]) -> bool {
    let limits = Limits::default();
    let Ok(value) = Value::parse(bytes, &limits) else { return false };
    let canonical = value.to_canonical();
    // The canonical form is the shorter one, but for escapes of control characters.
    let again = Value::parse(&canonical, &limits.with_bytes(canonical.len()));
    assert_eq!(again.as_ref(), Ok(&value), "the canonical form is another value");
    assert_eq!(again.map(|again| again.to_canonical()), Ok(canonical), "the canonical form is not its own");
    true
}

/// A proposal is refused, or decided and recorded: what is in the log then holds.
///
/// # Panics
/// If that does not hold.
pub fn proposal(bytes: &[u8]) -> bool {
    let Ok(proposal) = Proposal::from_json(bytes) else { return false };
    let Some(rt) = shop() else { unreachable!("the shop opens") };
    match rt.execute(&well_formed(Authority::agent("bot", ["operator"])), proposal) {
        Ok(_) => check_log(&rt),
        Err(RuntimeError::Proposal(_) | RuntimeError::NoExecutor { .. }) => return false,
        Err(error) => unreachable!("{error}"),
    }
    true
}

/// An event is refused, or accepted and recorded.
///
/// # Panics
/// If that does not hold.
pub fn event(bytes: &[u8]) -> bool {
    let Ok(event) = NewEvent::from_json(bytes) else { return false };
    let Some(rt) = shop() else { unreachable!("the shop opens") };
    match rt.ingest(&well_formed(Authority::service("stripe")), "order:o_1", event) {
        Ok(_) => check_log(&rt),
        Err(error) => unreachable!("{error}"),
    }
    true
}

/// A review is refused, or carried out and recorded, and no text makes a person grant what another has asked for.
///
/// # Panics
/// If that does not hold.
pub fn review(bytes: &[u8]) -> bool {
    let Ok(request) = ReviewRequest::from_json(bytes) else { return false };
    let Some(rt) = shop() else { unreachable!("the shop opens") };
    match rt.review(&well_formed(Authority::human("ann", ["approver"])), &request) {
        Ok(Review::Refused(refusal)) => assert_eq!(refusal.code(), "approval_unknown"),
        Ok(Review::Recorded(status)) => unreachable!("{status:?}"),
        Err(error) => unreachable!("{error}"),
    }
    check_log(&rt);
    true
}

fn well_formed(authority: Result<Authority, NameError>) -> Authority {
    let Ok(authority) = authority else { unreachable!("the names are well-formed") };
    authority
}

fn check_log(rt: &Blocking) {
    let Ok(log) = rt.export() else { unreachable!("the log is read") };
    let report = replay::verify_with(rt.runtime().domain(), &log);
    assert!(report.holds(), "{report}");
}

/// A shop with one order that was paid.
fn shop() -> Option<Blocking> {
    static DOMAIN: LazyLock<Option<Domain>> = LazyLock::new(domain);
    let rt = Runtime::builder(DOMAIN.clone()?).build().ok()?.blocking();
    rt.ingest(&Authority::service("stripe").ok()?, "order:o_1", NewEvent::new("evt_0", "PAID"))
        .ok()?
        .accepted()
        .ok()?;
    Some(rt)
}

fn domain() -> Option<Domain> {
    const LINE: ParamKind = ParamKind::Object(&[
        ParamSpec { name: "sku", kind: ParamKind::String { min_len: 1, max_len: 20 }, required: true, doc: "" },
        ParamSpec { name: "count", kind: u8::KIND, required: false, doc: "" },
    ]);
    const LINES: ParamKind = ParamKind::List { of: &LINE, min_len: 0, max_len: 4 };
    let contract = Contract::new("REFUND", "order")
        .allowed_states(["PAID"])
        .approval_when("amount_above_threshold", "orders.approve")
        .param("cents", u64::KIND)
        .optional_param("amount", ParamKind::DECIMAL)
        .optional_param("lines", LINES)
        .optional_param("note", ParamKind::STRING)
        .permissions(["orders.refund"])
        .emits(["NOTED"]);
    let refund = Definition::new(contract)
        .try_approval_when("amount_above_threshold", |at| Ok(at.param::<u64>("cents")? > 10_000))
        .executor(|_: Call<'_>| Ok(Outcome::new("paid back").emit("NOTED")));
    let machine = Machine::new("order").starts("PAID", "PAID").moves("PAID", "NOTED", "PAID");
    let builder = Domain::builder("shop", "v1").table(machine).define(refund);
    builder.role("operator", ["orders.refund"]).role("approver", ["orders.approve"]).build().ok()
}
