//! The text of a held proposal that a reviewer sees.

use crate::{domain::Action, kernel::request::StoredProposal, value::Value};

/// The text that a reviewer sees: the contract's summary, or a plain listing. An agent's values can neither forge lines nor
/// hide characters in it.
pub(crate) fn shown(action: Option<&Action>, proposed: &StoredProposal) -> String {
    let template = action.map(|action| action.contract.summary.as_str()).filter(|summary| !summary.is_empty());
    let Some(template) = template else {
        let params = proposed.params.iter().map(|(name, value)| format!(", {name}: {}", quoted(value)));
        return format!("{} on {}{}", proposed.action, proposed.entity, params.collect::<String>());
    };
    let mut text = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after_name)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        match (name, proposed.params.get(name)) {
            ("entity", _) => text.push_str(proposed.entity.as_str()),
            ("action", _) => text.push_str(proposed.action.as_str()),
            ("requester", _) => text.push_str(proposed.actor.id.as_str()),
            (_, Some(value)) => text.push_str(&quoted(value)),
            (_, None) => text.push_str("(not given)"),
        }
        rest = after_name;
    }
    text.push_str(rest);
    text
}

/// A value in one line: texts in quotes, everything that could forge or hide escaped.
fn quoted(value: &Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        match character {
            '"' | '\'' | '\\' => text.push(character),
            _ if is_blank(character) => text.extend(character.escape_unicode()),
            _ => text.extend(character.escape_debug()),
        }
    }
    text
}

/// Letters and signs that show nothing. Everything else of that kind is a space, a mark or for control, which
/// `escape_debug` escapes.
const fn is_blank(character: char) -> bool {
    matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}')
}
