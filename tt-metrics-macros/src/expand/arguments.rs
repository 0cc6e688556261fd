//! The arguments of a function, on their way into its body.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use super::is_semicolon;
use crate::item::{Binding, Function};

/// The arguments of a function, moved into its body.
pub(super) struct Arguments {
    /// Uses every argument, in reverse order: all are moved, and drop in the body in the order in
    /// which a plain function drops them.
    touch: TokenStream,
    /// Takes apart those that were moved as a whole.
    pub(super) parts: TokenStream,
}

impl Arguments {
    pub(super) fn take(function: &mut Function) -> Self {
        let parts = function.name_parameters();
        Self {
            touch: touch(function),
            parts,
        }
    }

    /// What stands before the body, with a statement over the arguments.
    pub(super) fn before(&self, statement: &TokenStream) -> TokenStream {
        let Self { touch, parts } = self;
        quote!(#touch #parts #statement)
    }
}

fn touch(function: &Function) -> TokenStream {
    let touched = function.bindings().into_iter().rev().map(|binding| {
        let Binding { cfgs, name } = binding;
        // Clippy takes the user's name for the user's own use of it.
        let allow = name.to_string().starts_with('_').then(
            || quote_spanned!(Span::mixed_site()=> #[allow(clippy::used_underscore_binding)]),
        );
        quote_spanned!(Span::mixed_site()=> #(#cfgs)* #allow let _ = &#name;)
    });
    touched.collect()
}

/// The `let`s that take arguments apart, by reference.
pub(super) fn looked_at(parts: &TokenStream) -> TokenStream {
    let mut lets = TokenStream::new();
    let mut tokens = parts.clone().into_iter().peekable();
    let mut begins = true;
    while let Some(token) = tokens.next() {
        if std::mem::take(&mut begins) {
            lets.extend(quote_spanned! {Span::mixed_site()=>
                #[allow(unused_variables, clippy::pattern_type_mismatch)]
            });
        }
        let ends = tokens.peek().is_none_or(is_semicolon);
        if ends && !is_semicolon(&token) {
            lets.extend(quote_spanned!(Span::mixed_site()=> &));
        }
        begins = is_semicolon(&token);
        lets.extend(by_default(token));
    }
    lets
}

/// A pattern without `ref` and `mut`, which a reference cannot be matched with.
fn by_default(token: TokenTree) -> Option<TokenTree> {
    match token {
        TokenTree::Ident(word) if word == "ref" || word == "mut" => None,
        TokenTree::Group(group) => {
            let tokens = group.stream().into_iter().filter_map(by_default).collect();
            let mut inner = Group::new(group.delimiter(), tokens);
            inner.set_span(group.span());
            Some(TokenTree::Group(inner))
        }
        other => Some(other),
    }
}
