//! The values of arguments, each with the message that refuses another kind of value.

use proc_macro2::Span;
use syn::{
    Error, Expr, ExprClosure, ExprLit, ExprPath, ExprUnary, Ident, Lit, LitInt, LitStr, Path,
    Token, UnOp,
    ext::IdentExt,
    parse::{ParseStream, Result},
};

use super::closure::begins_closure;
use crate::diagnostics::{closest, one_of, unknown};

/// The name of a metric.
#[derive(Clone)]
pub(crate) enum Metric {
    /// `"OrderShipped"`
    Literal(LitStr),
    /// The path of a `MetricName` constant.
    Constant(ExprPath),
}

/// A function of the return value, or of one item.
#[derive(Clone)]
pub(crate) enum Callable {
    Path(ExprPath),
    Closure(Box<ExprClosure>),
}

/// `each`, with the function that finds the items if they are not the return value itself.
#[derive(Clone)]
pub(crate) struct Each {
    pub(crate) at: Span,
    pub(crate) items: Option<Callable>,
}

/// `items = ..`
pub(crate) enum Number {
    OfArguments(Box<Expr>),
    OfReturnValue(Box<ExprClosure>),
}

/// The name of one of the four outcomes.
#[derive(Clone)]
pub(crate) struct OutcomeWord(Ident);

impl OutcomeWord {
    pub(crate) const ALL: &[&str] = &["success", "failure", "neutral", "interrupted"];

    pub(crate) fn of(word: Ident) -> Option<Self> {
        Self::ALL
            .contains(&word.to_string().as_str())
            .then_some(Self(word))
    }

    pub(crate) fn parse(input: ParseStream<'_>) -> Result<Self> {
        let at = input.span();
        let word = input
            .call(Ident::parse_any)
            .map_err(|_| Error::new(at, format!("expected {}", one_of(Self::ALL))))?;
        let message = unknown("outcome", &word.to_string(), Self::ALL);
        Self::of(word).ok_or_else(|| Error::new(at, message))
    }

    pub(crate) fn span(&self) -> Span {
        self.0.span()
    }

    /// The name of the variant of `Outcome`.
    pub(crate) fn variant(&self) -> String {
        let word = self.0.to_string();
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        first.to_uppercase() + rest
    }
}

pub(super) fn metric(input: ParseStream<'_>) -> Result<Metric> {
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

/// Whether the value ends here; a missing comma is reported by the parser of the list.
fn ends(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,]) || input.peek(Ident::peek_any) || input.peek(LitStr)
}

pub(super) fn classifier(input: ParseStream<'_>) -> Result<Callable> {
    let message = "expected the path of a function that takes a reference to the return value, \
                   or a closure like it";
    callable(input, message)
}

pub(super) fn collection(input: ParseStream<'_>) -> Result<Callable> {
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

pub(super) fn number(input: ParseStream<'_>) -> Result<Number> {
    let at = input.span();
    let message = "expected an expression over the arguments, for example `batch.len()`";
    let mut value = input.parse().map_err(|_| Error::new(at, message))?;
    if let Expr::Closure(closure) = value {
        return Ok(Number::OfReturnValue(Box::new(closure)));
    }
    integer_literal(&mut value)?;
    Ok(Number::OfArguments(Box::new(value)))
}

/// Gives an integer literal without a suffix the type `u64`, in place of the default `i32`.
fn integer_literal(value: &mut Expr) -> Result<()> {
    match value {
        Expr::Group(inner) => integer_literal(&mut inner.expr),
        Expr::Paren(inner) => integer_literal(&mut inner.expr),
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

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
#[rustfmt::skip]
const UNITS: [&str; 27] = [
    "Seconds", "Microseconds", "Milliseconds",
    "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
    "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits",
    "Percent", "Count",
    "Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
    "Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second",
    "Count/Second", "None",
];

pub(super) fn unit(input: ParseStream<'_>) -> Result<LitStr> {
    let at = input.span();
    let message = "expected a unit of CloudWatch as a text, for example `\"Bytes\"`";
    let unit: LitStr = input.parse().map_err(|_| Error::new(at, message))?;
    let written = unit.value();
    if UNITS.contains(&written.as_str()) {
        return Ok(unit);
    }
    let other_case = UNITS
        .into_iter()
        .find(|unit| unit.eq_ignore_ascii_case(&written));
    let message = match other_case.or_else(|| closest(&written, &UNITS)) {
        Some(meant) => format!("unknown unit `{written}`, did you mean `{meant}`?"),
        None => format!(
            "unknown unit `{written}`, expected one of CloudWatch's, for example `Bytes`, `Milliseconds`, \
             `Percent` or `Count`"
        ),
    };
    Err(Error::new(unit.span(), message))
}

/// The name of a variant of `Resolution`.
pub(super) fn resolution(input: ParseStream<'_>) -> Result<&'static str> {
    let at = input.span();
    let written = if input.peek(LitStr) {
        input.parse::<LitStr>()?.value()
    } else {
        let number = input.parse::<LitInt>();
        number.map_or_else(
            |_| String::new(),
            |number| number.base10_digits().to_owned(),
        )
    };
    match written.as_str() {
        "high" | "1" => return Ok("High"),
        "standard" | "60" => return Ok("Standard"),
        _ => {}
    }
    let message = match closest(&written, &["high", "standard"]) {
        Some(meant) => format!("unknown resolution `{written}`, did you mean `{meant}`?"),
        None => "CloudWatch stores a metric by the second or by the minute, \
                 expected `\"high\"` or `1`, or `\"standard\"` or `60`"
            .to_owned(),
    };
    Err(Error::new(at, message))
}

pub(super) fn error_type(input: ParseStream<'_>) -> Result<Path> {
    let at = input.span();
    let message = "expected the type of the error, which derives `Dimension`";
    input.parse().map_err(|_| Error::new(at, message))
}

pub(super) fn crate_path(input: ParseStream<'_>) -> Result<Path> {
    let at = input.span();
    let message = "expected the path of `tt_metrics`, without quotes";
    Path::parse_mod_style(input).map_err(|_| Error::new(at, message))
}
