//! Generated tokens; the only modules that quote.

mod block;
mod classifier;
mod derive;
mod function;
mod item;
mod layer;
mod site;
mod span;

pub(crate) use block::{block, closure, uncounted_block};
pub(crate) use derive::{classify, dimension};
pub(crate) use function::function;
pub(crate) use item::{expression_with_errors, impl_block, item, item_with_errors};

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Path;

/// The path of `tt_metrics`, which `crate = path` replaces.
fn library(krate: Option<&Path>) -> TokenStream {
    krate.map_or_else(
        || quote_spanned!(Span::mixed_site()=> ::tt_metrics),
        ToTokens::to_token_stream,
    )
}

fn private(krate: Option<&Path>) -> TokenStream {
    let library = library(krate);
    quote_spanned!(Span::mixed_site()=> #library::__private)
}

/// The same braces around other tokens.
fn braced(like: &Group, tokens: TokenStream) -> Group {
    let mut group = Group::new(like.delimiter(), tokens);
    group.set_span(like.span());
    group
}

/// A body behind statements of ours, in a block of its own, so that inner items of the user stay first in their block.
fn within(before: &TokenStream, body: &Group) -> Group {
    if before.is_empty() {
        return body.clone();
    }
    let mut body = body.clone();
    if !body.stream().into_iter().any(|token| is_semicolon(&token)) {
        // Braces around a single expression, inside of ours, would be `unused_braces`. They cannot go: the edition of
        // their span decides when temporaries at the end of the body drop.
        let statement = quote_spanned!(Span::mixed_site()=> const _: () = (););
        body = braced(&body, statement.into_iter().chain(body.stream()).collect());
    }
    // With the span of the user's own body: coverage tools keep the lines of a body only if its braces are in the file.
    let mut group = Group::new(Delimiter::Brace, quote!(#before #body));
    group.set_span(body.span());
    group
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}
