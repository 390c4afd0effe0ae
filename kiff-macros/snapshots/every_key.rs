#[cfg(feature = "refunds")]
/// Pays back.
pub async fn refund(
    order: &Ctx<'_, Order>,
    stripe: &Stripe,
    amount: Decimal,
    reason: Option<String>,
) -> Result<Outcome, Error> {
    stripe.refund(amount, reason).await
}
#[cfg(feature = "refunds")]
/// Pays back.
/**

| contract | |
|---|---|
| action | `REFUND` |
| allowed states | `PAID`, `Held` |
| permissions | `orders.refund` |
| risk | `High` |
| approval | when `large(amount)`, by 2 holders of `orders.approve` |
| reviewers | of kind `Human`, `Service`, the requester too, within 1 d |
| checks | `consent(reason, amount)`, `open()` |
| emits | `ORDER_REFUNDED` |
| effect | `Idempotent` |
| timeout | 30 s |
| retry within | 12 h |
| summary | `refund {amount}` |
| provided | `stripe: Stripe` Who pays. |
| proposed | `amount: Decimal` How much. |
| proposed | `reason: Option<String>` |
*/
#[allow(
    non_camel_case_types,
    reason = "it has the name of the function whose contract it carries"
)]
#[derive(::core::fmt::Debug)]
#[non_exhaustive]
pub enum refund {}
#[cfg(feature = "refunds")]
const _: () = {
    const _: () = crate::kiff::__private::is_state::<
        <Ctx<'static, Order> as crate::kiff::__private::IsCtx>::Entity,
    >("refund", "PAID");
    const _: () = crate::kiff::__private::is_accepted::<
        <Ctx<'static, Order> as crate::kiff::__private::IsCtx>::Entity,
        refund,
    >("refund", "ORDER_REFUNDED");
    #[automatically_derived]
    impl crate::kiff::ActionContract for refund {
        type Entity = <Ctx<'static, Order> as crate::kiff::__private::IsCtx>::Entity;
        const CONTRACT: crate::kiff::domain::Declaration = crate::kiff::domain::Declaration {
            name: "REFUND",
            entity: <<Ctx<
                'static,
                Order,
            > as crate::kiff::__private::IsCtx>::Entity as crate::kiff::StateMachine>::ENTITY,
            doc: "Pays back.",
            allowed_states: &[
                "PAID",
                crate::kiff::__private::state_name::<
                    <Ctx<'static, Order> as crate::kiff::__private::IsCtx>::Entity,
                >(
                    <<Ctx<
                        'static,
                        Order,
                    > as crate::kiff::__private::IsCtx>::Entity>::Held
                        as ::core::primitive::usize,
                ),
            ],
            permissions: &["orders.refund"],
            risk: crate::kiff::Risk::High,
            approval: crate::kiff::domain::ApprovalRule::When("large"),
            reviewers: "orders.approve",
            quorum: 2u32,
            expires_secs: 86400u64,
            separate_reviewer: false,
            reviewer_kinds: &[
                crate::kiff::actor::ActorType::Human,
                crate::kiff::actor::ActorType::Service,
            ],
            checks: &["consent", "open"],
            emits: &["ORDER_REFUNDED"],
            effect: crate::kiff::Effect::Idempotent,
            timeout_ms: 30000u64,
            retry_within_ms: 43200000u64,
            summary: "refund {amount}",
            waiver: "",
            params: &[
                crate::kiff::domain::param::ParamSpec {
                    name: "amount",
                    kind: <Decimal as crate::kiff::__private::IsParam>::KIND,
                    required: <Decimal as crate::kiff::__private::IsParam>::REQUIRED,
                    doc: "How much.",
                },
                crate::kiff::domain::param::ParamSpec {
                    name: "reason",
                    kind: <Option<String> as crate::kiff::__private::IsParam>::KIND,
                    required: <Option<
                        String,
                    > as crate::kiff::__private::IsParam>::REQUIRED,
                    doc: "",
                },
            ],
            location: ::core::concat!(::core::file!(), ":", ::core::line!()),
        };
        fn definition() -> crate::kiff::domain::Definition {
            let kiff_rule0 = consent;
            let kiff_rule1 = open;
            let kiff_rule2 = rules::large;
            crate::kiff::__private::definition::<
                Self,
            >(
                    &[
                        (
                            "consent",
                            crate::kiff::__private::function(&kiff_rule0),
                            &["reason", "amount"],
                        ),
                        ("open", crate::kiff::__private::function(&kiff_rule1), &[]),
                        (
                            "large",
                            crate::kiff::__private::function(&kiff_rule2),
                            &["amount"],
                        ),
                    ],
                )
                .try_check(
                    "consent",
                    move |kiff_at| {
                        let kiff_ctx = &<Ctx<
                            'static,
                            Order,
                        > as crate::kiff::__private::IsCtx>::asked(kiff_at)?;
                        let kiff_arg0 = crate::kiff::__private::asked(
                            kiff_at,
                            "reason",
                            <Option<String> as crate::kiff::__private::IsParam>::decode,
                            <Option<String> as crate::kiff::__private::IsParam>::absent,
                        )?;
                        let kiff_arg1 = crate::kiff::__private::asked(
                            kiff_at,
                            "amount",
                            <Decimal as crate::kiff::__private::IsParam>::decode,
                            <Decimal as crate::kiff::__private::IsParam>::absent,
                        )?;
                        ::core::result::Result::Ok(
                            crate::kiff::__private::verdict(
                                kiff_rule0(
                                    kiff_ctx,
                                    crate::kiff::__private::argument(&kiff_arg0),
                                    crate::kiff::__private::argument(&kiff_arg1),
                                ),
                            ),
                        )
                    },
                )
                .try_check(
                    "open",
                    move |kiff_at| {
                        let kiff_ctx = &<Ctx<
                            'static,
                            Order,
                        > as crate::kiff::__private::IsCtx>::asked(kiff_at)?;
                        ::core::result::Result::Ok(
                            crate::kiff::__private::verdict(kiff_rule1(kiff_ctx)),
                        )
                    },
                )
                .try_approval_when(
                    "large",
                    move |kiff_at| {
                        let kiff_ctx = &<Ctx<
                            'static,
                            Order,
                        > as crate::kiff::__private::IsCtx>::asked(kiff_at)?;
                        let kiff_arg0 = crate::kiff::__private::asked(
                            kiff_at,
                            "amount",
                            <Decimal as crate::kiff::__private::IsParam>::decode,
                            <Decimal as crate::kiff::__private::IsParam>::absent,
                        )?;
                        ::core::result::Result::Ok(
                            crate::kiff::__private::verdict(
                                kiff_rule2(
                                    kiff_ctx,
                                    crate::kiff::__private::argument(&kiff_arg0),
                                ),
                            ),
                        )
                    },
                )
                .executor(__Run)
        }
    }
    struct __Run;
    #[automatically_derived]
    impl crate::kiff::Executor for __Run {
        fn run<'a>(
            &'a self,
            kiff_call: crate::kiff::domain::Call<'a>,
        ) -> crate::kiff::domain::BoxFuture<
            'a,
            ::core::result::Result<crate::kiff::Outcome, crate::kiff::Failure>,
        > {
            crate::kiff::__private::boxed(async move {
                let kiff_ctx = <Ctx<
                    'static,
                    Order,
                > as crate::kiff::__private::IsCtx>::called(&kiff_call)?;
                let kiff_arg0 = <Stripe as crate::kiff::__private::IsProvided>::slot()
                    .take(&kiff_call)?;
                let kiff_arg1 = crate::kiff::__private::proposed(
                    &kiff_call,
                    "amount",
                    <Decimal as crate::kiff::__private::IsParam>::decode,
                    <Decimal as crate::kiff::__private::IsParam>::absent,
                )?;
                let kiff_arg2 = crate::kiff::__private::proposed(
                    &kiff_call,
                    "reason",
                    <Option<String> as crate::kiff::__private::IsParam>::decode,
                    <Option<String> as crate::kiff::__private::IsParam>::absent,
                )?;
                <Result<
                    Outcome,
                    Error,
                > as crate::kiff::__private::IsOutcome>::into_outcome(
                    refund(&kiff_ctx, kiff_arg0, kiff_arg1, kiff_arg2).await,
                )
            })
        }
        fn needs(&self) -> crate::kiff::__private::Vec<crate::kiff::domain::Provided> {
            crate::kiff::__private::Vec::from([
                <Stripe as crate::kiff::__private::IsProvided>::slot().need(),
            ])
        }
    }
};
