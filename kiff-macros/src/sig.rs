//! The annotated function: its signature as syntax, and its body as tokens that are not parsed.

use crate::{errors::Errors, names::is_snake, rename::renamed};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericArgument, Lit, Meta, Pat, PathArguments, ReturnType, Safety, Signature,
    Type, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
};

/// A function without the documentation and the keys of its parameters, which rustc does not allow there.
pub(crate) struct ActionFn {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    body: TokenStream,
    param_attrs: Vec<Vec<Attribute>>,
}

/// The parameters, as far as they could be read.
#[derive(Default)]
pub(crate) struct Inputs {
    /// The type behind the first parameter's `&`, with every lifetime `'static`.
    pub(crate) ctx: Option<Type>,
    pub(crate) params: Vec<Input>,
}

/// A parameter after the first.
pub(crate) struct Input {
    /// The name by which rules and the summary ask for it.
    pub(crate) name: String,
    /// The name that an agent writes.
    pub(crate) wire: String,
    pub(crate) ty: Type,
    pub(crate) origin: Origin,
    pub(crate) doc: String,
}

/// Where an argument comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// By value: the agent proposes it.
    Agent,
    /// By reference: the host provides it.
    Host,
}

impl Parse for ActionFn {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let mut sig: Signature = input.parse()?;
        let body = input.parse()?;
        let param_attrs = sig.inputs.iter_mut().map(take_attrs).collect();
        Ok(Self { attrs, vis, sig, body, param_attrs })
    }
}

impl ToTokens for ActionFn {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, vis, sig, body, .. } = self;
        tokens.extend(quote!(#(#attrs)* #vis #sig #body));
    }
}

impl ActionFn {
    /// The documentation of the function.
    pub(crate) fn doc(&self) -> String {
        doc_of(&self.attrs)
    }

    /// The return type, with every lifetime `'static`.
    pub(crate) fn returned(&self) -> Option<Type> {
        match &self.sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(with_static(ty)),
        }
    }

    /// The attributes that every item beside the function must have too.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// Whether it is in an `impl` or a `trait`, where the macro cannot add other items.
    pub(crate) fn is_method(&self) -> bool {
        self.sig.receiver().is_some()
    }

    /// Reads the parameters, and reports everything that an action may not have.
    pub(crate) fn inputs(&self, errors: &mut Errors) -> Inputs {
        self.check_kind(errors);
        let mut inputs = Inputs::default();
        let mut args = self.sig.inputs.iter().zip(&self.param_attrs);
        match args.next() {
            None => errors.push(&self.sig.ident, "the first parameter must be `&Ctx<'_, Entity>`; it is missing"),
            Some((FnArg::Receiver(_), _)) => return inputs,
            Some((FnArg::Typed(first), attrs)) => {
                refuse_keys("the context", attrs, errors);
                inputs.ctx = context(&first.ty, errors);
            }
        }
        for (arg, attrs) in args {
            if let FnArg::Typed(arg) = arg {
                inputs.params.extend(self.input(arg, attrs, errors));
            }
        }
        self.check_written(&inputs, errors);
        inputs
    }

    /// Reports two parameters of one written name. rustc reports two of one Rust name.
    fn check_written(&self, inputs: &Inputs, errors: &mut Errors) {
        let proposed: Vec<&Input> = inputs.params.iter().filter(|input| input.origin == Origin::Agent).collect();
        for (place, input) in proposed.iter().enumerate() {
            let earlier = proposed.iter().take(place).find(|earlier| earlier.wire == input.wire);
            if let Some(earlier) = earlier.filter(|earlier| earlier.name != input.name) {
                let (first, second, wire) = (&earlier.name, &input.name, &input.wire);
                errors.push(&input.ty, format!("`{first}` and `{second}` are both written `{wire}`; rename one with `#[param(rename = \"..\")]`"));
            }
        }
    }

    fn check_kind(&self, errors: &mut Errors) {
        let sig = &self.sig;
        if let Some(FnArg::Receiver(receiver)) = sig.inputs.first() {
            errors.push(receiver.self_token, "an action must be a free function, not a method");
        }
        if let Some(token) = &sig.constness {
            errors.push(token, "an action runs an effect, so it cannot be `const`");
        }
        if let Safety::Unsafe(token) = &sig.safety {
            errors.push(token, "an action cannot be `unsafe`: kiff calls it from safe code");
        }
        if let Some(abi) = &sig.abi {
            errors.push(abi, "an action cannot be `extern`");
        }
        if let Some(variadic) = &sig.variadic {
            errors.push(variadic, "an action has a fixed list of parameters");
        }
        if !sig.generics.params.is_empty() {
            errors.push(&sig.generics.params, "an action cannot be generic: its contract is one constant; write the types out (and `'_` for lifetimes)");
        } else if let Some(clause) = &sig.generics.where_clause {
            errors.push(clause, "an action cannot be generic, so there is nothing for a `where` clause to say");
        }
        match &sig.output {
            ReturnType::Default => {
                errors.push(&sig.ident, "it returns nothing; return `Result<Outcome, E>` (or `Outcome`)")
            }
            ReturnType::Type(_, ty) if contains_word(&ty.to_token_stream(), &["impl"]).is_some() => {
                errors.push(ty, "an action must name what it returns: write `async fn` and `Result<Outcome, E>`");
            }
            ReturnType::Type(..) => {}
        }
    }

    fn input(&self, arg: &syn::PatType, attrs: &[Attribute], errors: &mut Errors) -> Option<Input> {
        if let Some(attr) =
            arg.attrs.iter().find(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"))
        {
            errors.push(attr, "a parameter cannot be conditional: the contract lists it");
        }
        let name = plain_name(&arg.pat);
        let shown = name.as_ref().map_or_else(|| "_".to_owned(), proposed_name);
        let doc = doc_of(attrs);
        match bare(&arg.ty) {
            Type::Reference(reference) => {
                check_provided(&shown, reference, errors);
                refuse_keys(&format!("`{shown}`"), attrs, errors);
                let ty = with_static(&reference.elem);
                Some(Input { wire: shown.clone(), name: shown, ty, origin: Origin::Host, doc })
            }
            ty => {
                let Some(name) = name else {
                    errors.push(
                        &arg.pat,
                        "an action parameter must be a plain name, because the name is part of the contract",
                    );
                    return None;
                };
                check_owned(&format!("`{shown}`"), ty, errors);
                let wire = written_name(&name, &shown, attrs, errors);
                Some(Input { name: shown, wire, ty: with_static(ty), origin: Origin::Agent, doc })
            }
        }
    }
}

/// The name that an agent writes for a parameter: the one that was given to it, or its own.
fn written_name(name: &Ident, own: &str, attrs: &[Attribute], errors: &mut Errors) -> String {
    let (wire, at) = match renamed(attrs, "parameter", errors) {
        Some(given) => (given.value(), given.span()),
        None => (own.to_owned(), name.span()),
    };
    if !is_snake(&wire) {
        errors.push_at(
            at,
            format!("parameter `{wire}` must match [a-z][a-z0-9_]{{0,63}}: the name is what an agent writes"),
        );
    }
    wire
}

/// An agent never writes the name of a provided parameter.
fn refuse_keys(name: &str, attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("param")) {
        errors.push(
            attr,
            format!("{name} is taken by reference, so the host provides it and no agent writes its name; remove this"),
        );
    }
}

/// The name that an agent writes: without `r#`, and without the underscore that marks a parameter as unused.
pub(crate) fn proposed_name(name: &Ident) -> String {
    let name = name.unraw().to_string();
    name.strip_prefix('_').filter(|rest| !rest.is_empty()).map_or_else(|| name.clone(), str::to_owned)
}

/// The text of all `#[doc]` attributes, each line without the space after `///`.
pub(crate) fn doc_of(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

/// A type as people write it. Printed tokens have spaces everywhere.
pub(crate) fn shown(ty: &Type) -> String {
    const TIGHT: [(&str, &str); 7] =
        [(" :: ", "::"), (":: ", "::"), (" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), ("& ", "&")];
    let text = ty.to_token_stream().to_string();
    TIGHT.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

fn take_attrs(arg: &mut FnArg) -> Vec<Attribute> {
    let attrs = match arg {
        FnArg::Receiver(receiver) => &mut receiver.attrs,
        FnArg::Typed(typed) => &mut typed.attrs,
    };
    let ours = |attr: &Attribute| attr.path().is_ident("doc") || attr.path().is_ident("param");
    let (taken, left) = std::mem::take(attrs).into_iter().partition(ours);
    *attrs = left;
    taken
}

/// The entity's context behind the first parameter.
fn context(ty: &Type, errors: &mut Errors) -> Option<Type> {
    match bare(ty) {
        Type::Reference(reference) if reference.mutability.is_none() => {
            let ctx = spelled_out(&reference.elem);
            if !may_be_context(&ctx) {
                let given = shown(&ctx);
                let advice = if given.ends_with("Ctx") {
                    format!("an alias is written with its lifetime: `&{given}<'_>`")
                } else {
                    "what the host provides comes after it".to_owned()
                };
                errors.push(
                    reference,
                    format!("the first parameter must be `&Ctx<'_, Entity>`, not `&{given}`; {advice}"),
                );
                return None;
            }
            Some(with_static(&ctx))
        }
        other => {
            errors.push(other, format!("the first parameter must be `&Ctx<'_, Entity>`, not `{}`", shown(other)));
            None
        }
    }
}

fn check_provided(name: &str, reference: &syn::TypeReference, errors: &mut Errors) {
    let elem = bare(&reference.elem);
    if let Some(token) = &reference.mutability {
        errors.push(
            token,
            format!("`{name}` is shared between executions, so it cannot be `&mut`; take `&` and keep a lock inside"),
        );
        return;
    }
    match elem {
        Type::Path(path) if path.path.is_ident("str") => {
            errors.push(reference, format!("`{name}` is taken by reference, so the host would have to provide it; what the agent proposes is taken by value: write `String`"));
        }
        Type::Slice(slice) => {
            let item = shown(&slice.elem);
            errors.push(reference, format!("`{name}` is taken by reference, so the host would have to provide it; what the agent proposes is taken by value: write `Vec<{item}>`"));
        }
        Type::TraitObject(_) => {
            let object = shown(elem);
            errors.push(reference, format!("the host provides `{name}` by its type, so it must be sized: write `&Box<{object}>` or `&Arc<{object}>`"));
        }
        Type::ImplTrait(_) => errors
            .push(elem, format!("the host provides `{name}` by its type, so the type must be named, not `impl Trait`")),
        _ => {}
    }
}

/// A proposed value is stored, so its type must be named, own its content, and not be a float.
pub(crate) fn check_owned(shown: &str, ty: &Type, errors: &mut Errors) {
    let tokens = ty.to_token_stream();
    if matches!(ty, Type::ImplTrait(_)) {
        errors.push(ty, format!("{shown} must have a named type, not `impl Trait`: the type is part of the contract"));
    } else if let Some(float) = contains_word(&tokens, &["f32", "f64"]) {
        errors.push(float, format!("{shown} cannot be a float: a float does not hold what was approved exactly; use `Decimal`, an integer of the smallest unit, or `String`"));
    } else if let Some(and) = borrows(&tokens) {
        errors.push(and, format!("{shown} must own what it holds: write `String` for `&str`, `Vec<T>` for `&[T]`"));
    }
}

fn plain_name(pat: &Pat) -> Option<Ident> {
    match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(pat.ident.clone()),
        _ => None,
    }
}

/// The type without invisible or visible parentheses.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

/// Whether a type could be `Ctx<'_, Entity>` or an alias of it: both have a lifetime.
fn may_be_context(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|segment| match &segment.arguments {
        PathArguments::AngleBracketed(args) => args.args.iter().any(|arg| matches!(arg, GenericArgument::Lifetime(_))),
        _ => false,
    })
}

/// `Ctx<Order>` with its lifetime, which rustc infers in a signature only.
fn spelled_out(ty: &Type) -> Type {
    let mut ty = bare(ty).clone();
    if let Type::Path(path) = &mut ty
        && let Some(segment) = path.path.segments.last_mut()
        && segment.ident == "Ctx"
        && let PathArguments::AngleBracketed(args) = &mut segment.arguments
        && !args.args.iter().any(|arg| matches!(arg, GenericArgument::Lifetime(_)))
    {
        let lifetime = syn::Lifetime::new("'static", segment.ident.span());
        args.args.insert(0, GenericArgument::Lifetime(lifetime));
    }
    ty
}

/// The type with `'static` for every lifetime, as a constant needs it.
fn with_static(ty: &Type) -> Type {
    let tokens = ty.to_token_stream();
    if contains_word(&tokens, &["for"]).is_some() {
        return ty.clone();
    }
    syn::parse2(static_lifetimes(tokens)).unwrap_or_else(|_| ty.clone())
}

fn static_lifetimes(tokens: TokenStream) -> TokenStream {
    let mut after_tick = false;
    let rewrite = tokens.into_iter().map(|token| {
        let named =
            std::mem::replace(&mut after_tick, matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\''));
        match token {
            TokenTree::Ident(name) if named => TokenTree::Ident(Ident::new("static", name.span())),
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), static_lifetimes(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            token => token,
        }
    });
    rewrite.collect()
}

/// The first identifier that is one of `words`, at any depth.
fn contains_word(tokens: &TokenStream, words: &[&str]) -> Option<Ident> {
    tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => words.iter().any(|word| ident == word).then_some(ident),
        TokenTree::Group(group) => contains_word(&group.stream(), words),
        _ => None,
    })
}

/// The first `&` outside brackets.
fn borrows(tokens: &TokenStream) -> Option<TokenTree> {
    tokens.clone().into_iter().find(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '&'))
}
