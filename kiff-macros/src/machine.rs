//! `#[derive(StateMachine)]`.

use crate::{
    attr::one_or_more,
    entries::{Keyed, arguments, entries, split_at_commas},
    errors::Errors,
    expand::local,
    names::{is_id, is_snake, is_upper_snake, upper_snake},
    suggest::hint,
};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Data, DeriveInput, Fields, LitStr, Meta, Path, Type, Variant};

/// The machine as far as it could be read.
struct Machine {
    krate: Path,
    entity: String,
    facts: Option<Type>,
    states: Vec<State>,
}

struct State {
    variant: Ident,
    name: String,
    entries: Vec<Enter>,
    fieldless: bool,
}

/// One `#[enter(..)]`.
struct Enter {
    on: LitStr,
    /// Empty for the first event of a stream.
    from: Vec<Ident>,
    sources: Vec<LitStr>,
}

/// Derives `StateMachine`. After mistakes, reports all of them and derives enough for other code to compile.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::about(format!("state machine `{}`", input.ident));
    let machine = read(input, &mut errors);
    let implementation = if errors.is_empty() { expand(input, &machine) } else { stub(input, &machine) };
    let errors = errors.into_tokens();
    quote!(#implementation #errors)
}

fn read(input: &DeriveInput, errors: &mut Errors) -> Machine {
    let mut machine =
        Machine { krate: syn::parse_quote!(::kiff), entity: String::new(), facts: None, states: Vec::new() };
    read_header(input, &mut machine, errors);
    if !input.generics.params.is_empty() {
        errors.push(&input.generics.params, "a state machine cannot be generic: its states are names in the log");
    }
    let Data::Enum(data) = &input.data else {
        errors.push(&input.ident, "a state machine is an enum with one variant for each state");
        return machine;
    };
    if data.variants.is_empty() {
        errors.push(&input.ident, "a state machine needs at least one state");
    }
    let variants: Vec<String> = data.variants.iter().map(|variant| variant.ident.to_string()).collect();
    machine.states = data.variants.iter().map(|variant| read_state(variant, &variants, errors)).collect();
    check_names(&machine.states, errors);
    check_steps(input, &machine.states, errors);
    machine
}

fn read_header(input: &DeriveInput, machine: &mut Machine, errors: &mut Errors) {
    let mut named = false;
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("state_machine")) {
        for entry in entries(present_keys(arguments(attr, errors), errors), &["entity", "facts", "crate"], errors) {
            match entry.key.to_string().as_str() {
                "entity" => {
                    named = true;
                    if let Some(Keyed { value, .. }) = entry.read::<LitStr>("a string literal, as in \"order\"", errors)
                    {
                        machine.entity = entity(&value, errors);
                    }
                }
                "facts" => {
                    machine.facts = entry
                        .read("the type of the facts that are folded, as in `facts = OrderFacts`", errors)
                        .map(|facts| facts.value)
                }
                _ => {
                    if let Some(path) = entry.read_path(errors) {
                        machine.krate = path.value;
                    }
                }
            }
        }
    }
    if !named {
        errors.push(
            &input.ident,
            "the entity type is missing; write `#[state_machine(entity = \"order\")]` over the enum",
        );
    }
}

/// The arguments with `facts` in place of `data`, an obvious name for the same thing, after a message about it.
fn present_keys(tokens: TokenStream, errors: &mut Errors) -> TokenStream {
    let entries = split_at_commas(tokens).into_iter().map(|entry| {
        let mut rest = entry.clone().into_iter();
        match rest.next() {
            Some(TokenTree::Ident(key)) if key == "data" => {
                errors.push(&key, "unknown key `data`; write `facts = ..`");
                let key = Ident::new("facts", key.span());
                quote!(#key #(#rest)*,)
            }
            _ => quote!(#entry,),
        }
    });
    entries.collect()
}

fn entity(literal: &LitStr, errors: &mut Errors) -> String {
    let text = literal.value();
    if text == "kiff" {
        errors.push(literal, "the entity type `kiff` is the runtime's own; choose another");
    } else if !is_snake(&text) {
        errors.push(literal, format!("the entity type `{text}` must match [a-z][a-z0-9_]{{0,63}}, as in \"order\""));
    }
    text
}

fn read_state(variant: &Variant, variants: &[String], errors: &mut Errors) -> State {
    let name = &variant.ident;
    if !matches!(variant.fields, Fields::Unit) {
        errors.push(
            &variant.fields,
            format!("state `{name}` cannot hold data: it is a name in the log; fold facts with `facts = ..` instead"),
        );
    }
    if let Some((_, value)) = &variant.discriminant {
        errors.push(
            value,
            format!("state `{name}` cannot have a discriminant: states count from 0 in the order of the variants"),
        );
    }
    let mut state = State {
        name: upper_snake(&name.to_string()),
        variant: name.clone(),
        entries: Vec::new(),
        fieldless: matches!(variant.fields, Fields::Unit),
    };
    let mut entered = false;
    for attr in &variant.attrs {
        if attr.path().is_ident("state") {
            read_name(attr, &mut state, errors);
        } else if attr.path().is_ident("enter") {
            entered = true;
            state.entries.extend(read_enter(attr, variants, errors));
        }
    }
    if !entered {
        errors
            .push(name, format!("no event leads to state `{name}`; write `#[enter(on = \"..\", from = ..)]` over it"));
    }
    state
}

fn read_name(attr: &Attribute, state: &mut State, errors: &mut Errors) {
    for entry in entries(arguments(attr, errors), &["name"], errors) {
        if let Some(Keyed { value, .. }) = entry.read::<LitStr>("a string literal, as in \"PAID_IN_FULL\"", errors) {
            state.name = value.value();
            if !is_upper_snake(&state.name) {
                errors.push(
                    value,
                    format!(
                        "the state name `{}` must match [A-Z][A-Z0-9_]{{0,63}}, as in \"{}\"",
                        state.name,
                        upper_snake(&state.variant.to_string())
                    ),
                );
                // The default name replaces it, so that the later checks do not report it again.
                state.name = upper_snake(&state.variant.to_string());
            }
        }
    }
}

fn read_enter(attr: &Attribute, variants: &[String], errors: &mut Errors) -> Option<Enter> {
    if matches!(attr.meta, Meta::Path(_)) {
        errors.push(attr.path(), "`enter` names the event that leads here, as in `#[enter(on = \"ORDER_PAID\")]`");
        return None;
    }
    let (mut on, mut has_on, mut from, mut sources) = (None, false, Vec::new(), Vec::new());
    for entry in entries(arguments(attr, errors), &["on", "from", "sources"], errors) {
        match entry.key.to_string().as_str() {
            "on" => {
                has_on = true;
                on = entry.read::<LitStr>("an event type in quotes, as in \"ORDER_PAID\"", errors).map(|on| on.value);
            }
            "from" => from = read_from(&entry.key, entry.value, variants, errors),
            _ => {
                let list = entry.read_strings("[\"stripe\"]", errors);
                sources = list.map(|list| read_sources(list, errors)).unwrap_or_default();
            }
        }
    }
    if !has_on {
        errors.push(attr.path(), "`on` is missing: the event that leads here, as in `on = \"ORDER_PAID\"`");
    }
    let on = on?;
    if !is_upper_snake(&on.value()) {
        errors.push(&on, format!("event `{}` must match [A-Z][A-Z0-9_]{{0,63}}, as in \"ORDER_PAID\"", on.value()));
    }
    Some(Enter { on, from, sources })
}

fn read_from(key: &Ident, value: TokenStream, variants: &[String], errors: &mut Errors) -> Vec<Ident> {
    let all = one_or_more(value);
    if all.is_empty() {
        errors.push(key, "`from` is empty; leave it out for the first event of a stream");
    }
    let known = all.into_iter().filter_map(|item| match syn::parse2::<Ident>(item.clone()) {
        Ok(variant) if variants.contains(&variant.to_string()) => Some(variant),
        Ok(variant) => {
            let word = variant.to_string();
            errors.push(variant, format!("`{word}` is not a state{}", hint(&word, variants)));
            None
        }
        Err(_) => {
            errors.push(item, "`from` names variants, as in `from = Created` or `from = [Created, Held]`");
            None
        }
    });
    known.collect()
}

fn read_sources(list: Keyed<Vec<LitStr>>, errors: &mut Errors) -> Vec<LitStr> {
    if list.value.is_empty() {
        errors.push(&list.key, "`sources` is empty; leave it out to accept the event from every service and human");
    }
    for (place, source) in list.value.iter().enumerate() {
        if !is_id(&source.value()) {
            errors.push(
                source,
                format!("source `{}` must match [A-Za-z0-9._~:@+-]{{1,128}}: it is the id of an actor", source.value()),
            );
        } else if list.value.iter().take(place).any(|earlier| earlier.value() == source.value()) {
            errors.push(source, format!("source `{}` is listed twice", source.value()));
        }
    }
    list.value
}

fn check_names(states: &[State], errors: &mut Errors) {
    for (place, state) in states.iter().enumerate() {
        let (variant, name) = (&state.variant, &state.name);
        if !is_upper_snake(name) {
            errors.push(variant, format!("the state name `{name}` must match [A-Z][A-Z0-9_]{{0,63}}; give another with `#[state(name = \"..\")]`"));
        }
        if let Some(earlier) = states.iter().take(place).find(|earlier| earlier.name == *name) {
            errors.push(variant, format!("`{variant}` and `{}` have the same state name `{name}`", earlier.variant));
        }
    }
}

/// Each event leads from one state to one state, and one event is the first.
fn check_steps(input: &DeriveInput, states: &[State], errors: &mut Errors) {
    let mut seen: Vec<(Option<String>, String)> = Vec::new();
    let steps = states.iter().flat_map(|state| &state.entries);
    for enter in steps.clone() {
        for (from, at) in enter.origins() {
            let step = (from, enter.on.value());
            if seen.contains(&step) {
                let whence = step
                    .0
                    .as_ref()
                    .map_or_else(|| "the first event of a stream".to_owned(), |from| format!("an event from `{from}`"));
                errors.push(at, format!("`{}` is declared twice as {whence}; one event leads to one state", step.1));
            }
            seen.push(step);
        }
    }
    let any_read = states.iter().all(|state| !state.entries.is_empty());
    if any_read && !states.is_empty() && steps.clone().all(|enter| !enter.from.is_empty()) {
        errors.push(
            &input.ident,
            "no event can be the first of a stream; leave `from` out of one `#[enter(on = \"..\")]`",
        );
    }
}

impl Enter {
    /// The variant before, and the token to point at.
    fn origins(&self) -> Vec<(Option<String>, TokenStream)> {
        if self.from.is_empty() {
            return vec![(None, self.on.to_token_stream())];
        }
        self.from.iter().map(|from| (Some(from.to_string()), from.to_token_stream())).collect()
    }
}

fn expand(input: &DeriveInput, machine: &Machine) -> TokenStream {
    let Machine { krate, entity, facts, states } = machine;
    let steps = states.iter().flat_map(|to| to.entries.iter().map(move |enter| (to, enter))).flat_map(|(to, enter)| {
        let name_of = |variant: &Ident| states.iter().find(|state| state.variant == *variant).map(|state| &state.name);
        let origins: Vec<TokenStream> = match enter.from.as_slice() {
            [] => vec![quote!(::core::option::Option::None)],
            from => from.iter().filter_map(name_of).map(|from| quote!(::core::option::Option::Some(#from))).collect(),
        };
        let (on, sources, to) = (&enter.on, &enter.sources, &to.name);
        let step =
            move |from| quote!(#krate::domain::Transition { from: #from, on: #on, to: #to, sources: &[#(#sources),*] });
        origins.into_iter().map(step)
    });
    let steps = quote!(&[#(#steps),*]);
    implementation(input, krate, facts.as_ref(), entity, states, &steps)
}

/// A machine without a name. The checks of `#[action]` skip it, so that mistakes in the machine are reported once.
fn stub(input: &DeriveInput, machine: &Machine) -> TokenStream {
    let fieldless = matches!(input.data, Data::Enum(_)) && machine.states.iter().all(|state| state.fieldless);
    if !input.generics.params.is_empty() || !fieldless {
        return TokenStream::new();
    }
    implementation(input, &machine.krate, machine.facts.as_ref(), "", &machine.states, &quote!(&[]))
}

fn implementation(
    input: &DeriveInput,
    krate: &Path,
    facts: Option<&Type>,
    entity: &str,
    states: &[State],
    steps: &TokenStream,
) -> TokenStream {
    let name = &input.ident;
    let facts = facts.map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let given = local("name");
    let (names, variants): (Vec<_>, Vec<_>) = states.iter().map(|state| (&state.name, &state.variant)).unzip();
    quote! {
        #[automatically_derived]
        impl #krate::StateMachine for #name {
            type Facts = #facts;
            const ENTITY: &'static ::core::primitive::str = #entity;
            const STATES: &'static [&'static ::core::primitive::str] = &[#(#names),*];
            const TRANSITIONS: &'static [#krate::domain::Transition] = #steps;
            fn state(self) -> &'static ::core::primitive::str {
                match self {
                    #(Self::#variants => #names,)*
                }
            }
            fn from_state(#given: &::core::primitive::str) -> ::core::option::Option<Self> {
                match #given {
                    #(#names => ::core::option::Option::Some(Self::#variants),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}
