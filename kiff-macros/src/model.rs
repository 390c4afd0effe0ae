//! The checked action, on which `expand.rs` relies.

use crate::{
    attr::{Approval, Args, Rule, StateRef},
    errors::Errors,
    names::{is_permission, is_snake, is_upper_snake, upper_snake},
    sig::{ActionFn, Input, Inputs, Origin, proposed_name},
    suggest::hint,
};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::{LitStr, Path, Type, ext::IdentExt};

/// An action without a mistake that a macro could see.
pub(crate) struct Action {
    pub(crate) krate: Krate,
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) ctx: Type,
    pub(crate) params: Vec<Input>,
    pub(crate) returned: Type,
    pub(crate) states: Vec<StateRef>,
    pub(crate) permissions: Vec<LitStr>,
    pub(crate) risk: Ident,
    pub(crate) approval: Need,
    pub(crate) reviewers: String,
    pub(crate) quorum: u32,
    pub(crate) expires_secs: Option<u64>,
    pub(crate) separate_reviewer: bool,
    pub(crate) reviewer_kinds: Vec<Ident>,
    pub(crate) checks: Vec<CheckedRule>,
    pub(crate) emits: Vec<LitStr>,
    pub(crate) effect: Ident,
    pub(crate) timeout_ms: u64,
    pub(crate) retry_within_ms: Option<u64>,
    pub(crate) summary: String,
    pub(crate) waiver: String,
}

/// Where kiff is found: the path that the user gave, or `::kiff`.
pub(crate) struct Krate(pub(crate) Option<Path>);

impl Krate {
    /// The path, for code that stands at `span` in messages.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        let Some(path) = &self.0 else { return quote_spanned!(span=> ::kiff) };
        // Only the place is changed: a `$crate` is found by the rest of its span.
        let place = |mut token: TokenTree| {
            token.set_span(token.span().located_at(span));
            token
        };
        path.to_token_stream().into_iter().map(place).collect()
    }
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.at(Span::call_site()));
    }
}

/// [`Approval`] with its rule checked.
pub(crate) enum Need {
    Never,
    Required,
    When(CheckedRule),
}

/// A check or policy whose code may stand in the log and whose parameters exist.
pub(crate) struct CheckedRule {
    pub(crate) function: Path,
    pub(crate) code: String,
    /// The name as written, and the place of the parameter in [`Action::params`].
    pub(crate) params: Vec<(Ident, usize)>,
}

/// The checks of kiff itself. A check of the same name would be taken for one of them.
const RESERVED: [&str; 7] = ["action", "permission", "entity", "state", "parameters", "open_execution", "approval"];

impl Action {
    /// Checks the arguments against each other and against the signature. `None` if a part is missing; the
    /// result counts only if there are no errors.
    pub(crate) fn check(item: &ActionFn, inputs: Inputs, args: Args, errors: &mut Errors) -> Option<Self> {
        check_states(item, &args, errors);
        check_approval(item, &args, errors);
        check_retry(&args, errors);
        let name = action_name(item, &args, errors);
        let permissions = args.permissions.map(|list| list.value).unwrap_or_default();
        check_all(&permissions, is_permission, permission_fault, errors);
        let emits = args.emits.map(|list| list.value).unwrap_or_default();
        check_all(
            &emits,
            is_upper_snake,
            |text| format!("event `{text}` must match [A-Z][A-Z0-9_]{{0,63}}, as in \"ORDER_REFUNDED\""),
            errors,
        );
        if let Some(reviewers) = &args.reviewers {
            check_all(std::slice::from_ref(&reviewers.value), is_permission, permission_fault, errors);
        }
        let checks = check_rules(args.checks.map(|list| list.value).unwrap_or_default(), &inputs, errors);
        let approval = match args.approval.map(|approval| approval.value) {
            None | Some(Approval::Never) => Need::Never,
            Some(Approval::Required) => Need::Required,
            Some(Approval::When(rule)) => Need::When(check_rule(rule, &inputs, errors)?),
        };
        let summary = args.summary.map(|summary| written_summary(&summary.value, &inputs, errors));
        Some(Self {
            krate: Krate(args.krate.map(|path| path.value)),
            name,
            doc: item.doc(),
            ctx: inputs.ctx?,
            params: inputs.params,
            returned: item.returned()?,
            states: args.allowed_states?.value,
            permissions,
            risk: args.risk.map_or_else(|| format_ident!("Low"), |risk| risk.value),
            approval,
            reviewers: args.reviewers.map(|reviewers| reviewers.value.value()).unwrap_or_default(),
            quorum: args.quorum.map_or(1, |quorum| quorum.value),
            expires_secs: args.expires.map(|expires| expires.value),
            separate_reviewer: args.separate_reviewer.is_none_or(|separate| separate.value.value),
            reviewer_kinds: args.reviewer_kinds.map_or_else(|| vec![format_ident!("Human")], |kinds| kinds.value),
            checks,
            emits,
            effect: args.effect.map_or_else(|| format_ident!("Once"), |effect| effect.value),
            timeout_ms: args.timeout.map_or(0, |timeout| timeout.value),
            retry_within_ms: args.retry_within.map(|window| window.value),
            summary: summary.unwrap_or_default(),
            waiver: args.waiver.map(|waiver| waiver.value.value()).unwrap_or_default(),
        })
    }
}

fn action_name(item: &ActionFn, args: &Args, errors: &mut Errors) -> String {
    let (name, rule) = (&item.sig.ident, "must match [A-Z][A-Z0-9_]{0,63}");
    if let Some(given) = &args.name {
        let text = given.value.value();
        if !is_upper_snake(&text) {
            errors.push(
                &given.value,
                format!("the name `{text}` {rule}, as in \"{}\"", upper_snake(&name.unraw().to_string())),
            );
        }
        return text;
    }
    let text = upper_snake(&name.unraw().to_string());
    if !is_upper_snake(&text) {
        errors.push(name, format!("the name `{text}` {rule}; give another with `name = \"..\"`"));
    }
    text
}

fn check_states(item: &ActionFn, args: &Args, errors: &mut Errors) {
    if !args.has("allowed_states") {
        errors.push(
            &item.sig.ident,
            "`allowed_states` is missing; name the states in which it may run, as in `allowed_states = [\"PAID\"]`",
        );
    }
    let Some(states) = &args.allowed_states else { return };
    let mut seen: Vec<String> = Vec::new();
    for state in &states.value {
        let text = match state {
            StateRef::Name(name) => name.value(),
            StateRef::Variant(variant) => upper_snake(&variant.to_string()),
        };
        if seen.contains(&text) {
            match state {
                StateRef::Name(name) => errors.push(name, format!("state `{text}` is listed twice")),
                StateRef::Variant(variant) => errors.push(variant, format!("state `{variant}` is listed twice")),
            }
        }
        seen.push(text);
    }
}

/// Approval, reviewers, risk and waiver must agree.
fn check_approval(item: &ActionFn, args: &Args, errors: &mut Errors) {
    let asks = match &args.approval {
        Some(approval) => !matches!(approval.value, Approval::Never),
        // A value that could not be read has its own error.
        None if args.has("approval") => return,
        None => false,
    };
    if asks {
        if let (Some(approval), false) = (&args.approval, args.has("reviewers")) {
            errors.push(&approval.key, "`approval` needs `reviewers`: the permission that a reviewer must hold, as in `reviewers = \"orders.approve\"`");
        }
        if let Some(waiver) = &args.waiver {
            errors.push(
                &waiver.key,
                "`waiver` says why no approval is needed, but `approval` asks for one; remove one of them",
            );
        }
    } else {
        check_unasked(args, errors);
        check_waiver(item, args, errors);
    }
    if let Some(kinds) = &args.reviewer_kinds {
        if kinds.value.is_empty() {
            errors.push(
                &kinds.key,
                "`reviewer_kinds` is empty, so nobody could review; name at least one, as in `[Human]`",
            );
        }
        for (place, kind) in kinds.value.iter().enumerate() {
            if kinds.value.iter().take(place).any(|earlier| earlier == kind) {
                errors.push(kind, format!("`{kind}` is listed twice"));
            }
        }
    }
}

/// A key about reviewers without an approval shows that the author expected a review.
fn check_unasked(args: &Args, errors: &mut Errors) {
    let needless: Vec<&Ident> = [
        args.reviewers.as_ref().map(|given| &given.key),
        args.quorum.as_ref().map(|given| &given.key),
        args.expires.as_ref().map(|given| &given.key),
        args.separate_reviewer.as_ref().map(|given| &given.key),
        args.reviewer_kinds.as_ref().map(|given| &given.key),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(first) = needless.first() {
        let keys: Vec<String> = needless.iter().map(|key| format!("`{key}`")).collect();
        let keys = keys.join(", ");
        errors.push(first, format!("without approval nobody reviews, so {keys} would do nothing; add `approval = Required` or `approval = When(..)`"));
    }
}

fn check_waiver(item: &ActionFn, args: &Args, errors: &mut Errors) {
    let risky = args.risk.as_ref().filter(|risk| risk.value == "High" || risk.value == "Critical");
    match (risky, &args.waiver) {
        (Some(risk), None) if !args.has("waiver") => {
            let risk = &risk.value;
            errors.push(risk, format!("risk `{risk}` needs `approval = Required` or `approval = When(..)`, or `waiver = \"..\"` with the reason why not"));
        }
        (None, Some(waiver)) if args.risk.is_some() || !args.has("risk") => {
            errors.push(
                &waiver.key,
                "`waiver` is for risk `High` or `Critical` without approval; there is nothing to waive",
            );
        }
        (_, Some(waiver)) if waiver.value.value().trim().is_empty() => {
            errors.push(&waiver.value, format!("the waiver of `{}` must give a reason", item.sig.ident));
        }
        _ => {}
    }
}

/// A window for an effect that is never retried shows that its author expected retries.
fn check_retry(args: &Args, errors: &mut Errors) {
    let Some(window) = &args.retry_within else { return };
    // A value that could not be read has its own error.
    let is_retried = match &args.effect {
        Some(effect) => effect.value == "Idempotent",
        None => args.has("effect"),
    };
    if !is_retried {
        errors.push(
            &window.key,
            "`retry_within` is for effect `Idempotent`, because no other effect is retried; add `effect = Idempotent`, or remove it",
        );
    }
}

fn permission_fault(text: &str) -> String {
    if is_snake(text) {
        format!("permission `{text}` must be dotted, as in \"orders.{text}\"")
    } else {
        format!("permission `{text}` must be dotted words of [a-z][a-z0-9_]*, as in \"orders.refund\"")
    }
}

/// Reports each literal that is not `good`, and each that is listed twice.
fn check_all(all: &[LitStr], good: impl Fn(&str) -> bool, fault: impl Fn(&str) -> String, errors: &mut Errors) {
    for (place, literal) in all.iter().enumerate() {
        let text = literal.value();
        if !good(&text) {
            errors.push(literal, fault(&text));
        } else if all.iter().take(place).any(|earlier| earlier.value() == text) {
            errors.push(literal, format!("\"{text}\" is listed twice"));
        }
    }
}

fn check_rules(rules: Vec<Rule>, inputs: &Inputs, errors: &mut Errors) -> Vec<CheckedRule> {
    let mut checked: Vec<CheckedRule> = Vec::new();
    for rule in rules {
        let Some(rule) = check_rule(rule, inputs, errors) else { continue };
        if checked.iter().any(|earlier| earlier.code == rule.code) {
            errors.push(&rule.function, format!("check `{}` is listed twice", rule.code));
        }
        checked.push(rule);
    }
    checked
}

fn check_rule(rule: Rule, inputs: &Inputs, errors: &mut Errors) -> Option<CheckedRule> {
    let last = &rule.function.segments.last()?.ident;
    let code = last.unraw().to_string();
    if RESERVED.contains(&code.as_str()) {
        errors.push(
            last,
            format!(
                "`{code}` is the name of one of kiff's own checks; rename the function: its name is the code in the log"
            ),
        );
    } else if !is_snake(&code) {
        errors.push(
            last,
            format!("`{code}` must match [a-z][a-z0-9_]{{0,63}}: the function's name is the code in the log"),
        );
    }
    let proposed: Vec<&str> =
        inputs.params.iter().filter(|input| input.origin == Origin::Agent).map(|input| input.name.as_str()).collect();
    let mut params = Vec::new();
    for param in rule.params {
        let word = proposed_name(&param);
        match inputs.params.iter().position(|input| input.name == word) {
            Some(place) if proposed.contains(&word.as_str()) => params.push((param, place)),
            Some(_) => errors.push(
                &param,
                format!("`{word}` is provided by the host; `{code}` can only ask about what the agent proposes"),
            ),
            None => {
                let advice = written_by_agents(&word, inputs).unwrap_or_else(|| hint(&word, &proposed));
                errors.push(&param, format!("`{code}` asks about `{word}`, which is not a parameter{advice}"));
            }
        }
    }
    Some(CheckedRule { code, params, function: rule.function })
}

/// Advice for a word that is the name which agents write for a parameter.
fn written_by_agents(word: &str, inputs: &Inputs) -> Option<String> {
    let renamed = inputs.params.iter().find(|input| input.wire == word && input.origin == Origin::Agent)?;
    Some(format!("; here the parameter has its Rust name, `{}`", renamed.name))
}

/// The summary with the names that agents write. Each `{word}` of it must be a parameter or `entity`.
fn written_summary(summary: &LitStr, inputs: &Inputs, errors: &mut Errors) -> String {
    let proposed = || inputs.params.iter().filter(|input| input.origin == Origin::Agent);
    let text = summary.value();
    let mut parts = text.split('{');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((word, rest)) = part.split_once('}') else {
            errors.push(summary, "`summary` has a `{` without `}`");
            continue;
        };
        let known = proposed().find(|input| input.name == word).map(|input| input.wire.as_str());
        match known.or_else(|| (word == "entity").then_some(word)) {
            Some(wire) => written.extend(["{", wire, "}", rest]),
            None => {
                let known: Vec<&str> = proposed().map(|input| input.name.as_str()).chain(["entity"]).collect();
                let advice = written_by_agents(word, inputs).unwrap_or_else(|| hint(word, &known));
                let message = format!("`{{{word}}}` in `summary` is neither a parameter nor `{{entity}}`{advice}");
                errors.push(summary, message);
            }
        }
    }
    written
}
