//! The `async` block that a function returns: as it is, boxed, or wrapped by another attribute.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The static that every call of ours is given.
const SITE: &str = "__TT_METRICS_SITE";

/// A body that ends in an `async` block.
pub(crate) struct Tail {
    /// The body with another end.
    pub(crate) tokens: TokenStream,
    /// Whether a `return` before the end may leave the body with another future.
    pub(crate) returns_early: bool,
    /// Whether statements stand before the end.
    pub(crate) has_statements: bool,
    /// Whether the block says how many items a call is about, for an attribute of ours that was here before.
    pub(crate) says_number: bool,
}

/// Replaces the `async` block at the end of a body, looking into `Box::pin(..)` and into the
/// expansion of another attribute. `None` when the body does not end in one.
///
/// `replace` is given the tokens before the braces (`async move`) and the braces.
pub(crate) fn replace_async_block(
    tokens: TokenStream,
    replace: &mut dyn FnMut(TokenStream, &Group) -> TokenStream,
) -> Option<Tail> {
    let mut before: Vec<TokenTree> = tokens.into_iter().collect();
    let mut tail = before.pop()?;
    let mut after = TokenStream::new();
    if let TokenTree::Punct(punct) = &tail {
        let returns = punct.as_char() == ';'
            && before
                .split_last()
                .is_some_and(|(_, path)| return_at_end(path).is_some());
        if !returns && punct.as_char() != ',' {
            return None;
        }
        after.extend([tail]);
        tail = before.pop()?;
    }
    let TokenTree::Group(group) = tail else {
        return None;
    };
    let mut returns_early = false;
    let mut says_number = before
        .last()
        .is_some_and(|last| is_word(last, "track_items"));
    let mut inner = |group: &Group| {
        let inner = within(group, replace)?;
        returns_early = inner.returns_early;
        says_number |= inner.says_number;
        Some(inner.tokens)
    };
    let replaced = match group.delimiter() {
        Delimiter::Brace => {
            let keywords = async_keywords(&before);
            if keywords > 0 {
                let keywords = before.split_off(before.len() - keywords);
                if !begins_statement(&before) {
                    return None;
                }
                replace(keywords.into_iter().collect(), &group)
            } else if is_whole_argument(&before) {
                inner(&group)?
            } else {
                return None;
            }
        }
        Delimiter::Parenthesis if calls_wrapper(&before, &group) => inner(&group)?,
        Delimiter::None => inner(&group)?,
        _ => return None,
    };
    let statements = return_at_end(&before).unwrap_or(before.len());
    returns_early |= before
        .get(..statements)
        .is_some_and(|statements| holds_return(statements.iter().cloned()));
    let has_statements = before.iter().any(is_end_of_statement);
    let mut tokens: TokenStream = before.into_iter().collect();
    tokens.extend(replaced);
    tokens.extend(after);
    Some(Tail {
        tokens,
        returns_early,
        has_statements,
        says_number,
    })
}

fn within(
    group: &Group,
    replace: &mut dyn FnMut(TokenStream, &Group) -> TokenStream,
) -> Option<Tail> {
    let tail = replace_async_block(group.stream(), replace)?;
    let mut inner = Group::new(group.delimiter(), tail.tokens);
    inner.set_span(group.span());
    Some(Tail {
        tokens: TokenTree::Group(inner).into(),
        ..tail
    })
}

/// Whether a body ends in `Box::pin(..)`, or in what another attribute of ours makes of it.
pub(crate) fn ends_in_pin(tokens: &TokenStream) -> bool {
    let mut tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let is_statement =
        matches!(tokens.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == ';');
    if is_statement {
        tokens.pop();
    }
    let Some(TokenTree::Group(group)) = tokens.pop() else {
        return false;
    };
    if is_statement && return_at_end(&tokens).is_none() {
        return false;
    }
    match group.delimiter() {
        Delimiter::Parenthesis => {
            let pinned = is_function(&tokens, "__private", "pinned");
            pinned
                || (is_function(&tokens, "Box", "pin") && begins_statement(path_removed(&tokens)))
        }
        Delimiter::Brace if is_whole_argument(&tokens) => ends_in_pin(&group.stream()),
        Delimiter::None => ends_in_pin(&group.stream()),
        _ => false,
    }
}

/// How many tokens of `async` or `async move` stand at the end.
fn async_keywords(before: &[TokenTree]) -> usize {
    match before {
        [.., first, second] if is_word(first, "async") && is_word(second, "move") => 2,
        [.., last] if is_word(last, "async") => 1,
        _ => 0,
    }
}

/// Whether the tokens end in one of the calls that hand a future on: `Box::pin`, or one of ours.
fn calls_wrapper(before: &[TokenTree], arguments: &Group) -> bool {
    if is_function(before, "Box", "pin") {
        return begins_statement(path_removed(before));
    }
    let tracks = |last| {
        let mut trackers = ["track", "track_each", "track_items"].into_iter();
        trackers.any(|tracker| is_word(last, tracker))
    };
    let mut arguments = arguments.stream().into_iter();
    before.last().is_some_and(tracks) && arguments.any(|one| is_word(&one, SITE))
}

/// Whether the tokens end in the path of a function with these last segments.
fn is_function(tokens: &[TokenTree], of: &str, name: &str) -> bool {
    matches!(tokens, [.., first, _, _, last] if is_word(first, of) && is_word(last, name))
}

/// The tokens without the path at their end.
fn path_removed(tokens: &[TokenTree]) -> &[TokenTree] {
    let is_of_path = |token: &TokenTree| match token {
        TokenTree::Ident(_) => !is_word(token, "return"),
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    };
    let end = tokens.iter().rposition(|token| !is_of_path(token));
    tokens.get(..end.map_or(0, |end| end + 1)).unwrap_or(tokens)
}

/// Whether an expression behind these tokens is one of its own: what a body or an argument ends in, and no part of
/// another expression, as behind `|argument|` or `place =`.
fn begins_statement(before: &[TokenTree]) -> bool {
    match before {
        [] => true,
        [
            attributed @ ..,
            TokenTree::Punct(hash),
            TokenTree::Group(group),
        ] if hash.as_char() == '#' && group.delimiter() == Delimiter::Bracket => {
            begins_statement(attributed)
        }
        [.., TokenTree::Group(group)] => group.delimiter() == Delimiter::Brace,
        [.., TokenTree::Punct(punct)] => matches!(punct.as_char(), ';' | ','),
        [.., last] => is_word(last, "return"),
    }
}

/// Where the `return` stands with which the tokens end, before perhaps a path or `async move`.
fn return_at_end(before: &[TokenTree]) -> Option<usize> {
    let mut expression = before
        .iter()
        .enumerate()
        .rev()
        .take_while(|(_, token)| match token {
            TokenTree::Ident(_) => true,
            TokenTree::Punct(punct) => punct.as_char() == ':',
            _ => false,
        });
    let found = expression.find(|(_, token)| is_word(token, "return"));
    found.map(|(at, _)| at)
}

/// Whether a `return` stands anywhere but in an `async` block.
fn holds_return(tokens: impl IntoIterator<Item = TokenTree>) -> bool {
    let mut in_async = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(_) if is_word(&token, "return") => return true,
            TokenTree::Group(group) if !in_async && holds_return(group.stream()) => return true,
            _ => {}
        }
        in_async = is_word(&token, "async") || (in_async && is_word(&token, "move"));
    }
    false
}

fn is_end_of_statement(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    }
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
mod tests;
