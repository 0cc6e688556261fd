//! A body whose last expression is an `async` block, by the keyword alone.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A body that ends in an `async` block.
pub(crate) struct AsyncTail {
    /// The statements before it.
    pub(crate) before: TokenStream,
    /// `async` or `async move`.
    pub(crate) keywords: TokenStream,
    pub(crate) block: Group,
}

impl AsyncTail {
    pub(crate) fn of(body: TokenStream) -> Option<Self> {
        let mut before: Vec<TokenTree> = body.into_iter().collect();
        let TokenTree::Group(block) = before.pop()? else {
            return None;
        };
        if block.delimiter() == Delimiter::None && before.is_empty() {
            return Self::of(block.stream());
        }
        let keywords = match before.as_slice() {
            [.., first, second] if is_word(first, "async") && is_word(second, "move") => 2,
            [.., last] if is_word(last, "async") => 1,
            _ => return None,
        };
        let keywords = before.split_off(before.len() - keywords);
        let begins_statement = match before.last() {
            None => true,
            Some(TokenTree::Punct(punct)) => punct.as_char() == ';',
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
            Some(_) => false,
        };
        (block.delimiter() == Delimiter::Brace && begins_statement).then(|| Self {
            before: before.into_iter().collect(),
            keywords: keywords.into_iter().collect(),
            block,
        })
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(body: &str) -> Option<String> {
        let tail = AsyncTail::of(body.parse().unwrap())?;
        Some(tail.before.to_string())
    }

    #[test]
    fn an_async_block_at_the_end_is_found() {
        assert_eq!(before("async { 1 }").as_deref(), Some(""));
        assert_eq!(before("a ; async move { 1 }").as_deref(), Some("a ;"));
        assert_eq!(before("if a {} async { 1 }").as_deref(), Some("if a { }"));
    }

    #[test]
    fn another_end_is_none() {
        for body in [
            "",
            "f(async { 1 })",
            "async { 1 }.boxed()",
            "|a| async { a }",
            "let a = async { 1 } ;",
            "a = async { 1 }",
            "if a { async { 1 } } else { b }",
        ] {
            assert_eq!(before(body), None, "{body}");
        }
    }
}
