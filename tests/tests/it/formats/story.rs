//! A story in which every kind of record comes up, always with the same bytes.

use kiff::{
    Answer, Authority, Decision, Domain, DomainError, Effect, Failure, NewEvent, Outcome, Proposal, Risk, Value,
    actor::ActorType,
    domain::{Bounds, Call, Contract, Definition, Machine, param::ParamKind},
    doubt::{Probed, Probing, Resolution},
    keys::{KeyPurpose, PublicKey},
    params,
    testing::Scenario,
    value::{Limits, Object},
};
use std::{error::Error, time::Duration};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The domain of the story.
pub(crate) fn domain() -> Result<Domain, DomainError> {
    Domain::builder("shop", "v3")
        .policy_version("shop-policy-v1")
        .table(
            Machine::new("order")
                .starts("ORDER_PLACED", "CREATED")
                .moves("CREATED", "ORDER_PAID", "PAID")
                .sources(["stripe"])
                .moves("PAID", "ORDER_REFUNDED", "REFUNDED"),
        )
        .define(
            Definition::new(refund())
                .approval_when("amount_above_threshold", |situation| {
                    let amount = situation.params().get("amount").and_then(Value::as_str);
                    amount.is_some_and(|amount| amount.len() > 5)
                })
                .executor(|call: Call<'_>| pay_back(&call)),
        )
        .define(
            Definition::new(notify())
                .executor(|_: Call<'_>| Err::<Outcome, _>(Failure::unknown("the mail server gave no answer"))),
        )
        .role("operator", ["orders.refund", "orders.notify"])
        .role("ops_operator", ["orders.approve", "kiff.resolve"])
        .role("key_keeper", ["kiff.keys"])
        .bounds(Bounds::default().with_refusals(2))
        .build()
}

/// The contract whose digest `kiff/docs/formats.md` works out.
fn refund() -> Contract {
    Contract::new("REFUND_ORDER", "order")
        .allowed_states(["PAID"])
        .permissions(["orders.refund"])
        .risk(Risk::High)
        .approval_when("amount_above_threshold", "orders.approve")
        .param("amount", ParamKind::DECIMAL)
        .optional_param("reason", ParamKind::STRING)
        .emits(["ORDER_REFUNDED"])
        .timeout(Duration::from_secs(30))
        .summary("Pay {amount} back for {entity}?")
}

/// A contract with everything at its default that may be.
fn notify() -> Contract {
    Contract::new("NOTIFY_CUSTOMER", "order")
        .allowed_states(["PAID"])
        .permissions(["orders.notify"])
        .effect(Effect::Idempotent)
        .timeout(Duration::from_secs(30))
}

/// The reason decides what the provider does.
fn pay_back(call: &Call<'_>) -> Result<Outcome, Failure> {
    match call.param::<Option<String>>("reason")?.unwrap_or_default().as_str() {
        "card closed" => Err(Failure::not_applied("the provider refused: card closed")),
        "odd provider" => Ok(Outcome::new("paid back").emit("ORDER_SHIPPED")),
        _ => Ok(Outcome::new("refund issued").output(Value::object([("provider_id", "re_1")])).emit("ORDER_REFUNDED")),
    }
}

/// Lets everything happen that can, and gives the log.
pub(crate) fn log() -> Vec<u8> {
    let mut s = Scenario::new(domain().unwrap())
        .with(|builder| builder.tenant("demo").probe("NOTIFY_CUSTOMER", in_the_outbox))
        .at("2026-05-24T09:00:00Z");
    executed(&mut s);
    blocked(&mut s);
    reviewed(&mut s);
    in_doubt(&mut s);
    suppressed(&mut s);
    probed(&mut s);
    keys(&mut s);
    s.replay().assert_same().log().to_vec()
}

fn agent() -> Authority {
    Authority::agent("ops-agent", ["operator"]).unwrap()
}

fn human() -> Authority {
    Authority::human("ops-human", ["ops_operator"]).unwrap()
}

fn paid(s: &mut Scenario, entity: &str) {
    s.given_from(&Authority::service("shop").unwrap(), entity, "ORDER_PLACED", Value::object([("items", 2)]));
    let payload = Value::parse(br#"{"amount":49.00,"currency":"EUR"}"#, &Limits::default()).unwrap();
    s.given_from(&Authority::service("stripe").unwrap(), entity, "ORDER_PAID", payload);
    s.advance(Duration::from_millis(1_234));
}

fn propose(s: &mut Scenario, action: &str, entity: &str, params: Object) -> Answer {
    s.send(agent(), Proposal::new(action, entity).params(params)).answer()
}

/// A proposal with everything that one may say, cleared and run.
fn executed(s: &mut Scenario) {
    let placed = NewEvent::new("evt_100", "ORDER_PLACED")
        .payload(Value::object([("items", 2)]))
        .correlation("cart-77")
        .causation("checkout-5");
    let _ = s.runtime().ingest(&Authority::service("shop").unwrap(), "order:ord_001", placed).unwrap();
    let payload = Value::parse(br#"{"amount":49.00,"currency":"EUR"}"#, &Limits::default()).unwrap();
    s.given_from(&Authority::service("stripe").unwrap(), "order:ord_001", "ORDER_PAID", payload);
    s.advance(Duration::from_millis(1_234));
    let sent = br#"{"action":"REFUND_ORDER","entity":"order:ord_001","parameters":{"amount":49.0,"reason":"customer request"},
        "reasoning":"the parcel is lost","confidence":"0.92","evidence":["msg_881"],"idempotency_key":"refund-ord_001-1",
        "correlation":"thread-12","actor":{"id":"root","type":"human"}}"#;
    s.send(agent().on_behalf_of("alice").unwrap(), Proposal::from_json(sent).unwrap()).assert_executed();
}

fn blocked(s: &mut Scenario) {
    s.given_events("order:ord_002", ["ORDER_PLACED"]);
    let _ = propose(s, "REFUND_ORDER", "order:ord_002", params! { amount: "49.00" });
    // An action that the domain does not have: refused in the tenant's own stream.
    let _ = propose(s, "DELETE_ORDER", "order:ord_002", params! { force: true });
}

/// Holds, and everything that reviewers can do with them.
fn reviewed(s: &mut Scenario) {
    let entity = "order:ord_003";
    paid(s, entity);
    let held = s.send(agent(), refund_of("999.00", "card closed")).assert_held("amount_above_threshold");
    s.assert_grant_refused(&held, Authority::human("ops-agent", ["ops_operator"]).unwrap(), "self_review");
    let to = "orders.approve".parse().unwrap();
    let _ = s.runtime().escalate(&human(), held.approval_id, to, "over my limit").unwrap();
    s.grant(held, human()).assert_failed();
    let held = s.send(agent(), refund_of("998.00", "goodwill")).assert_held("amount_above_threshold");
    s.deny(&held, human(), "order disputed");
    let held = s.send(agent(), refund_of("997.00", "goodwill")).assert_held("amount_above_threshold");
    let _ = s.runtime().revoke(&human(), held.approval_id, "asked by mistake").unwrap();
    let _ = s.send(agent(), refund_of("996.00", "goodwill")).assert_held("amount_above_threshold");
    s.advance(8 * DAY);
    let _ = s.send(agent(), refund_of("996.00", "goodwill")).assert_held("amount_above_threshold");
    s.send(agent(), refund_of("9.00", "goodwill")).assert_executed();
}

fn refund_of(amount: &str, reason: &str) -> Proposal {
    Proposal::new("REFUND_ORDER", "order:ord_003").param("amount", amount).param("reason", reason)
}

/// Executions of which nobody knows, and a result that comes too late.
fn in_doubt(s: &mut Scenario) {
    paid(s, "order:ord_004");
    let Answer::InDoubt(doubt) = propose(s, "NOTIFY_CUSTOMER", "order:ord_004", params! {}) else { panic!("in doubt") };
    let _ = s.runtime().retry(&human(), doubt.execution_id).unwrap();
    let _ = s
        .runtime()
        .resolve(&human(), doubt.execution_id, Resolution::NotApplied, "no mail in the server's log")
        .unwrap();
    let asked = Proposal::new("REFUND_ORDER", "order:ord_004").param("amount", "5.00");
    let Decision::Allowed(allowed) = s.runtime().decide(&agent(), asked).unwrap() else { panic!("allowed") };
    s.advance(Duration::from_secs(60));
    let execution = allowed.permit.execution_id();
    let _ = s.runtime().resolve(&human(), execution, Resolution::NotApplied, "not in the provider's list").unwrap();
    let _ =
        s.runtime().record_outcome(allowed.permit, Ok(Outcome::new("refund issued").emit("ORDER_REFUNDED"))).unwrap();
    paid(s, "order:ord_005");
    let _ = propose(s, "REFUND_ORDER", "order:ord_005", params! { amount: "7.00", reason: "odd provider" });
}

/// An execution in doubt of which the provider knows.
fn probed(s: &mut Scenario) {
    paid(s, "order:ord_007");
    let Answer::InDoubt(doubt) = propose(s, "NOTIFY_CUSTOMER", "order:ord_007", params! {}) else { panic!("in doubt") };
    let _ = s.probe(&doubt, human()).assert_executed();
}

/// The mail server keeps what it sent under the execution's id.
fn in_the_outbox(asked: &Probing) -> Result<Probed, Box<dyn Error + Send + Sync>> {
    let output = Value::object([("message_id", asked.execution_id.to_string())]);
    Ok(Probed::Applied(Outcome::new("found in the mail server's outbox").output(output)))
}

/// A refusal that tells nothing of its entity, and a run of refusals that reaches the bound.
fn suppressed(s: &mut Scenario) {
    s.given_events("order:ord_006", ["ORDER_PLACED"]);
    let asked = |amount: &str| Proposal::new("REFUND_ORDER", "order:ord_006").param("amount", amount);
    let intruder = Authority::agent("loop-agent", ["guest"]).unwrap();
    assert_eq!(intruder.actor().kind, ActorType::Agent);
    let _ = s.send(intruder, asked("1.00")).assert_blocked("permission_denied");
    for amount in ["1.00", "2.00", "3.00", "4.00"] {
        let _ = s
            .send(Authority::agent("loop-agent", ["operator"]).unwrap(), asked(amount))
            .assert_blocked("state_not_allowed");
    }
}

/// The keys of RFC 8032 §7.1: one for receipts, which is revoked, and one for the log.
fn keys(s: &mut Scenario) {
    let keeper = Authority::human("key-keeper", ["key_keeper"]).unwrap();
    let (receipts, log) =
        ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw");
    let key: PublicKey = receipts.parse().unwrap();
    s.runtime().publish_key(&keeper, &key, KeyPurpose::Receipt).unwrap().recorded().unwrap();
    s.runtime().publish_key(&keeper, &log.parse().unwrap(), KeyPurpose::Log).unwrap().recorded().unwrap();
    s.runtime().revoke_key(&keeper, key.id(), 40, "a backup was lost").unwrap().recorded().unwrap();
    let _ = s.runtime().revoke_key(&human(), key.id(), 0, "all of them").unwrap();
}
