//! Where the compiler reports an error in generated tokens, and return types without `impl Trait`.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ReturnType;

use super::is_semicolon;

/// The first and the last token of some syntax. The compiler underlines all between them.
#[derive(Clone, Copy)]
pub(super) struct SpanRange {
    pub(super) first: Span,
    pub(super) last: Span,
}

impl SpanRange {
    pub(super) fn of(tokens: &impl ToTokens) -> Self {
        let mut spans = tokens
            .to_token_stream()
            .into_iter()
            .map(|token| match token {
                TokenTree::Group(group) => (group.span_open(), group.span_close()),
                other => (other.span(), other.span()),
            });
        let first = spans.next();
        let last = spans.last().or(first);
        Self {
            first: first.map_or_else(Span::mixed_site, |(open, _)| open),
            last: last.map_or_else(Span::mixed_site, |(_, close)| close),
        }
    }

    /// Places tokens here without a change of hygiene: errors of them underline the range.
    pub(super) fn underline(self, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let last = tokens.len().saturating_sub(1);
        for (index, token) in tokens.iter_mut().enumerate() {
            let end = if index == last { self.last } else { self.first };
            token.set_span(token.span().located_at(end));
        }
        tokens.into_iter().collect()
    }
}

/// A call that yields what a body yields, placed where the body ends: a reference that does not live long enough is
/// then an error at the line of the user, and not at the attribute.
pub(super) fn call_at_end_of(
    body: &Group,
    function: TokenStream,
    arguments: TokenStream,
) -> TokenStream {
    let end = SpanRange::of(&last_statement(body));
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(Span::mixed_site().located_at(end.last));
    let begin = SpanRange {
        last: end.first,
        ..end
    };
    let function = begin.underline(function);
    quote!(#function #arguments)
}

fn last_statement(body: &Group) -> TokenStream {
    let mut end: Vec<TokenTree> = Vec::new();
    for token in body.stream() {
        let begins = match end.last() {
            Some(last) => is_semicolon(last) || (is_block(last) && is_block(&token)),
            None => false,
        };
        if begins {
            end.clear();
        }
        end.push(token);
    }
    match end.as_slice() {
        [] => body.to_token_stream(),
        _ => end.into_iter().collect(),
    }
}

fn is_block(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// The return type as tokens, `()` when none is written.
pub(super) fn returned(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote_spanned!(Span::mixed_site()=> ()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    }
}

/// The same type with each `impl Trait` replaced by `_`, since a closure or a `let` cannot have the former.
pub(super) fn without_impl_trait(tokens: TokenStream) -> TokenStream {
    let mut erased = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "impl" => {
                let mut bounds = Bounds::default();
                while tokens.peek().is_some_and(|next| bounds.include(next)) {
                    tokens.next();
                }
                let span = word.span();
                erased.extend(quote_spanned!(span=> _));
            }
            TokenTree::Group(group) => {
                let stream = without_impl_trait(group.stream());
                let mut inner = Group::new(group.delimiter(), stream);
                inner.set_span(group.span());
                erased.extend([TokenTree::Group(inner)]);
            }
            other => erased.extend([other]),
        }
    }
    erased
}

/// An unreachable return of the declared type, at the start of an `async` block: it gives the compiler the type
/// that the block yields, to which it coerces, and errors point at the expressions of the user.
pub(super) fn unreachable_return(output: &TokenStream) -> TokenStream {
    let range = SpanRange::of(output);
    range.underline(quote_spanned! {Span::mixed_site().located_at(range.first)=>
        #[allow(unreachable_code, clippy::all, clippy::pedantic)]
        if false {
            let __returned: #output = loop {};
            return __returned;
        }
    })
}

/// Where the bounds of an `impl Trait` end: at a `,`, `;`, `=` or `>` outside of their own brackets.
#[derive(Default)]
struct Bounds {
    depth: usize,
    is_after_dash: bool,
}

impl Bounds {
    fn include(&mut self, token: &TokenTree) -> bool {
        let TokenTree::Punct(punct) = token else {
            self.is_after_dash = false;
            return true;
        };
        let is_arrow = std::mem::replace(&mut self.is_after_dash, punct.as_char() == '-');
        match punct.as_char() {
            '<' => self.depth += 1,
            '>' if is_arrow => {}
            '>' | ',' | ';' | '=' if self.depth == 0 => return false,
            '>' => self.depth -= 1,
            _ => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erased(ty: &str) -> String {
        let tokens: TokenStream = ty.parse().unwrap();
        without_impl_trait(tokens).to_string().replace(' ', "")
    }

    #[test]
    fn impl_trait_is_erased_at_any_depth() {
        assert_eq!(erased("impl Display"), "_");
        assert_eq!(
            erased("Result<impl Iterator<Item = Vec<u8>> + 'a, E>"),
            "Result<_,E>"
        );
        assert_eq!(
            erased("Result<(impl Fn(u8) -> Vec<u8>, u8), E>"),
            "Result<(_,u8),E>"
        );
        assert_eq!(
            erased("Result<[impl Copy; 3], Box<dyn Error>>"),
            "Result<[_;3],Box<dynError>>"
        );
        assert_eq!(erased("Option<impl FnOnce() -> Option<u8>>"), "Option<_>");
    }

    #[test]
    fn other_types_stay_as_they_are() {
        assert_eq!(erased("<X as Trait>::Out"), "<XasTrait>::Out");
        assert_eq!(
            erased("Result<fn(u8) -> u8, r#impl>"),
            "Result<fn(u8)->u8,r#impl>"
        );
    }

    #[test]
    fn the_end_of_a_body_is_its_last_statement() {
        let end_of = |body: &str| {
            let body = Group::new(Delimiter::Brace, body.parse().unwrap());
            last_statement(&body).to_string().replace(' ', "")
        };
        assert_eq!(end_of("let a = b; Some(a)"), "Some(a)");
        assert_eq!(end_of("return Some(a);"), "returnSome(a);");
        assert_eq!(end_of("let a = b; if c { d } else { e }"), "ifc{d}else{e}");
        assert_eq!(end_of(""), "{}");
    }
}
