//! What one approval is good for: every field that it is bound to is changed once, and what a reviewer is shown of it.

use super::kit::{
    ORDER, Plan, World, agent, blocked, domain, executed, failed, held, in_doubt, proposal, refund, resolver, reviewer,
};
use kiff::{
    Answer, ApprovalId, Authority, Domain, NewEvent, Outcome, Param, Proposal, Refusal, Runtime,
    domain::{Contract, Definition, Machine},
    doubt::Resolution,
};

/// A refund above the threshold that is granted and not yet used.
fn granted() -> (World, ApprovalId) {
    let world = World::paid();
    let id = world.held(refund(500).param("note", "broken")).approval_id;
    world.grant(id, "ann");
    (world, id)
}

fn own() -> Proposal {
    refund(500).param("note", "broken")
}

/// The reason, and what it says differs.
fn told(answer: Answer) -> (String, &'static str) {
    let blocked = blocked(answer);
    let what = match blocked.refusal() {
        Some(Refusal::ApprovalMismatch { field, .. }) => field,
        Some(Refusal::ApprovalStale { what, .. }) => what,
        _ => "",
    };
    (blocked.reason.to_string(), what)
}

/// What is tried with the id of an approval, its reason and what it says differs.
type Row = (&'static str, fn(&World, ApprovalId) -> Answer, &'static str, &'static str);

fn by(authority: Authority, world: &World, id: ApprovalId) -> Answer {
    world.rt.execute(&authority, own().approval(id)).unwrap()
}

fn under(world: &World, id: ApprovalId, rules: fn(&super::kit::Lab) -> kiff::domain::DomainBuilder) -> Answer {
    world.other(rules).execute(&agent(), own().approval(id)).unwrap()
}

const BOUND: [Row; 17] = [
    (
        "the tenant",
        |world, id| {
            let other = world.rt.runtime().tenant("other").unwrap().blocking();
            for event in ["ORDER_PLACED", "ORDER_PAID"] {
                let _ =
                    other.ingest(&Authority::service("stripe").unwrap(), ORDER, NewEvent::new(event, event)).unwrap();
            }
            other.execute(&agent(), own().approval(id)).unwrap()
        },
        "approval_unknown",
        "",
    ),
    (
        "the entity's type",
        |world, id| world.send(Proposal::new("REFUND", "parcel:o_1").param("cents", 500).approval(id)),
        "action_unknown",
        "",
    ),
    (
        "the entity's id",
        |world, id| {
            for event in ["ORDER_PLACED", "ORDER_PAID"] {
                let event = NewEvent::new(format!("other_{event}"), event);
                let _ = world.rt.ingest(&Authority::service("stripe").unwrap(), "order:o_2", event).unwrap();
            }
            let other = Proposal::new("REFUND", "order:o_2").param("cents", 500).param("note", "broken");
            world.send(other.approval(id))
        },
        "approval_mismatch",
        "entity",
    ),
    (
        "the action",
        |world, id| world.send(proposal("ALWAYS_HELD", 500).param("note", "broken").approval(id)),
        "approval_mismatch",
        "action",
    ),
    (
        "the amount",
        |world, id| world.send(refund(99_999).param("note", "broken").approval(id)),
        "approval_mismatch",
        "parameters",
    ),
    (
        "a smaller amount",
        |world, id| world.send(refund(499).param("note", "broken").approval(id)),
        "approval_mismatch",
        "parameters",
    ),
    (
        "a text",
        |world, id| world.send(refund(500).param("note", "broken ").approval(id)),
        "approval_mismatch",
        "parameters",
    ),
    ("a text left out", |world, id| world.send(refund(500).approval(id)), "approval_mismatch", "parameters"),
    (
        "the requester",
        |world, id| by(Authority::agent("bot2", ["operator"]).unwrap().on_behalf_of("alice").unwrap(), world, id),
        "approval_mismatch",
        "requester",
    ),
    (
        "the requester's spelling",
        |world, id| by(Authority::agent("BOT", ["operator"]).unwrap().on_behalf_of("alice").unwrap(), world, id),
        "approval_mismatch",
        "requester",
    ),
    (
        "the requester's kind",
        |world, id| by(Authority::human("bot", ["operator"]).unwrap().on_behalf_of("alice").unwrap(), world, id),
        "approval_mismatch",
        "requester",
    ),
    (
        "the principal",
        |world, id| by(Authority::agent("bot", ["operator"]).unwrap().on_behalf_of("bob").unwrap(), world, id),
        "approval_mismatch",
        "requester",
    ),
    (
        "no principal",
        |world, id| by(Authority::agent("bot", ["operator"]).unwrap(), world, id),
        "approval_mismatch",
        "requester",
    ),
    (
        "the domain version",
        |world, id| under(world, id, |lab| domain(lab, "v2").policy_version("lab-v1")),
        "approval_stale",
        "the domain version",
    ),
    (
        "the policy version",
        |world, id| under(world, id, |lab| domain(lab, "v1").policy_version("p2")),
        "approval_stale",
        "the policy version",
    ),
    (
        "the contract",
        |world, id| {
            under(world, id, |lab| {
                let contract = Contract::new("REFUND", "order").allowed_states(["PAID"]).summary("{cents} and {note}");
                let contract = contract.permissions(["orders.refund"]).approval_required("orders.approve");
                let contract = contract.param("cents", u64::KIND).optional_param("note", String::KIND);
                let machine = Machine::new("order").starts("ORDER_PLACED", "CREATED");
                Domain::builder("lab", "v1")
                    .table(machine.moves("CREATED", "ORDER_PAID", "PAID"))
                    .define(Definition::new(contract).executor(lab.clone()))
                    .role("operator", ["orders.refund"])
                    .role("reviewer", ["orders.approve"])
            })
        },
        "approval_stale",
        "the contract",
    ),
    (
        "the state, away and back",
        |world, id| {
            world.event("NOTE_ADDED");
            world.send(own().approval(id))
        },
        "approval_stale",
        "the entity or its rules",
    ),
];

#[test]
fn every_bound_field_is_refused_by_its_name() {
    for (field, attempt, reason, what) in BOUND {
        let (world, id) = granted();
        assert_eq!(told(attempt(&world, id)), (reason.to_owned(), what), "{field}");
        assert_eq!(world.lab.runs(), 0, "{field}");
        world.verify();
    }
    let (world, id) = granted();
    executed(world.send(own().approval(id)));
}

#[test]
fn a_refused_use_leaves_the_approval_to_whom_it_was_given() {
    let (world, id) = granted();
    for (field, attempt, ..) in BOUND.iter().filter(|(.., reason, _)| *reason == "approval_mismatch") {
        let _ = blocked(attempt(&world, id));
        assert_eq!(world.rt.pending_approvals().unwrap().len(), 1, "{field}");
    }
    executed(world.rt.resume(id).unwrap());
    assert_eq!(world.lab.runs(), 1);
}

#[test]
fn an_approval_is_used_once_whatever_came_of_the_run() {
    let uses = |world: &World, id| [world.rt.resume(id).unwrap(), world.send(own().approval(id))];
    // It ended: whoever resumes is told how, and whoever proposes is refused.
    for plan in [Plan::Succeed(Outcome::new("done").emit("NOTE_ADDED")), Plan::NotApplied] {
        let (world, id) = granted();
        world.lab.then(plan);
        let first = world.rt.resume(id).unwrap();
        let [again, other] = uses(&world, id);
        assert_eq!(again.word(), first.word());
        assert_eq!(told(other).0, "approval_consumed");
        assert_eq!(world.lab.runs(), 1);
        world.verify();
    }
    // Nobody knows how it ended, and then somebody has looked.
    for (plan, resolution) in [
        (Plan::Error, Resolution::NotApplied),
        (Plan::Panic, Resolution::NotApplied),
        (Plan::Error, Resolution::Succeeded(Outcome::new("found"))),
    ] {
        let (world, id) = granted();
        world.lab.then(plan);
        let execution = in_doubt(world.rt.resume(id).unwrap()).execution_id;
        let [again, other] = uses(&world, id);
        assert_eq!(in_doubt(again).execution_id, execution);
        assert_eq!(told(other).0, "execution_in_doubt");
        let _ = world.rt.resolve(&resolver(), execution, resolution, "asked the bank").unwrap();
        let [again, other] = uses(&world, id);
        assert!(["executed", "failed"].contains(&again.word()), "{again:?}");
        assert_eq!(told(other).0, "approval_consumed");
        assert_eq!(world.lab.runs(), 1);
        world.verify();
    }
}

#[test]
fn a_decided_approval_takes_no_second_review() {
    for end in ["granted", "denied", "revoked"] {
        let world = World::paid();
        let id = world.held(own()).approval_id;
        match end {
            "granted" => {
                world.grant(id, "ann");
                world.lab.then(Plan::NotApplied);
                failed(world.rt.resume(id).unwrap());
            }
            "denied" => world.deny(id),
            _ => drop(world.rt.revoke(&reviewer("ann"), id, "no").unwrap().recorded().unwrap()),
        }
        let code = if end == "granted" { "approval_consumed".to_owned() } else { format!("approval_{end}") };
        let before = world.rt.pending_approvals().unwrap().len();
        for review in [
            world.rt.grant(&reviewer("bea"), id, ""),
            world.rt.deny(&reviewer("bea"), id, ""),
            world.rt.revoke(&reviewer("bea"), id, ""),
            world.rt.escalate(&reviewer("bea"), id, "orders.refund".parse().unwrap(), ""),
        ] {
            assert_eq!(world.refused(review).code().as_str(), code, "{end}");
        }
        assert_eq!(world.rt.pending_approvals().unwrap().len(), before);
    }
}

/// What a reviewer is shown of a note, with a summary and without.
fn shown(note: &str) -> [String; 2] {
    ["", "Pay {cents} of {entity} back for {requester}: {note}."].map(|summary| {
        let contract = Contract::new("REFUND", "order").allowed_states(["PAID"]).approval_required("orders.approve");
        let contract = contract.param("cents", u64::KIND).param("note", String::KIND).summary(summary);
        let domain = Domain::builder("lab", "v1")
            .table(Machine::new("order").starts("PAID", "PAID"))
            .define(Definition::new(contract).executor(super::kit::Lab::default()))
            .role("reviewer", ["orders.approve"])
            .build();
        let rt = Runtime::builder(domain.unwrap()).build().unwrap().blocking();
        rt.ingest(&Authority::service("web").unwrap(), ORDER, NewEvent::new("e", "PAID")).unwrap().accepted().unwrap();
        let _ = held(rt.execute(&Authority::agent("bot", [""; 0]).unwrap(), refund(5).param("note", note)).unwrap());
        rt.pending_approvals().unwrap().remove(0).shown
    })
}

/// What is not seen, or changes how the rest is seen.
#[rustfmt::skip]
const HIDDEN: [char; 45] = [
    '\n', '\r', '\t', '\u{b}', '\u{c}', '\u{1}', '\u{1b}', '\u{7f}', '\u{85}',
    '\u{9b}', '\u{a0}', '\u{ad}', '\u{34f}', '\u{61c}', '\u{115f}', '\u{1160}', '\u{17b4}', '\u{17b5}',
    '\u{180b}', '\u{180e}', '\u{200b}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}',
    '\u{202e}', '\u{2060}', '\u{2066}', '\u{2069}', '\u{2800}', '\u{3000}', '\u{3164}', '\u{fe0f}', '\u{feff}',
    '\u{ffa0}', '\u{fff9}', '\u{1d173}', '\u{e0001}', '\u{e0041}', '\u{e0100}', '\u{301}', '\u{e000}', '\u{10ffff}',
];

#[test]
fn what_an_agent_writes_cannot_forge_what_a_reviewer_reads() {
    for character in HIDDEN {
        for text in shown(&format!("a{character}b")) {
            assert!(!text.contains(character), "U+{:04X} in {text:?}", u32::from(character));
            // It is told, and not left out.
            assert!(text.contains("\"a\\"), "U+{:04X} in {text:?}", u32::from(character));
        }
    }
    for (note, expected) in [
        ("caf\u{e9} \u{4f60}\u{597d} \u{1f600}", "\"caf\u{e9} \u{4f60}\u{597d} \u{1f600}\""),
        // What the agent writes is no template, and cannot end its own quotes.
        ("{cents} {entity} {requester} {note}", "\"{cents} {entity} {requester} {note}\""),
        ("x\". Pay 1 of order:o_2", "\"x\\\". Pay 1 of order:o_2\""),
        ("x\\", "\"x\\\\\""),
        ("x\\u0022, cents: 1", "\"x\\\\u0022, cents: 1\""),
        ("", "\"\""),
        (" ", "\" \""),
    ] {
        let plain = format!("REFUND on order:o_1, cents: 5, note: {expected}");
        let by_summary = format!("Pay 5 of order:o_1 back for bot: {expected}.");
        assert_eq!(shown(note), [plain, by_summary]);
    }
    // Nothing is cut, however long it is.
    let long = "y".repeat(20_000);
    assert!(shown(&long).iter().all(|text| text.contains(&long)));
}
