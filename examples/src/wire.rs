//! The refund domain over the wire: requests turned into proposals, answers into JSON.

use crate::scenarios::Result;
use kiff::{Answer, Blocked, Proposal, Refusal, Review, Value, value::Limits};

/// The proposal in a request: the action and the order are in the path, the rest in the body.
pub(crate) fn proposal(order: &str, action: &str, body: &str) -> Result<Proposal> {
    let Value::Object(mut members) = Value::parse(body.as_bytes(), &Limits::default())? else {
        return Err("the body must be an object".into());
    };
    let kind = members.remove("entity_type");
    let kind = kind.as_ref().and_then(Value::as_str).ok_or("the body must have an entity_type")?;
    members.insert("entity", format!("{kind}:{order}"));
    members.insert("action", action);
    Ok(Proposal::from_json(&Value::from(members).to_canonical())?)
}

/// An answer as it would go over the wire.
pub(crate) fn answer(answer: &Answer) -> String {
    let text = |text: &dyn ToString| Value::from(text.to_string());
    let (status, body) = match answer {
        Answer::Executed(it) => {
            let result = Value::object([
                ("action_name", text(&it.action)),
                ("entity_id", text(&it.entity.id())),
                ("status", text(&"succeeded")),
                ("executed", Value::from(true)),
                ("message", text(&it.message)),
            ]);
            (200, Value::object([("result", result)]))
        }
        Answer::Held(it) => {
            let (action, approval) = (text(&it.action), text(&it.approval_id));
            let error = text(&"action requires approval");
            (422, Value::object([("error", error), ("action", action), ("approval_id", approval)]))
        }
        Answer::Blocked(it) => (422, refusal(it)),
        Answer::Failed(it) => (502, Value::object([("error", text(&it.message))])),
        Answer::InDoubt(it) => (502, Value::object([("error", text(&it.cause))])),
    };
    format!("{status} {body}")
}

fn refusal(blocked: &Blocked) -> Value {
    let action = Value::from(blocked.action.as_str());
    match blocked.refusal() {
        Some(Refusal::StateNotAllowed { current, allowed, .. }) => Value::object([
            ("error", Value::from("state not allowed")),
            ("action", action),
            ("current_state", Value::from(current.as_str())),
            ("allowed_states", allowed.iter().map(|state| Value::from(state.as_str())).collect::<Vec<_>>().into()),
        ]),
        _ => Value::object([("error", Value::from(blocked.reason.as_str())), ("action", action)]),
    }
}

pub(crate) fn review(review: &Review) -> String {
    match review {
        Review::Recorded(it) => {
            let approval = Value::object([
                ("id", it.id.to_string()),
                ("status", it.state.to_string()),
                ("action_name", it.action.to_string()),
                ("entity_id", it.entity.id().to_owned()),
                ("reviewed_by", it.reviewed_by.to_string()),
                ("reviewed_at", it.reviewed_at.to_string()),
            ]);
            format!("200 {}", Value::object([("approval", approval)]))
        }
        Review::Refused(refusal) => format!("422 {}", Value::object([("error", refusal.to_string())])),
    }
}
