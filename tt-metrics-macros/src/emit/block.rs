//! `outcome!`: a counted block, or a closure whose calls are counted.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ReturnType;

use super::{
    classifier::Classified,
    layer::LayerTokens,
    private,
    span::{SpanRange, unreachable_return},
    within,
};
use crate::{
    model::{Layer, Return, lends_mutably},
    parse::{AsyncTail, Closure, Parameter},
};

/// A block of statements, or one that ends in an `async` block, as an expression.
pub(crate) fn block(layer: &Layer, body: &TokenStream) -> TokenStream {
    let tokens = LayerTokens::of(0, layer);
    let items = tokens.site.items();
    let inferred = inferred(body);
    let of_body = Classified {
        ty: &inferred,
        at: SpanRange::of(&inferred),
    };
    let private = &tokens.site.private;
    let tail = AsyncTail::of(body.clone());
    if let Some(tail) = tail.as_ref().filter(|tail| tail.before.is_empty()) {
        let tracked = tracked(&tokens, &of_body, tail);
        return quote_spanned!(Span::mixed_site()=> { #items #tracked });
    }
    let value = tokens.value();
    let classify = tokens.classifier(&of_body);
    // A closure, so that `return` and `?` leave the block, and not the function around it.
    let body = in_braces(&TokenStream::new(), body);
    let body = quote_spanned!(Span::mixed_site()=> || #body);
    let run = if tail.is_some() {
        quote_spanned! {Span::mixed_site()=>
            #private::Opaque.run(#value, #private::Opaque.make(#body), #classify)
        }
    } else {
        quote_spanned!(Span::mixed_site()=> #private::Value.run(#value, #body, #classify))
    };
    quote_spanned!(Span::mixed_site()=> { #items #run })
}

/// The same without counting: `return` and `?` still leave the block.
pub(crate) fn uncounted_block(krate: Option<&syn::Path>, body: &TokenStream) -> TokenStream {
    let is_future = AsyncTail::of(body.clone()).is_some_and(|tail| tail.before.is_empty());
    let body = in_braces(&TokenStream::new(), body);
    if is_future {
        return body;
    }
    let private = private(krate);
    quote_spanned!(Span::mixed_site()=> #private::uncounted(|| #body))
}

/// A closure each of whose calls is counted.
pub(crate) fn closure(layer: &Layer, closure: &Closure) -> TokenStream {
    let tokens = LayerTokens::of(0, layer);
    let items = tokens.site.items();
    let Closure {
        asyncness, capture, ..
    } = closure;
    // Expressions of the layer may name the parameters, which then stay as they were written.
    let (parameters, bindings) = if layer.expressions().is_empty() {
        moved(&closure.parameters)
    } else {
        (written(&closure.parameters), TokenStream::new())
    };
    let counted = if asyncness.is_some() {
        async_closure(&tokens, closure, &parameters, &bindings)
    } else {
        sync_closure(&tokens, closure, &parameters, &bindings)
    };
    quote_spanned!(Span::mixed_site()=> { #items #asyncness #capture #counted })
}

fn sync_closure(
    tokens: &LayerTokens<'_>,
    closure: &Closure,
    parameters: &TokenStream,
    bindings: &TokenStream,
) -> TokenStream {
    let Closure { output, body, .. } = closure;
    let private = &tokens.site.private;
    let inferred = inferred(body);
    let of_body = Classified {
        ty: &inferred,
        at: SpanRange::of(&inferred),
    };
    if let Some(tail) = AsyncTail::of(unbraced(body)) {
        let parameters = written(&closure.parameters);
        let before = &tail.before;
        let tracked = tracked(tokens, &of_body, &tail);
        return quote_spanned!(Span::mixed_site()=> |#parameters| #output { #before #tracked });
    }
    let value = tokens.value();
    let inner = in_braces(bindings, body);
    let inner = quote_spanned!(Span::mixed_site()=> || #output #inner);
    let run = match output {
        ReturnType::Type(_, ty) if matches!(Return::of_type(ty), Return::Named) => {
            let at = SpanRange::of(ty);
            let inferred = at.underline(quote_spanned!(Span::mixed_site()=> _));
            let classify = tokens.classifier(&Classified { ty: &inferred, at });
            quote_spanned! {Span::mixed_site()=>
                let __form = #private::Returned::<#ty>::new().form();
                __form.run(#value, __form.make(#inner), #classify)
            }
        }
        _ => {
            let ty = match output {
                ReturnType::Type(_, ty) => ty.to_token_stream(),
                ReturnType::Default => inferred.clone(),
            };
            let at = SpanRange::of(&ty);
            let classify = tokens.classifier(&Classified { ty: &ty, at });
            quote_spanned!(Span::mixed_site()=> #private::Value.run(#value, #inner, #classify))
        }
    };
    quote_spanned!(Span::mixed_site()=> |#parameters| #output { #run })
}

fn async_closure(
    tokens: &LayerTokens<'_>,
    closure: &Closure,
    parameters: &TokenStream,
    bindings: &TokenStream,
) -> TokenStream {
    let Closure { output, body, .. } = closure;
    let (ty, edge) = match output {
        ReturnType::Type(_, ty) => {
            let ty = ty.to_token_stream();
            let edge = unreachable_return(&ty);
            (ty, edge)
        }
        ReturnType::Default => (inferred(body), TokenStream::new()),
    };
    let classified = Classified {
        ty: &ty,
        at: SpanRange::of(&ty),
    };
    let begun = tokens.begun();
    let inner = in_braces(&quote!(#begun #bindings #edge), body);
    let future = quote_spanned!(Span::mixed_site()=> async #inner);
    let (track, arguments) = tokens.track(&classified, &future);
    quote_spanned! {Span::mixed_site()=>
        |#parameters| #output { #track(#arguments).await }
    }
}

/// The `async` block at the end of a body, tracked.
fn tracked(tokens: &LayerTokens<'_>, classified: &Classified<'_>, tail: &AsyncTail) -> TokenStream {
    let AsyncTail {
        keywords, block, ..
    } = tail;
    let begun = tokens.begun().unwrap_or_default();
    let block = within(&begun, block);
    let (track, arguments) = tokens.track(classified, &quote!(#keywords #block));
    quote_spanned!(Span::mixed_site()=> #track(#arguments))
}

/// The type of a body, which is inferred; an error about it is reported at the body.
fn inferred(body: &TokenStream) -> TokenStream {
    SpanRange::of(body).underline(quote_spanned!(Span::mixed_site()=> _))
}

/// The parameters as they were written.
fn written(parameters: &[Parameter]) -> TokenStream {
    let parameters = parameters.iter().map(|parameter| {
        let Parameter { attrs, pattern, ty } = parameter;
        let ty = ty.as_ref().map(|ty| quote!(: #ty));
        quote!(#(#attrs)* #pattern #ty)
    });
    quote!(#(#parameters),*)
}

/// Parameters with names of ours, and the statements that bind the patterns in the body, where they drop as parameters
/// do.
fn moved(parameters: &[Parameter]) -> (TokenStream, TokenStream) {
    let mut moved = TokenStream::new();
    let mut bindings = TokenStream::new();
    for (index, parameter) in parameters.iter().enumerate() {
        let Parameter { attrs, pattern, ty } = parameter;
        let name = format_ident!("__arg{index}", span = Span::mixed_site());
        let ty = ty
            .as_ref()
            .map(|ty| quote_spanned!(Span::mixed_site()=> : #ty));
        moved.extend(quote_spanned!(Span::mixed_site()=> #name #ty,));
        let mutability = lends_mutably(pattern).then(|| quote_spanned!(Span::mixed_site()=> mut));
        bindings.extend(quote_spanned! {Span::mixed_site()=>
            let #mutability #name = #name;
            #(#attrs)*
            #[allow(clippy::no_effect_underscore_binding)]
            let #pattern = #name;
        });
    }
    (moved, bindings)
}

/// The statements of a body in braces of the user.
fn unbraced(body: &TokenStream) -> TokenStream {
    match single_block(body) {
        Some(block) => block.stream(),
        None => body.clone(),
    }
}

fn single_block(body: &TokenStream) -> Option<Group> {
    let mut tokens = body.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => {
            Some(group)
        }
        _ => None,
    }
}

/// A body behind statements of ours. Braces of the user are enough without any: in others, they would be
/// `unused_braces`.
fn in_braces(before: &TokenStream, body: &TokenStream) -> TokenStream {
    if let Some(group) = single_block(body) {
        return within(before, &group).to_token_stream();
    }
    let mut group = Group::new(Delimiter::Brace, quote!(#before #body));
    // Of the user's edition, which decides when the temporaries at the end drop.
    group.set_span(SpanRange::of(body).first);
    group.into_token_stream()
}
