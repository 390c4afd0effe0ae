#[allow(
    clippy::needless_pass_by_value,
    reason = "what an agent proposes is taken by value"
)]
fn refund(order: &Ctx<'_, Order>, reason: Words) -> Outcome {
    Outcome::new("done")
}
/**

| contract | |
|---|---|
| action | `REFUND` |
| allowed states | `Paid` |
| risk | `Low` |
| approval | never |
| checks | `given(reason)` |
| effect | `Once` |
| summary | `because {why}` |
| proposed | `why: Words` Why. |
*/
#[allow(
    non_camel_case_types,
    reason = "it has the name of the function whose contract it carries"
)]
#[derive(::core::fmt::Debug)]
#[non_exhaustive]
enum refund {}
const _: () = {
    #[automatically_derived]
    impl ::kiff::ActionContract for refund {
        type Entity = <Ctx<'static, Order> as ::kiff::__private::IsCtx>::Entity;
        const CONTRACT: ::kiff::domain::Declaration = ::kiff::domain::Declaration {
            name: "REFUND",
            entity: <<Ctx<
                'static,
                Order,
            > as ::kiff::__private::IsCtx>::Entity as ::kiff::StateMachine>::ENTITY,
            doc: "",
            allowed_states: &[
                ::kiff::__private::state_name::<
                    <Ctx<'static, Order> as ::kiff::__private::IsCtx>::Entity,
                >(
                    <<Ctx<'static, Order> as ::kiff::__private::IsCtx>::Entity>::Paid
                        as ::core::primitive::usize,
                ),
            ],
            permissions: &[],
            risk: ::kiff::Risk::Low,
            approval: ::kiff::domain::ApprovalRule::Never,
            reviewers: "",
            quorum: 1u32,
            expires_secs: ::kiff::domain::Declaration::DEFAULT_EXPIRY_SECS,
            separate_reviewer: true,
            reviewer_kinds: &[::kiff::actor::ActorType::Human],
            checks: &["given"],
            emits: &[],
            effect: ::kiff::Effect::Once,
            timeout_ms: 0u64,
            retry_within_ms: ::kiff::domain::Declaration::DEFAULT_RETRY_WITHIN_MS,
            summary: "because {why}",
            waiver: "",
            params: &[
                ::kiff::domain::param::ParamSpec {
                    name: "why",
                    kind: <Words as ::kiff::__private::IsParam>::KIND,
                    required: <Words as ::kiff::__private::IsParam>::REQUIRED,
                    doc: "Why.",
                },
            ],
            location: ::core::concat!(::core::file!(), ":", ::core::line!()),
        };
        fn definition() -> ::kiff::domain::Definition {
            let kiff_rule0 = given;
            ::kiff::__private::definition::<
                Self,
            >(&[("given", ::kiff::__private::function(&kiff_rule0), &["why"])])
                .try_check(
                    "given",
                    move |kiff_at| {
                        let kiff_ctx = &<Ctx<
                            'static,
                            Order,
                        > as ::kiff::__private::IsCtx>::asked(kiff_at)?;
                        let kiff_arg0 = ::kiff::__private::asked(
                            kiff_at,
                            "why",
                            <Words as ::kiff::__private::IsParam>::decode,
                            <Words as ::kiff::__private::IsParam>::absent,
                        )?;
                        ::core::result::Result::Ok(
                            ::kiff::__private::verdict(
                                kiff_rule0(
                                    kiff_ctx,
                                    ::kiff::__private::argument(&kiff_arg0),
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
    impl ::kiff::Executor for __Run {
        fn run<'a>(
            &'a self,
            kiff_call: ::kiff::domain::Call<'a>,
        ) -> ::kiff::domain::BoxFuture<
            'a,
            ::core::result::Result<::kiff::Outcome, ::kiff::Failure>,
        > {
            ::kiff::__private::boxed(async move {
                let kiff_ctx = <Ctx<
                    'static,
                    Order,
                > as ::kiff::__private::IsCtx>::called(&kiff_call)?;
                let kiff_arg0 = ::kiff::__private::proposed(
                    &kiff_call,
                    "why",
                    <Words as ::kiff::__private::IsParam>::decode,
                    <Words as ::kiff::__private::IsParam>::absent,
                )?;
                <Outcome as ::kiff::__private::IsOutcome>::into_outcome(
                    refund(&kiff_ctx, kiff_arg0),
                )
            })
        }
    }
};
