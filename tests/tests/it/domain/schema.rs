//! What a JSON Schema of an action's parameters accepts, a runtime admits, and the reverse: told by a validator that
//! knows nothing of kiff.

use jsonschema::Validator;
use kiff::{
    Authority, Blocking, Domain, NewEvent, Param, Proposal, Runtime, Value,
    domain::{
        Contract, Definition, Machine,
        param::{ParamKind, ParamRule, ParamSpec, VariantSpec},
    },
    value::Limits,
};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};

const SAFE: i128 = (1 << 53) - 1;

const fn field(name: &'static str, kind: ParamKind, required: bool) -> ParamSpec {
    ParamSpec { name, kind, required, doc: "" }
}

const fn word(name: &'static str, doc: &'static str) -> VariantSpec {
    VariantSpec { name, content: None, doc }
}

const LINE: ParamKind = ParamKind::Object(&[
    field("sku", ParamKind::String { min_len: 1, max_len: 3 }, true),
    field("howMany", u64::KIND, false),
    field("type", ParamKind::list(&ParamKind::Nullable(&ParamKind::Bool)), false),
]);
const WHY: ParamKind = ParamKind::Enum(&[word("broken", "It broke."), word("late", "")]);
const SIZE: ParamKind = ParamKind::Enum(&[word("small", ""), word("large", "")]);
const TARGET: ParamKind = ParamKind::Enum(&[
    word("card", ""),
    VariantSpec { name: "voucher", content: Some(LINE), doc: "Some of it." },
    VariantSpec { name: "maybe", content: Some(ParamKind::Nullable(&WHY)), doc: "" },
]);
const RULED: ParamKind =
    ParamKind::Ruled { of: &ParamKind::Nullable(&SIZE), rule: ParamRule::new("Anything", |_| Ok(())) };

const fn between(min: i128, max: i128) -> ParamKind {
    ParamKind::Integer { min, max }
}

const fn decimal(min: Option<&'static str>, max: Option<&'static str>) -> ParamKind {
    ParamKind::Decimal { min, max }
}

/// Kinds with edges of every sort.
const KINDS: [ParamKind; 34] = [
    ParamKind::Bool,
    ParamKind::STRING,
    ParamKind::String { min_len: 2, max_len: 4 },
    u8::KIND,
    i8::KIND,
    i64::KIND,
    u64::KIND,
    i128::KIND,
    between(5, 5),
    between(-20, -11),
    between(SAFE - 1, SAFE + 8),
    between(-SAFE - 13, -SAFE + 1),
    between(-SAFE - 1, SAFE + 1),
    between(9_099_999_999_999_999_998, 12_345_678_901_234_567_890),
    between(-9_300_000_000_000_000_000, -9_199_999_999_999_999_999),
    between(1_000_000_000_000_000_000_000, 1_000_000_000_000_000_000_001),
    ParamKind::DECIMAL,
    decimal(Some("0.01"), Some("1000")),
    decimal(Some("-12.50"), Some("-0.5")),
    decimal(Some("-3"), Some("4.25")),
    decimal(None, Some("99")),
    decimal(Some("0"), None),
    decimal(Some("0.00"), Some("0")),
    decimal(Some("10.09"), Some("10.1")),
    decimal(None, Some("-100")),
    decimal(Some("-0.75"), None),
    ParamKind::List { of: &ParamKind::Nullable(&u8::KIND), min_len: 1, max_len: 2 },
    ParamKind::list(&LINE),
    ParamKind::Object(&[]),
    LINE,
    WHY,
    SIZE,
    TARGET,
    RULED,
];

/// JSON as it is written, and the same values with every number in plain digits. A schema sees values, and kiff
/// sees what is written: of the two, the second is what kiff is asked about.
#[derive(Clone, Debug)]
struct Json {
    written: String,
    plain: String,
}

impl Json {
    fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { written: text.clone(), plain: text }
    }

    fn list(items: &[Self]) -> Self {
        let join = |of: fn(&Self) -> &String| {
            format!("[{}]", items.iter().map(|item| of(item).as_str()).collect::<Vec<_>>().join(","))
        };
        Self { written: join(|item| &item.written), plain: join(|item| &item.plain) }
    }

    fn object(members: &[(String, Self)]) -> Self {
        let join = |of: fn(&Self) -> &String| {
            let members = members.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), of(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        Self { written: join(|value| &value.written), plain: join(|value| &value.plain) }
    }
}

fn one_of(texts: &[&str]) -> BoxedStrategy<Json> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    prop::sample::select(texts).prop_map(Json::plain).boxed()
}

/// Values of any sort, among them what is nearly a number.
fn noise() -> BoxedStrategy<Json> {
    let odd =
        [("1.0", "1"), ("1e2", "100"), ("-0", "0"), ("2.50e1", "25"), ("-0.0", "0"), ("5E0", "5"), ("0.5e1", "5")];
    let odd = odd.map(|(written, plain)| Json { written: written.to_owned(), plain: plain.to_owned() });
    let texts = [
        "null",
        "true",
        "0",
        "-1",
        "5",
        "\"\"",
        "\"5\"",
        "\"05\"",
        "\"-0\"",
        "\"+5\"",
        "\"5.\"",
        "\".5\"",
        "\" 5\"",
        "\"5 \"",
        "\"1e2\"",
        "\"0.50\"",
        "\"-0.0\"",
        "\"00.5\"",
        "0.5",
        "\"small\"",
        "\"card\"",
        "\"voucher\"",
        "{}",
        "[]",
        "[null]",
        "{\"card\":null}",
        "{\"small\":1}",
        "{\"maybe\":1,\"card\":2}",
        "\"9007199254740992\\n\"",
        "\"12345678901234567890123456789\"",
        "\"0.1234567890123456789012345678\"",
        "\"٥\"",
    ];
    prop_oneof![3 => one_of(&texts), 1 => prop::sample::select(odd.to_vec())].boxed()
}

/// Values that are near to what the kind admits.
fn near(kind: ParamKind) -> BoxedStrategy<Json> {
    let good = match kind {
        ParamKind::Bool => one_of(&["true", "false"]),
        ParamKind::String { min_len, max_len } => {
            let lengths = min_len.saturating_sub(1) as usize..=(max_len.min(6) as usize + 1);
            let chars = prop::sample::select(vec!['a', 'é', '😀', '\u{301}', '"', '\n']);
            prop::collection::vec(chars, lengths)
                .prop_map(|chars| Json::plain(Value::from(chars.into_iter().collect::<String>()).to_string()))
                .boxed()
        }
        ParamKind::Integer { min, max } => integers(min, max),
        ParamKind::Decimal { min, max } => decimals(min, max),
        ParamKind::List { of, max_len, .. } => {
            prop::collection::vec(near(*of), 0..=(max_len.min(2) as usize + 1)).prop_map(|all| Json::list(&all)).boxed()
        }
        ParamKind::Object(fields) => object(fields),
        ParamKind::Enum(variants) => {
            let forms = variants.iter().map(|variant| {
                let name = variant.name.to_owned();
                let content = near(variant.content.unwrap_or(ParamKind::Bool));
                let tagged = content.prop_map(move |content| Json::object(&[(name.clone(), content)]));
                let word = Just(Json::plain(format!("\"{}\"", variant.name)));
                let (words, tags) = if variant.content.is_some() { (1, 9) } else { (9, 1) };
                prop_oneof![words => word, tags => tagged].boxed()
            });
            prop::strategy::Union::new(forms.collect::<Vec<_>>()).boxed()
        }
        ParamKind::Nullable(of) => prop_oneof![1 => Just(Json::plain("null")), 3 => near(*of)].boxed(),
        ParamKind::Ruled { of, .. } => near(*of),
        other => panic!("no values for {other:?}"),
    };
    prop_oneof![12 => good, 1 => noise()].boxed()
}

/// Integers at the edges, as numbers and as text. Of numbers only those that every JSON reader of Rust holds exactly.
fn integers(min: i128, max: i128) -> BoxedStrategy<Json> {
    let edges = [min, max, SAFE, -SAFE, 0, min / 2 + max / 2];
    let near = edges.into_iter().flat_map(|edge| [-2, -1, 0, 1, 2].map(|step| edge.saturating_add(step)));
    let all: Vec<i128> = near.collect();
    let some = prop_oneof![2 => prop::sample::select(all), 1 => min..=max];
    (some, any::<bool>())
        .prop_map(|(number, as_text)| {
            let is_exact = i64::try_from(number).is_ok() || u64::try_from(number).is_ok();
            Json::plain(if as_text || !is_exact { format!("\"{number}\"") } else { number.to_string() })
        })
        .boxed()
}

/// Decimals at the edges: the bounds, with digits behind them or one digit changed.
fn decimals(min: Option<&'static str>, max: Option<&'static str>) -> BoxedStrategy<Json> {
    let bounds: Vec<&str> = min.into_iter().chain(max).chain(["0", "1.5", "-20.25"]).collect();
    (prop::sample::select(bounds), "[0-9]{0,3}", 0_usize..8, 0_u8..10, any::<bool>(), 0..5)
        .prop_map(|(bound, more, place, digit, as_text, how)| {
            let mut text = bound.to_owned();
            if how == 1 && text.as_bytes().get(place).is_some_and(u8::is_ascii_digit) {
                text.replace_range(place..=place, &digit.to_string());
            }
            if how == 4 {
                text.pop();
            }
            if how == 2 || how == 3 {
                text = if text.contains('.') { text + &more } else { format!("{text}.{more}0") };
            }
            if how == 3 {
                text = text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_owned);
            }
            // A number must be one to the reader of JSON, or there is no value to ask about.
            let is_number = Value::parse(text.as_bytes(), &Limits::default()).is_ok();
            let is_zero = !text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
            match as_text || !is_number {
                true => Json::plain(format!("\"{text}\"")),
                false => Json { plain: if is_zero { "0".to_owned() } else { text.clone() }, written: text },
            }
        })
        .boxed()
}

fn object(fields: &'static [ParamSpec]) -> BoxedStrategy<Json> {
    let given = |field: &ParamSpec| {
        let value = prop_oneof![1 => Just(Json::plain("null")), 9 => near(field.kind)].prop_map(Some);
        let name = field.name.to_owned();
        prop_oneof![1 => Just(None), 9 => value].prop_map(move |value| Some((name.clone(), value?)))
    };
    let members: Vec<_> = fields.iter().map(given).collect();
    let more = prop_oneof![14 => Just(None), 1 => noise().prop_map(|value| Some(("other".to_owned(), value)))];
    (members, more)
        .prop_map(|(members, more)| Json::object(&members.into_iter().chain([more]).flatten().collect::<Vec<_>>()))
        .boxed()
}

/// The parameters `p`, which must be given, and `q`, which may be left out.
fn params(kind: ParamKind) -> BoxedStrategy<Json> {
    let fields: [ParamSpec; 2] = [field("p", kind, true), field("q", kind, false)];
    object(Box::leak(Box::new(fields)))
}

/// A runtime with an action for each kind, and what a validator makes of its schema.
struct World {
    rt: Blocking,
    validators: Vec<Validator>,
}

impl World {
    fn new() -> Self {
        let mut domain = Domain::builder("d", "v1").table(Machine::new("order").starts("ORDER_PAID", "PAID"));
        for (place, kind) in KINDS.into_iter().enumerate() {
            let contract = Contract::new(format!("A{place}"), "order").allowed_states(["PAID"]);
            domain = domain.define(Definition::new(contract.param("p", kind).optional_param("q", kind)));
        }
        let domain = domain.build().unwrap();
        let validator = |place| {
            let schema = domain.action(&format!("A{place}")).unwrap().json_schema().to_string();
            let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
            assert!(jsonschema::meta::is_valid(&schema), "{schema}");
            jsonschema::draft202012::new(&schema).unwrap()
        };
        let validators = (0..KINDS.len()).map(validator).collect();
        let rt = Runtime::builder(domain).build().unwrap().blocking();
        let paid = NewEvent::new("evt_1", "ORDER_PAID");
        rt.ingest(&Authority::service("stripe").unwrap(), "order:1", paid).unwrap().accepted().unwrap();
        Self { rt, validators }
    }

    /// Whether the runtime admits these parameters.
    fn admits(&self, place: usize, params: &str) -> bool {
        let text = format!(r#"{{"action":"A{place}","entity":"order:1","parameters":{params}}}"#);
        let proposal = Proposal::from_json(text.as_bytes()).unwrap();
        let explained = self.rt.explain(&Authority::agent("bot", [""; 0]).unwrap(), proposal).unwrap();
        explained.reason != "parameters_invalid"
    }

    fn accepts(&self, place: usize, params: &str) -> bool {
        self.validators[place].is_valid(&serde_json::from_str(params).unwrap())
    }

    /// True if both take it.
    fn agree(&self, place: usize, params: &Json) -> bool {
        let (accepts, admits) = (self.accepts(place, &params.written), self.admits(place, &params.plain));
        assert_eq!(accepts, admits, "the schema accepts: {accepts}, of {:?}: {params:?}", KINDS[place]);
        // In whatever spelling: what is admitted, the schema accepts.
        assert!(accepts || !self.admits(place, &params.written), "{:?}: {params:?}", KINDS[place]);
        accepts
    }
}

#[test]
fn a_schema_accepts_what_the_runtime_admits() {
    let (world, mut runner) = (World::new(), TestRunner::deterministic());
    for (place, kind) in KINDS.into_iter().enumerate() {
        let texts = params(kind);
        let taken = (0..240).filter(|_| world.agree(place, &texts.new_tree(&mut runner).unwrap().current())).count();
        // A test that all are taken, or none, would show nothing.
        assert!((4..236).contains(&taken), "{taken} of 240 are taken for {kind:?}");
    }
}

#[test]
fn a_schema_and_the_runtime_agree_on_anything() {
    let world = World::new();
    let cases = (0..KINDS.len()).prop_flat_map(|place| params(KINDS[place]).prop_map(move |params| (place, params)));
    proptest!(|((place, params) in cases)| {
        world.agree(place, &params);
    });
}

#[test]
fn a_number_is_told_apart_by_its_spelling_alone() {
    let world = World::new();
    let place = |kind| KINDS.iter().position(|known| *known == kind).unwrap();
    let check = |kind, text: &str, accepts, admits| {
        let params = format!(r#"{{"p":{text}}}"#);
        assert_eq!(world.accepts(place(kind), &params), accepts, "schema: {text}");
        assert_eq!(world.admits(place(kind), &params), admits, "runtime: {text}");
    };
    for text in ["1.0", "1e2", "-0", "0.0"] {
        check(u8::KIND, text, true, false);
    }
    for text in ["1e3", "4.90e1", "-0", "-0.0", "12345678901234567890123456789"] {
        check(ParamKind::DECIMAL, text, true, false);
    }
    for text in ["49.0", "0.10", "\"49.00\"", "1234567890123456789012345678"] {
        check(ParamKind::DECIMAL, text, true, true);
    }
    check(u64::KIND, "18446744073709551615", true, true);
    check(u64::KIND, "\"18446744073709551615\"", true, true);
    check(u64::KIND, "\"18446744073709551616\"", false, false);
    check(u64::KIND, "\"9007199254740992\"", true, true);
    check(u64::KIND, "\"9007199254740991\"", false, false);
    check(ParamKind::STRING, "\"😀\"", true, true);
}

#[test]
fn the_rule_of_a_type_is_named_and_not_said() {
    assert_eq!(
        RULED.json_schema().to_string(),
        r#"{"$comment":"the rule `Anything` may refuse more","anyOf":[{"enum":["small","large"],"type":"string"},{"type":"null"}]}"#
    );
}
