pub fn refund(order: &Ctx<'_, Order>, amount: f64) -> Outcome {
    Outcome::new("done")
}
#[allow(
    non_camel_case_types,
    reason = "it has the name of the function whose contract it carries"
)]
#[derive(::core::fmt::Debug)]
#[non_exhaustive]
pub enum refund {}
const _: () = {
    impl ::kiff::ActionContract for refund {
        type Entity = ::kiff::__private::Unchecked;
        const CONTRACT: ::kiff::domain::Declaration = ::kiff::domain::Declaration::DEFAULT;
        fn definition() -> ::kiff::domain::Definition {
            ::kiff::__private::definition::<Self>(&[])
        }
    }
};
::core::compile_error! {
    "action `refund`: `amount` cannot be a float: a float does not hold what was approved exactly; use `Decimal`, an integer of the smallest unit, or `String`"
}
