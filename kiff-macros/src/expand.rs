//! The checked action as Rust. Every path is absolute and every local name is hygienic, so that no definition or import of the
//! user's module changes the meaning.

use crate::{
    attr::StateRef,
    marker::{marker, table},
    model::{Action, CheckedRule, Krate, Need},
    sig::{ActionFn, Input, Origin},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Type, spanned::Spanned};

/// The function, the type of its name, and the implementations behind them.
pub(crate) fn action(item: &ActionFn, action: &Action) -> TokenStream {
    let (krate, name, entity) = (&action.krate, &item.sig.ident, entity(action));
    let marker = marker(item, &table(action));
    let conditions = item.conditions();
    let asked = asked_constants(item, action);
    let contract = contract(item, action);
    let definition = definition(action);
    let run = run(item, action);
    let deprecated = item.attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
    let deprecated = deprecated.then(|| quote!(#[allow(deprecated, reason = "the action is, not its contract")]));
    let by_value = by_value(item, action);
    quote! {
        #by_value
        #item
        #marker
        #(#conditions)*
        #deprecated
        const _: () = {
            #asked
            #[automatically_derived]
            impl #krate::ActionContract for #name {
                type Entity = #entity;
                #contract
                #definition
            }
            struct __Run;
            #run
        };
    }
}

/// A parameter by value is one that the agent proposes, even if the function only reads it. Clippy objects to that in a
/// function that is not `async`, and its advice would turn the parameter into one of the host's.
fn by_value(item: &ActionFn, action: &Action) -> Option<TokenStream> {
    let proposed = action.params.iter().any(|param| param.origin == Origin::Agent);
    (proposed && item.sig.asyncness.is_none())
        .then(|| quote!(#[allow(clippy::needless_pass_by_value, reason = "what an agent proposes is taken by value")]))
}

/// The state machine behind the first parameter.
///
/// An error here occurs in every body that mentions the type. All mentions carry the same spans and the same bound, so that
/// rustc prints the message once; the same holds for the types of the parameters below.
fn entity(action: &Action) -> TokenStream {
    let context = context(action);
    quote_spanned!(action.ctx.span()=> #context::Entity)
}

/// The first parameter's type seen as a context.
fn context(action: &Action) -> TokenStream {
    bound(&action.krate, &action.ctx, "IsCtx")
}

/// The questions about names that a constant evaluation answers, each at the user's literal.
fn asked_constants(item: &ActionFn, action: &Action) -> TokenStream {
    let (name, entity) = (&item.sig.ident, entity(action));
    let shown = name.to_string();
    let states = action.states.iter().filter_map(|state| match state {
        StateRef::Name(text) => {
            let krate = action.krate.at(text.span());
            Some(quote_spanned!(text.span()=> const _: () = #krate::__private::is_state::<#entity>(#shown, #text);))
        }
        StateRef::Variant(_) => None,
    });
    let events = action.emits.iter().map(|event| {
        let krate = action.krate.at(event.span());
        quote_spanned!(event.span()=> const _: () = #krate::__private::is_accepted::<#entity, #name>(#shown, #event);)
    });
    quote!(#(#states)* #(#events)*)
}

fn contract(item: &ActionFn, action: &Action) -> TokenStream {
    let Action {
        krate,
        name,
        doc,
        permissions,
        risk,
        reviewers,
        quorum,
        separate_reviewer,
        reviewer_kinds,
        emits,
        effect,
        timeout_ms,
        summary,
        waiver,
        ..
    } = action;
    let entity = entity(action);
    let states = state_names(action);
    let approval = match &action.approval {
        Need::Never => quote!(Never),
        Need::Required => quote!(Required),
        Need::When(CheckedRule { code, .. }) => quote!(When(#code)),
    };
    let expires = action.expires_secs.map(|secs| quote!(#secs));
    let expires = expires.unwrap_or_else(|| quote!(#krate::domain::Declaration::DEFAULT_EXPIRY_SECS));
    let retry_within = action.retry_within_ms.map(|ms| quote!(#ms));
    let retry_within = retry_within.unwrap_or_else(|| quote!(#krate::domain::Declaration::DEFAULT_RETRY_WITHIN_MS));
    let checks = action.checks.iter().map(|check| &check.code);
    let params = param_specs(action);
    let line = quote_spanned!(item.sig.ident.span()=> ::core::line!());
    quote! {
        const CONTRACT: #krate::domain::Declaration = #krate::domain::Declaration {
            name: #name,
            entity: <#entity as #krate::StateMachine>::ENTITY,
            doc: #doc,
            allowed_states: &[#(#states),*],
            permissions: &[#(#permissions),*],
            risk: #krate::Risk::#risk,
            approval: #krate::domain::ApprovalRule::#approval,
            reviewers: #reviewers,
            quorum: #quorum,
            expires_secs: #expires,
            separate_reviewer: #separate_reviewer,
            reviewer_kinds: &[#(#krate::actor::ActorType::#reviewer_kinds),*],
            checks: &[#(#checks),*],
            emits: &[#(#emits),*],
            effect: #krate::Effect::#effect,
            timeout_ms: #timeout_ms,
            retry_within_ms: #retry_within,
            summary: #summary,
            waiver: #waiver,
            params: &[#(#params),*],
            location: ::core::concat!(::core::file!(), ":", #line),
        };
    }
}

fn state_names(action: &Action) -> impl Iterator<Item = TokenStream> {
    let krate = &action.krate;
    let entity = entity(action);
    action.states.iter().map(move |state| match state {
        StateRef::Name(name) => name.to_token_stream(),
        // The cast gives the index of the variant in `STATES`, so a state may be renamed without touching contracts.
        StateRef::Variant(variant) => {
            quote!(#krate::__private::state_name::<#entity>(<#entity>::#variant as ::core::primitive::usize))
        }
    })
}

fn param_specs(action: &Action) -> impl Iterator<Item = TokenStream> {
    let krate = &action.krate;
    action.params.iter().filter(|param| param.origin == Origin::Agent).map(move |param| {
        let Input { wire: name, ty, doc, .. } = param;
        let param = bound(krate, ty, "IsParam");
        quote!(#krate::domain::param::ParamSpec { name: #name, kind: #param::KIND, required: #param::REQUIRED, doc: #doc })
    })
}

fn definition(action: &Action) -> TokenStream {
    let krate = &action.krate;
    let policy = match &action.approval {
        Need::When(policy) => Some(policy),
        Need::Never | Need::Required => None,
    };
    let (mut functions, mut named, mut rules) = (Vec::new(), Vec::new(), Vec::new());
    for (place, rule) in action.checks.iter().chain(policy).enumerate() {
        let (code, function) = (&rule.code, &rule.function);
        // With the span of the user's function, because rustc reports errors in the call at this name.
        let given = &Ident::new(&format!("kiff_rule{place}"), function.span());
        let ask = ask(action, rule, given);
        functions.push(quote!(let #given = #function;));
        let asked = rule.params.iter().filter_map(|(_, param)| Some(&action.params.get(*param)?.wire));
        named.push(quote!((#code, #krate::__private::function(&#given), &[#(#asked),*])));
        let kind = if place < action.checks.len() { quote!(try_check) } else { quote!(try_approval_when) };
        rules.push(quote!(.#kind(#code, #ask)));
    }
    quote! {
        fn definition() -> #krate::domain::Definition {
            #(#functions)*
            #krate::__private::definition::<Self>(&[#(#named),*]) #(#rules)* .executor(__Run)
        }
    }
}

/// A closure that decodes the parameters of a rule and calls it. The call has the spans of the user's function and parameters,
/// so that rustc reports a wrong signature there.
///
/// `given` holds the function. It is mentioned once, for the call and for its path, so that a generic function is the same in
/// both.
fn ask(action: &Action, rule: &CheckedRule, given: &Ident) -> TokenStream {
    let krate = &action.krate;
    let (at, ctx) = (local("at"), local("ctx"));
    let (mut decoded, mut args) = (Vec::new(), Vec::new());
    for (place, (name, param)) in rule.params.iter().enumerate() {
        let Some(Input { wire: key, ty, .. }) = action.params.get(*param) else { continue };
        let (arg, param) = (local(&format!("arg{place}")), bound(&action.krate, ty, "IsParam"));
        decoded.push(quote!(let #arg = #krate::__private::asked(#at, #key, #param::decode, #param::absent)?;));
        let there = krate.at(name.span());
        args.push(quote_spanned!(name.span()=> #there::__private::argument(&#arg)));
    }
    let there = krate.at(given.span());
    let mut ctx_there = ctx.clone();
    ctx_there.set_span(ctx.span().located_at(given.span()));
    let verdict = quote_spanned!(given.span()=> #there::__private::verdict(#given(#ctx_there, #(#args),*)));
    let of_entity = context(action);
    quote! {
        move |#at| {
            let #ctx = &#of_entity::asked(#at)?;
            #(#decoded)*
            ::core::result::Result::Ok(#verdict)
        }
    }
}

fn run(item: &ActionFn, action: &Action) -> TokenStream {
    let (krate, name, of_entity) = (&action.krate, &item.sig.ident, context(action));
    let (call, ctx) = (local("call"), local("ctx"));
    let (mut decoded, mut args) = (Vec::new(), Vec::new());
    for (place, Input { wire: key, ty, origin, .. }) in action.params.iter().enumerate() {
        let arg = local(&format!("arg{place}"));
        decoded.push(match origin {
            Origin::Agent => {
                let param = bound(&action.krate, ty, "IsParam");
                quote!(let #arg = #krate::__private::proposed(&#call, #key, #param::decode, #param::absent)?;)
            }
            Origin::Host => {
                let provided = bound(&action.krate, ty, "IsProvided");
                quote!(let #arg = #provided::slot().take(&#call)?;)
            }
        });
        args.push(arg);
    }
    let awaited = item.sig.asyncness.map(|_| quote!(.await));
    let outcome = bound(&action.krate, &action.returned, "IsOutcome");
    let future = quote! {
        async move {
            let #ctx = #of_entity::called(&#call)?;
            #(#decoded)*
            #outcome::into_outcome(#name(&#ctx, #(#args),*)#awaited)
        }
    };
    // The box has the span of the function, so that rustc reports a future that is not `Send` at the function.
    let krate_there = krate.at(name.span());
    let boxed = quote_spanned!(name.span()=> #krate_there::__private::boxed(#future));
    let needs = needs(action);
    quote! {
        #[automatically_derived]
        impl #krate::Executor for __Run {
            fn run<'a>(&'a self, #call: #krate::domain::Call<'a>) -> #krate::domain::BoxFuture<'a, ::core::result::Result<#krate::Outcome, #krate::Failure>> {
                #boxed
            }
            #needs
        }
    }
}

/// The user's type as an implementor of the trait that such a type must implement.
pub(crate) fn bound(krate: &Krate, ty: &Type, required: &str) -> TokenStream {
    let (krate, required) = (krate.at(ty.span()), Ident::new(required, ty.span()));
    quote_spanned!(ty.span()=> <#ty as #krate::__private::#required>)
}

fn needs(action: &Action) -> Option<TokenStream> {
    let krate = &action.krate;
    let hosted = action.params.iter().filter(|param| param.origin == Origin::Host);
    let provided: Vec<_> = hosted.map(|param| bound(&action.krate, &param.ty, "IsProvided")).collect();
    (!provided.is_empty()).then(|| {
        quote! {
            fn needs(&self) -> #krate::__private::Vec<#krate::domain::Provided> {
                #krate::__private::Vec::from([#(#provided::slot().need()),*])
            }
        }
    })
}

/// A local name that the user's code cannot see and that cannot hide a function of the same name. The prefix avoids the names
/// of constants and statics, against which hygiene does not help: a binding may not have the name of one in scope.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(&format!("kiff_{name}"), Span::mixed_site())
}
