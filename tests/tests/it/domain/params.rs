//! Parameters of every shape, from the derive to the log: what is admitted, what is told, what a reviewer sees.

use kiff::{
    ActionContract, Authority, Ctx, Domain, NewEvent, Outcome, Param, Proposal, Runtime, StateMachine, Value, action,
    domain::param::ParamKind, replay, value::Limits,
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::fmt;

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
enum Order {
    #[enter(on = "ORDER_PAID")]
    Paid,
}

/// A share of a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Param)]
#[param(min = 1, max = 100)]
struct Percent(u8);

#[derive(Clone, Debug, PartialEq, Param)]
#[param(min = 0.01, max = "1000")]
struct Amount(Decimal);

#[derive(Clone, Debug, PartialEq, Param)]
#[param(min_len = 1, max_len = 8)]
struct Sku(String);

#[derive(Clone, Debug, PartialEq, Param)]
#[param(max_len = 3)]
struct Lines(Vec<Line>);

#[derive(Clone, Debug, PartialEq, Param)]
#[param(max_len = 5)]
struct Remark(Option<String>);

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Param)]
struct Line {
    /// What it is.
    sku: Sku,
    #[param(rename = "howMany")]
    count: Option<u64>,
    r#type: Option<Vec<Option<bool>>>,
    remark: Remark,
}

#[derive(Clone, Copy, Debug, PartialEq, Param)]
enum Why {
    /// It broke.
    Broken,
    #[param(rename = "late")]
    TooLate,
}

#[derive(Clone, Debug, PartialEq, Param)]
enum Target {
    OriginalCard,
    Account(Iban),
    Voucher { percent: Percent, note: Option<String> },
    Maybe(Option<Why>),
}

/// An account number.
#[derive(Clone, Debug, PartialEq, Param)]
#[param(try_from = String)]
struct Iban {
    country: String,
}

#[derive(Debug)]
struct NoIban(String);

impl fmt::Display for NoIban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` has no country", self.0)
    }
}

impl TryFrom<String> for Iban {
    type Error = NoIban;
    fn try_from(text: String) -> Result<Self, NoIban> {
        match text.get(..2) {
            Some(country) if country.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                Ok(Self { country: country.to_owned() })
            }
            _ => Err(NoIban(text)),
        }
    }
}

/// A number that is even, by a rule over another derived type.
#[derive(Clone, Copy, Debug, PartialEq, Param)]
#[param(try_from = "Percent")]
struct EvenPercent(u8);

impl TryFrom<Percent> for EvenPercent {
    type Error = &'static str;
    fn try_from(Percent(percent): Percent) -> Result<Self, &'static str> {
        if percent % 2 == 0 { Ok(Self(percent)) } else { Err("it is odd") }
    }
}

fn read(text: &str) -> Value {
    Value::parse(text.as_bytes(), &Limits::default()).unwrap()
}

/// Admits and decodes, as a runtime does.
fn taken<T: Param>(text: &str) -> Result<T, String> {
    let told = |faults: Vec<kiff::domain::param::ParamFault>| {
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let canonical = T::KIND.admit(read(text)).map_err(told)?;
    Ok(T::decode(&canonical).expect("what the kind admits is decoded"))
}

#[test]
fn every_shape_is_admitted_and_decoded() {
    let line = Line { sku: Sku("A".to_owned()), count: None, r#type: None, remark: Remark(None) };
    assert_eq!(taken(r#"{"sku": "A"}"#), Ok(line.clone()));
    assert_eq!(
        taken(r#"{"sku": "A", "howMany": "18446744073709551615", "type": [true, null], "remark": null}"#),
        Ok(Line { count: Some(u64::MAX), r#type: Some(vec![Some(true), None]), ..line.clone() })
    );
    assert_eq!(taken(r#"[{"sku": "A"}]"#), Ok(Lines(vec![line])));
    assert_eq!(taken("0.01"), Ok(Amount(Decimal::new(1, 2))));
    assert_eq!(taken(r#""1000.00""#), Ok(Amount(Decimal::from(1000))));
    assert_eq!(taken(r#""broken""#), Ok(Why::Broken));
    assert_eq!(taken(r#""late""#), Ok(Why::TooLate));
    assert_eq!(taken(r#""original_card""#), Ok(Target::OriginalCard));
    assert_eq!(taken(r#"{"account": "DE12"}"#), Ok(Target::Account(Iban { country: "DE".to_owned() })));
    assert_eq!(
        taken(r#"{"voucher": {"percent": 5, "note": null}}"#),
        Ok(Target::Voucher { percent: Percent(5), note: None })
    );
    assert_eq!(taken(r#"{"maybe": null}"#), Ok(Target::Maybe(None)));
    assert_eq!(taken(r#"{"maybe": "late"}"#), Ok(Target::Maybe(Some(Why::TooLate))));
    assert_eq!(taken("8"), Ok(EvenPercent(8)));
}

#[test]
fn every_integer_type_has_its_own_bounds() {
    fn check<T: Param + Copy + PartialEq + fmt::Debug + fmt::Display>(least: T, most: T) {
        let bounds = [least, most].map(|bound| bound.to_string().parse().unwrap());
        let [min, max] = bounds;
        assert_eq!(T::KIND, ParamKind::Integer { min, max });
        for bound in [least, most] {
            // What JSON cannot hold exactly is also written as text.
            let sent = read(&bound.to_string());
            let canonical = T::KIND.admit(sent).unwrap();
            assert_eq!(T::decode(&canonical), Ok(bound));
            assert_eq!(T::KIND.admit(canonical.clone()), Ok(canonical));
        }
    }
    check(i8::MIN, i8::MAX);
    check(i16::MIN, i16::MAX);
    check(i32::MIN, i32::MAX);
    check(i64::MIN, i64::MAX);
    check(i128::MIN, i128::MAX);
    check(isize::MIN, isize::MAX);
    check(u8::MIN, u8::MAX);
    check(u16::MIN, u16::MAX);
    check(u32::MIN, u32::MAX);
    check(u64::MIN, u64::MAX);
    check(usize::MIN, usize::MAX);
    // The upper half of an `u128` is beyond every bound that a contract can have.
    check(u128::MIN, i128::MAX.unsigned_abs());
}

#[test]
fn every_fault_is_told_with_its_place() {
    fn check<T: Param + fmt::Debug>(text: &str, expected: &str) {
        assert_eq!(taken::<T>(text).unwrap_err(), expected, "{text}");
        // A decoder that is called alone refuses it too.
        let refused = T::decode(&read(text)).unwrap_err().to_string();
        assert!(expected.contains(&refused), "{refused} is not among {expected}");
    }
    check::<Percent>("0", "`` must be between 1 and 100");
    check::<Amount>("0", "`` must be between 0.01 and 1000");
    check::<Amount>("1000.01", "`` must be between 0.01 and 1000");
    check::<Sku>(r#""""#, "`` must have between 1 and 8 characters, not 0");
    check::<Remark>(r#""too long""#, "`` must have at most 5 characters, not 8");
    check::<Why>(r#""TooLate""#, "`` must be one of `broken`, `late`");
    check::<Target>(r#""voucher""#, "`` must give `voucher` as an object of one member");
    check::<Target>(r#"{"original_card": {}}"#, "`` must give `original_card` as a string");
    check::<Target>(r#"{"account": "de"}"#, "`/account` is refused by `Iban`: `de` has no country");
    check::<Target>(
        r#"{"voucher": {"percent": 0, "size": 1}}"#,
        "`/voucher/percent` must be between 1 and 100; `/voucher/size` is not a field of this object",
    );
    check::<Lines>(
        r#"[{"sku": "A", "howMany": -1}, {"type": [1, true, "x"]}]"#,
        "`/0/howMany` must be between 0 and 18446744073709551615; `/1/sku` is required; \
         `/1/type/0` must be a boolean, not number; `/1/type/2` must be a boolean, not string",
    );
    check::<EvenPercent>("101", "`` must be between 1 and 100");
    check::<EvenPercent>("7", "`` is refused by `EvenPercent`: it is odd");
}

#[test]
fn the_contract_says_what_the_types_say() {
    let ParamKind::Object(fields) = Line::KIND else { panic!("{:?}", Line::KIND) };
    let shown: Vec<_> = fields.iter().map(|field| (field.name, field.required, field.doc)).collect();
    assert_eq!(
        shown,
        [("sku", true, "What it is."), ("howMany", false, ""), ("type", false, ""), ("remark", false, "")]
    );
    let ParamKind::Enum(variants) = Target::KIND else { panic!("{:?}", Target::KIND) };
    let shown: Vec<_> = variants.iter().map(|variant| (variant.name, variant.content.is_some())).collect();
    assert_eq!(shown, [("original_card", false), ("account", true), ("voucher", true), ("maybe", true)]);
    let ParamKind::Ruled { of, rule } = EvenPercent::KIND else { panic!("{:?}", EvenPercent::KIND) };
    assert_eq!((*of, rule.name()), (ParamKind::Integer { min: 1, max: 100 }, "EvenPercent"));
}

fn much(_: &Ctx<'_, Order>, amount: &Amount) -> bool {
    amount.0 > Decimal::from(100)
}

fn few(_: &Ctx<'_, Order>, lines: &Lines, why: Why) -> bool {
    lines.0.len() < 3 && why == Why::Broken
}

/// Pays an order back.
#[action(
    allowed_states = [Paid],
    approval = When(much(amount)),
    reviewers = "orders.approve",
    checks = [few(lines, cause)],
    summary = "pay {amount} back for {entity}, which was {cause}",
    effect = None,
)]
fn refund_order(
    _: &Ctx<'_, Order>,
    #[param(rename = "sum")] amount: Amount,
    lines: Lines,
    /// What went wrong.
    #[param(rename = "why")]
    cause: Why,
    target: Option<Target>,
) -> Outcome {
    Outcome::new(format!("{} for {} lines, {cause:?}, {target:?}", amount.0, lines.0.len()))
}

fn runtime() -> kiff::Blocking {
    let domain = Domain::builder("shop", "v1").machine::<Order>().action::<refund_order>();
    let domain = domain.role("boss", ["orders.approve"]).build().unwrap();
    let rt = Runtime::builder(domain).build().unwrap().blocking();
    let paid = NewEvent::new("evt_1", "ORDER_PAID");
    rt.ingest(&Authority::service("stripe").unwrap(), "order:1", paid).unwrap().accepted().unwrap();
    rt
}

fn proposal(params: &str) -> Proposal {
    let text = format!(r#"{{"action": "REFUND_ORDER", "entity": "order:1", "parameters": {params}}}"#);
    Proposal::from_json(text.as_bytes()).unwrap()
}

#[test]
fn an_agent_writes_the_new_names_and_the_annotation_the_old() {
    let names: Vec<_> = refund_order::CONTRACT.params.iter().map(|param| (param.name, param.doc)).collect();
    assert_eq!(names, [("sum", ""), ("lines", ""), ("why", "What went wrong."), ("target", "")]);
    assert_eq!(refund_order::CONTRACT.summary, "pay {sum} back for {entity}, which was {why}");

    let (rt, agent) = (runtime(), Authority::agent("bot", [""; 0]).unwrap());
    let params = r#"{"sum": 20, "lines": [{"sku": "A", "count": null}], "why": "broken"}"#;
    let blocked = rt.explain(&agent, proposal(params)).unwrap();
    assert_eq!(blocked.reason, "parameters_invalid");
    let params = r#"{"sum": 20, "lines": [{"sku": "A", "howMany": 2}], "why": "broken", "target": "original_card"}"#;
    let done = rt.execute(&agent, proposal(params)).unwrap().executed().unwrap();
    assert_eq!(done.message, "20 for 1 lines, Broken, Some(OriginalCard)");
    let params = r#"{"sum": 200.50, "lines": [], "why": "broken"}"#;
    assert_eq!(rt.execute(&agent, proposal(params)).unwrap().word(), "held");
    let waiting = rt.pending_approvals().unwrap();
    assert_eq!(waiting[0].shown, r#"pay "200.50" back for order:1, which was "broken""#);
}

#[test]
fn what_was_admitted_is_read_back_from_the_log() {
    let (rt, agent) = (runtime(), Authority::agent("bot", [""; 0]).unwrap());
    let params = r#"{"sum": 1.10, "lines": [{"sku": "A", "howMany": 9007199254740993}], "why": "broken", "target": {"voucher": {"percent": 5, "note": null}}}"#;
    let _ = rt.execute(&agent, proposal(params)).unwrap().executed().unwrap();
    let log = rt.export().unwrap();
    let text = String::from_utf8(log.clone()).unwrap();
    let stored = r#""lines":[{"howMany":"9007199254740993","sku":"A"}],"sum":"1.10","target":{"voucher":{"percent":5}},"why":"broken""#;
    assert!(text.contains(stored), "{text}");
    assert!(replay::verify(&log).holds());
    let domain = Domain::builder("shop", "v2").machine::<Order>().action::<refund_order>();
    let domain = domain.role("boss", ["orders.approve"]).build().unwrap();
    let comparison = replay::compare(&domain, &log);
    assert!(comparison.is_empty() && comparison.compared == 1, "{comparison}");
}

/// Texts of JSON that are near to what the types above admit.
fn near() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        (-3i64..120).prop_map(|n| n.to_string()),
        Just("0.01".to_owned()),
        Just("1e2".to_owned()),
        Just("9007199254740993".to_owned()),
        prop_oneof![
            Just("A"),
            Just(""),
            Just("broken"),
            Just("late"),
            Just("DE1"),
            Just("de"),
            Just("original_card"),
            Just("voucher"),
            Just("9007199254740993"),
            Just("too long a text")
        ]
        .prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof![
            Just("sku"),
            Just("howMany"),
            Just("type"),
            Just("remark"),
            Just("account"),
            Just("voucher"),
            Just("percent"),
            Just("note"),
            Just("maybe"),
            Just("other")
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map(name, inner, 0..3).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_decoder_accepts_what_its_kind_admits_and_nothing_else(text in near()) {
        fn agree<T: Param>(text: &str) -> Result<(), TestCaseError> {
            let value = read(text);
            match T::KIND.admit(value.clone()) {
                Ok(canonical) => {
                    prop_assert!(T::decode(&canonical).is_ok(), "{}", text);
                    prop_assert!(T::KIND.admit(canonical.clone()) == Ok(canonical), "{}", text);
                }
                Err(faults) => {
                    prop_assert!(!faults.is_empty());
                    // Null is what an optional type means by nothing, and no kind speaks of it.
                    prop_assert!(T::decode(&value).is_err() || (value.is_null() && !T::REQUIRED), "{}", text);
                }
            }
            Ok(())
        }
        agree::<Line>(&text)?;
        agree::<Lines>(&text)?;
        agree::<Target>(&text)?;
        agree::<Why>(&text)?;
        agree::<Percent>(&text)?;
        agree::<EvenPercent>(&text)?;
        agree::<Amount>(&text)?;
        agree::<Remark>(&text)?;
        agree::<Iban>(&text)?;
    }
}
