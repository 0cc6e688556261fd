//! What was written in the parentheses of an attribute, as typed values.

mod value;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Error, Expr, Ident, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser, Result},
    token::Paren,
};

pub(crate) use value::{Callable, Metric, Number, OutcomeWord, begins_closure, metric};
use value::{classifier, collection, crate_path, number, number_of_arguments, outcome_word};

use crate::{
    detail::Detail,
    diagnostics::{Mistakes, closest, one_of},
    impl_block::OF_BLOCK,
    storage::Storage,
    taken::{Taken, handed_on},
};

/// Arguments of `#[count(..)]`.
#[derive(Default)]
pub(crate) struct Count {
    /// All of them as they were written.
    pub(crate) written: TokenStream,
    pub(crate) calls: Option<Metric>,
    /// How many items one call stands for.
    pub(crate) items: Option<Number>,
    pub(crate) detail: Detail,
    pub(crate) storage: Storage,
    pub(crate) krate: Option<Path>,
    /// What the attributes before took of the parameters.
    pub(crate) taken: Vec<Taken>,
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
    pub(crate) by: Option<Callable>,
    /// That the items of the return value are counted, in place of the call.
    pub(crate) each: Option<Each>,
    /// How many items the call is about.
    pub(crate) items: Option<Expr>,
    /// How those of them ended that `each` leaves over.
    pub(crate) rest: Option<OutcomeWord>,
    pub(crate) detail: Detail,
    pub(crate) storage: Storage,
    pub(crate) krate: Option<Path>,
    /// What the attributes before took of the parameters.
    pub(crate) taken: Vec<Taken>,
}

/// `each`, and where the items are when they are not the return value itself.
pub(crate) struct Each {
    pub(crate) word: Ident,
    pub(crate) items: Option<Callable>,
}

impl Count {
    const NAMES: &[&str] = &[
        "items",
        "unit",
        "resolution",
        "latency",
        "in_flight",
        "dimensions",
        "crate",
    ];

    /// Whether an argument names the parameters of the function.
    pub(crate) fn has_expressions(&self) -> bool {
        matches!(self.items, Some(Number::Argument(_))) || self.detail.has_dimensions()
    }

    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut args = Self {
            written: tokens.clone(),
            ..Self::default()
        };
        each_argument(tokens, mistakes, |input| {
            if let Some(taken) = handed_on(input)? {
                args.taken.extend(taken);
                return Ok(());
            }
            if flag(input, OF_BLOCK).is_some() {
                return Ok(());
            }
            refuse_skip(input, "count")?;
            if let Some(parsed) = args.detail.parse(Self::NAMES, input) {
                return parsed;
            }
            if let Some(parsed) = args.storage.parse(input) {
                return parsed;
            }
            let Some(name) = argument_name(input, Self::NAMES)? else {
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
                "name" | "metric" | "calls" => {
                    let message = format!(
                        "the metric that counts the calls has no `{name}` before it: `#[count(\"Name\")]`"
                    );
                    Err(Error::new(at, message))
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
        "items",
        "rest",
        "unit",
        "resolution",
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
            if let Some(taken) = handed_on(input)? {
                args.taken.extend(taken);
                return Ok(());
            }
            if flag(input, OF_BLOCK).is_some() {
                return Ok(());
            }
            refuse_skip(input, "count_outcome")?;
            if let Some(parsed) = args.detail.parse(Self::NAMES, input) {
                return parsed;
            }
            if let Some(word) = flag(input, "each") {
                let at = word.span();
                return once(&mut args.each, Each { word, items: None }, at, "`each`");
            }
            if let Some(parsed) = args.storage.parse(input) {
                return parsed;
            }
            let Some(name) = argument_name(input, Self::NAMES)? else {
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
                "each" => {
                    let items = collection(input)?;
                    let each = Each {
                        word: name,
                        items: Some(items),
                    };
                    once(&mut args.each, each, at, "`each`")
                }
                "items" => once(&mut args.items, number_of_arguments(input)?, at, "`items`"),
                "rest" => once(&mut args.rest, outcome_word(input)?, at, "`rest`"),
                "crate" => once(&mut args.krate, crate_path(input)?, at, "`crate`"),
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

/// The argument of this name, when it has no value.
fn flag(input: ParseStream<'_>, name: &str) -> Option<Ident> {
    let ahead = input.fork();
    let word = ahead
        .call(Ident::parse_any)
        .ok()
        .filter(|word| word == name)?;
    if !ahead.is_empty() && !ahead.peek(Token![,]) {
        return None;
    }
    input.call(Ident::parse_any).map(|_| word).ok()
}

/// `skip` on a method has gone when the attribute of its `impl` block was expanded.
fn refuse_skip(input: ParseStream<'_>, attribute: &str) -> Result<()> {
    let Some(skip) = flag(input, "skip") else {
        return Ok(());
    };
    let rest = input.fork();
    rest.parse::<Option<Token![,]>>()?;
    let message = if rest.is_empty() {
        format!(
            "`skip` leaves a method out of an `impl` block with `#[{attribute}(..)]`, there is none"
        )
    } else {
        format!("`skip` leaves the method out, expected it alone: `#[{attribute}(skip)]`")
    };
    Err(Error::new(skip.span(), message))
}

/// `name =`, unless the argument is a value without a name.
fn argument_name(input: ParseStream<'_>, known: &[&str]) -> Result<Option<Ident>> {
    let named = input.peek(Ident::peek_any)
        && input.peek2(Token![=])
        && !input.peek2(Token![==])
        && !input.peek2(Token![=>]);
    if named {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(valueless(&name, known));
        }
        return Ok(Some(name));
    }
    let fork = input.fork();
    if let Ok(name) = fork.call(Ident::parse_any)
        && !fork.peek(Token![::])
    {
        if is_argument(&name) {
            return Err(valueless(&name, known));
        }
        // `name(..)`, `name: ..` and `name => ..` are no values, so it was meant as a name.
        if fork.peek(Paren) || fork.peek(Token![:]) || fork.peek(Token![=>]) {
            return Err(unknown(&name, known));
        }
    }
    Ok(None)
}

fn is_argument(name: &Ident) -> bool {
    let name = name.to_string();
    let mut known = Count::NAMES.iter().chain(CountOutcome::NAMES);
    known.any(|known| *known == name)
}

fn valueless(name: &Ident, known: &[&str]) -> Error {
    let written = name.to_string();
    if is_argument(name) && !known.contains(&written.as_str()) {
        return foreign(name, "count_outcome", "count");
    }
    let example = match written.as_str() {
        "each" => "each = |reply| &reply.entries".to_owned(),
        "by" => "by = path::to::classifier".to_owned(),
        "crate" => "crate = path::to::tt_metrics".to_owned(),
        "items" => "items = batch.len()".to_owned(),
        "rest" => "rest = success".to_owned(),
        other => match Detail::example(other).or_else(|| Storage::example(other)) {
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

fn once<T>(slot: &mut Option<T>, value: T, at: Span, what: &str) -> Result<()> {
    if slot.replace(value).is_some() {
        return Err(Error::new(at, format!("{what} is given twice")));
    }
    Ok(())
}
