//! Two tenants on one store: every call of the one, with every name of the other.

use super::kit::{ORDER, Plan, World, agent, executed, in_doubt, proposal, refund, resolver, reviewer};
use kiff::{
    Answer, ApprovalId, Authority, Blocking, Decision, ExecutionId, NewEvent, Outcome, RuntimeError,
    doubt::Resolution,
    keys::{Ed25519Signer, KeyPurpose},
    ledger::Ed25519LogSigner,
    review::ReviewRequest,
};
use std::{collections::BTreeSet, fmt::Debug};

/// What the one tenant keeps to itself.
const SECRET: &str = "acmes-own";

/// A tenant with everything open that can be: an approval, a doubt, a used key, a clearance of the host's.
struct Acme {
    world: World,
    approval: ApprovalId,
    doubt: ExecutionId,
    key: Ed25519Signer,
}

fn acme() -> Acme {
    let world = World::paid();
    executed(world.send(refund(5).param("note", SECRET).idempotency_key("k-1").reasoning(SECRET)));
    let key = Ed25519Signer::from_seed(&[8; 32]);
    let keeper = Authority::human("kay", ["keeper"]).unwrap();
    let _ = world.rt.publish_key(&keeper, key.public_key(), KeyPurpose::Receipt).unwrap().recorded().unwrap();
    let approval = world.held(refund(500).param("note", SECRET)).approval_id;
    world.lab.then(Plan::Error);
    let doubt = in_doubt(world.send(proposal("REPEATABLE", 5).param("note", SECRET))).execution_id;
    Acme { world, approval, doubt, key }
}

/// The names of the calls that were tried, and all that was told.
#[derive(Default)]
struct Tried {
    names: BTreeSet<&'static str>,
    told: Vec<String>,
}

impl Tried {
    fn told<T: Debug>(&mut self, name: &'static str, answer: T) -> T {
        self.names.insert(name);
        self.told.push(format!("{name}: {answer:?}"));
        answer
    }

    fn blocked(&mut self, name: &'static str, answer: Result<Answer, RuntimeError>) -> String {
        match self.told(name, answer) {
            Ok(Answer::Blocked(blocked)) => blocked.reason.to_string(),
            Err(error) => error.code().to_string(),
            other => panic!("{name}: {other:?}"),
        }
    }
}

fn ask_by_name(acme: &Acme, other: &Blocking, tried: &mut Tried) {
    assert!(tried.told("state", other.state(ORDER)).unwrap().is_none());
    assert!(tried.told("timeline", other.timeline(ORDER)).unwrap().records().is_empty());
    assert!(tried.told("allowed_actions", other.allowed_actions(&agent(), ORDER)).unwrap().is_empty());
    assert!(tried.told("pending_approvals", other.pending_approvals()).unwrap().is_empty());
    assert!(tried.told("in_doubt", other.in_doubt()).unwrap().is_empty());
    assert!(tried.told("recover", other.recover(&resolver())).unwrap().is_empty());
    assert!(tried.told("read_log", other.read_log(0, 100)).unwrap().is_empty());
    assert!(tried.told("export", other.export()).unwrap().is_empty());
    let _ = tried.told("rebuild", other.rebuild(ORDER));
    let _ = tried.told("explain", other.explain(&agent(), refund(500).approval(acme.approval)));
    assert_eq!(tried.blocked("execute", other.execute(&agent(), refund(5).idempotency_key("k-1"))), "entity_unknown");
    let decided = other.decide(&agent(), proposal("BY_HOST", 5).approval(acme.approval));
    assert!(matches!(tried.told("decide", decided), Ok(Decision::Blocked(_))));
    assert_eq!(tried.blocked("resume", other.resume(acme.approval)), "approval_unknown");
}

fn ask_by_id(acme: &Acme, other: &Blocking, tried: &mut Tried) {
    let (ann, id) = (reviewer("ann"), acme.approval);
    let text = format!(r#"{{"approval_id":"{id}","verdict":"grant","reason":""}}"#);
    let request = ReviewRequest::from_json(text.as_bytes()).unwrap();
    for (name, review) in [
        ("review", other.review(&ann, &request)),
        ("grant", other.grant(&ann, id, "")),
        ("deny", other.deny(&ann, id, "")),
        ("revoke", other.revoke(&ann, id, "")),
        ("escalate", other.escalate(&ann, id, "orders.admin".parse().unwrap(), "")),
    ] {
        let refusal = tried.told(name, review).unwrap().recorded().unwrap_err();
        assert_eq!(refusal.code(), "approval_unknown", "{name}");
    }
    for (name, resolved) in [
        ("resolve", other.resolve(&resolver(), acme.doubt, Resolution::NotApplied, "seen")),
        ("retry", other.retry(&resolver(), acme.doubt)),
        ("probe", other.probe(&resolver(), acme.doubt)),
    ] {
        let code = match tried.told(name, resolved) {
            Ok(resolved) => resolved.settled().unwrap_err().code().to_string(),
            Err(error) => error.code().to_string(),
        };
        assert!(["execution_unknown", "execution_not_open", "no_probe"].contains(&code.as_str()), "{name}: {code}");
    }
    // The same names are free for the other tenant.
    let stripe = Authority::service("stripe").unwrap();
    let event = NewEvent::new("evt_0", "ORDER_PLACED");
    tried.told("ingest", other.ingest(&stripe, ORDER, event)).unwrap().accepted().unwrap();
    let keeper = Authority::human("kay", ["keeper"]).unwrap();
    let published = other.publish_key(&keeper, acme.key.public_key(), KeyPurpose::Receipt);
    let _ = tried.told("publish_key", published).unwrap().recorded().unwrap();
    let revoked = other.revoke_key(&keeper, acme.key.key_id(), 0, "lost");
    let _ = tried.told("revoke_key", revoked).unwrap().recorded().unwrap();
}

#[test]
fn no_call_of_one_tenant_sees_or_changes_another() {
    let acme = acme();
    let before = acme.world.rt.export().unwrap();
    let other = acme.world.rt.runtime().tenant("other").unwrap().blocking();
    let mut tried = Tried::default();
    ask_by_name(&acme, &other, &mut tried);
    ask_by_id(&acme, &other, &mut tried);
    // Feeds, files and evidence are the tenant's own.
    let mut feed = other.subscribe("audit").unwrap();
    tried.told("subscribe", feed.next(1_000).unwrap());
    let mut file = Vec::new();
    other.export_to(&mut file).unwrap();
    tried.told("export_to", String::from_utf8(file).unwrap());
    assert_eq!(tried.told("import_from", other.import_from(before.as_slice())).unwrap_err().code(), "other_tenant");
    let signer = Ed25519LogSigner::new("kiff.dev/log/other", Ed25519Signer::from_seed(&[9; 32])).unwrap();
    let ledger = other.runtime().ledger(signer).open_blocking().unwrap();
    let size = ledger.checkpoint().unwrap().checkpoint.unverified().head().size;
    (0..size).for_each(|index| drop(tried.told("prove", ledger.prove(index).unwrap().to_string())));

    assert!(String::from_utf8(before.clone()).unwrap().contains(SECRET));
    tried.told.iter().for_each(|told| assert!(!told.contains(SECRET), "{told}"));
    assert_eq!(acme.world.rt.export().unwrap(), before, "the other tenant's calls changed this one's log");
    assert_eq!(acme.world.rt.pending_approvals().unwrap().len(), 1);
    assert_eq!(acme.world.rt.in_doubt().unwrap().len(), 1);
    assert_eq!(acme.world.lab.runs(), 2);
    // Every call that there is.
    let source = include_str!("../../../../kiff/src/runtime/blocking.rs");
    let calls = source.split_once("calls! {\n").unwrap().1.split_once("\n    }\n").unwrap().0;
    for line in calls.lines().filter_map(|line| line.trim().strip_prefix("fn ")) {
        let name = line.split('(').next().unwrap();
        assert!(name == "record_outcome" || tried.names.contains(name), "`{name}` was not tried");
    }
}

#[test]
fn a_permit_of_one_tenant_settles_nothing_of_another() {
    let world = World::paid();
    let other = world.rt.runtime().tenant("other").unwrap().blocking();
    let Decision::Allowed(allowed) = world.rt.decide(&agent(), proposal("BY_HOST", 5)).unwrap() else { panic!() };
    let settled = other.record_outcome(allowed.permit, Ok(Outcome::new("done")));
    // Wherever it is recorded, it is not in the other tenant's log.
    assert!(other.export().unwrap().is_empty(), "{settled:?}");
    world.verify();
}
