//! Actions as tools of a language model, and a machine as a drawing: what each dialect asks for, and what comes back.

use kiff::{
    Authority, Domain, Effect, NewEvent, Param, Proposal, Risk, Runtime, Value,
    actor::ActorType,
    domain::{
        Contract, Definition, Machine, Tool,
        param::{ParamKind, ParamSpec, VariantSpec},
    },
    value::Limits,
};
use std::collections::BTreeSet;

const LINE: ParamKind = ParamKind::Object(&[
    ParamSpec { name: "sku", kind: ParamKind::String { min_len: 1, max_len: 9 }, required: true, doc: "Which." },
    ParamSpec { name: "count", kind: u64::KIND, required: false, doc: "" },
]);
const TARGET: ParamKind = ParamKind::Enum(&[
    VariantSpec { name: "card", content: None, doc: "Back to it." },
    VariantSpec { name: "voucher", content: Some(LINE), doc: "" },
    VariantSpec { name: "days", content: Some(ParamKind::Nullable(&ParamKind::Bool)), doc: "" },
]);
const HUGE: ParamKind = ParamKind::Integer { min: 1 << 60, max: 1 << 62 };

/// Every sort of parameter.
fn refund() -> Contract {
    Contract::new("REFUND", "order")
        .doc("Pays back.\n\nAll of it.\n\n# Errors\nWhat the bank says.")
        .allowed_states(["PAID", "HELD"])
        .risk(Risk::High)
        .approval_when("amount_large", "orders.approve")
        .param("target", TARGET)
        .param("lines", ParamKind::list(&LINE))
        .optional_param("cents", ParamKind::Decimal { min: Some("0.01"), max: None })
        .param_doc("How much.")
        .optional_param("huge", HUGE)
        .optional_param("flags", ParamKind::list(&ParamKind::Nullable(&ParamKind::Bool)))
}

fn domain(contract: Contract) -> Domain {
    let machine = Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_HELD", "HELD");
    let domain = Domain::builder("d", "v1").table(machine).role("lead", ["orders.approve"]);
    let definition = Definition::new(contract).approval_when("amount_large", |_| false);
    domain.define(definition).build().unwrap()
}

fn json(value: &Value) -> serde_json::Value {
    serde_json::from_str(&value.to_string()).unwrap()
}

/// Every schema inside a schema, itself first.
fn inside(schema: &serde_json::Value) -> Vec<&serde_json::Value> {
    let mut found = vec![schema];
    if let Some(properties) = schema["properties"].as_object() {
        found.extend(properties.values().flat_map(inside));
    }
    found.extend(schema["anyOf"].as_array().into_iter().flatten().flat_map(inside));
    found.extend(schema.get("items").into_iter().flat_map(inside));
    found
}

#[test]
fn each_dialect_has_its_members() {
    let domain = domain(refund());
    let tool = domain.tools().next().unwrap();
    let members = |value: &Value| json(value).as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let (plain, function, strict, mcp) =
        (tool.to_value(), tool.to_function(), tool.to_strict_function(), tool.to_mcp());
    assert_eq!(members(&plain), set(&["name", "description", "input_schema"]));
    assert_eq!(members(&function), set(&["type", "function"]));
    assert_eq!(members(&mcp), set(&["name", "description", "inputSchema", "annotations"]));
    let (function, strict) = (json(&function), json(&strict));
    assert_eq!(function["type"], "function");
    assert_eq!(function["function"]["parameters"], json(&plain)["input_schema"]);
    assert_eq!(json(&mcp)["inputSchema"], json(&plain)["input_schema"]);
    assert_eq!(strict["function"]["strict"], true);
    for described in [&json(&plain), &function["function"], &strict["function"], &json(&mcp)] {
        assert_eq!(described["name"], "REFUND");
        let said = "Pays back.\n\nAll of it.\n\nThe `order` must be in one of the states PAID, HELD. A person may have to consent before it runs.";
        assert_eq!(described["description"], said);
    }
}

#[test]
fn strict_mode_keeps_to_what_every_strict_mode_knows() {
    let domain = domain(refund());
    let tool = domain.tools().next().unwrap();
    for tool in [tool, tool.with_entity()] {
        let strict = json(&tool.to_strict_function());
        let schema = &strict["function"]["parameters"];
        assert!(jsonschema::meta::is_valid(schema));
        for schema in inside(schema) {
            for keyword in schema.as_object().unwrap().keys() {
                let known =
                    ["type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "description"];
                assert!(known.contains(&keyword.as_str()), "{keyword} in {schema}");
            }
            if let Some(properties) = schema["properties"].as_object() {
                let names: Vec<&str> = properties.keys().map(String::as_str).collect();
                let mut required: Vec<&str> =
                    schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                required.sort_unstable();
                let mut names = names;
                names.sort_unstable();
                assert_eq!((names, &schema["additionalProperties"]), (required, &false.into()), "{schema}");
            }
        }
    }
}

#[test]
fn a_model_is_told_the_documentation_up_to_its_first_heading() {
    let cases = [
        ("Pays back.\n\n# Errors\nNone.", "Pays back."),
        ("# Errors\nNone.", ""),
        ("Pays back.\n## Two\nMore.", "Pays back."),
        // No headings: a number, a word, a comment in code.
        ("Pays order\n#1 back.", "Pays order\n#1 back."),
        ("As in\n```sh\n# all of it\npay\n```\nor so.\n# Errors", "As in\n```sh\n# all of it\npay\n```\nor so."),
    ];
    for (doc, told) in cases {
        let domain = domain(refund().doc(doc));
        let expected = if told.is_empty() { String::new() } else { format!("{told}\n\n") };
        let description = domain.tools().next().unwrap().description();
        assert_eq!(description.split("The `order`").next(), Some(expected.as_str()), "{doc}");
    }
}

#[test]
fn a_wide_integer_is_told_to_a_model_in_one_line() {
    let wide = |kind| domain(refund().param("wide", kind));
    let told = |kind| json(&wide(kind).tools().next().unwrap().input_schema())["properties"]["wide"].clone();
    let integer = serde_json::json!({"type": "integer", "minimum": 0, "maximum": u64::MAX});
    assert_eq!(told(u64::KIND), integer);
    assert_eq!(told(ParamKind::list(&u64::KIND))["items"], integer);
    // Of these no reader of doubles holds any, so they may be text.
    assert!(told(HUGE)["anyOf"][1]["pattern"].is_string());
    let exact = json(&wide(u64::KIND).actions().next().unwrap().json_schema());
    assert!(exact["properties"]["wide"]["anyOf"][1]["pattern"].is_string(), "{exact}");
}

/// What a model writes under the strict schema, with null for what it leaves out, is admitted.
#[test]
fn what_strict_mode_makes_a_model_write_is_admitted() {
    let domain = domain(refund());
    let strict = json(&domain.tools().next().unwrap().to_strict_function());
    let validator = jsonschema::draft202012::new(&strict["function"]["parameters"]).unwrap();
    let rt = Runtime::builder(domain).build().unwrap().blocking();
    let paid = NewEvent::new("evt_1", "ORDER_PAID");
    rt.ingest(&Authority::service("stripe").unwrap(), "order:1", paid).unwrap().accepted().unwrap();
    for arguments in [
        r#"{"target":"card","lines":[],"cents":null,"huge":null,"flags":null}"#,
        r#"{"target":{"days":null},"lines":[{"sku":"A","count":null}],"cents":"0.50","huge":"2305843009213693952","flags":[true,null]}"#,
        r#"{"target":{"voucher":{"sku":"A","count":3}},"lines":[],"cents":null,"huge":null,"flags":[]}"#,
    ] {
        assert!(validator.is_valid(&serde_json::from_str(arguments).unwrap()), "{arguments}");
        let Value::Object(params) = Value::parse(arguments.as_bytes(), &Limits::default()).unwrap() else { panic!() };
        let proposal = Proposal::new("REFUND", "order:1").params(params);
        let explained = rt.explain(&Authority::agent("bot", [""; 0]).unwrap(), proposal).unwrap();
        assert_eq!(explained.reason, "none", "{:?}", explained.refusals);
    }
}

#[test]
fn hints_come_of_risk_and_effect() {
    let check = |contract: Contract, expected: [bool; 3]| {
        let domain = domain(contract.approval_when("amount_large", "orders.approve"));
        let listed = json(&domain.tools().next().unwrap().to_mcp());
        let hints =
            ["readOnlyHint", "destructiveHint", "idempotentHint"].map(|hint| listed["annotations"][hint] == true);
        assert_eq!(hints, expected);
    };
    let contract = || Contract::new("A", "order").allowed_states(["PAID"]).reviewer_kinds([ActorType::Human]);
    check(contract().effect(Effect::None), [true, false, true]);
    check(contract().effect(Effect::None).emits(["ORDER_HELD"]), [false, false, true]);
    check(contract(), [false, false, false]);
    // A second call of the tool is a second execution, whatever the provider makes of one.
    check(contract().effect(Effect::Idempotent), [false, false, false]);
    check(contract().risk(Risk::Medium), [false, false, false]);
    check(contract().risk(Risk::High), [false, true, false]);
    check(contract().risk(Risk::Critical).effect(Effect::None), [true, false, true]);
}

#[test]
fn every_name_of_an_action_is_one_of_a_tool() {
    let longest = format!("A{}", "_9Z".repeat(21));
    let domain = domain(refund()).tools().map(|tool: Tool<'_>| tool.name().to_owned()).collect::<Vec<_>>();
    for name in domain.into_iter().chain([longest]) {
        assert!(kiff::ActionName::new(&name).is_ok() && name.len() <= 64);
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{name}");
    }
}

#[test]
fn a_description_is_the_same_for_the_same_domain() {
    let text = || serde_json::to_string(&domain(refund()).describe()).unwrap();
    assert_eq!(text(), text());
    let described: serde_json::Value = serde_json::from_str(&text()).unwrap();
    let action = &described["actions"][0];
    assert_eq!(described["digest"], domain(refund()).digest().to_string());
    assert_eq!(action["approval"]["when"], "amount_large");
    let names = action["parameters"].as_array().unwrap().iter().map(|param| param["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["cents", "flags", "huge", "lines", "target"]);
    assert_eq!(action["parameters"][0]["shape"]["min"], "0.01");
    assert_eq!(action["parameters"][4]["shape"]["variants"][0]["doc"], "Back to it.");
    assert_eq!(action["parameters"][2]["shape"]["max"], "4611686018427387904");
}

#[test]
fn a_drawing_escapes_what_would_mean_something() {
    let machine =
        Machine::new("order").starts("NOTE", "STATE").sources(["a:b@c", "x+y~z"]).moves("STATE", "END", "NOTE");
    let domain = Domain::builder("d", "v1").table(machine).build().unwrap();
    assert_eq!(
        domain.to_mermaid("order").unwrap(),
        "stateDiagram-v2\n    state \"STATE\" as s_STATE\n    state \"NOTE\" as s_NOTE\n    \
         [*] --> s_STATE : NOTE (from a#58;b#64;c, x#43;y#126;z)\n    s_STATE --> s_NOTE : END\n    s_NOTE --> [*]\n"
    );
    assert_eq!(domain.to_mermaid("ticket"), None);
}
