//! The checked action as Rust. Every path is absolute and every local name is hygienic: nothing that the
//! user's module defines or imports can change what this means.

use crate::{
    attr::StateRef,
    marker::{marker, table},
    model::{Action, CheckedRule, Need},
    sig::{ActionFn, Input, Origin},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

/// The function, the type of its name, and the implementations behind them.
pub(crate) fn action(item: &ActionFn, action: &Action) -> TokenStream {
    let (krate, ctx, name) = (&action.krate, &action.ctx, &item.sig.ident);
    let marker = marker(item, &table(action));
    let conditions = item.conditions();
    let asked = type_checks(item, action);
    let contract = contract(item, action);
    let definition = definition(action);
    let run = run(item, action);
    quote! {
        #item
        #marker
        #(#conditions)*
        const _: () = {
            type __Entity = <#ctx as #krate::__private::ActionCtx>::Entity;
            #asked
            #[automatically_derived]
            impl #krate::ActionContract for #name {
                type Entity = __Entity;
                #contract
                #definition
            }
            struct __Run;
            #run
        };
    }
}

/// What only the type checker knows, asked where the user wrote it.
fn type_checks(item: &ActionFn, action: &Action) -> TokenStream {
    let krate = &action.krate;
    let params = action.params.iter().map(|param| {
        let ty = &param.ty;
        match param.origin {
            Origin::Agent => quote!(const _: fn() = #krate::__private::is_param::<#ty>;),
            Origin::Host => quote!(const _: fn() = #krate::__private::is_provided::<#ty>;),
        }
    });
    let returned = item.returned().map(|ty| quote!(const _: fn() = #krate::__private::is_outcome::<#ty>;));
    let states = action.states.iter().filter_map(|state| match state {
        StateRef::Name(name) => Some(quote_spanned!(name.span()=> const _: () = #krate::__private::is_state::<__Entity>(#name);)),
        StateRef::Variant(_) => None,
    });
    let name = &item.sig.ident;
    let events = action.emits.iter().map(|event| {
        quote_spanned! {event.span()=>
            const _: () = #krate::__private::is_accepted::<__Entity>(#event, <#name as #krate::ActionContract>::CONTRACT.allowed_states);
        }
    });
    quote!(#(#params)* #returned #(#states)* #(#events)*)
}

fn contract(item: &ActionFn, action: &Action) -> TokenStream {
    let Action { krate, name, doc, permissions, risk, reviewers, quorum, separate_reviewer, reviewer_kinds, emits, effect, timeout_ms, summary, waiver, .. } = action;
    let states = action.states.iter().map(|state| match state {
        StateRef::Name(name) => name.to_token_stream(),
        // The cast is the place of the variant in `STATES`; a state may be renamed without touching contracts.
        StateRef::Variant(variant) => quote!(#krate::__private::state_name::<__Entity>(__Entity::#variant as ::core::primitive::usize)),
    });
    let approval = match &action.approval {
        Need::Never => quote!(Never),
        Need::Required => quote!(Required),
        Need::When(CheckedRule { code, .. }) => quote!(When(#code)),
    };
    let expires = match action.expires_secs {
        Some(secs) => quote!(#secs),
        None => quote!(#krate::Declaration::DEFAULT_EXPIRY_SECS),
    };
    let checks = action.checks.iter().map(|check| &check.code);
    let params = action.params.iter().filter(|param| param.origin == Origin::Agent).map(|param| {
        let Input { name, ty, doc, .. } = param;
        quote!(#krate::__private::param_spec::<#ty>(#name, #doc))
    });
    let line = quote_spanned!(item.sig.ident.span()=> ::core::line!());
    quote! {
        const CONTRACT: #krate::Declaration = #krate::Declaration {
            name: #name,
            entity: <__Entity as #krate::StateMachine>::ENTITY,
            doc: #doc,
            allowed_states: &[#(#states),*],
            permissions: &[#(#permissions),*],
            risk: #krate::Risk::#risk,
            approval: #krate::ApprovalRule::#approval,
            reviewers: #reviewers,
            quorum: #quorum,
            expires_secs: #expires,
            separate_reviewer: #separate_reviewer,
            reviewer_kinds: &[#(#krate::ActorType::#reviewer_kinds),*],
            checks: &[#(#checks),*],
            emits: &[#(#emits),*],
            effect: #krate::Effect::#effect,
            timeout_ms: #timeout_ms,
            summary: #summary,
            waiver: #waiver,
            params: &[#(#params),*],
            location: ::core::concat!(::core::file!(), ":", #line),
        };
    }
}

fn definition(action: &Action) -> TokenStream {
    let krate = &action.krate;
    let checks = action.checks.iter().map(|check| {
        let (code, ask) = (&check.code, ask(action, check));
        quote!(.try_check(#code, #ask))
    });
    let approval = match &action.approval {
        Need::When(policy) => {
            let (code, ask) = (&policy.code, ask(action, policy));
            Some(quote!(.try_approval_when(#code, #ask)))
        }
        Need::Never | Need::Required => None,
    };
    quote! {
        fn definition() -> #krate::Definition {
            #krate::__private::definition::<Self>() #(#checks)* #approval .executor(__Run)
        }
    }
}

/// A closure that decodes what a rule asks about and asks it. The call stands where the user named the
/// function, so that what rustc says about its signature is said there.
fn ask(action: &Action, rule: &CheckedRule) -> TokenStream {
    let krate = &action.krate;
    let (at, ctx) = (local("at"), local("ctx"));
    let (mut decoded, mut args) = (Vec::new(), Vec::new());
    for (place, (name, param)) in rule.params.iter().enumerate() {
        let Some(Input { name: key, ty, .. }) = action.params.get(*param) else { continue };
        let arg = format_ident!("arg{place}", span = Span::mixed_site());
        decoded.push(quote!(let #arg = #at.param::<#ty>(#key)?;));
        let arg = Ident::new(&arg.to_string(), Span::mixed_site().located_at(name.span()));
        args.push(quote_spanned!(name.span()=> &#arg));
    }
    let function = &rule.function;
    let ctx_arg = Ident::new("ctx", Span::mixed_site().located_at(function.span()));
    let call = quote_spanned!(function.span()=> #function(&#ctx_arg, #(#args),*));
    quote! {
        |#at| {
            let #ctx = #at.ctx::<__Entity>()?;
            #(#decoded)*
            ::core::result::Result::Ok(#krate::__private::verdict(#call))
        }
    }
}

fn run(item: &ActionFn, action: &Action) -> TokenStream {
    let (krate, name) = (&action.krate, &item.sig.ident);
    let (call, ctx) = (local("call"), local("ctx"));
    let (mut decoded, mut args) = (Vec::new(), Vec::new());
    for (place, Input { name: key, ty, origin, .. }) in action.params.iter().enumerate() {
        let arg = format_ident!("arg{place}", span = Span::mixed_site());
        decoded.push(match origin {
            Origin::Agent => quote!(let #arg = #call.param::<#ty>(#key)?;),
            Origin::Host => quote!(let #arg = #call.provided::<#ty>()?;),
        });
        args.push(arg);
    }
    let awaited = item.sig.asyncness.map(|_| quote!(.await));
    let needs = needs(action);
    // The future carries the function's span: what rustc says about a future that cannot be sent between
    // threads is said at the function.
    let future = quote_spanned! {name.span()=>
        #krate::__private::boxed(async move {
            let #ctx = #call.ctx::<__Entity>()?;
            #(#decoded)*
            #krate::IntoOutcome::into_outcome(#name(&#ctx, #(#args),*)#awaited)
        })
    };
    quote! {
        #[automatically_derived]
        impl #krate::Executor for __Run {
            fn run<'a>(&'a self, #call: #krate::Call<'a>) -> #krate::BoxFuture<'a, ::core::result::Result<#krate::Outcome, #krate::Failure>> {
                #future
            }
            #needs
        }
    }
}

fn needs(action: &Action) -> Option<TokenStream> {
    let krate = &action.krate;
    let provided: Vec<_> = action.params.iter().filter(|param| param.origin == Origin::Host).map(|param| &param.ty).collect();
    (!provided.is_empty()).then(|| {
        quote! {
            fn needs(&self) -> #krate::__private::Vec<#krate::Provided> {
                #krate::__private::Vec::from([#(#krate::Provided::of::<#provided>()),*])
            }
        }
    })
}

/// A local name that the user's code cannot see and that cannot hide a function of the same name.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

