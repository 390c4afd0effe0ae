//! The five scenarios of the refund domain.

#[cfg(test)]
mod tests {
    use kiff::{Authority, Ctx, Domain, DomainError, Outcome, StateMachine, action, params, testing::Scenario};
    use rust_decimal::Decimal;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
    #[state_machine(entity = "order")]
    enum Order {
        #[enter(on = "ORDER_PLACED")]
        Created,
        #[enter(on = "ORDER_PAID", from = Created)]
        #[enter(on = "ORDER_PAID")]
        Paid,
        #[enter(on = "ORDER_REFUNDED", from = Paid)]
        Refunded,
    }

    /// Pays back a small amount at once.
    #[action(allowed_states = ["PAID"], permissions = ["orders.refund"], emits = ["ORDER_REFUNDED"])]
    fn auto_refund(_order: &Ctx<'_, Order>, amount: Decimal, _reason: String) -> Outcome {
        Outcome::new(format!("auto-refund of ${amount:.2} issued")).emit("ORDER_REFUNDED")
    }

    #[action(
        allowed_states = [Paid],
        permissions = ["orders.refund"],
        risk = High,
        approval = Required,
        reviewers = "orders.approve",
        emits = ["ORDER_REFUNDED"],
    )]
    async fn refund_order(_order: &Ctx<'_, Order>, amount: Decimal, _reason: String) -> Outcome {
        Outcome::new(format!("refund of ${amount:.2} issued")).emit("ORDER_REFUNDED")
    }

    fn domain() -> Result<Domain, DomainError> {
        Domain::builder("refund-ops", "v2")
            .machine::<Order>()
            .action::<auto_refund>()
            .action::<refund_order>()
            .role("operator", ["orders.refund"])
            .role("ops_operator", ["orders.approve"])
            .build()
    }

    #[test]
    fn small() {
        let mut s = Scenario::new(domain().unwrap()).at("2026-05-24T09:50:18Z");
        s.given::<Order>("ord_001", ["ORDER_PLACED", "ORDER_PAID"]);
        let agent = || Authority::agent("ops-agent", ["operator"]);
        let done =
            s.propose::<auto_refund>(agent(), "ord_001", params! { amount: "49.0", reason: "x" }).assert_executed();
        assert_eq!(done.message, "auto-refund of $49.00 issued");
        s.given::<Order>("ord_002", ["ORDER_PAID"]);
        let held = s
            .propose::<refund_order>(agent(), "ord_002", params! { amount: "999.00", reason: "x" })
            .assert_held("approval_required");
        s.grant(held, Authority::human("ops-human", ["ops_operator"])).assert_executed();
        let r = s.replay().assert_same();
        println!("{}", String::from_utf8_lossy(r.log()));
        println!("{}", s.runtime().timeline("order:ord_002").unwrap());
    }
}
