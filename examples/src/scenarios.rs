//! Five scenarios of the refund domain, on a real runtime with a clock that is moved by hand.

use crate::{
    demo_key,
    refund::{self, Stripe},
    wire,
};
use kiff::{
    Answer, ApprovalId, Authority, Blocking, NewEvent, Receipt, Review, Runtime,
    store::{EventStore, MemoryStore},
    testing::{FixedIds, ManualClock},
};
use std::error::Error;

/// The result type of the examples.
pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// One of the five scenarios.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its number, 1 to 5.
    pub number: usize,
    /// What happens, in a few words.
    pub title: &'static str,
    /// The order.
    pub order: &'static str,
    play: fn(&mut Shop) -> Result<()>,
}

/// All five, in their order.
pub const SCENARIOS: [Scenario; 5] = [
    Scenario { number: 1, title: "a small refund runs at once", order: "order:ord_001", play: small_refund },
    Scenario { number: 2, title: "a large refund waits for a human", order: "order:ord_002", play: large_refund },
    Scenario { number: 3, title: "a human grants it", order: "order:ord_002", play: approval_granted },
    Scenario { number: 4, title: "a human denies it, for good", order: "order:ord_002", play: approval_denied },
    Scenario { number: 5, title: "an unpaid order gets no refund", order: "order:ord_003", play: unpaid_order },
];

const SMALL: &str = r#"{"entity_type":"order","actor":{"id":"ops-agent","type":"agent","roles":["operator"]},"parameters":{"amount":49.0,"reason":"customer request"}}"#;
const LARGE: &str = r#"{"entity_type":"order","actor":{"id":"ops-agent","type":"agent","roles":["operator"]},"parameters":{"amount":999.0,"reason":"customer request"}}"#;

fn small_refund(shop: &mut Shop) -> Result<()> {
    shop.event("09:41:02.123", "ord_001", "ORDER_PLACED")?;
    shop.event("09:41:02.124", "ord_001", "ORDER_PAID")?;
    let _ = shop.execute("09:42:11.001", "ord_001", "AUTO_REFUND", SMALL)?;
    Ok(())
}

fn large_refund(shop: &mut Shop) -> Result<()> {
    hold(shop).map(drop)
}

fn approval_granted(shop: &mut Shop) -> Result<()> {
    let approval = hold(shop)?;
    shop.review("09:53:55.011", "grant", approval, "verified with customer")?;
    let again = LARGE.replacen('{', &format!(r#"{{"approval_id":"{approval}","#), 1);
    let _ = shop.execute("09:53:55.092", "ord_002", "REFUND_ORDER", &again)?;
    Ok(())
}

fn approval_denied(shop: &mut Shop) -> Result<()> {
    let approval = hold(shop)?;
    shop.review("10:01:20.004", "deny", approval, "order disputed")?;
    shop.explain("ord_002", "REFUND_ORDER", LARGE)
}

fn unpaid_order(shop: &mut Shop) -> Result<()> {
    shop.event("10:14:09.220", "ord_003", "ORDER_PLACED")?;
    let _ = shop.execute("10:15:30.118", "ord_003", "AUTO_REFUND", SMALL)?;
    Ok(())
}

fn hold(shop: &mut Shop) -> Result<ApprovalId> {
    shop.event("09:48:02.001", "ord_002", "ORDER_PAID")?;
    match shop.execute("09:50:18.430", "ord_002", "REFUND_ORDER", LARGE)? {
        Answer::Held(held) => Ok(held.approval_id),
        other => Err(format!("the large refund was {}", other.word()).into()),
    }
}

/// A shop that runs a scenario, in the place of a service around kiff.
#[derive(Debug)]
pub struct Shop {
    /// The runtime.
    pub runtime: Blocking,
    /// The payment provider.
    pub stripe: Stripe,
    /// Every request with its answer, as they would go over the wire.
    pub exchanges: Vec<(String, String)>,
    /// The receipt of every decision.
    pub receipts: Vec<Receipt>,
    /// Further findings.
    pub notes: Vec<String>,
    clock: ManualClock,
    events: u32,
}

impl Scenario {
    /// Runs the scenario on an empty log in memory.
    ///
    /// # Errors
    /// If a step fails. A refusal is an answer, not an error.
    pub fn run(&self) -> Result<Shop> {
        self.run_on(MemoryStore::new(), "kiff-demo")
    }

    /// Runs the scenario on the log of a tenant, which must be empty.
    ///
    /// # Errors
    /// If a step fails. A refusal is an answer, not an error.
    pub fn run_on(&self, store: impl EventStore, tenant: &str) -> Result<Shop> {
        let stripe = Stripe::fake();
        let clock = ManualClock::default();
        let runtime = Runtime::builder(refund::domain()?)
            .store(store)
            .tenant(tenant)
            .clock(clock.clone())
            .ids(FixedIds::default())
            .issued_by("kiff-demo")
            .signer(demo_key::signer())
            .provide(stripe.clone())
            .build()?;
        let mut shop = Shop {
            runtime: runtime.blocking(),
            stripe,
            exchanges: Vec::new(),
            receipts: Vec::new(),
            notes: Vec::new(),
            clock,
            events: 0,
        };
        (self.play)(&mut shop)?;
        Ok(shop)
    }
}

impl Shop {
    fn event(&mut self, time: &str, order: &str, kind: &str) -> Result<()> {
        self.at(time);
        self.events += 1;
        let event = NewEvent::new(format!("evt_{:03}", self.events), kind);
        self.runtime.ingest(&Authority::service("stripe")?, &format!("order:{order}"), event)?.accepted()?;
        Ok(())
    }

    fn execute(&mut self, time: &str, order: &str, action: &str, body: &str) -> Result<Answer> {
        self.at(time);
        // The host knows the caller by the API key. The `actor` in the body is only a claim.
        let caller = Authority::agent("ops-agent", ["operator"])?;
        let answer = self.runtime.execute(&caller, wire::proposal(order, action, body)?)?;
        let request = format!("POST /v1/entities/{order}/actions/{action}/execute\n{body}");
        self.exchanges.push((request, wire::answer(&answer)));
        self.receipts.extend(answer.receipt().cloned());
        Ok(answer)
    }

    fn review(&mut self, time: &str, verdict: &str, approval: ApprovalId, note: &str) -> Result<()> {
        self.at(time);
        let reviewer = Authority::human("ops-human", ["ops_operator"])?;
        let review = match verdict {
            "grant" => self.runtime.grant(&reviewer, approval, note)?,
            _ => self.runtime.deny(&reviewer, approval, note)?,
        };
        let request = format!(
            "POST /v1/approvals/{approval}/{verdict}\n\
             {{\"actor\":{{\"id\":\"ops-human\",\"type\":\"human\",\"roles\":[\"ops_operator\"]}},\"reason\":\"{note}\"}}"
        );
        self.exchanges.push((request, wire::review(&review)));
        if let Review::Recorded(status) = review {
            self.receipts.extend(status.receipt);
        }
        Ok(())
    }

    /// Asks what the same call would return now, without writing anything.
    fn explain(&mut self, order: &str, action: &str, body: &str) -> Result<()> {
        let caller = Authority::agent("ops-agent", ["operator"])?;
        let explanation = self.runtime.explain(&caller, wire::proposal(order, action, body)?)?;
        self.notes.push(format!("the same call again: {}, {}", explanation.decision, explanation.reason));
        Ok(())
    }

    fn at(&self, time: &str) {
        self.clock.set(&format!("2026-05-24T{time}Z"));
    }
}
