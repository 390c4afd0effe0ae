//! The code that is emitted beside the errors: enough that no further message follows and an editor still knows the function.

use crate::{errors::Errors, marker::marker, model::Krate, sig::ActionFn};
use proc_macro2::TokenStream;
use quote::quote;

/// The function as it is, and an empty contract.
pub(crate) fn action(item: &ActionFn, krate: &Krate, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    if item.is_method() {
        // An `impl` can contain neither a type nor another `impl`, so only the error is added.
        return quote!(#item #errors);
    }
    let name = &item.sig.ident;
    let marker = marker(item, "");
    let conditions = item.conditions();
    quote! {
        #item
        #marker
        #(#conditions)*
        const _: () = {
            impl #krate::ActionContract for #name {
                type Entity = #krate::__private::Unchecked;
                const CONTRACT: #krate::domain::Declaration = #krate::domain::Declaration::DEFAULT;
                fn definition() -> #krate::domain::Definition {
                    #krate::__private::definition::<Self>(&[])
                }
            }
        };
        #errors
    }
}

/// The item as it is: `#[action]` stands on something else.
pub(crate) fn not_a_function(item: TokenStream) -> TokenStream {
    let mut errors = Errors::about("`#[action]`".to_owned());
    let keyword = ["struct", "enum", "union", "trait", "impl", "mod", "const", "static", "type", "use", "fn"];
    let at = item.clone().into_iter().find(|token| keyword.contains(&token.to_string().as_str()));
    errors.push(at, "an action is a free function: put the attribute on one");
    let errors = errors.into_tokens();
    quote!(#item #errors)
}
