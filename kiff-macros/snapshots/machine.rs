#[automatically_derived]
impl ::kiff::StateMachine for Order {
    type Facts = Facts;
    const ENTITY: &'static ::core::primitive::str = "order";
    const STATES: &'static [&'static ::core::primitive::str] = &[
        "CREATED",
        "HELD",
        "PAID_IN_FULL",
    ];
    const TRANSITIONS: &'static [::kiff::domain::Transition] = &[
        ::kiff::domain::Transition {
            from: ::core::option::Option::None,
            on: "ORDER_PLACED",
            to: "CREATED",
            sources: &[],
        },
        ::kiff::domain::Transition {
            from: ::core::option::Option::Some("CREATED"),
            on: "ORDER_HELD",
            to: "HELD",
            sources: &[],
        },
        ::kiff::domain::Transition {
            from: ::core::option::Option::Some("CREATED"),
            on: "ORDER_PAID",
            to: "PAID_IN_FULL",
            sources: &["stripe"],
        },
        ::kiff::domain::Transition {
            from: ::core::option::Option::Some("HELD"),
            on: "ORDER_PAID",
            to: "PAID_IN_FULL",
            sources: &["stripe"],
        },
    ];
    fn state(self) -> &'static ::core::primitive::str {
        match self {
            Self::Created => "CREATED",
            Self::Held => "HELD",
            Self::Paid => "PAID_IN_FULL",
        }
    }
    fn from_state(kiff_name: &::core::primitive::str) -> ::core::option::Option<Self> {
        match kiff_name {
            "CREATED" => ::core::option::Option::Some(Self::Created),
            "HELD" => ::core::option::Option::Some(Self::Held),
            "PAID_IN_FULL" => ::core::option::Option::Some(Self::Paid),
            _ => ::core::option::Option::None,
        }
    }
}
