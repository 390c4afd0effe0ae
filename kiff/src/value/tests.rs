//! Values and the reader, case by case.

use super::{Faults, Limits, Number, NumberRule, Object, Value, parse_record};

fn parse(text: impl AsRef<[u8]>) -> Result<Value, Faults> {
    Value::parse(text.as_ref(), &Limits::default())
}

/// `code pointer offset` of each fault; the canonical text if there is none.
fn outcome(read: Result<Value, Faults>) -> String {
    let describe = |faults: Faults| {
        let faults = faults.iter().map(|f| format!("{} {:?} {}", f.code(), f.pointer(), f.offset()));
        faults.collect::<Vec<_>>().join(", ")
    };
    read.map_or_else(describe, |value| value.to_string())
}

#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(outcome(parse(text.as_ref())), expected, "{}", text.as_ref().escape_ascii());
}

#[track_caller]
fn check_same(text: &str) {
    check(text, text);
}

#[test]
fn json_is_admitted() {
    for text in ["null", "true", "false", "0", "-0", r#""""#, "[]", "{}", "[[]]", r#"{"":0}"#] {
        check_same(text);
    }
    for number in ["123", "-1", "1.0", "0.10", "1e5", "1E+5", "-1.5e-10", "123456789012345678901234567890"] {
        check_same(number);
        check_same(&format!("[{number}]"));
    }
    check_same("[1,[2,[3,{}]],null]");
    check_same("\"\u{7f}\u{feff}\u{ffff}\u{10ffff}\"");
    check(" \t\r\n[ 1 , 2 ] \n", "[1,2]");
    check("{ \"b\" : 1 ,\n \"a\" : { } }", r#"{"a":{},"b":1}"#);
}

#[test]
fn what_is_not_json_is_refused() {
    for (text, offset) in [
        ("", 0),
        (" ", 1),
        ("nul", 0),
        ("True", 0),
        ("NaN", 0),
        ("Infinity", 0),
        ("-Infinity", 1),
        ("'a'", 0),
        ("+1", 0),
        (".5", 0),
        ("-", 1),
        ("1.", 2),
        ("1.e1", 2),
        ("1e", 2),
        ("1e+", 3),
        ("01", 1),
        ("-01", 2),
        ("00", 1),
        ("-.1", 1),
        ("-a", 1),
        ("[", 1),
        ("[1", 2),
        ("[1,", 3),
        ("[,1]", 1),
        ("[1,]", 3),
        ("[1,,2]", 3),
        ("[1 2]", 3),
        ("[1}", 2),
        ("]", 0),
        ("{", 1),
        ("{,}", 1),
        ("{1:1}", 1),
        ("{a:1}", 1),
        ("{'a':1}", 1),
        ("[0x1]", 2),
        ("// a\n1", 0),
        ("/**/1", 0),
        ("\u{a0}1", 0),
        ("\u{c}1", 0),
        ("[\u{b}1]", 1),
        ("\\n", 0),
        ("\"a", 2),
        ("\"a\n\"", 2),
        ("\"\t\"", 1),
        ("\"\u{1f}\"", 1),
        (r#""\a""#, 2),
        (r#""\x41""#, 2),
        (r#""\'""#, 2),
        (r#""\U0041""#, 2),
        (r#""\"#, 2),
        (r#""\""#, 3),
        (r#""\u""#, 3),
        (r#""\u12g4""#, 5),
        (r#""\u004"#, 6),
        (r#""\u+041""#, 3),
        (r#""\uD800\u""#, 9),
        ("\"\\\u{e9}\"", 2),
    ] {
        let faults = parse(text).unwrap_err();
        let found: Vec<_> = faults.iter().map(|fault| (fault.kind().word(), fault.offset())).collect();
        assert_eq!(found, [("not_json", offset)], "{text}");
    }
    for (text, pointer, offset) in [
        (r#"{"a""#, "", 4),
        (r#"{"a":"#, "/a", 5),
        (r#"{"a"}"#, "", 4),
        (r#"{"a" 1}"#, "", 5),
        (r#"{"a":1"#, "", 6),
        (r#"{"a":1,"#, "", 7),
        (r#"{"a":1,}"#, "", 7),
        (r#"{"a"::1}"#, "/a", 5),
        (r#"{"a":[1,{"b":x}]}"#, "/a/1/b", 13),
        ("[0,01]", "/1", 4),
    ] {
        check(text, &format!("not_json {pointer:?} {offset}"));
    }
}

#[test]
fn one_text_holds_one_value() {
    for (text, offset) in [
        ("1 2", 2),
        ("{}x", 2),
        ("[]]", 2),
        ("nullx", 4),
        ("1,", 1),
        ("\"a\"\0", 3),
        ("0x1", 1),
        ("1a", 1),
        ("1\u{a0}", 1),
    ] {
        check(text, &format!("trailing_bytes \"\" {offset}"));
    }
    check("\u{feff}{}", r#"byte_order_mark "" 0"#);
    check("\u{feff}", r#"byte_order_mark "" 0, not_json "" 3"#);
    check(b"\xff\xfe{\0}\0", r#"invalid_utf8 "" 0"#);
}

#[test]
fn escapes_are_resolved() {
    check(r#""\u0061\u00e9\u20AC\ud83d\ude00""#, "\"aé€😀\"");
    check(r#""\"\\\/\b\f\n\r\t""#, r#""\"\\/\b\f\n\r\t""#);
    check(r#""\u001f\u007f\uffff""#, "\"\\u001f\u{7f}\u{ffff}\"");
    check(r#""\\u0000""#, r#""\\u0000""#);
}

#[test]
fn what_is_no_text_is_refused_with_its_place() {
    check(r#"["\ud800"]"#, r#"lone_surrogate "/0" 2"#);
    check(
        r#"["\udc00","\ud800\ud800","\ud800x"]"#,
        r#"lone_surrogate "/0" 2, lone_surrogate "/1" 11, lone_surrogate "/1" 17, lone_surrogate "/2" 26"#,
    );
    check(r#""\ude00\ud83d""#, r#"lone_surrogate "" 1, lone_surrogate "" 7"#);
    check(r#""\ud800\u0041""#, r#"lone_surrogate "" 1"#);
    check(r#"{"\ud800":1,"\ud801":1}"#, r#"lone_surrogate "" 2, lone_surrogate "" 13"#);
    check(r#"{"a":"\u0000"}"#, r#"nul "/a" 6"#);
    check("[\"a\0b\"]", r#"nul "/0" 3"#);
    check(r#"{"\u0000":1}"#, r#"nul "" 2"#);
    check(b"\"\xff\"", r#"invalid_utf8 "" 1"#);
    check(b"{\"a\":\"\xc0\x80\"}", r#"invalid_utf8 "/a" 6"#);
    check(b"[\"\xed\xa0\x80\"]", r#"invalid_utf8 "/0" 2"#);
    check(b"[1]\xf0\x9f\x98", r#"invalid_utf8 "" 3"#);
    check(b"{\"a\":1,\"a\":2,\"b\":\"\xff\"}", r#"duplicate_member "/a" 7, invalid_utf8 "/b" 18"#);
}

#[test]
fn a_member_comes_once() {
    check(r#"{"a":1,"a":1}"#, r#"duplicate_member "/a" 7"#);
    check(r#"{"a":1,"\u0061":2}"#, r#"duplicate_member "/a" 7"#);
    check(
        r#"{"b":0,"a":1,"b":2,"a":3,"b":4}"#,
        r#"duplicate_member "/b" 13, duplicate_member "/a" 19, duplicate_member "/b" 25"#,
    );
    check(r#"[0,{"x":{"a~/b":1,"a~\/b":2}}]"#, r#"duplicate_member "/1/x/a~0~1b" 18"#);
    check(r#"{"":1,"":2}"#, r#"duplicate_member "/" 6"#);
    check(r#"{"a":{"a":1},"A":[{"a":1},{"a":1}]}"#, r#"{"A":[{"a":1},{"a":1}],"a":{"a":1}}"#);
    // Found although the text ends in an error.
    check(r#"{"a":1,"a":[x"#, r#"duplicate_member "/a" 7, not_json "/a/0" 12"#);
}

#[test]
fn members_are_sorted_by_utf16() {
    let text = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
    check(text, "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}");
}

#[test]
fn limits_hold_at_their_edge() {
    fn check(limits: Limits, fits: &str, too_much: &str, expected: &str) {
        assert!(Value::parse(fits.as_bytes(), &limits).is_ok(), "{fits}");
        assert_eq!(outcome(Value::parse(too_much.as_bytes(), &limits)), expected);
    }
    let limits = Limits::default();
    check(limits.clone().with_bytes(4), "[12]", "[123]", r#"too_large "" 0"#);
    check(limits.clone().with_depth(2), "[{}]", "[[{}]]", r#"too_deep "/0/0" 2"#);
    check(limits.clone().with_depth(0), "1", "[]", r#"too_deep "" 0"#);
    check(limits.clone().with_members(3), r#"{"a":[1,2]}"#, r#"{"a":[1,2,3]}"#, r#"too_many_members "/a" 10"#);
    check(
        limits.clone().with_string(2),
        r#""\u00e9""#,
        r#"["abc","€","ab"]"#,
        r#"string_too_long "/0" 1, string_too_long "/1" 7"#,
    );
    check(limits.clone().with_string(1), r#"{"a":1}"#, r#"{"ab":1}"#, r#"string_too_long "" 1"#);
    check(limits.clone().with_number(3), "-12", "[-123,1.00]", r#"number_too_long "/0" 1, number_too_long "/1" 6"#);
    let safe = limits.with_numbers(NumberRule::SafeIntegers);
    check(safe, "9007199254740991", "[1.0,9007199254740992]", r#"not_safe_integer "/0" 1, not_safe_integer "/1" 5"#);
}

#[test]
fn no_limit_lets_the_stack_overflow() {
    let limits = Limits::default().with_depth(usize::MAX).with_bytes(usize::MAX);
    assert!(Value::parse(("[".repeat(64) + &"]".repeat(64)).as_bytes(), &limits).is_ok());
    for open in ["[", "{\"\":"] {
        let faults = Value::parse(open.repeat(100_000).as_bytes(), &limits).unwrap_err();
        assert!(faults.iter().all(|fault| fault.code() == "too_deep"), "{faults}");
    }
}

#[test]
fn faults_are_capped() {
    let text = format!("[{}x", r#""\u0000","#.repeat(100));
    assert_eq!(parse(text).unwrap_err().iter().len(), 32);
    let text = format!("{{{}}}", vec![r#""a":1"#; 100].join(","));
    assert_eq!(parse(text).unwrap_err().iter().len(), 32);
}

#[test]
fn messages_are_one_line() {
    fn check(text: &str, expected: &str) {
        assert_eq!(parse(text).unwrap_err().to_string(), expected);
    }
    check("{", "not json: expected a member name in quotes (byte 1)");
    check(
        r#"{"a\n":1,"a\n":"\u0000"}"#,
        r"duplicate member `a\n` at `/a\n` (byte 9); string holds the character U+0000 at `/a\n` (byte 16)",
    );
    let message = parse(format!(r#"{{"{0}":1,"{0}":2}}"#, "x".repeat(9_000))).unwrap_err().to_string();
    assert!(message.len() < 400 && message.contains("x…`"), "{message}");
}

#[test]
fn records() {
    fn check(text: &str, expected: &str) {
        assert_eq!(outcome(parse_record(text.as_bytes())), expected, "{text}");
    }
    let sound = r#"{"body":{"payload":{"a":[1.5,-0,99999999999999999999]}},"entity_seq":9007199254740991}"#;
    check(sound, sound);
    check(r#"{ "a": [ ] }"#, r#"{"a":[]}"#);
    check(" {}", r#"white_space_outside "" 0"#);
    check("{}\n", r#"white_space_outside "" 2"#);
    check("\u{feff}{}", r#"byte_order_mark "" 0"#);
    check("[]", r#"not_json "" 0"#);
    check("", r#"not_json "" 0"#);
    check(r#"{"entity_seq":1.0}"#, r#"not_safe_integer "/entity_seq" 14"#);
    check(r#"{"body":{"a":-0}}"#, r#"not_safe_integer "/body/a" 13"#);
    // Only the payload of the body is exempt, not what has its name elsewhere.
    check(r#"{"payload":1.5}"#, r#"not_safe_integer "/payload" 11"#);
    check(r#"{"body":[{"payload":1.5}]}"#, r#"not_safe_integer "/body/0/payload" 20"#);
    check(r#"{"x":{"body":{"payload":1.5}}}"#, r#"not_safe_integer "/x/body/payload" 24"#);
    check(r#"{"body":{"x":{"payload":1.5}}}"#, r#"not_safe_integer "/body/x/payload" 24"#);
    check(r#"{"body":{"payload":1.5,"x":2.5},"y":3.5}"#, r#"not_safe_integer "/body/x" 27, not_safe_integer "/y" 36"#);
}

#[test]
fn a_record_has_at_most_65535_bytes() {
    let record = |fill: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(fill));
    assert!(parse_record(record(65_535 - 8).as_bytes()).is_ok());
    assert_eq!(outcome(parse_record(record(65_536 - 8).as_bytes())), r#"too_large "" 0"#);
}

#[test]
fn host_values_have_one_text() {
    fn check(value: impl Into<Value>, type_name: &str, text: &str) {
        let value = value.into();
        assert_eq!(value.to_string(), text);
        assert_eq!(value.type_name(), type_name);
    }
    check(None::<bool>, "null", "null");
    check(Some(true), "boolean", "true");
    check(-7_i8, "number", "-7");
    check(u128::MAX, "number", "340282366920938463463374607431768211455");
    check("a\"b", "string", r#""a\"b""#);
    check(vec![Value::from(1_u8), Value::Null], "array", "[1,null]");
    check(Object::from_iter([("b", 1), ("a", 2)]), "object", r#"{"a":2,"b":1}"#);
}

#[test]
fn accessors_answer_only_for_their_own_kind() {
    assert!(Value::Null.is_null());
    assert_eq!(Value::from(true).as_bool(), Some(true));
    assert_eq!(Value::from("x").as_str(), Some("x"));
    assert_eq!(Value::from("true").as_bool(), None);
    assert_eq!(Value::from(3).as_number().and_then(Number::as_i64), Some(3));
    assert_eq!(Value::from("3").as_number(), None);
    assert_eq!(Value::from(Vec::new()).as_array(), Some(&[][..]));
    assert_eq!(Value::from(Object::new()).as_object(), Some(&Object::new()));
}
