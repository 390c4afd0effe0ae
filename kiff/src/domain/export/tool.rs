//! Actions as tools of a language model: a name, a description, and a schema of the input, as plain JSON.

use super::{
    schema::{Reader, object_schema},
    strict::strict_object,
};
use crate::{
    domain::{
        built::Domain,
        checked::{Action, CheckedApproval},
        contract::{Effect, Risk},
        param::ParamSpec,
    },
    value::{Object, Value},
};

/// An action as a tool that a language model can call, as plain JSON in the usual forms.
///
/// A call of the tool is a proposal: the input of the model goes into a [`Proposal`](crate::Proposal), and the runtime
/// decides. The name of the tool is that of the action, which every dialect admits. The description is the documentation of
/// the action, with the states in which it may run and whether a person may have to approve.
///
/// | for | form |
/// |---|---|
/// | `{name, description, input_schema}` | [`to_value`](Self::to_value) |
/// | `{type: "function", function: {name, description, parameters}}` | [`to_function`](Self::to_function) |
/// | the same in strict mode: every member is required, and an optional one may be null | [`to_strict_function`](Self::to_strict_function) |
/// | a tool in the list of an MCP server: `inputSchema`, `annotations` | [`to_mcp`](Self::to_mcp) |
///
/// Every other form is built from [`name`](Self::name), [`description`](Self::description) and
/// [`input_schema`](Self::input_schema), such as the one that has the members of a function beside `type`, and the one of
/// declarations with a schema for the parameters:
///
/// ```
/// use kiff::{Domain, Value, domain::Tool};
///
/// fn flat(tool: Tool<'_>) -> Option<Value> {
///     let Value::Object(mut form) = tool.to_strict_function() else { return None };
///     let Some(Value::Object(mut flat)) = form.remove("function") else { return None };
///     flat.insert("type", "function");
///     Some(flat.into())
/// }
///
/// fn declared(domain: &Domain) -> Value {
///     let declaration = |tool: Tool<'_>| {
///         Value::object([
///             ("name", Value::from(tool.name())),
///             ("description", tool.description().into()),
///             ("parametersJsonSchema", tool.input_schema()),
///         ])
///     };
///     Value::object([("functionDeclarations", domain.tools().map(declaration).collect::<Vec<_>>())])
/// }
/// # use kiff::domain::{Contract, Definition, Machine};
/// # let close = Contract::new("CLOSE_ORDER", "order").allowed_states(["PAID"]);
/// # let order = Machine::new("order").starts("ORDER_PAID", "PAID");
/// # let domain = Domain::builder("shop", "v1").table(order).define(Definition::new(close)).build()?;
/// # let tool = domain.tools().next().ok_or("one action")?;
/// # let flat = flat(tool).ok_or("a function")?.to_string();
/// # assert!(flat.starts_with(r#"{"description":"The `order` must be in the state PAID.","name":"CLOSE_ORDER","parameters":{"#));
/// # assert!(flat.ends_with(r#""strict":true,"type":"function"}"#));
/// # assert!(declared(&domain).to_string().contains(r#""parametersJsonSchema":{"additionalProperties":false"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// From a model's call to a proposal, where the host knows which entity the conversation is about:
///
/// ```
/// use kiff::{Authority, Proposal, Value, value::Limits};
#[doc = include_str!("../../../docs/shop.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let runtime = shop(paid_back)?;
/// # let rt = runtime.blocking();
/// let tools: Vec<Value> = runtime.domain().tools().map(|tool| tool.to_value()).collect();
/// // Send `tools` with the conversation. The model answers with a name and the text of its arguments:
/// # assert_eq!(tools.len(), 1);
/// let (name, arguments) = ("REFUND_ORDER", r#"{"cents": 2000}"#);
///
/// let Value::Object(params) = Value::parse(arguments.as_bytes(), &Limits::default())? else {
///     return Err("arguments are an object".into());
/// };
/// let agent = Authority::agent("bot", ["operator"])?;
/// let answer = rt.execute(&agent, Proposal::new(name, "order:1").params(params))?;
/// // The answer goes back to the model as the result of the tool.
/// assert_eq!(answer.word(), "executed");
/// println!("{}", answer.to_value());
/// # Ok(())
/// # }
/// ```
///
/// Where the model chooses the entity, [`with_entity`](Self::with_entity) asks it for both.
#[derive(Clone, Copy, Debug)]
pub struct Tool<'a> {
    action: &'a Action,
    asks: Asks,
}

/// The content of a tool's input.
#[derive(Clone, Copy, Debug)]
enum Asks {
    Params,
    Entity,
}

impl Domain {
    /// Every action as a tool of a language model, in the order of their names.
    ///
    /// ```
    /// use kiff::{Domain, Param, domain::{Contract, Definition, Machine}};
    ///
    /// let refund = Contract::new("REFUND_ORDER", "order").doc("Pays an order back.").allowed_states(["PAID"]);
    /// let refund = refund.param("cents", u32::KIND).param_doc("How much, in cents.");
    /// let order = Machine::new("order").starts("ORDER_PAID", "PAID");
    /// let domain = Domain::builder("shop", "v1").table(order).define(Definition::new(refund)).build()?;
    ///
    /// let tools: Vec<_> = domain.tools().map(|tool| tool.to_value().to_string()).collect();
    /// assert_eq!(tools, [concat!(
    ///     r#"{"description":"Pays an order back.\n\nThe `order` must be in the state PAID.","#,
    ///     r#""input_schema":{"additionalProperties":false,"properties":"#,
    ///     r#"{"cents":{"description":"How much, in cents.","maximum":4294967295,"minimum":0,"type":"integer"}},"#,
    ///     r#""required":["cents"],"type":"object"},"name":"REFUND_ORDER"}"#,
    /// )]);
    /// # Ok::<(), kiff::DomainError>(())
    /// ```
    pub fn tools(&self) -> impl ExactSizeIterator<Item = Tool<'_>> {
        self.actions().map(Action::tool)
    }
}

impl Action {
    /// The action as a tool of a language model.
    #[must_use]
    pub fn tool(&self) -> Tool<'_> {
        Tool { action: self, asks: Asks::Params }
    }

    /// The parameters as a JSON Schema of draft 2020-12, for an object of all of them. Parameters are admitted if and only if
    /// the schema accepts them; [`ParamKind::json_schema`](crate::domain::param::ParamKind::json_schema) lists the exceptions.
    ///
    /// A schema sees values. [`Proposal::from_json`](crate::Proposal::from_json) also refuses a text that is too large or too
    /// deep, a member given twice, and U+0000 in a string.
    #[must_use]
    pub fn json_schema(&self) -> Value {
        let mut schema = object_schema(self.specs(), Reader::Validator);
        schema.insert("$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.insert("title", self.name.as_str());
        if !self.summary().is_empty() {
            schema.insert("description", self.summary());
        }
        schema.into()
    }

    /// The documentation up to its first heading. The sections after it are for the caller of the function, such as its errors.
    fn summary(&self) -> &str {
        let (doc, mut end, mut is_code) = (self.doc(), 0, false);
        for line in doc.split_inclusive('\n') {
            is_code ^= line.trim_start().starts_with("```");
            let is_heading = line.starts_with('#') && line.trim_start_matches('#').starts_with(' ');
            if is_heading && !is_code {
                break;
            }
            end += line.len();
        }
        doc.get(..end).unwrap_or_default().trim_end()
    }

    fn specs(&self) -> impl Iterator<Item = (&str, &ParamSpec)> {
        self.params.iter().map(|param| (param.name.as_str(), &param.spec))
    }
}

impl<'a> Tool<'a> {
    /// Adds the entity to the input, beside the parameters: `{"entity": "order:1", "parameters": {..}}`. With `action` added,
    /// such an input is a proposal as [`Proposal::from_json`](crate::Proposal::from_json) reads it.
    ///
    /// ```
    /// use kiff::{Domain, Proposal, domain::{Contract, Definition, Machine}};
    ///
    /// let close = Contract::new("CLOSE_ORDER", "order").allowed_states(["PAID"]);
    /// let order = Machine::new("order").starts("ORDER_PAID", "PAID");
    /// let domain = Domain::builder("shop", "v1").table(order).define(Definition::new(close)).build()?;
    /// let tool = domain.tools().next().ok_or("one action")?.with_entity();
    /// assert!(tool.input_schema().to_string().contains("^order:"));
    ///
    /// let arguments = r#"{"entity": "order:1", "parameters": {}}"#;
    /// let text = format!(r#"{{"action": "{}", {}"#, tool.name(), &arguments[1..]);
    /// let proposal = Proposal::from_json(text.as_bytes())?;
    /// # let _ = proposal;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_entity(self) -> Self {
        Self { action: self.action, asks: Asks::Entity }
    }

    /// The action's name. Its alphabet, `[A-Z][A-Z0-9_]{0,63}`, is within that of every dialect.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.action.name.as_str()
    }

    /// The description for the model: the documentation up to its first heading, the states in which the action may run, and
    /// whether a person may have to approve.
    #[must_use]
    pub fn description(&self) -> String {
        let action = self.action;
        let states: Vec<&str> = action.allowed.iter().map(|state| state.as_str()).collect();
        let when = match states.as_slice() {
            [only] => format!("The `{}` must be in the state {only}.", action.entity),
            states => format!("The `{}` must be in one of the states {}.", action.entity, states.join(", ")),
        };
        let consent = match &action.approval {
            CheckedApproval::Never => "",
            CheckedApproval::Required => " A person must consent before it runs.",
            CheckedApproval::When(..) => " A person may have to consent before it runs.",
        };
        let doc = action.summary();
        format!("{doc}{}{when}{consent}", if doc.is_empty() { "" } else { "\n\n" })
    }

    /// The input as JSON Schema. Everything that it accepts is admitted. It is shorter than [`Action::json_schema`], which also
    /// has the integers beyond 2^53 as text.
    #[must_use]
    pub fn input_schema(&self) -> Value {
        self.input(object_schema(self.action.specs(), Reader::Model), EntityForm::Pattern)
    }

    /// `{name, description, input_schema}`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::object([
            ("name", Value::from(self.name())),
            ("description", self.description().into()),
            ("input_schema", self.input_schema()),
        ])
    }

    /// `{type: "function", function: {name, description, parameters}}`.
    ///
    /// ```
    /// # use kiff::{Domain, domain::{Contract, Definition, Machine}};
    /// # let close = Contract::new("CLOSE_ORDER", "order").allowed_states(["PAID"]);
    /// # let order = Machine::new("order").starts("ORDER_PAID", "PAID");
    /// # let domain = Domain::builder("shop", "v1").table(order).define(Definition::new(close)).build()?;
    /// let functions: Vec<_> = domain.tools().map(|tool| tool.to_function().to_string()).collect();
    /// assert_eq!(functions, [concat!(
    ///     r#"{"function":{"description":"The `order` must be in the state PAID.","name":"CLOSE_ORDER","#,
    ///     r#""parameters":{"additionalProperties":false,"properties":{},"required":[],"type":"object"}},"#,
    ///     r#""type":"function"}"#,
    /// )]);
    /// # Ok::<(), kiff::DomainError>(())
    /// ```
    #[must_use]
    pub fn to_function(&self) -> Value {
        let function = [
            ("name", Value::from(self.name())),
            ("description", self.description().into()),
            ("parameters", self.input_schema()),
        ];
        Value::object([("type", Value::from("function")), ("function", Value::object(function))])
    }

    /// The same in strict mode, where every member is required: an optional one may be null instead, which means the same to
    /// kiff. The schema keeps to types, `enum` and `anyOf`, which every such mode supports, and states the bounds in the
    /// descriptions; kiff still refuses a value outside them.
    ///
    /// ```
    /// # use kiff::{Domain, domain::{Contract, Definition, Machine, param::ParamKind}};
    /// # let close = Contract::new("CLOSE_ORDER", "order").allowed_states(["PAID"]);
    /// let note = ParamKind::String { min_len: 0, max_len: 80 };
    /// let close = close.optional_param("note", note).param_doc("For the customer.");
    /// # let order = Machine::new("order").starts("ORDER_PAID", "PAID");
    /// # let domain = Domain::builder("shop", "v1").table(order).define(Definition::new(close)).build()?;
    /// let functions: Vec<_> = domain.tools().map(|tool| tool.to_strict_function().to_string()).collect();
    /// assert_eq!(functions, [concat!(
    ///     r#"{"function":{"description":"The `order` must be in the state PAID.","name":"CLOSE_ORDER","#,
    ///     r#""parameters":{"additionalProperties":false,"properties":{"note":"#,
    ///     r#"{"description":"For the customer. (at most 80 characters)","type":["string","null"]}},"#,
    ///     r#""required":["note"],"type":"object"},"strict":true},"type":"function"}"#,
    /// )]);
    /// # Ok::<(), kiff::DomainError>(())
    /// ```
    #[must_use]
    pub fn to_strict_function(&self) -> Value {
        let function = [
            ("name", Value::from(self.name())),
            ("description", self.description().into()),
            ("strict", true.into()),
            ("parameters", self.input(strict_object(self.action.specs()), EntityForm::Description)),
        ];
        Value::object([("type", Value::from("function")), ("function", Value::object(function))])
    }

    /// A tool as an MCP server lists it: `{name, description, inputSchema, annotations}`.
    ///
    /// The annotations are hints for the client that shows the tool. They change no decision of kiff.
    ///
    /// - `readOnlyHint`: the effect is `None`, and nothing is emitted.
    /// - `destructiveHint`: the risk is high or critical.
    /// - `idempotentHint`: the effect is `None`. It is false for `Idempotent`, which can be retried under the id of its
    ///   execution, because a second call of the tool is a second execution.
    ///
    /// ```
    /// # use kiff::{Domain, Effect, domain::{Contract, Definition, Machine}};
    /// # let look = Contract::new("LOOK_UP", "order").allowed_states(["PAID"]).effect(Effect::None);
    /// # let order = Machine::new("order").starts("ORDER_PAID", "PAID");
    /// # let domain = Domain::builder("shop", "v1").table(order).define(Definition::new(look)).build()?;
    /// let listed: Vec<_> = domain.tools().map(|tool| tool.to_mcp().to_string()).collect();
    /// assert_eq!(listed, [concat!(
    ///     r#"{"annotations":{"destructiveHint":false,"idempotentHint":true,"readOnlyHint":true},"#,
    ///     r#""description":"The `order` must be in the state PAID.","#,
    ///     r#""inputSchema":{"additionalProperties":false,"properties":{},"required":[],"type":"object"},"#,
    ///     r#""name":"LOOK_UP"}"#,
    /// )]);
    /// # Ok::<(), kiff::DomainError>(())
    /// ```
    #[must_use]
    pub fn to_mcp(&self) -> Value {
        let nothing_outside = self.action.effect() == Effect::None;
        let reads_only = nothing_outside && self.action.emits.is_empty();
        let annotations = [
            ("readOnlyHint", reads_only),
            ("destructiveHint", !reads_only && self.action.risk() >= Risk::High),
            ("idempotentHint", nothing_outside),
        ];
        Value::object([
            ("name", Value::from(self.name())),
            ("description", self.description().into()),
            ("inputSchema", self.input_schema()),
            ("annotations", Value::object(annotations)),
        ])
    }

    /// The schema of the parameters, or of them and the entity.
    fn input(&self, params: Object, form: EntityForm) -> Value {
        let kind = self.action.entity.as_str();
        let entity = match (self.asks, form) {
            (Asks::Params, _) => return params.into(),
            (Asks::Entity, EntityForm::Pattern) => ("pattern", format!("^{kind}:[A-Za-z0-9._~:@+-]{{1,128}}$")),
            (Asks::Entity, EntityForm::Description) => ("description", format!("Which one, such as `{kind}:1`.")),
        };
        let entity = Value::object([("type", "string".to_owned()), entity]);
        let names = vec![Value::from("entity"), Value::from("parameters")];
        Value::object([
            ("type", Value::from("object")),
            ("properties", Value::object([("entity", entity), ("parameters", params.into())])),
            ("required", names.into()),
            ("additionalProperties", false.into()),
        ])
    }
}

/// How a schema states the type of the entity.
#[derive(Clone, Copy)]
enum EntityForm {
    Pattern,
    Description,
}
