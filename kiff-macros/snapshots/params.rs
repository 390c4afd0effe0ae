const _: () = {
    const _: () = ::kiff::__private::is_number(
        "Percent",
        <Decimal as ::kiff::__private::IsParam>::KIND,
    );
    const _: () = ::kiff::__private::is_bound(
        "Percent",
        <Decimal as ::kiff::__private::IsParam>::KIND,
        "min",
        "1",
    );
    const _: () = ::kiff::__private::is_bound(
        "Percent",
        <Decimal as ::kiff::__private::IsParam>::KIND,
        "max",
        "99.5",
    );
    #[automatically_derived]
    impl ::kiff::Param for Percent {
        const KIND: ::kiff::domain::param::ParamKind = ::kiff::__private::bounded(
            <Decimal as ::kiff::__private::IsParam>::KIND,
            ::kiff::__private::Bounds {
                min: ::core::option::Option::Some("1"),
                max: ::core::option::Option::Some("99.5"),
                min_len: ::core::option::Option::None,
                max_len: ::core::option::Option::None,
            },
        );
        const REQUIRED: ::core::primitive::bool = <Decimal as ::kiff::__private::IsParam>::REQUIRED;
        fn decode(
            kiff_value: &::kiff::Value,
        ) -> ::core::result::Result<Self, ::kiff::domain::param::ParamFault> {
            ::kiff::__private::within(
                <Self as ::kiff::Param>::KIND,
                <Decimal as ::kiff::__private::IsParam>::REQUIRED,
                kiff_value,
            )?;
            ::core::result::Result::map(
                <Decimal as ::kiff::__private::IsParam>::decode(kiff_value),
                Self,
            )
        }
        fn absent() -> ::core::option::Option<Self> {
            ::core::option::Option::map(
                <Decimal as ::kiff::__private::IsParam>::absent(),
                Self,
            )
        }
    }
};
const _: () = {
    #[automatically_derived]
    impl ::kiff::Param for Line {
        const KIND: ::kiff::domain::param::ParamKind = ::kiff::domain::param::ParamKind::Object(
            &[
                ::kiff::domain::param::ParamSpec {
                    name: "sku",
                    kind: <String as ::kiff::__private::IsParam>::KIND,
                    required: <String as ::kiff::__private::IsParam>::REQUIRED,
                    doc: "What it is.",
                },
                ::kiff::domain::param::ParamSpec {
                    name: "howMany",
                    kind: <Option<u8> as ::kiff::__private::IsParam>::KIND,
                    required: <Option<u8> as ::kiff::__private::IsParam>::REQUIRED,
                    doc: "",
                },
            ],
        );
        fn decode(
            kiff_value: &::kiff::Value,
        ) -> ::core::result::Result<Self, ::kiff::domain::param::ParamFault> {
            {
                let kiff_given = ::kiff::__private::members(
                    kiff_value,
                    &["sku", "howMany"],
                )?;
                ::core::result::Result::Ok(Self {
                    sku: ::kiff::__private::member(
                        kiff_given,
                        "sku",
                        <String as ::kiff::__private::IsParam>::decode,
                        <String as ::kiff::__private::IsParam>::absent,
                    )?,
                    count: ::kiff::__private::member(
                        kiff_given,
                        "howMany",
                        <Option<u8> as ::kiff::__private::IsParam>::decode,
                        <Option<u8> as ::kiff::__private::IsParam>::absent,
                    )?,
                })
            }
        }
    }
};
const _: () = {
    #[automatically_derived]
    impl ::kiff::Param for Target {
        const KIND: ::kiff::domain::param::ParamKind = ::kiff::domain::param::ParamKind::Enum(
            &[
                ::kiff::domain::param::VariantSpec {
                    name: "card",
                    content: ::core::option::Option::None,
                    doc: "Back to where it came from.",
                },
                ::kiff::domain::param::VariantSpec {
                    name: "account",
                    content: ::core::option::Option::Some(
                        ::kiff::__private::item(
                            &<Iban as ::kiff::__private::IsParam>::KIND,
                            <Iban as ::kiff::__private::IsParam>::REQUIRED,
                        ),
                    ),
                    doc: "",
                },
                ::kiff::domain::param::VariantSpec {
                    name: "voucher",
                    content: ::core::option::Option::Some(
                        ::kiff::domain::param::ParamKind::Object(
                            &[
                                ::kiff::domain::param::ParamSpec {
                                    name: "cents",
                                    kind: <u64 as ::kiff::__private::IsParam>::KIND,
                                    required: <u64 as ::kiff::__private::IsParam>::REQUIRED,
                                    doc: "",
                                },
                            ],
                        ),
                    ),
                    doc: "",
                },
            ],
        );
        fn decode(
            kiff_value: &::kiff::Value,
        ) -> ::core::result::Result<Self, ::kiff::domain::param::ParamFault> {
            match ::kiff::__private::variant(kiff_value) {
                ("card", ::core::option::Option::None) => {
                    ::core::result::Result::Ok(Self::Card)
                }
                ("account", ::core::option::Option::Some(kiff_content)) => {
                    ::core::result::Result::map(
                        ::kiff::__private::content(
                            "account",
                            kiff_content,
                            <Iban as ::kiff::__private::IsParam>::decode,
                        ),
                        Self::Account,
                    )
                }
                ("voucher", ::core::option::Option::Some(kiff_content)) => {
                    ::kiff::__private::inside(
                        "voucher",
                        || {
                            let kiff_given = ::kiff::__private::members(
                                kiff_content,
                                &["cents"],
                            )?;
                            ::core::result::Result::Ok(Self::Paper {
                                cents: ::kiff::__private::member(
                                    kiff_given,
                                    "cents",
                                    <u64 as ::kiff::__private::IsParam>::decode,
                                    <u64 as ::kiff::__private::IsParam>::absent,
                                )?,
                            })
                        },
                    )
                }
                _ => {
                    ::core::result::Result::Err(
                        ::kiff::__private::refused(
                            <Self as ::kiff::Param>::KIND,
                            kiff_value,
                        ),
                    )
                }
            }
        }
    }
};
const _: () = {
    #[automatically_derived]
    impl crate::kiff::Param for Email {
        const KIND: crate::kiff::domain::param::ParamKind = crate::kiff::domain::param::ParamKind::Ruled {
            of: &<String as crate::kiff::__private::IsParam>::KIND,
            rule: crate::kiff::domain::param::ParamRule::new(
                "Email",
                |kiff_value| ::core::result::Result::map(
                    <Self as crate::kiff::__private::IsTried<
                        String,
                    >>::tried(
                        "Email",
                        <String as crate::kiff::__private::IsParam>::decode(kiff_value)?,
                    ),
                    ::core::mem::drop,
                ),
            ),
        };
        fn decode(
            kiff_value: &crate::kiff::Value,
        ) -> ::core::result::Result<Self, crate::kiff::domain::param::ParamFault> {
            <Self as crate::kiff::__private::IsTried<
                String,
            >>::tried(
                "Email",
                <String as crate::kiff::__private::IsParam>::decode(kiff_value)?,
            )
        }
    }
};
