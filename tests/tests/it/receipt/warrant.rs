//! What an executor is given to show to others.

use super::kit::{SEED, at, keys};
use kiff::{
    Answer, Authority, Domain, Effect, Failure, NewEvent, Outcome, Proposal, Receipt, Runtime, RuntimeBuilder,
    domain::{Call, Contract, Definition, Machine, Provided},
    keys::Ed25519Signer,
    receipt::Warrant,
    verify::ReceiptVerifier,
};
use std::sync::{Arc, Mutex};

type Shown = Arc<Mutex<Vec<String>>>;

/// Keeps every warrant that it is given, and fails at the first attempt.
struct Shower(Shown);

impl kiff::Executor for Shower {
    fn run<'a>(&'a self, call: Call<'a>) -> kiff::domain::BoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move {
            let warrant = call.provided::<Warrant>()?;
            assert_eq!(warrant.receipt(), call.provided::<Receipt>()?);
            self.0.lock().unwrap().push(warrant.to_json());
            match call.attempt() {
                1 => Err(Failure::unknown("no answer")),
                _ => Ok(Outcome::new("done")),
            }
        })
    }

    fn needs(&self) -> Vec<Provided> {
        vec![Provided::of::<Warrant>(), Provided::of::<Receipt>()]
    }
}

fn builder(shown: &Shown) -> RuntimeBuilder {
    let act = Contract::new("ACT", "order").allowed_states(["PAID"]).effect(Effect::Idempotent);
    let domain = Domain::builder("shop", "v1")
        .table(Machine::new("order").starts("ORDER_PAID", "PAID"))
        .define(Definition::new(act).executor(Shower(Arc::clone(shown))))
        .role("resolver", ["kiff.resolve"])
        .build()
        .unwrap();
    Runtime::builder(domain)
}

#[test]
fn an_executor_shows_the_receipt_of_its_clearance_and_so_does_a_retry() {
    let shown = Shown::default();
    let rt = builder(&shown).signer(Ed25519Signer::from_seed(&SEED)).build().unwrap().blocking();
    let _ = rt.ingest(&Authority::service("stripe").unwrap(), "order:1", NewEvent::new("e", "ORDER_PAID")).unwrap();
    let agent = Authority::agent("bot", [""; 0]).unwrap().on_behalf_of("alice").unwrap();
    let Answer::InDoubt(doubt) = rt.execute(&agent, Proposal::new("ACT", "order:1")).unwrap() else { panic!() };
    let done =
        rt.retry(&Authority::human("lee", ["resolver"]).unwrap(), doubt.execution_id).unwrap().settled().unwrap();
    let done = done.executed().unwrap();
    assert_eq!(done.receipt, doubt.receipt);

    let shown = shown.lock().unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0], shown[1], "the second attempt has another receipt");
    let warrant = Warrant::parse(shown[0].as_bytes()).unwrap();
    assert_eq!(warrant.to_json(), shown[0]);
    assert_eq!(Some(warrant.receipt()), doubt.receipt.as_ref());
    assert_eq!(warrant.actor(), &**agent.actor());
    let verified =
        ReceiptVerifier::new(keys()).verify_receipt(warrant.receipt().clone(), at("9999-01-01T00:00:00.000Z"));
    assert_eq!(verified.unwrap().receipt().decision().as_str(), "allowed");
}

#[test]
fn without_a_signer_there_is_nothing_to_show() {
    let error = builder(&Shown::default()).build().unwrap_err();
    assert_eq!(error.code(), "no_signer");
    let wanted = std::any::type_name::<Warrant>();
    assert_eq!(
        error.to_string(),
        format!("action `ACT` needs a `{wanted}`, which a runtime without a signer does not have; add `.signer(..)`")
    );
}

#[test]
fn a_key_id_that_no_receipt_could_name_is_refused() {
    struct Odd;
    impl kiff::keys::Signer for Odd {
        fn key_id(&self) -> &str {
            "key-1"
        }
        async fn sign(&self, _: &[u8]) -> Result<[u8; 64], kiff::keys::SignerError> {
            Ok([0; 64])
        }
    }
    let error = builder(&Shown::default()).signer(Odd).build().unwrap_err();
    assert_eq!(error.code(), "key_id_malformed");
}
