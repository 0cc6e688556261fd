//! What was written in the parentheses of an attribute, as typed values.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Error, Expr, ExprPath, Ident, LitStr, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser, Result},
};

use crate::{
    detail::Detail,
    diagnostics::{Mistakes, closest, one_of},
};

/// Arguments of `#[count(..)]`.
#[derive(Default)]
pub(crate) struct Count {
    /// All of them as they were written.
    pub(crate) written: TokenStream,
    pub(crate) calls: Option<Metric>,
    /// How many items one call stands for.
    pub(crate) items: Option<Expr>,
    pub(crate) detail: Detail,
    pub(crate) krate: Option<Path>,
}

/// Arguments of `#[count_outcome(..)]`.
#[derive(Default)]
pub(crate) struct CountOutcome {
    /// All of them as they were written.
    pub(crate) written: TokenStream,
    pub(crate) success: Option<Metric>,
    pub(crate) failure: Option<Metric>,
    pub(crate) neutral: Option<Metric>,
    pub(crate) interrupted: Option<Metric>,
    pub(crate) by: Option<ExprPath>,
    /// Whether the items of the return value are counted, in place of the call.
    pub(crate) each: Option<Ident>,
    pub(crate) detail: Detail,
    pub(crate) krate: Option<Path>,
}

/// How a metric was named.
#[derive(Clone)]
pub(crate) enum Metric {
    /// `"OrderShipped"`
    Literal(LitStr),
    /// The path of a `MetricName` constant.
    Constant(ExprPath),
}

impl Count {
    const NAMES: &[&str] = &["items", "latency", "in_flight", "dimensions", "crate"];

    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut args = Self {
            written: tokens.clone(),
            ..Self::default()
        };
        each_argument(tokens, mistakes, |input| {
            refuse_skip(input, "count")?;
            if let Some(parsed) = args.detail.parse(Self::NAMES, input) {
                return parsed;
            }
            let Some(name) = argument_name(input)? else {
                let at = input.span();
                let metric = metric(input)?;
                return once(&mut args.calls, metric, at, "the metric");
            };
            let at = name.span();
            match name.to_string().as_str() {
                "items" => once(&mut args.items, number(input)?, at, "`items`"),
                "crate" => once(&mut args.krate, crate_path(input)?, at, "`crate`"),
                other if CountOutcome::NAMES.contains(&other) => {
                    Err(foreign(&name, "count_outcome", "count"))
                }
                _ => Err(unknown(&name, Self::NAMES)),
            }
        });
        args
    }
}

impl CountOutcome {
    const NAMES: &[&str] = &[
        "success",
        "failure",
        "neutral",
        "interrupted",
        "by",
        "each",
        "latency",
        "in_flight",
        "dimensions",
        "failure_by",
        "crate",
    ];

    /// The four metrics with the name of their argument.
    pub(crate) fn metrics(&self) -> [(&'static str, Option<&Metric>); 4] {
        [
            ("success", self.success.as_ref()),
            ("failure", self.failure.as_ref()),
            ("neutral", self.neutral.as_ref()),
            ("interrupted", self.interrupted.as_ref()),
        ]
    }

    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut args = Self {
            written: tokens.clone(),
            ..Self::default()
        };
        each_argument(tokens, mistakes, |input| {
            refuse_skip(input, "count_outcome")?;
            if let Some(parsed) = args.detail.parse(Self::NAMES, input) {
                return parsed;
            }
            if let Some(flag) = flag(input, "each")? {
                let at = flag.span();
                return once(&mut args.each, flag, at, "`each`");
            }
            let Some(name) = argument_name(input)? else {
                let message = "expected `success = \"..\"` or another argument, \
                               since a metric needs the outcome that it counts";
                return Err(input.error(message));
            };
            let at = name.span();
            match name.to_string().as_str() {
                "success" => once(&mut args.success, metric(input)?, at, "`success`"),
                "failure" => once(&mut args.failure, metric(input)?, at, "`failure`"),
                "neutral" => once(&mut args.neutral, metric(input)?, at, "`neutral`"),
                "interrupted" => once(&mut args.interrupted, metric(input)?, at, "`interrupted`"),
                "by" => once(&mut args.by, classifier(input)?, at, "`by`"),
                "crate" => once(&mut args.krate, crate_path(input)?, at, "`crate`"),
                other if Count::NAMES.contains(&other) => {
                    Err(foreign(&name, "count", "count_outcome"))
                }
                _ => Err(unknown(&name, Self::NAMES)),
            }
        });
        args
    }
}

/// Parses arguments up to the end; after a mistake goes on behind the next comma.
fn each_argument(
    tokens: TokenStream,
    mistakes: &mut Mistakes,
    mut argument: impl FnMut(ParseStream<'_>) -> Result<()>,
) {
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let parsed = argument(input).and_then(|()| {
                if input.is_empty() || input.peek(Token![,]) {
                    Ok(())
                } else {
                    Err(input.error("expected `,`"))
                }
            });
            mistakes.keep(parsed);
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<TokenTree>()?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    // The closure reports its mistakes itself and consumes all input, so this result says nothing.
    let _: Result<()> = parser.parse2(tokens);
}

/// The argument of this name, which has no value.
fn flag(input: ParseStream<'_>, name: &str) -> Result<Option<Ident>> {
    let ahead = input.fork();
    if !ahead.call(Ident::parse_any).is_ok_and(|word| word == name) {
        return Ok(None);
    }
    if ahead.is_empty() || ahead.peek(Token![,]) {
        return input.call(Ident::parse_any).map(Some);
    }
    Err(input.error(format!("`{name}` has no value, expected `{name}` alone")))
}

/// `skip` on a method has gone when the attribute of its `impl` block was expanded.
fn refuse_skip(input: ParseStream<'_>, attribute: &str) -> Result<()> {
    let Some(skip) = flag(input, "skip")? else {
        return Ok(());
    };
    let message = format!(
        "`skip` leaves a method out of an `impl` block with `#[{attribute}(..)]`, there is none"
    );
    Err(Error::new(skip.span(), message))
}

/// `name =`, unless the argument is a value without a name.
fn argument_name(input: ParseStream<'_>) -> Result<Option<Ident>> {
    let named = input.peek(Ident::peek_any) && input.peek2(Token![=]) && !input.peek2(Token![==]);
    if named {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(valueless(&name));
        }
        return Ok(Some(name));
    }
    let fork = input.fork();
    if let Ok(name) = fork.call(Ident::parse_any)
        && is_argument(&name)
        && (fork.is_empty() || fork.peek(Token![,]))
    {
        return Err(valueless(&name));
    }
    Ok(None)
}

fn is_argument(name: &Ident) -> bool {
    let name = name.to_string();
    let mut known = Count::NAMES.iter().chain(CountOutcome::NAMES);
    known.any(|known| *known == name)
}

fn valueless(name: &Ident) -> Error {
    let example = match name.to_string().as_str() {
        // Where it is an argument it has been taken as a flag.
        "each" => return foreign(name, "count_outcome", "count"),
        "by" => "by = path::to::classifier".to_owned(),
        "crate" => "crate = path::to::tt_metrics".to_owned(),
        "items" => "items = batch.len()".to_owned(),
        other => match Detail::example(other) {
            Some(example) => example.to_owned(),
            None => format!("{other} = \"Name\""),
        },
    };
    Error::new(name.span(), format!("`{name}` needs a value: `{example}`"))
}

fn foreign(name: &Ident, theirs: &str, ours: &str) -> Error {
    let message = format!("`{name}` is an argument of `{theirs}`, not of `{ours}`");
    Error::new(name.span(), message)
}

fn unknown(name: &Ident, known: &[&str]) -> Error {
    let message = match closest(&name.to_string(), known) {
        Some(meant) => format!("unknown argument `{name}`, did you mean `{meant}`?"),
        None => format!("unknown argument `{name}`, expected {}", one_of(known)),
    };
    Error::new(name.span(), message)
}

pub(crate) fn metric(input: ParseStream<'_>) -> Result<Metric> {
    if let Ok(literal) = input.fork().parse::<LitStr>() {
        input.parse::<LitStr>()?;
        return Ok(Metric::Literal(literal));
    }
    let message =
        "expected a metric name as a string literal, or the path of a `MetricName` constant";
    path(input, message).map(Metric::Constant)
}

fn classifier(input: ParseStream<'_>) -> Result<ExprPath> {
    path(
        input,
        "expected the path of a function that takes a reference to the return value",
    )
}

fn number(input: ParseStream<'_>) -> Result<Expr> {
    let at = input.span();
    let message = "expected an expression over the arguments, for example `batch.len()`";
    input.parse().map_err(|_| Error::new(at, message))
}

fn path(input: ParseStream<'_>, expected: &str) -> Result<ExprPath> {
    let at = input.span();
    if input.peek(Token![|]) || input.peek(Token![move]) {
        return Err(Error::new(at, expected));
    }
    input.parse().map_err(|_| Error::new(at, expected))
}

fn crate_path(input: ParseStream<'_>) -> Result<Path> {
    let at = input.span();
    let message = "expected the path of `tt_metrics`, without quotes";
    Path::parse_mod_style(input).map_err(|_| Error::new(at, message))
}

fn once<T>(slot: &mut Option<T>, value: T, at: Span, what: &str) -> Result<()> {
    if slot.replace(value).is_some() {
        return Err(Error::new(at, format!("{what} is given twice")));
    }
    Ok(())
}
