//! The arguments of `#[action(..)]`, read key by key. `model.rs` checks them against each other.

use crate::{
    entries::{Entry, Keyed, entries, split_at_commas},
    errors::Errors,
    names::milliseconds,
    suggest::{hint, nearest},
};
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens as _;
use syn::{
    LitBool, LitInt, LitStr, Path, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
};

/// The arguments. A key whose value could not be read is in `given` too, so that it is not reported as missing.
#[derive(Default)]
pub(crate) struct Args {
    given: Vec<String>,
    pub(crate) krate: Option<Keyed<Path>>,
    pub(crate) name: Option<Keyed<LitStr>>,
    pub(crate) allowed_states: Option<Keyed<Vec<StateRef>>>,
    pub(crate) permissions: Option<Keyed<Vec<LitStr>>>,
    pub(crate) risk: Option<Keyed<Ident>>,
    pub(crate) approval: Option<Keyed<Approval>>,
    pub(crate) reviewers: Option<Keyed<LitStr>>,
    pub(crate) quorum: Option<Keyed<u32>>,
    pub(crate) expires: Option<Keyed<u64>>,
    pub(crate) separate_reviewer: Option<Keyed<LitBool>>,
    pub(crate) reviewer_kinds: Option<Keyed<Vec<Ident>>>,
    pub(crate) checks: Option<Keyed<Vec<Rule>>>,
    pub(crate) emits: Option<Keyed<Vec<LitStr>>>,
    pub(crate) effect: Option<Keyed<Ident>>,
    pub(crate) timeout: Option<Keyed<u64>>,
    pub(crate) retry_within: Option<Keyed<u64>>,
    pub(crate) summary: Option<Keyed<LitStr>>,
    pub(crate) waiver: Option<Keyed<LitStr>>,
}

/// A state by its name or by its variant.
pub(crate) enum StateRef {
    Name(LitStr),
    Variant(Ident),
}

/// When a person must consent.
pub(crate) enum Approval {
    Never,
    Required,
    When(Rule),
}

/// A check or an approval policy: a function, and the parameters that it takes.
pub(crate) struct Rule {
    pub(crate) function: Path,
    pub(crate) params: Vec<Ident>,
}

const KEYS: &[&str] = &[
    "name",
    "allowed_states",
    "permissions",
    "risk",
    "approval",
    "reviewers",
    "quorum",
    "expires",
    "separate_reviewer",
    "reviewer_kinds",
    "checks",
    "emits",
    "effect",
    "timeout",
    "retry_within",
    "summary",
    "waiver",
    "crate",
];

impl Args {
    /// Reads all arguments, and reports every value that cannot be read.
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = Self::default();
        for entry in entries(tokens, KEYS, errors) {
            args.given.push(entry.key.to_string());
            args.take(entry, errors);
        }
        args
    }

    /// Whether the key was written at all.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.given.iter().any(|given| given == key)
    }

    fn take(&mut self, entry: Entry, errors: &mut Errors) {
        match entry.key.to_string().as_str() {
            "crate" => self.krate = entry.read_path(errors),
            "name" => self.name = entry.read("a string literal, as in \"REFUND_ORDER\"", errors),
            "allowed_states" => self.allowed_states = read_states(entry, errors),
            "permissions" => self.permissions = entry.read_strings("[\"orders.refund\"]", errors),
            "risk" => self.risk = read_word(entry, &["Low", "Medium", "High", "Critical"], errors),
            "approval" => self.approval = read_approval(entry, errors),
            "reviewers" => {
                self.reviewers = entry.read("the permission that a reviewer holds, as in \"orders.approve\"", errors)
            }
            "quorum" => self.quorum = read_quorum(entry, errors),
            "expires" => self.expires = read_duration(entry, 1_000, "\"24h\"", errors),
            "separate_reviewer" => self.separate_reviewer = entry.read("`true` or `false`", errors),
            "reviewer_kinds" => self.reviewer_kinds = read_kinds(entry, errors),
            "checks" => self.checks = read_checks(entry, errors),
            "emits" => self.emits = entry.read_strings("[\"ORDER_REFUNDED\"]", errors),
            "effect" => self.effect = read_word(entry, &["Once", "Idempotent", "None"], errors),
            "timeout" => self.timeout = read_duration(entry, 1, "\"30s\"", errors),
            "retry_within" => self.retry_within = read_duration(entry, 1, "\"24h\"", errors),
            "summary" => self.summary = entry.read("a string literal, as in \"refund {amount} of {entity}\"", errors),
            "waiver" => self.waiver = entry.read("a string literal that says why no approval is needed", errors),
            _ => {}
        }
    }
}

impl Entry {
    /// Reads the path of the kiff crate.
    pub(crate) fn read_path(self, errors: &mut Errors) -> Option<Keyed<Path>> {
        match Path::parse_mod_style.parse2(self.value.clone()) {
            Ok(value) => Some(Keyed { key: self.key, value }),
            Err(_) => {
                errors.push(self.value, format!("`{}` must be the path of the kiff crate, as in `::kiff`", self.key));
                None
            }
        }
    }
}

impl Parse for Rule {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let function = Path::parse_mod_style(input)?;
        let mut params = Vec::new();
        if !input.is_empty() {
            let inner;
            syn::parenthesized!(inner in input);
            params.extend(Punctuated::<Ident, Token![,]>::parse_terminated_with(&inner, Ident::parse_any)?);
        }
        Ok(Self { function, params })
    }
}

/// Reads a word that is among `known`, or suggests one. `what` is the key.
fn known_word(tokens: &TokenStream, known: &[&str], what: &str, errors: &mut Errors) -> Option<Ident> {
    if let Ok(word) = syn::parse2::<Ident>(tokens.clone()) {
        let text = word.to_string();
        if known.contains(&text.as_str()) {
            return Some(word);
        }
        errors.push(word, format!("unknown {what} `{text}`{}", hint(&text, known)));
    } else if let Ok(text) = syn::parse2::<LitStr>(tokens.clone()) {
        errors.push(&text, format!("{what} is a word without quotes{}", hint(&text.value(), known)));
    } else {
        errors.push(tokens, format!("{what} must be one word{}", hint("", known)));
    }
    None
}

fn read_word(entry: Entry, known: &[&str], errors: &mut Errors) -> Option<Keyed<Ident>> {
    let value = known_word(&entry.value, known, &entry.key.to_string(), errors)?;
    Some(Keyed { key: entry.key, value })
}

fn read_kinds(entry: Entry, errors: &mut Errors) -> Option<Keyed<Vec<Ident>>> {
    let Keyed { key, value } = entry.read_list("[Human]", errors)?;
    let known = ["Human", "Service", "System", "Agent"];
    let kinds = value.iter().filter_map(|kind| known_word(kind, &known, "kind of reviewer", errors)).collect();
    Some(Keyed { key, value: kinds })
}

fn read_states(entry: Entry, errors: &mut Errors) -> Option<Keyed<Vec<StateRef>>> {
    let Keyed { key, value } = entry.read_list("[\"PAID\"]` or `[Paid]", errors)?;
    if value.is_empty() {
        errors.push(&key, "`allowed_states` is empty, so the action could never run; name at least one state");
    }
    let states = value.into_iter().filter_map(|state| {
        if let Ok(name) = syn::parse2::<LitStr>(state.clone()) {
            return Some(StateRef::Name(name));
        }
        if let Ok(variant) = syn::parse2::<Ident>(state.clone()) {
            return Some(StateRef::Variant(variant));
        }
        let last =
            syn::parse2::<Path>(state.clone()).ok().and_then(|path| Some(path.segments.last()?.ident.to_string()));
        let advice = last
            .map(|last| format!("; write `{last}` alone: the first parameter says of which entity"))
            .unwrap_or_default();
        errors.push(state, format!("a state is a string or a variant, as in `\"PAID\"` or `Paid`{advice}"));
        None
    });
    let states = states.collect();
    Some(Keyed { key, value: states })
}

fn read_approval(entry: Entry, errors: &mut Errors) -> Option<Keyed<Approval>> {
    const WORDS: [&str; 3] = ["Never", "Required", "When"];
    let mut tokens = entry.value.clone().into_iter();
    let first = tokens.next().map(|first| first.into_token_stream()).unwrap_or_default();
    let rest = tokens.collect::<TokenStream>();
    if let (Ok(word), false) = (syn::parse2::<Ident>(first.clone()), rest.is_empty())
        && nearest(&word.to_string(), &WORDS).is_none()
    {
        let call = &entry.value;
        errors.push(&word, format!("`{word}` is no kind of approval; to ask a function, write `When({call})`"));
        return None;
    }
    let word = known_word(&first, &WORDS, "approval", errors)?;
    let value = match (word.to_string().as_str(), rest.is_empty()) {
        ("Never", true) => Approval::Never,
        ("Required", true) => Approval::Required,
        ("When", false) => {
            match syn::parse2::<proc_macro2::Group>(rest).ok().and_then(|group| syn::parse2(group.stream()).ok()) {
                Some(rule) => Approval::When(rule),
                None => {
                    errors.push(entry.value, "`When` takes one function and the parameters that it asks about, as in `When(above_threshold(amount))`");
                    return None;
                }
            }
        }
        ("When", true) => {
            errors.push(word, "`When` needs the function that decides, as in `When(above_threshold(amount))`");
            return None;
        }
        (plain, _) => {
            errors.push(rest, format!("`{plain}` takes no arguments; write `approval = {plain}`"));
            return None;
        }
    };
    Some(Keyed { key: entry.key, value })
}

fn read_checks(entry: Entry, errors: &mut Errors) -> Option<Keyed<Vec<Rule>>> {
    let Keyed { key, value } = entry.read_list("[consent_given(amount)]", errors)?;
    let checks = value.into_iter().filter_map(|check| match syn::parse2(check.clone()) {
        Ok(rule) => Some(rule),
        Err(_) => {
            errors.push(
                check,
                "a check is a function and the parameters that it asks about, as in `consent_given(amount)`",
            );
            None
        }
    });
    Some(Keyed { value: checks.collect(), key })
}

fn read_quorum(entry: Entry, errors: &mut Errors) -> Option<Keyed<u32>> {
    let number: Keyed<LitInt> = entry.read("how many reviewers must grant, as in `quorum = 2`", errors)?;
    match number.value.base10_parse::<u32>() {
        Ok(quorum) if quorum > 0 => Some(Keyed { key: number.key, value: quorum }),
        _ => {
            errors.push(number.value, "`quorum` must be at least 1: it is how many reviewers must grant");
            None
        }
    }
}

/// A duration in units of `unit_ms` milliseconds, which must divide it.
fn read_duration(entry: Entry, unit_ms: u64, example: &str, errors: &mut Errors) -> Option<Keyed<u64>> {
    let units = if unit_ms == 1 { "ms, s, m, h or d" } else { "s, m, h or d" };
    let expected = format!("a duration in quotes, as in {example}: an integer above 0 and {units}");
    let text: Keyed<LitStr> = entry.read(&expected, errors)?;
    match milliseconds(&text.value.value()) {
        Some(ms) if ms.is_multiple_of(unit_ms) => Some(Keyed { key: text.key, value: ms / unit_ms }),
        _ => {
            errors.push(text.value, format!("`{}` must be {expected}", text.key));
            None
        }
    }
}

/// The elements of a bracketed list or a single element, for keys that take both.
pub(crate) fn one_or_more(value: TokenStream) -> Vec<TokenStream> {
    match syn::parse2::<proc_macro2::Group>(value.clone()) {
        Ok(group) if group.delimiter() == proc_macro2::Delimiter::Bracket => split_at_commas(group.stream()),
        _ => vec![value],
    }
}
