//! `outcome!`: a block or a closure, in the place of an expression.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ReturnType;

use super::{
    held::{self, handed_out},
    outcome::Expansion,
    tracker::Tracker,
};
use crate::{
    args::CountOutcome,
    closure::Closure,
    tail::ends_in_pin,
    types::{Ends, Held, may_name_a_future, return_edge, returned_future},
};

/// A block of statements, or one that ends in an `async` block, as an expression.
pub(super) fn block(args: &CountOutcome, body: &TokenStream) -> TokenStream {
    let expansion = expansion(args);
    let ends = Ends::of(body, Span::mixed_site());
    // Its type is not written; a mistake of the type is shown where the value comes from.
    let output = ends.underline(quote_spanned!(Span::mixed_site()=> _));
    let site = &expansion.site;
    let classify = expansion.classify(&output);
    let about = expansion.about();
    match expansion.track_async_block(body.clone(), &output) {
        Some(tail) if !tail.has_statements => {
            let tracked = tail.tokens;
            quote_spanned!(Span::mixed_site()=> { #tracked })
        }
        None if !ends_in_pin(body) => {
            let call = expansion.engine("call", "call_each");
            let body = in_braces(&about, body);
            quote_spanned! {Span::mixed_site()=>
                { #site #call(&__TT_METRICS_SITE, || #body, #classify) }
            }
        }
        // A closure, so that `return` and `?` of the statements do not leave the function.
        _ => {
            let body = in_braces(&about, body);
            let tracked = expansion.track_made(&classify, &quote!(|| #body));
            quote_spanned!(Span::mixed_site()=> { #site #tracked })
        }
    }
}

/// The same without counting: what `return` and `?` leave stays the body.
pub(super) fn plain(args: &CountOutcome, body: &TokenStream) -> TokenStream {
    let expansion = expansion(args);
    let output = quote_spanned!(Span::mixed_site()=> _);
    let tail = expansion.track_async_block(body.clone(), &output);
    let body = in_braces(&TokenStream::new(), body);
    if tail.is_some_and(|tail| !tail.has_statements) {
        return body;
    }
    let private = &expansion.private;
    quote_spanned!(Span::mixed_site()=> #private::uncounted(|| #body))
}

/// A closure each of whose calls is counted.
pub(super) fn closure(args: &CountOutcome, closure: &Closure) -> TokenStream {
    let expansion = expansion(args);
    let site = &expansion.site;
    let Closure {
        asyncness, capture, ..
    } = closure;
    let counted = if asyncness.is_some() {
        async_closure(&expansion, closure)
    } else {
        sync_closure(&expansion, closure)
    };
    quote_spanned!(Span::mixed_site()=> { #site #asyncness #capture #counted })
}

fn expansion(args: &CountOutcome) -> Expansion<'_> {
    Expansion::of_outcome(args, None, |declared, private| {
        declared.named(private, "outcome!", "")
    })
}

fn sync_closure(expansion: &Expansion<'_>, closure: &Closure) -> TokenStream {
    let Closure { output, body, .. } = closure;
    let future = returned_future(output);
    let yielded = match &future {
        Some(future) => future.output.clone(),
        None => unnamed(body),
    };
    match expansion.track_async_block(body.clone(), &yielded) {
        Some(tail) if !tail.returns_early => {
            let parameters = closure.written();
            let body = in_braces(&TokenStream::new(), &tail.tokens);
            quote_spanned!(Span::mixed_site()=> |#parameters| #output #body)
        }
        tracked => {
            let (parameters, lets) = closure.moved();
            let about = expansion.about();
            let inner = in_braces(&quote!(#lets #about), body);
            let held = future.map(|future| future.held);
            let ends_in_pin = || may_name_a_future(output) && ends_in_pin(body);
            let is_future = tracked.is_some() || ends_in_pin();
            let counted = if let Some(held) = held.or(is_future.then_some(Held::Opaque)) {
                let classify = expansion.classify(&yielded);
                let made = held::made(&expansion.private, held, &quote!(|| #output #inner));
                let tracked = expansion.track_made(&classify, &made);
                handed_out(&expansion.private, held, &tracked)
            } else {
                let call = expansion.engine("call", "call_each");
                let classify = expansion.classify(&named(output, body));
                quote_spanned! {Span::mixed_site()=>
                    #call(&__TT_METRICS_SITE, || #output #inner, #classify)
                }
            };
            quote_spanned!(Span::mixed_site()=> |#parameters| #output { #counted })
        }
    }
}

fn async_closure(expansion: &Expansion<'_>, closure: &Closure) -> TokenStream {
    let Closure { output, body, .. } = closure;
    let Tracker { track, site, begun } = expansion.tracker();
    let yielded = named(output, body);
    let classify = expansion.classify(&yielded);
    let edge = match output {
        ReturnType::Type(..) => return_edge(&yielded),
        ReturnType::Default => TokenStream::new(),
    };
    let (parameters, lets) = closure.moved();
    let about = expansion.about();
    let inner = in_braces(&quote!(#begun #lets #about #edge), body);
    quote_spanned! {Span::mixed_site()=>
        |#parameters| #output { #track(#site, #classify, async #inner).await }
    }
}

/// The type that a closure returns.
fn named(output: &ReturnType, body: &TokenStream) -> TokenStream {
    match output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => unnamed(body),
    }
}

/// A type that is not written, whose mistakes are shown where the value comes from.
fn unnamed(body: &TokenStream) -> TokenStream {
    Ends::of(body, Span::mixed_site()).underline(quote_spanned!(Span::mixed_site()=> _))
}

/// A body behind statements of ours. Braces of the user's own are enough without any, in others
/// they would be `unused_braces`.
fn in_braces(before: &TokenStream, body: &TokenStream) -> TokenStream {
    let mut tokens = body.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => {
            super::within(before, &group).to_token_stream()
        }
        _ => {
            let mut group = Group::new(Delimiter::Brace, quote!(#before #body));
            // Of the user's edition, which says when the temporaries at the end drop.
            group.set_span(Ends::of(body, Span::mixed_site()).first);
            group.into_token_stream()
        }
    }
}
