//! Where the compiler shows what is wrong with the value that a body yields.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use super::is_semicolon;
use crate::types::Ends;

/// A call of ours that yields what a body yields, and is underlined where that stands: a reference that does not live
/// long enough is then a mistake of the user's line, and not of the attribute.
pub(super) fn blamed(path: &TokenStream, arguments: TokenStream, body: &Group) -> TokenStream {
    let ends = Ends::of(&end(body), body.span());
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(Span::mixed_site().located_at(ends.last));
    let path = ends.begin(path.clone());
    quote!(#path #arguments)
}

/// The statement with which a body ends, also when attributes of ours put it in braces of their own.
fn end(body: &Group) -> TokenStream {
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
        [TokenTree::Group(inner)] if inner.delimiter() == Delimiter::Brace => self::end(inner),
        _ => end.iter().map(ToTokens::to_token_stream).collect(),
    }
}

fn is_block(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_of(body: &str) -> String {
        let body = Group::new(Delimiter::Brace, body.parse().unwrap());
        end(&body).to_string().replace(' ', "")
    }

    #[test]
    fn the_end_of_a_body_is_its_last_statement() {
        assert_eq!(end_of("let a = b; Some(a)"), "Some(a)");
        assert_eq!(end_of("return Some(a);"), "returnSome(a);");
        assert_eq!(end_of("let a = b; if c { d } else { e }"), "ifc{d}else{e}");
        assert_eq!(
            end_of("{ count(); } { const _: () = (); Some(a) }"),
            "Some(a)"
        );
        assert_eq!(end_of(""), "");
    }
}
