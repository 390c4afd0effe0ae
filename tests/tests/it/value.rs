//! The laws of values: what is written is read again, and nothing changes on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kiff::{
    Value,
    value::{Limits, Number, NumberRule, Object},
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(value in values()) {
        let text = value.to_canonical();
        prop_assert_eq!(&Value::parse(&text, &wide()).unwrap(), &value);
        prop_assert_eq!(value.to_string().into_bytes(), text);
    }

    #[test]
    fn what_is_canonical_stays(value in values(), space in "[ \t\r\n]{0,3}") {
        let pretty = serde_json::to_string_pretty(&as_serde(&value)).unwrap();
        let read = Value::parse(format!("{space}{pretty}{space}").as_bytes(), &wide()).unwrap();
        let once = read.to_canonical();
        let twice = Value::parse(&once, &wide()).unwrap().to_canonical();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..200)) {
        _ = Value::parse(&bytes, &Limits::default());
    }

    #[test]
    fn nearly_json_is_answered_as_another_reader_would(text in r#"[\[\]{}:,"\\ua0-9eE.+\-tfnrls \n]{0,24}"#) {
        // Whatever we admit is JSON. The reverse does not hold: we refuse more.
        if Value::parse(text.as_bytes(), &Limits::default()).is_ok() {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn a_broken_text_has_faults_inside_it(value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = value.to_canonical();
        let at = at.index(text.len());
        text[at] = byte;
        if let Err(faults) = Value::parse(&text, &wide()) {
            prop_assert!((1..=32).contains(&faults.iter().len()));
            prop_assert!(faults.iter().all(|fault| fault.offset() <= text.len()));
            prop_assert!(!faults.to_string().contains('\n'));
        }
    }

    #[test]
    fn a_member_twice_is_a_fault_wherever_it_stands(names in vec("[a-c\u{e000}\u{10000}]{0,2}", 0..8)) {
        let members: Vec<String> = names.iter().map(|name| format!("{}:0", Value::from(name.as_str()))).collect();
        let read = Value::parse(format!("{{{}}}", members.join(",")).as_bytes(), &wide());
        let unique: BTreeSet<_> = names.iter().collect();
        let faults = read.map_or_else(|faults| faults.iter().len(), |_| 0);
        prop_assert_eq!(faults, names.len() - unique.len());
    }

    #[test]
    fn integers_keep_their_value(integer in any::<i128>()) {
        let number = Number::from(integer);
        prop_assert_eq!(number.as_i128(), Some(integer));
        prop_assert_eq!(number.as_u64(), u64::try_from(integer).ok());
        prop_assert_eq!(Number::parse(number.as_str()), Some(number));
    }
}

#[test]
fn host_types_survive() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Order {
        total: u64,
        balance: i128,
        #[serde(rename = "type")]
        kind: Option<String>,
        lines: BTreeMap<String, BTreeMap<u8, Vec<i64>>>,
    }
    let lines = BTreeMap::from([("b".to_owned(), BTreeMap::from([(10, vec![i64::MIN, -1]), (9, vec![])]))]);
    let order = Order { total: u64::MAX, balance: i128::MIN, kind: None, lines };
    let value = Value::from_serialize(&order).unwrap();
    assert_eq!(
        value.to_string(),
        r#"{"balance":-170141183460469231731687303715884105728,"lines":{"b":{"10":[-9223372036854775808,-1],"9":[]}},"total":18446744073709551615,"type":null}"#
    );
    assert_eq!(value.deserialize::<Order>().unwrap(), order);
    assert_eq!(value.deserialize::<Vec<u8>>().unwrap_err().code(), "shape_mismatch");
}

#[test]
fn host_values_without_a_form_are_refused() {
    let by_pair = HashMap::from([((1, 2), 3)]);
    assert_eq!(Value::from_serialize(&by_pair).unwrap_err().code(), "not_serializable");
    assert_eq!(Value::from_serialize("a\0").unwrap_err().code(), "not_admitted");
}

#[test]
fn the_json_crates_own_values_are_taken_as_they_are() {
    let host: serde_json::Value = serde_json::from_str(r#"{"b":[18446744073709551615,-1],"a":{"c":1.5}}"#).unwrap();
    let value = Value::from_serialize(&host).unwrap();
    assert_eq!(value.to_string(), r#"{"a":{"c":1.5},"b":[18446744073709551615,-1]}"#);
    assert_eq!(value.deserialize::<serde_json::Value>().unwrap(), host);
}

fn wide() -> Limits {
    Limits::default().with_bytes(usize::MAX).with_members(usize::MAX).with_numbers(NumberRule::Any)
}

fn values() -> impl Strategy<Value = Value> {
    let number = "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?";
    let text = || vec(any::<char>().prop_filter("refused", |c| *c != '\0'), 0..6).prop_map(String::from_iter);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number.prop_filter_map("refused", |text| Number::parse(&text).map(Value::from)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((text(), inner), 0..6).prop_map(|members| Value::from(Object::from_iter(members))),
        ]
    })
}

/// The same tree for a writer of another crate; numbers become strings, whose text is kept.
fn as_serde(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => number.as_str().into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(elements) => elements.iter().map(as_serde).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.to_owned(), as_serde(value))).collect(),
        _ => serde_json::Value::Null,
    }
}
