//! The `async` block that a function returns: as it is, boxed, or wrapped by another attribute.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Replaces the `async` block at the end of a body, looking into `Box::pin(..)` and into the
/// expansion of another attribute. `None` when the body does not end in one.
///
/// `replace` is given the tokens before the braces (`async move`) and the braces.
pub(crate) fn replace_async_block(
    tokens: TokenStream,
    replace: &mut dyn FnMut(TokenStream, &Group) -> TokenStream,
) -> Option<TokenStream> {
    let mut before: Vec<TokenTree> = tokens.into_iter().collect();
    let mut tail = before.pop()?;
    let mut after = TokenStream::new();
    if let TokenTree::Punct(punct) = &tail {
        let returns = punct.as_char() == ';'
            && before
                .split_last()
                .is_some_and(|(_, path)| ends_return(path));
        if !returns && punct.as_char() != ',' {
            return None;
        }
        after.extend([tail]);
        tail = before.pop()?;
    }
    let TokenTree::Group(group) = tail else {
        return None;
    };
    let replaced = match group.delimiter() {
        Delimiter::Brace => {
            let keywords = async_keywords(&before);
            if keywords > 0 {
                let keywords = before.split_off(before.len() - keywords);
                replace(keywords.into_iter().collect(), &group)
            } else if is_whole_argument(&before) {
                within(&group, replace)?
            } else {
                return None;
            }
        }
        Delimiter::Parenthesis if calls_wrapper(&before) => within(&group, replace)?,
        Delimiter::None => within(&group, replace)?,
        _ => return None,
    };
    let mut tokens: TokenStream = before.into_iter().collect();
    tokens.extend(replaced);
    tokens.extend(after);
    Some(tokens)
}

fn within(
    group: &Group,
    replace: &mut dyn FnMut(TokenStream, &Group) -> TokenStream,
) -> Option<TokenStream> {
    let mut inner = Group::new(
        group.delimiter(),
        replace_async_block(group.stream(), replace)?,
    );
    inner.set_span(group.span());
    Some(TokenTree::Group(inner).into())
}

/// How many tokens of `async` or `async move` stand at the end.
fn async_keywords(before: &[TokenTree]) -> usize {
    match before {
        [.., first, second] if is_word(first, "async") && is_word(second, "move") => 2,
        [.., last] if is_word(last, "async") => 1,
        _ => 0,
    }
}

/// Whether the tokens end in one of the calls that hand a future on.
fn calls_wrapper(before: &[TokenTree]) -> bool {
    let wraps = |last| {
        let mut wrappers = ["pin", "track", "track_each"].into_iter();
        wrappers.any(|wrapper| is_word(last, wrapper))
    };
    before.last().is_some_and(wraps)
}

/// Whether the tokens end in `return` and perhaps a path or `async move`.
fn ends_return(before: &[TokenTree]) -> bool {
    let mut expression = before.iter().rev().take_while(|token| match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    });
    expression.any(|token| is_word(token, "return"))
}

/// Whether nothing but a comma stands before: the braces are not those of `if`, `match` or such.
fn is_whole_argument(before: &[TokenTree]) -> bool {
    match before.last() {
        None => true,
        Some(TokenTree::Punct(punct)) => punct.as_char() == ',',
        Some(_) => false,
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(body: &str) -> Option<String> {
        let tokens =
            replace_async_block(body.parse().unwrap(), &mut |_, _| "HERE".parse().unwrap());
        tokens.map(|tokens| tokens.to_string().replace(' ', ""))
    }

    #[test]
    fn the_last_async_block_is_found() {
        assert_eq!(
            replaced("let a = async {}; async move { 1 }").unwrap(),
            "leta=async{};HERE"
        );
        assert_eq!(
            replaced("Box::pin(async move { 1 })").unwrap(),
            "Box::pin(HERE)"
        );
        assert_eq!(
            replaced("static S: u8 = 1; a::track(&S, c, async move { 1 },)").unwrap(),
            "staticS:u8=1;a::track(&S,c,HERE,)"
        );
        assert_eq!(
            replaced("track(&S, c, { track(&T, c, async {}) })").unwrap(),
            "track(&S,c,{track(&T,c,HERE)})"
        );
    }

    #[test]
    fn an_explicit_return_at_the_end_is_a_tail() {
        assert_eq!(replaced("return async move { 1 }").unwrap(), "returnHERE");
        assert_eq!(
            replaced("return Box::pin(async { 1 });").unwrap(),
            "returnBox::pin(HERE);"
        );
    }

    #[test]
    fn a_body_that_ends_in_anything_else_has_no_tail() {
        assert_eq!(replaced(""), None);
        assert_eq!(replaced("spawn(async move { 1 })"), None);
        assert_eq!(replaced("async move { 1 };"), None);
        assert_eq!(replaced("return; async move { 1 };"), None);
        assert_eq!(replaced("if a { async {} } else { async {} }"), None);
        assert_eq!(replaced("async {}.await"), None);
    }
}
