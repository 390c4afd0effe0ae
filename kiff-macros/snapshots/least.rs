fn look(order: &Ctx<'_, Order>) -> Outcome {
    Outcome::new("seen")
}
/**

| contract | |
|---|---|
| action | `LOOK` |
| allowed states | `PAID` |
| risk | `Low` |
| approval | never |
| effect | `Once` |
*/
#[allow(
    non_camel_case_types,
    reason = "it has the name of the function whose contract it carries"
)]
#[derive(::core::fmt::Debug)]
#[non_exhaustive]
enum look {}
const _: () = {
    const _: () = ::kiff::__private::is_state::<
        <Ctx<'static, Order> as ::kiff::__private::IsCtx>::Entity,
    >("look", "PAID");
    #[automatically_derived]
    impl ::kiff::ActionContract for look {
        type Entity = <Ctx<'static, Order> as ::kiff::__private::IsCtx>::Entity;
        const CONTRACT: ::kiff::domain::Declaration = ::kiff::domain::Declaration {
            name: "LOOK",
            entity: <<Ctx<
                'static,
                Order,
            > as ::kiff::__private::IsCtx>::Entity as ::kiff::StateMachine>::ENTITY,
            doc: "",
            allowed_states: &["PAID"],
            permissions: &[],
            risk: ::kiff::Risk::Low,
            approval: ::kiff::domain::ApprovalRule::Never,
            reviewers: "",
            quorum: 1u32,
            expires_secs: ::kiff::domain::Declaration::DEFAULT_EXPIRY_SECS,
            separate_reviewer: true,
            reviewer_kinds: &[::kiff::actor::ActorType::Human],
            checks: &[],
            emits: &[],
            effect: ::kiff::Effect::Once,
            timeout_ms: 0u64,
            retry_within_ms: ::kiff::domain::Declaration::DEFAULT_RETRY_WITHIN_MS,
            summary: "",
            waiver: "",
            params: &[],
            location: ::core::concat!(::core::file!(), ":", ::core::line!()),
        };
        fn definition() -> ::kiff::domain::Definition {
            ::kiff::__private::definition::<Self>(&[]).executor(__Run)
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
                <Outcome as ::kiff::__private::IsOutcome>::into_outcome(look(&kiff_ctx))
            })
        }
    }
};
