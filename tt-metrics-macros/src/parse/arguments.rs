//! The table of arguments, and the parser that it drives.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Error, Expr, Ident, LitStr, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser, Result},
    token::Paren,
};

use super::{
    dimensions::{Dimension, dimensions},
    value::{
        self, Callable, Each, Metric, Number, OutcomeWord, classifier, collection, metric, number,
    },
};
use crate::diagnostics::{Mistakes, unknown};

/// The attributes that take arguments; `outcome!` takes those of `count_outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Count,
    CountOutcome,
}

/// What follows the name of an argument.
#[derive(Clone, Copy)]
enum Takes {
    /// `= "Name"`, or the path of a constant.
    Metric,
    /// `= path::to::function`, or a closure.
    Classifier,
    /// Nothing, or `= function`.
    Collection,
    /// `= expression`.
    Number,
    /// `= success` or another outcome.
    Outcome,
    /// `= "Bytes"`.
    Unit,
    /// `= "high"`.
    Resolution,
    /// `(Name: Type = expression, ..)`.
    Dimensions,
    /// `= path::to::Type`.
    ErrorType,
    /// `= path::to::tt_metrics`.
    Crate,
}

/// One argument.
struct Argument {
    name: &'static str,
    takes: Takes,
    /// The attributes that have it.
    of: &'static [Attribute],
    /// How it is written, for the message about a missing value.
    example: &'static str,
}

const OUTCOME: &[Attribute] = &[Attribute::CountOutcome];
const BOTH: &[Attribute] = &[Attribute::Count, Attribute::CountOutcome];

/// All arguments. A new one is a row here, and where it takes a new kind of value, a variant of [`Takes`] and of [`Value`].
#[rustfmt::skip]
const ARGUMENTS: &[Argument] = &[
    Argument { name: "success", takes: Takes::Metric, of: OUTCOME, example: "success = \"Name\"" },
    Argument { name: "failure", takes: Takes::Metric, of: OUTCOME, example: "failure = \"Name\"" },
    Argument { name: "neutral", takes: Takes::Metric, of: OUTCOME, example: "neutral = \"Name\"" },
    Argument { name: "interrupted", takes: Takes::Metric, of: OUTCOME, example: "interrupted = \"Name\"" },
    Argument { name: "by", takes: Takes::Classifier, of: OUTCOME, example: "by = path::to::classifier" },
    Argument { name: "each", takes: Takes::Collection, of: OUTCOME, example: "each = |reply| &reply.entries" },
    Argument { name: "items", takes: Takes::Number, of: BOTH, example: "items = batch.len()" },
    Argument { name: "rest", takes: Takes::Outcome, of: OUTCOME, example: "rest = success" },
    Argument { name: "unit", takes: Takes::Unit, of: BOTH, example: "unit = \"Bytes\"" },
    Argument { name: "resolution", takes: Takes::Resolution, of: BOTH, example: "resolution = \"high\"" },
    Argument { name: "latency", takes: Takes::Metric, of: BOTH, example: "latency = \"Name\"" },
    Argument { name: "in_flight", takes: Takes::Metric, of: BOTH, example: "in_flight = \"Name\"" },
    Argument { name: "dimensions", takes: Takes::Dimensions, of: BOTH, example: "dimensions(Kind: OrderKind = order.kind)" },
    Argument { name: "failure_by", takes: Takes::ErrorType, of: OUTCOME, example: "failure_by = path::to::Error" },
    Argument { name: "crate", takes: Takes::Crate, of: BOTH, example: "crate = path::to::tt_metrics" },
];

/// The name under which the metric of `#[count("Name")]`, which is written without one, is kept.
const CALLS: &str = "calls";

/// The value of an argument.
enum Value {
    Metric(Metric),
    Callable(Callable),
    Each(Each),
    Number(Number),
    Outcome(OutcomeWord),
    Text(LitStr),
    Resolution(&'static str),
    Dimensions(Vec<Dimension>),
    Path(Path),
}

/// The arguments of one attribute.
pub(crate) struct Arguments {
    pub(crate) of: Attribute,
    /// In the order in which they were written.
    given: Vec<(&'static str, Span, Value)>,
}

impl Attribute {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::CountOutcome => "count_outcome",
        }
    }

    fn argument_names(self) -> Vec<&'static str> {
        let all = ARGUMENTS
            .iter()
            .filter(|argument| argument.of.contains(&self));
        all.map(|argument| argument.name).collect()
    }
}

impl Takes {
    fn parse(self, argument: &Ident, of: Attribute, input: ParseStream<'_>) -> Result<Value> {
        Ok(match self {
            Self::Metric => Value::Metric(metric(input)?),
            Self::Classifier => Value::Callable(classifier(input)?),
            Self::Collection => Value::Each(Each {
                at: argument.span(),
                items: Some(collection(input)?),
            }),
            Self::Number => match number(input)? {
                Number::OfReturnValue(closure) if of == Attribute::CountOutcome => {
                    let message = "expected an expression over the arguments, since a call that panics \
                                   returns nothing; `each` counts the items of the return value";
                    return Err(Error::new_spanned(closure, message));
                }
                number => Value::Number(number),
            },
            Self::Outcome => Value::Outcome(OutcomeWord::parse(input)?),
            Self::Unit => Value::Text(value::unit(input)?),
            Self::Resolution => Value::Resolution(value::resolution(input)?),
            Self::Dimensions => Value::Dimensions(dimensions(argument, input)?),
            Self::ErrorType => Value::Path(value::error_type(input)?),
            Self::Crate => Value::Path(value::crate_path(input)?),
        })
    }
}

impl Arguments {
    pub(crate) fn parse(of: Attribute, tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut arguments = Self {
            of,
            given: Vec::new(),
        };
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let parsed = arguments.argument(input).and_then(|()| {
                    if input.is_empty() || input.peek(Token![,]) {
                        Ok(())
                    } else {
                        Err(input.error("expected `,`"))
                    }
                });
                mistakes.keep(parsed);
                // After a mistake, the next argument begins behind the next comma.
                while !input.is_empty() && !input.peek(Token![,]) {
                    input.parse::<TokenTree>()?;
                }
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(())
        };
        // The closure reports its mistakes itself and consumes all input, so it never fails.
        let _: Result<()> = parser.parse2(tokens);
        arguments
    }

    fn argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        let ahead = input.fork();
        let Ok(name) = ahead.call(Ident::parse_any) else {
            return self.positional(input);
        };
        if ahead.peek(Token![::]) {
            return self.positional(input);
        }
        let is_assigned =
            ahead.peek(Token![=]) && !ahead.peek(Token![==]) && !ahead.peek(Token![=>]);
        let written = name.to_string();
        let Some(argument) = ARGUMENTS.iter().find(|argument| argument.name == written) else {
            let is_named =
                is_assigned || ahead.peek(Paren) || ahead.peek(Token![:]) || ahead.peek(Token![=>]);
            return if written == "skip" && !is_named {
                Err(self.misplaced_skip(&name))
            } else if is_named {
                Err(self.unknown(&name))
            } else {
                self.positional(input)
            };
        };
        if !argument.of.contains(&self.of) {
            let message = format!(
                "`{name}` is an argument of `count_outcome`, not of `{}`",
                self.of.name()
            );
            return Err(Error::new(name.span(), message));
        }
        let is_bare = ahead.is_empty() || ahead.peek(Token![,]);
        input.call(Ident::parse_any)?;
        let value = match argument.takes {
            Takes::Dimensions if !is_bare => argument.takes.parse(&name, self.of, input)?,
            Takes::Collection if is_bare => Value::Each(Each {
                at: name.span(),
                items: None,
            }),
            _ if !is_assigned => return Err(argument.without_value(&name)),
            takes => {
                input.parse::<Token![=]>()?;
                if input.is_empty() || input.peek(Token![,]) {
                    return Err(argument.without_value(&name));
                }
                takes.parse(&name, self.of, input)?
            }
        };
        self.add(argument.name, name.span(), value)
    }

    /// The metric of `#[count("Name")]`.
    fn positional(&mut self, input: ParseStream<'_>) -> Result<()> {
        let at = input.span();
        if self.of == Attribute::CountOutcome {
            let message = "expected `success = \"..\"` or another argument, \
                           since a metric needs the outcome that it counts";
            return Err(input.error(message));
        }
        let metric = metric(input)?;
        self.add(CALLS, at, Value::Metric(metric))
    }

    fn add(&mut self, name: &'static str, at: Span, value: Value) -> Result<()> {
        if self.given.iter().any(|(earlier, ..)| *earlier == name) {
            let what = match name {
                CALLS => "the metric".to_owned(),
                name => format!("`{name}`"),
            };
            return Err(Error::new(at, format!("{what} is given twice")));
        }
        self.given.push((name, at, value));
        Ok(())
    }

    fn unknown(&self, name: &Ident) -> Error {
        let message = match name.to_string().as_str() {
            "name" | "metric" | "calls" if self.of == Attribute::Count => format!(
                "the metric that counts the calls has no `{name}` before it: `#[count(\"Name\")]`"
            ),
            written => unknown("argument", written, &self.of.argument_names()),
        };
        Error::new(name.span(), message)
    }

    fn misplaced_skip(&self, skip: &Ident) -> Error {
        let attribute = self.of.name();
        let message =
            format!("`skip` leaves the method out, expected it alone: `#[{attribute}(skip)]`");
        Error::new(skip.span(), message)
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let mut given = self.given.iter();
        given
            .find(|(given, ..)| *given == name)
            .map(|(_, _, value)| value)
    }

    /// Where an argument is named.
    pub(crate) fn at(&self, name: &str) -> Option<Span> {
        let mut given = self.given.iter();
        given
            .find(|(given, ..)| *given == name)
            .map(|(_, at, _)| *at)
    }

    /// The first that was written of these arguments.
    pub(crate) fn first_of(&self, names: &[&str]) -> Option<Ident> {
        let mut given = self.given.iter();
        given
            .find(|(name, ..)| names.contains(name))
            .map(|(name, at, _)| Ident::new(name, *at))
    }

    pub(crate) fn metric(&self, name: &str) -> Option<&Metric> {
        match self.get(name)? {
            Value::Metric(metric) => Some(metric),
            _ => None,
        }
    }

    pub(crate) fn callable(&self, name: &str) -> Option<&Callable> {
        match self.get(name)? {
            Value::Callable(callable) => Some(callable),
            _ => None,
        }
    }

    pub(crate) fn each(&self) -> Option<&Each> {
        match self.get("each")? {
            Value::Each(each) => Some(each),
            _ => None,
        }
    }

    /// The `items` of the arguments of the function.
    pub(crate) fn number(&self) -> Option<&Expr> {
        match self.get("items")? {
            Value::Number(Number::OfArguments(number)) => Some(number),
            _ => None,
        }
    }

    /// The `items` of the return value.
    pub(crate) fn returned_number(&self) -> Option<&syn::ExprClosure> {
        match self.get("items")? {
            Value::Number(Number::OfReturnValue(number)) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn outcome(&self, name: &str) -> Option<&OutcomeWord> {
        match self.get(name)? {
            Value::Outcome(outcome) => Some(outcome),
            _ => None,
        }
    }

    pub(crate) fn unit(&self) -> Option<&LitStr> {
        match self.get("unit")? {
            Value::Text(unit) => Some(unit),
            _ => None,
        }
    }

    pub(crate) fn resolution(&self) -> Option<&'static str> {
        match self.get("resolution")? {
            Value::Resolution(resolution) => Some(resolution),
            _ => None,
        }
    }

    pub(crate) fn dimensions(&self) -> &[Dimension] {
        match self.get("dimensions") {
            Some(Value::Dimensions(dimensions)) => dimensions,
            _ => &[],
        }
    }

    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        match self.get(name)? {
            Value::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl Argument {
    fn without_value(&self, name: &Ident) -> Error {
        let message = format!("`{name}` needs a value: `{}`", self.example);
        Error::new(name.span(), message)
    }
}

/// The word of `#[count(skip)]`, which leaves a method out of an annotated `impl` block.
pub(crate) fn is_skip(arguments: &TokenStream) -> Option<Ident> {
    let alone = |input: ParseStream<'_>| {
        let word = input.parse::<Ident>()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(word)
    };
    let word = alone.parse2(arguments.clone()).ok()?;
    (word == "skip").then_some(word)
}
