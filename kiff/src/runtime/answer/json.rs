//! Answers as JSON, for whatever carries them to the caller.

use super::{Answer, Blocked, Held};
use crate::{
    evidence::receipt::Receipt,
    value::{Object, Value},
};

impl Answer {
    /// The answer as a JSON object: `answer` (its [word](Self::word)), `action`, `entity`, `trace_id` and what the
    /// variant has beside them. A member without a value is left out.
    ///
    /// ```
    /// # use kiff::{Authority, Domain, Proposal, Runtime, domain::Machine};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let domain = Domain::builder("d", "v1").table(Machine::new("order").starts("PAID", "PAID")).build()?;
    /// # let rt = Runtime::builder(domain).build()?.blocking();
    /// let answer = rt.execute(&Authority::agent("bot", ["operator"])?, Proposal::new("REFUND", "order:1"))?;
    /// let json = answer.to_value();
    /// let json = json.as_object().ok_or("an object")?;
    /// assert_eq!(json.get("answer").and_then(|word| word.as_str()), Some("blocked"));
    /// assert_eq!(json.get("reason").and_then(|code| code.as_str()), Some("action_unknown"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut json = Object::new();
        json.insert("answer", self.word());
        json.insert("entity", self.entity().as_str());
        put(&mut json, "receipt", self.receipt().map(receipt));
        match self {
            Self::Executed(it) => {
                json.insert("action", it.action.as_str());
                json.insert("execution_id", it.execution_id.to_string());
                json.insert("message", it.message.as_str());
                put(&mut json, "output", it.output.clone());
                let rejected = it.rejected_events.iter();
                let rejected = rejected
                    .map(|(kind, code)| Value::object([("event_type", kind.as_str()), ("reason", code.as_str())]));
                put(&mut json, "rejected_events", list(rejected));
                json.insert("trace_id", it.trace_id.to_string());
            }
            Self::Held(it) => held(&mut json, it),
            Self::Blocked(it) => blocked(&mut json, it),
            Self::Failed(it) => {
                json.insert("action", it.action.as_str());
                json.insert("execution_id", it.execution_id.to_string());
                json.insert("message", it.message.as_str());
                json.insert("trace_id", it.trace_id.to_string());
            }
            Self::InDoubt(it) => {
                json.insert("action", it.action.as_str());
                json.insert("execution_id", it.execution_id.to_string());
                json.insert("cause", it.cause.as_str());
                put(&mut json, "message", Some(it.message.as_str()).filter(|text| !text.is_empty()).map(Value::from));
                put(&mut json, "deadline", it.deadline.map(|deadline| deadline.to_string().into()));
                put(&mut json, "trace_id", it.trace_id.map(|trace| trace.to_string().into()));
            }
        }
        Value::Object(json)
    }
}

fn held(json: &mut Object, it: &Held) {
    json.insert("action", it.action.as_str());
    json.insert("approval_id", it.approval_id.to_string());
    json.insert("reason", it.reason.as_str());
    json.insert("state", it.state.as_str());
    json.insert("grants", it.grants);
    json.insert("quorum", it.quorum);
    put(json, "expires_at", it.expires_at.map(|at| at.to_string().into()));
    json.insert("trace_id", it.trace_id.to_string());
}

fn blocked(json: &mut Object, it: &Blocked) {
    json.insert("action", it.action.as_str());
    json.insert("reason", it.reason.as_str());
    let told = |refusal: &crate::Refusal| {
        Value::object([("code", refusal.code().to_string()), ("message", refusal.to_string())])
    };
    put(json, "refusals", list(it.refusals.iter().map(told)));
    put(json, "approval_id", it.approval_id.map(|id| id.to_string().into()));
    json.insert("trace_id", it.trace_id.to_string());
}

fn receipt(receipt: &Receipt) -> Value {
    Value::object(receipt.iter())
}

fn list(items: impl Iterator<Item = Value>) -> Option<Value> {
    let items: Vec<Value> = items.collect();
    if items.is_empty() { None } else { Some(items.into()) }
}

fn put(json: &mut Object, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        json.insert(name, value);
    }
}
