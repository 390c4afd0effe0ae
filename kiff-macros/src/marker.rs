//! The type of the function's name, and the table of the contract in its documentation.

use crate::{
    attr::StateRef,
    model::{Action, CheckedRule, Need},
    sig::{ActionFn, Input, Origin, shown},
};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

/// An uninhabited type beside the function. It has the span of the function, so that the warning about an action that is never
/// registered points there.
pub(crate) fn marker(item: &ActionFn, table: &str) -> TokenStream {
    let ActionFn { vis, sig, .. } = item;
    let name = &sig.ident;
    let inherited =
        item.attrs.iter().filter(|attr| ["cfg", "doc", "allow"].iter().any(|kept| attr.path().is_ident(kept)));
    let table = (!table.is_empty()).then(|| quote!(#[doc = #table]));
    let item = quote_spanned!(Span::call_site().located_at(name.span())=> enum #name {});
    quote! {
        #(#inherited)*
        #table
        #[allow(non_camel_case_types, reason = "it has the name of the function whose contract it carries")]
        #[derive(::core::fmt::Debug)]
        #[non_exhaustive]
        #vis #item
    }
}

/// The contract as a table in markdown. A macro sees only the name of a parameter's type, not the values that it admits.
pub(crate) fn table(action: &Action) -> String {
    let mut rows = vec![("action", code(&action.name))];
    let states = action.states.iter().map(|state| match state {
        StateRef::Name(name) => code(&name.value()),
        StateRef::Variant(variant) => code(&variant.to_string()),
    });
    rows.push(("allowed states", join(states)));
    rows.push(("permissions", join(action.permissions.iter().map(|permission| code(&permission.value())))));
    rows.push(("risk", code(&action.risk.to_string())));
    rows.push(("approval", approval(action)));
    rows.push(("reviewers", reviewers(action)));
    rows.push(("waiver", cell(&action.waiver)));
    rows.push(("checks", join(action.checks.iter().map(rule))));
    rows.push(("emits", join(action.emits.iter().map(|event| code(&event.value())))));
    rows.push(("effect", code(&action.effect.to_string())));
    rows.push(("timeout", span(action.timeout_ms)));
    rows.push(("retry within", span(action.retry_within_ms.unwrap_or_default())));
    rows.push(("summary", if action.summary.is_empty() { String::new() } else { code(&cell(&action.summary)) }));
    rows.extend(action.params.iter().map(param));
    let rows = rows.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| format!("| {key} | {value} |\n"));
    format!("\n\n| contract | |\n|---|---|\n{}", rows.collect::<String>())
}

/// A parameter's name, its type, and the first paragraph of its documentation.
fn param(param: &Input) -> (&'static str, String) {
    let label = if param.origin == Origin::Agent { "proposed" } else { "provided" };
    let doc = param.doc.split("\n\n").next().unwrap_or_default();
    let line = format!("{} {}", code(&format!("{}: {}", param.wire, shown(&param.ty))), cell(doc));
    (label, line.trim_end().to_owned())
}

fn approval(action: &Action) -> String {
    let when = match &action.approval {
        Need::Never => return "never".to_owned(),
        Need::Required => "always".to_owned(),
        Need::When(policy) => format!("when {}", rule(policy)),
    };
    let by = if action.quorum > 1 { format!("{} holders of", action.quorum) } else { "a holder of".to_owned() };
    format!("{when}, by {by} {}", code(&action.reviewers))
}

/// The differences from the default: a person other than the requester, within seven days.
fn reviewers(action: &Action) -> String {
    let mut rules = Vec::new();
    if action.reviewer_kinds.iter().any(|kind| kind != "Human") {
        rules.push(format!("of kind {}", join(action.reviewer_kinds.iter().map(|kind| code(&kind.to_string())))));
    }
    if !action.separate_reviewer {
        rules.push("the requester too".to_owned());
    }
    rules.extend(action.expires_secs.map(|secs| format!("within {}", span(secs.saturating_mul(1_000)))));
    rules.join(", ")
}

/// The duration in the longest unit that divides it; empty for zero.
fn span(ms: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    match UNITS.iter().find(|(_, unit)| ms >= *unit && ms.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{} {name}", ms / unit),
        None if ms > 0 => format!("{ms} ms"),
        None => String::new(),
    }
}

/// Text that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rule(rule: &CheckedRule) -> String {
    let params: Vec<String> = rule.params.iter().map(|(name, _)| name.to_string()).collect();
    code(&format!("{}({})", rule.code, params.join(", ")))
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn join(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join(", ")
}
