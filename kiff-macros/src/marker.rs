//! The type of the function's name, and the table of the contract in its documentation.

use crate::{
    attr::StateRef,
    model::{Action, CheckedRule, Need},
    sig::{ActionFn, Origin, shown},
};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

/// An uninhabited type beside the function. It carries the function's span, so that rustc's warning about
/// an action that nobody registers points at the function.
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

/// The contract as a table in markdown.
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
    rows.push(("waiver", action.waiver.replace('|', "\\|")));
    rows.push(("checks", join(action.checks.iter().map(rule))));
    rows.push(("emits", join(action.emits.iter().map(|event| code(&event.value())))));
    rows.push(("effect", code(&action.effect.to_string())));
    for param in &action.params {
        let label = if param.origin == Origin::Agent { "proposed" } else { "provided" };
        let doc = param.doc.lines().next().unwrap_or_default();
        let line = format!("{} {doc}", code(&format!("{}: {}", param.name, shown(&param.ty))));
        rows.push((label, line.trim_end().replace('|', "\\|")));
    }
    let rows = rows.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| format!("| {key} | {value} |\n"));
    format!("\n\n| contract | |\n|---|---|\n{}", rows.collect::<String>())
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
