//! The values of arguments, each with the sentence that refuses another kind of value.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Error, Expr, ExprClosure, ExprLit, ExprPath, ExprUnary, Ident, Lit, LitInt, LitStr, Path,
    Token, UnOp,
    ext::IdentExt,
    parse::{ParseStream, Result},
};

use crate::diagnostics::{closest, one_of};

/// How a metric was named.
#[derive(Clone)]
pub(crate) enum Metric {
    /// `"OrderShipped"`
    Literal(LitStr),
    /// The path of a `MetricName` constant.
    Constant(ExprPath),
}

/// A function of the return value, or of one item.
pub(crate) enum Callable {
    Path(ExprPath),
    Closure(Box<ExprClosure>),
}

/// `items = ..`: over the arguments, or over what the call returned.
pub(crate) enum Number {
    Argument(Box<Expr>),
    Returned(Box<ExprClosure>),
}

/// One of the four outcomes, as a word.
pub(crate) struct OutcomeWord(pub(crate) Ident);

impl OutcomeWord {
    pub(crate) const ALL: &[&str] = &["success", "failure", "neutral", "interrupted"];

    /// The name of the variant that it stands for.
    pub(crate) fn variant(&self) -> String {
        let word = self.0.to_string();
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        first.to_uppercase() + rest
    }
}

impl ToTokens for Callable {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Path(path) => path.to_tokens(tokens),
            Self::Closure(closure) => closure.to_tokens(tokens),
        }
    }
}

pub(crate) fn metric(input: ParseStream<'_>) -> Result<Metric> {
    if let Ok(literal) = input.fork().parse::<LitStr>() {
        input.parse::<LitStr>()?;
        return Ok(Metric::Literal(literal));
    }
    let at = input.span();
    let message =
        "expected a metric name as a string literal, or the path of a `MetricName` constant";
    let path = input.parse().ok();
    path.filter(|_| ends(input))
        .map(Metric::Constant)
        .ok_or_else(|| Error::new(at, message))
}

/// Whether a value that is a path is no more than that; a comma that is missing is told elsewhere.
fn ends(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,]) || input.peek(Ident::peek_any) || input.peek(LitStr)
}

/// The value of `by`.
pub(crate) fn classifier(input: ParseStream<'_>) -> Result<Callable> {
    let message = "expected the path of a function that takes a reference to the return value, \
                   or a closure like it";
    callable(input, message)
}

/// The value of `each`.
pub(crate) fn collection(input: ParseStream<'_>) -> Result<Callable> {
    let message = "expected a function of the return value that yields its items, \
                   for example `each = |reply| &reply.entries`";
    callable(input, message)
}

fn callable(input: ParseStream<'_>, expected: &str) -> Result<Callable> {
    let at = input.span();
    if begins_closure(input) {
        let closure = input.parse().map_err(|_| Error::new(at, expected))?;
        return Ok(Callable::Closure(Box::new(closure)));
    }
    let path = input.parse().ok().filter(|_| ends(input));
    path.map(Callable::Path)
        .ok_or_else(|| Error::new(at, expected))
}

/// The value of `items`.
pub(crate) fn number(input: ParseStream<'_>) -> Result<Number> {
    let at = input.span();
    let message = "expected an expression over the arguments, for example `batch.len()`";
    let mut value = input.parse().map_err(|_| Error::new(at, message))?;
    if let Expr::Closure(closure) = value {
        return Ok(Number::Returned(Box::new(closure)));
    }
    written_number(&mut value)?;
    Ok(Number::Argument(Box::new(value)))
}

/// A number that is written as one is of the type that counts, unless it says another one.
fn written_number(value: &mut Expr) -> Result<()> {
    match value {
        Expr::Group(inner) => written_number(&mut inner.expr),
        Expr::Paren(inner) => written_number(&mut inner.expr),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_), ..
        }) => {
            let message = "a number of items is not negative";
            Err(Error::new_spanned(value, message))
        }
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => {
            let message = "expected an expression over the arguments without quotes, for example `batch.len()`";
            Err(Error::new(text.span(), message))
        }
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) if number.suffix().is_empty() => {
            let message = "a number of items has 64 bits";
            number
                .base10_parse::<u64>()
                .map_err(|_| Error::new(number.span(), message))?;
            let suffixed = format!("{number}_u64");
            *number = LitInt::new(&suffixed, number.span());
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The value of `items` of `count_outcome`.
pub(crate) fn number_of_arguments(input: ParseStream<'_>) -> Result<Expr> {
    match number(input)? {
        Number::Argument(number) => Ok(*number),
        Number::Returned(closure) => {
            let message = "expected an expression over the arguments, since a call that panics \
                           returns nothing; `each` counts the items of the return value";
            Err(Error::new_spanned(closure, message))
        }
    }
}

/// The value of `rest`.
pub(crate) fn outcome_word(input: ParseStream<'_>) -> Result<OutcomeWord> {
    let at = input.span();
    let all = one_of(OutcomeWord::ALL);
    let Ok(word) = input.call(Ident::parse_any) else {
        return Err(Error::new(at, format!("expected {all}")));
    };
    let written = word.to_string();
    if OutcomeWord::ALL.contains(&written.as_str()) {
        return Ok(OutcomeWord(word));
    }
    Err(Error::new(at, unknown_outcome(&written)))
}

/// A word that stands where one of the four outcomes is expected.
pub(crate) fn unknown_outcome(written: &str) -> String {
    match closest(written, OutcomeWord::ALL) {
        Some(meant) => format!("unknown outcome `{written}`, did you mean `{meant}`?"),
        None => format!(
            "unknown outcome `{written}`, expected {}",
            one_of(OutcomeWord::ALL)
        ),
    }
}

pub(crate) fn crate_path(input: ParseStream<'_>) -> Result<Path> {
    let at = input.span();
    let message = "expected the path of `tt_metrics`, without quotes";
    Path::parse_mod_style(input).map_err(|_| Error::new(at, message))
}

/// Whether a closure comes next.
pub(crate) fn begins_closure(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    loop {
        if ahead.peek(Token![|]) || ahead.peek(Token![||]) {
            return true;
        }
        let keyword = ahead.peek(Token![static])
            || ahead.peek(Token![async])
            || ahead.peek(Token![move])
            || ahead.peek(Token![const]);
        if !keyword || ahead.call(Ident::parse_any).is_err() {
            return false;
        }
    }
}
