//! The refund domain over the wire: requests become proposals, and answers become JSON.

use crate::scenarios::Result;
use kiff::{Answer, Blocked, Proposal, Refusal, Review, Value, value::Limits};

/// The proposal in a request. The action and the order are in the path, and the rest is in the body.
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
        Answer::Executed(done) => {
            let result = Value::object([
                ("action_name", text(&done.action)),
                ("entity_id", text(&done.entity.id())),
                ("status", text(&"succeeded")),
                ("executed", Value::from(true)),
                ("message", text(&done.message)),
            ]);
            (200, Value::object([("result", result)]))
        }
        Answer::Held(held) => {
            let error = Value::object([
                ("error", text(&"action requires approval")),
                ("action", text(&held.action)),
                ("approval_id", text(&held.approval_id)),
            ]);
            (422, error)
        }
        Answer::Blocked(blocked) => (422, refusal(blocked)),
        Answer::Failed(failed) => (502, Value::object([("error", text(&failed.message))])),
        Answer::InDoubt(doubt) => (502, Value::object([("error", text(&doubt.cause))])),
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
        Review::Recorded(approval) => {
            let approval = Value::object([
                ("id", approval.id.to_string()),
                ("status", approval.state.to_string()),
                ("action_name", approval.action.to_string()),
                ("entity_id", approval.entity.id().to_owned()),
                ("reviewed_by", approval.reviewed_by.to_string()),
                ("reviewed_at", approval.reviewed_at.to_string()),
            ]);
            format!("200 {}", Value::object([("approval", approval)]))
        }
        Review::Refused(refusal) => format!("422 {}", Value::object([("error", refusal.to_string())])),
    }
}
