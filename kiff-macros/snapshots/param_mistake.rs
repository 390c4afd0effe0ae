impl<'a, T: Clone> ::kiff::Param for Page<'a, T>
where
    Self: ::core::marker::Send + ::core::marker::Sized,
    T: Copy,
{
    const KIND: ::kiff::domain::param::ParamKind = ::kiff::domain::param::ParamKind::Bool;
    fn decode(
        kiff_value: &::kiff::Value,
    ) -> ::core::result::Result<Self, ::kiff::domain::param::ParamFault> {
        ::core::result::Result::Err(
            ::kiff::domain::param::ParamFault::wrong_type("a value", kiff_value),
        )
    }
}
::core::compile_error! {
    "parameter type `Page`: it cannot be generic: what is admitted is part of a contract"
}
