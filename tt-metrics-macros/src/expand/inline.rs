//! The body of a function with `#[track_caller]`, which knows the caller only in the function itself, and so stays there.

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Attribute;

use super::braced;

/// The macros of `std` that leave a body only by a panic.
const STAYING: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "column",
    "concat",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "line",
    "matches",
    "module_path",
    "option_env",
    "panic",
    "print",
    "println",
    "stringify",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

/// Words behind which an expression begins: a `!` there negates, and a `|` begins a closure.
const BEFORE_VALUE: &[&str] = &["break", "if", "in", "match", "move", "return", "while"];

pub(super) fn knows_caller(attrs: &[Attribute]) -> bool {
    attrs
        .iter()
        .any(|attr| attr.path().is_ident("track_caller"))
}

/// The statement that brings the body's value into `__value`, without a closure. `None` where a way out of the body may be
/// missed.
///
/// `fails`: whether a `?` that leaves the function says that the call failed, as it does without a classifier.
pub(super) fn inline(body: &Group, output: &TokenStream, fails: bool) -> Option<TokenStream> {
    let mut ways = Ways::default();
    ways.look(body.stream())?;
    if ways.propagates && !fails || ways.returns && ways.has_bodies {
        return None;
    }
    let body = braced(body, leaving_the_block(body.stream()));
    Some(quote_spanned! {Span::mixed_site()=>
        #[allow(clippy::diverging_sub_expression)]
        let __value: #output = '__body: #body;
    })
}

/// The ways out of a body.
#[derive(Default)]
struct Ways {
    /// By `return`.
    returns: bool,
    /// By `?`.
    propagates: bool,
    /// Whether there may be bodies in it with ways of their own.
    has_bodies: bool,
}

impl Ways {
    /// `None` at a macro that may hide one.
    fn look(&mut self, tokens: TokenStream) -> Option<()> {
        let mut tokens = tokens.into_iter().peekable();
        let mut behind_value = false;
        while let Some(token) = tokens.next() {
            let was_behind_value = behind_value;
            behind_value = is_value(&token);
            match &token {
                TokenTree::Group(group) => self.look(group.stream())?,
                TokenTree::Punct(punct) => match punct.as_char() {
                    '?' => {
                        self.propagates = true;
                        behind_value = true;
                    }
                    // The second half of an operator begins no closure.
                    '|' if was_behind_value && punct.spacing() == Spacing::Joint => {
                        tokens.next_if(|next| is_punct(next, '|'));
                    }
                    '|' if was_behind_value => {}
                    '|' => self.has_bodies = true,
                    _ => {}
                },
                TokenTree::Ident(word) if word == "return" => self.returns = true,
                TokenTree::Ident(word) if word == "async" || word == "fn" => self.has_bodies = true,
                TokenTree::Ident(name) if behind_value => {
                    let is_called = tokens.next_if(|next| is_punct(next, '!')).is_some()
                        && matches!(tokens.peek(), Some(TokenTree::Group(_)));
                    if is_called && STAYING.iter().all(|staying| name != staying) {
                        return None;
                    }
                }
                TokenTree::Ident(_) | TokenTree::Literal(_) => {}
            }
        }
        Some(())
    }
}

/// Whether an operator may follow.
fn is_value(token: &TokenTree) -> bool {
    match token {
        // A block may end a statement, behind which a closure begins.
        TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
        TokenTree::Literal(_) => true,
        TokenTree::Ident(name) => BEFORE_VALUE.iter().all(|word| name != word),
        TokenTree::Punct(_) => false,
    }
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// The same tokens, each `return` of which leaves the block in place of the function.
fn leaving_the_block(tokens: TokenStream) -> TokenStream {
    let left = |token| match token {
        TokenTree::Ident(word) if word == "return" => {
            quote_spanned!(Span::mixed_site().located_at(word.span())=> break '__body)
        }
        TokenTree::Group(group) => {
            braced(&group, leaving_the_block(group.stream())).into_token_stream()
        }
        other => other.into_token_stream(),
    };
    tokens.into_iter().map(left).collect()
}
