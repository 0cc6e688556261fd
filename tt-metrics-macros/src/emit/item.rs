//! Items as they were written, with the mistakes of their attributes.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};

use super::private;
use crate::{
    diagnostics::Mistakes,
    model::Deferred,
    parse::{Function, ImplBlock, ImplItem, begins_closure},
};

/// The function with the attribute that carries the attributes collected so far.
pub(crate) fn item(
    function: &Function,
    deferred: &Deferred,
    krate: Option<&syn::Path>,
) -> TokenStream {
    let Function {
        attrs,
        vis,
        defaultness,
        sig,
        body,
    } = function;
    let attribute = (!deferred.entries.is_empty()).then(|| {
        let path = deferred.path.as_ref().map_or_else(
            || {
                let private = private(krate);
                quote_spanned!(Span::mixed_site()=> #private::__counted)
            },
            ToTokens::to_token_stream,
        );
        quote_spanned!(Span::mixed_site()=> #[#path(#deferred)])
    });
    quote!(#(#attrs)* #attribute #vis #defaultness #sig #body)
}

/// The block, each method with the attributes collected for it.
pub(crate) fn impl_block(
    block: &ImplBlock,
    deferred: &[Deferred],
    krate: Option<&syn::Path>,
) -> TokenStream {
    let ImplBlock {
        attrs,
        header,
        braces,
        inner_attrs,
        items,
    } = block;
    let mut deferred = deferred.iter();
    let none = Deferred::default();
    let items = items.iter().map(|one| match one {
        ImplItem::Method(method) => item(method, deferred.next().unwrap_or(&none), krate),
        ImplItem::Other(other) => other.to_token_stream(),
    });
    let mut content = Group::new(Delimiter::Brace, quote!(#(#inner_attrs)* #(#items)*));
    content.set_span(braces.span());
    quote!(#(#attrs)* #header #content)
}

/// The item as it was written, so that its callers still resolve, and one error a mistake.
pub(crate) fn item_with_errors(item: &TokenStream, mistakes: Mistakes) -> TokenStream {
    if is_expression(item) {
        return expression_with_errors(item, mistakes);
    }
    let errors = mistakes.into_error().map(|error| error.to_compile_error());
    quote!(#item #errors)
}

/// The same of an expression, which no item can follow.
pub(crate) fn expression_with_errors(item: &TokenStream, mistakes: Mistakes) -> TokenStream {
    let errors = mistakes.into_error().map(|error| error.to_compile_error());
    quote!({ #errors #item })
}

/// Whether the item is an expression: a block, a closure, or anything that ends in neither `;` nor braces.
fn is_expression(item: &TokenStream) -> bool {
    let ends_an_item = match item.clone().into_iter().last() {
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
        Some(TokenTree::Punct(punct)) => punct.as_char() == ';',
        Some(_) => false,
        None => true,
    };
    if !ends_an_item {
        return true;
    }
    let begins = |input: ParseStream<'_>| {
        let begins = input.peek(syn::token::Brace) || begins_closure(input);
        input.parse::<TokenStream>()?;
        Ok(begins)
    };
    begins.parse2(item.clone()).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_recognised_by_its_ends() {
        let is_expression = |text: &str| is_expression(&text.parse().unwrap());
        for text in [
            "total",
            "f()",
            "m!()",
            "a + 1",
            "{ 1 }",
            "|a| { a }",
            "async move || {}",
        ] {
            assert!(is_expression(text), "{text}");
        }
        for text in ["", "fn f() {}", "use a::b;", "let a = 1;", "struct A(u8);"] {
            assert!(!is_expression(text), "{text}");
        }
    }

    #[test]
    fn a_function_is_emitted_as_it_was_written() {
        for text in [
            "#[inline] pub(crate) default async fn f<T>(self) -> T where T: Copy { 1 }",
            "const unsafe extern \"C\" fn f() {}",
            "unsafe extern fn r#type(_: u8) {}",
        ] {
            let tokens: TokenStream = text.parse().unwrap();
            let function = syn::parse_str(text).unwrap();
            let emitted = item(&function, &Deferred::default(), None);
            assert_eq!(emitted.to_string(), tokens.to_string());
        }
    }
}
