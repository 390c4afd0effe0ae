use super::*;
use crate::value::{Limits, Value};

const LINE: ParamKind = ParamKind::Object(&[
    ParamSpec { name: "sku", kind: ParamKind::String { min_len: 1, max_len: 4 }, required: true, doc: "" },
    ParamSpec { name: "count", kind: ParamKind::Integer { min: 1, max: i64::MAX as i128 }, required: false, doc: "" },
]);
const LINES: ParamKind = ParamKind::List { of: &LINE, min_len: 1, max_len: 2 };
const PRICE: ParamKind = ParamKind::Decimal { min: Some("0.01"), max: Some("100") };
const TARGET: ParamKind = ParamKind::Enum(&[
    VariantSpec { name: "card", content: None, doc: "" },
    VariantSpec { name: "account", content: Some(PRICE), doc: "" },
    VariantSpec { name: "note", content: Some(ParamKind::Nullable(&ParamKind::STRING)), doc: "" },
]);
const WORD: ParamKind = ParamKind::Enum(&[
    VariantSpec { name: "a", content: None, doc: "" },
    VariantSpec { name: "b", content: None, doc: "" },
]);
const EVEN: ParamKind = ParamKind::Ruled { of: &i64::KIND, rule: ParamRule::new("Even", even) };

fn even(value: &Value) -> Result<(), ParamFault> {
    match i64::decode(value)? {
        13 => panic!("a rule that fails"),
        odd if odd % 2 != 0 => Err(ParamFault::refused("Even", &format_args!("{odd} is\nodd"))),
        _ => Ok(()),
    }
}

fn read(text: &str) -> Value {
    Value::parse(text.as_bytes(), &Limits::default()).unwrap()
}

#[test]
fn an_admitted_value_has_one_canonical_form() {
    for (kind, offered, canonical) in [
        (LINES, r#"[{"count":null,"sku":"Äé€𝄞"}]"#, r#"[{"sku":"Äé€𝄞"}]"#),
        (LINES, r#"[{"sku":"a","count":9007199254740993}]"#, r#"[{"count":"9007199254740993","sku":"a"}]"#),
        (PRICE, "1.50", r#""1.50""#),
        (PRICE, r#""100.00""#, r#""100.00""#),
        (TARGET, r#""card""#, r#""card""#),
        (TARGET, r#"{"account":7}"#, r#"{"account":"7"}"#),
        (TARGET, r#"{"note":null}"#, r#"{"note":null}"#),
        (TARGET, r#"{"note":"x"}"#, r#"{"note":"x"}"#),
        (ParamKind::list(&ParamKind::Nullable(&PRICE)), "[null,1]", r#"[null,"1"]"#),
        (EVEN, "4", "4"),
        (EVEN, "9007199254740994", r#""9007199254740994""#),
    ] {
        let admitted = kind.admit(read(offered)).unwrap();
        assert_eq!(admitted.to_string(), canonical, "{offered}");
        assert_eq!(kind.admit(admitted.clone()), Ok(admitted), "a canonical value is its own canonical form");
    }
}

#[test]
fn every_fault_is_reported_with_its_place() {
    for (kind, offered, expected) in [
        (LINES, "[]", "`` must have between 1 and 2 items, not 0"),
        (
            LINES,
            r#"[{"sku":"abcde","count":0},{"a/b":1},3]"#,
            "`` must have between 1 and 2 items, not 3; `/0/sku` must have between 1 and 4 characters, not 5; \
             `/0/count` must be between 1 and 9223372036854775807; `/1/sku` is required; \
             `/1/a~1b` is not a field of this object; `/2` must be an object, not number",
        ),
        (LINES, r#"[{"sku":null}]"#, "`/0/sku` must be a string, not null"),
        (
            ParamKind::list(&PRICE),
            "[0, 1e2]",
            "`/0` must be between 0.01 and 100; `/1` must be an exact decimal of at most 28 digits",
        ),
        (ParamKind::Decimal { min: None, max: Some("5") }, "5.01", "`` must be at most 5"),
        (ParamKind::String { min_len: 2, max_len: u32::MAX }, r#""€""#, "`` must have at least 2 characters, not 1"),
        (WORD, r#""c""#, "`` must be one of `a`, `b`"),
        (WORD, r#"{"a":1}"#, "`` must give `a` as a string"),
        (WORD, "1", "`` must be a string, not number"),
        (TARGET, r#""account""#, "`` must give `account` as an object of one member"),
        (TARGET, r#"{"account":0}"#, "`/account` must be between 0.01 and 100"),
        (TARGET, r#"{"account":1,"note":""}"#, "`` must be a string, or an object of one member, not object"),
        (TARGET, r#"{"other":1}"#, "`` must be one of `card`, `account`, `note`"),
        (
            ParamKind::list(&EVEN),
            r#"[1, 2, 13, "x"]"#,
            "`/0` is refused by `Even`: 1 is\\nodd; `/2` is refused by `Even`: it failed to answer; `/3` must be an integer, not string",
        ),
    ] {
        let faults = kind.admit(read(offered)).unwrap_err();
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(texts.join("; "), expected, "{offered}");
    }
}

#[test]
fn the_faults_of_one_proposal_are_bounded() {
    let offered = Value::from(vec![Value::Null; 4_000]);
    assert_eq!(ParamKind::list(&PRICE).admit(offered).unwrap_err().len(), 64);
    let long = ParamFault::refused("Rule", &"x".repeat(1_000));
    assert_eq!(long.to_string().len(), "`` is refused by `Rule`: ".len() + 200);
}

#[test]
fn a_digest_leaves_out_a_bound_at_its_default() {
    for (kind, expected) in [
        (ParamKind::STRING, r#""string""#),
        (ParamKind::DECIMAL, r#""decimal""#),
        (ParamKind::list(&ParamKind::Bool), r#"{"list":"boolean"}"#),
        (
            LINES,
            r#"{"list":{"object":{"count":{"kind":{"integer":["1","9223372036854775807"]},"optional":true},"sku":{"kind":{"string":{"max_len":4,"min_len":1}}}}},"max_len":2,"min_len":1}"#,
        ),
        (PRICE, r#"{"decimal":{"max":"100","min":"0.01"}}"#),
        (
            TARGET,
            r#"{"enum":{"account":{"kind":{"decimal":{"max":"100","min":"0.01"}}},"card":{},"note":{"kind":{"nullable":"string"}}}}"#,
        ),
        (EVEN, r#"{"of":{"integer":["-9223372036854775808","9223372036854775807"]},"rule":"Even"}"#),
    ] {
        assert_eq!(kind.describe().to_string(), expected);
    }
}

#[test]
fn a_kind_that_admits_nothing_is_reported() {
    const TWICE: ParamSpec = ParamSpec { name: "a", kind: ParamKind::Bool, required: true, doc: "" };
    for (kind, expected) in [
        (
            ParamKind::String { min_len: 2, max_len: 1 },
            "p must have at least 2 and at most 1: no value would be admitted",
        ),
        (
            ParamKind::list(&ParamKind::Integer { min: 2, max: 1 }),
            "an item of p must be at least 2 and at most 1: no value would be admitted",
        ),
        (
            ParamKind::Decimal { min: Some("1"), max: Some("0.5") },
            "p must be at least 1 and at most 0.5: no value would be admitted",
        ),
        (
            ParamKind::Decimal { min: Some("x"), max: None },
            "p has a bound that is not an exact decimal of at most 28 digits",
        ),
        (ParamKind::Object(&[TWICE, TWICE]), "p: field `a` is declared twice"),
        (
            ParamKind::Object(&[ParamSpec { name: "a b", ..TWICE }]),
            "p: field `a b` must match [A-Za-z0-9_][A-Za-z0-9_.-]{0,63}",
        ),
        (ParamKind::Enum(&[]), "p has no variants, so no value would be admitted"),
    ] {
        let mut flaws = Vec::new();
        kind.flaws("p", &mut flaws);
        assert_eq!(flaws, [expected]);
    }
}
