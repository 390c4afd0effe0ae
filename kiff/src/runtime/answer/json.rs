//! Answers as JSON.

use super::{Answer, Blocked, Held};
use crate::{
    evidence::receipt::Receipt,
    kernel::refusal::Refusal,
    value::{Object, Value},
};

impl Answer {
    /// The answer as a JSON object: `answer` (its [word](Self::word)), `action`, `entity`, `trace_id` and the other
    /// fields of the variant. A member without a value is left out.
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
            Self::Executed(executed) => {
                json.insert("action", executed.action.as_str());
                json.insert("execution_id", executed.execution_id.to_string());
                json.insert("message", executed.message.as_str());
                put(&mut json, "output", executed.output.clone());
                let rejected = executed.rejected_events.iter();
                let rejected = rejected
                    .map(|(kind, code)| Value::object([("event_type", kind.as_str()), ("reason", code.as_str())]));
                put(&mut json, "rejected_events", list(rejected));
                json.insert("trace_id", executed.trace_id.to_string());
            }
            Self::Held(answer) => held(&mut json, answer),
            Self::Blocked(answer) => blocked(&mut json, answer),
            Self::Failed(failed) => {
                json.insert("action", failed.action.as_str());
                json.insert("execution_id", failed.execution_id.to_string());
                json.insert("message", failed.message.as_str());
                json.insert("trace_id", failed.trace_id.to_string());
            }
            Self::InDoubt(doubt) => {
                json.insert("action", doubt.action.as_str());
                json.insert("execution_id", doubt.execution_id.to_string());
                json.insert("cause", doubt.cause.as_str());
                put(
                    &mut json,
                    "message",
                    Some(doubt.message.as_str()).filter(|text| !text.is_empty()).map(Value::from),
                );
                put(&mut json, "deadline", doubt.deadline.map(|deadline| deadline.to_string().into()));
                put(&mut json, "trace_id", doubt.trace_id.map(|trace| trace.to_string().into()));
            }
        }
        Value::Object(json)
    }
}

fn held(json: &mut Object, held: &Held) {
    json.insert("action", held.action.as_str());
    json.insert("approval_id", held.approval_id.to_string());
    json.insert("reason", held.reason.as_str());
    json.insert("state", held.state.as_str());
    json.insert("grants", held.grants);
    json.insert("quorum", held.quorum);
    put(json, "expires_at", held.expires_at.map(|at| at.to_string().into()));
    json.insert("trace_id", held.trace_id.to_string());
}

fn blocked(json: &mut Object, blocked: &Blocked) {
    json.insert("action", blocked.action.as_str());
    json.insert("reason", blocked.reason.as_str());
    let described =
        |refusal: &Refusal| Value::object([("code", refusal.code().to_string()), ("message", refusal.to_string())]);
    put(json, "refusals", list(blocked.refusals.iter().map(described)));
    put(json, "approval_id", blocked.approval_id.map(|id| id.to_string().into()));
    json.insert("trace_id", blocked.trace_id.to_string());
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
