//! What one attribute counts of a call, and the rules between its arguments and the function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{Error, Expr, ExprClosure, Path, ReturnType, Type, ext::IdentExt, parse::Result};

use super::{
    dimensions::{self, Dimension, dimensions},
    names::{self, ConstantCheck, constant_checks},
};
use crate::{
    diagnostics::Mistakes,
    parse::{Arguments, Attribute, Callable, Each, Function, Metric, OutcomeWord},
};

/// The arguments that keep more of a call than its outcome.
const DETAILS: &[&str] = &["latency", "in_flight", "dimensions", "failure_by"];
/// The units of a call, which counts 1.
const UNITS_OF_CALLS: [&str; 2] = ["Count", "None"];

/// One attribute, as a layer around the body of the function.
pub(crate) struct Layer {
    pub(crate) library: Option<Path>,
    /// The name of the function, and its documentation.
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Each with the field of the declaration.
    pub(crate) metrics: Vec<(&'static str, Metric)>,
    /// Variants of `Unit` and `Resolution`.
    pub(crate) unit: Option<String>,
    pub(crate) resolution: Option<&'static str>,
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) failure_by: Option<Path>,
    pub(crate) constant_checks: Vec<ConstantCheck>,
    /// The first argument that keeps more of a call than its outcome.
    pub(crate) detail: Option<Ident>,
    /// How many items a call counts, from its arguments.
    pub(crate) number: Option<Expr>,
    pub(crate) verdict: Verdict,
}

/// What decides how a call is counted.
pub(crate) enum Verdict {
    /// The call is counted when it begins (`#[count]`).
    Begun,
    /// The return value gives the number of calls (`#[count(items = |value| ..)]`).
    NumberOf(Box<ExprClosure>),
    /// The return value, or `by`, gives the outcome of the call, or of all its items.
    Outcome { by: Option<Callable> },
    /// Each item gives its own outcome, and `rest` that of the others.
    Items {
        each: Each,
        by: Option<Callable>,
        rest: Option<OutcomeWord>,
    },
}

impl Layer {
    /// The layer of an attribute whose arguments were checked.
    pub(crate) fn of(arguments: &Arguments, function: Option<&Function>) -> Result<Self> {
        let by = arguments.callable("by").cloned();
        let verdict = match (arguments.of, arguments.returned_number(), arguments.each()) {
            (Attribute::Count, Some(number), _) => Verdict::NumberOf(Box::new(number.clone())),
            (Attribute::Count, None, _) => Verdict::Begun,
            (Attribute::CountOutcome, _, None) => Verdict::Outcome { by },
            (Attribute::CountOutcome, _, Some(each)) => Verdict::Items {
                each: each.clone(),
                by,
                rest: arguments.outcome("rest").cloned(),
            },
        };
        let metrics = names::metrics(arguments).into_iter();
        Ok(Self {
            library: arguments.path("crate").cloned(),
            name: function.map_or_else(
                || "outcome!".to_owned(),
                |function| function.sig.ident.unraw().to_string(),
            ),
            doc: function.map(Function::doc).unwrap_or_default(),
            metrics: metrics
                .map(|(field, metric)| (field, metric.clone()))
                .collect(),
            unit: arguments
                .unit()
                .map(|unit| unit.value().replace("/S", "PerS")),
            resolution: arguments.resolution(),
            dimensions: dimensions(arguments, function)?,
            failure_by: arguments.path("failure_by").cloned(),
            constant_checks: constant_checks(arguments),
            detail: arguments.first_of(DETAILS),
            number: arguments.number().cloned(),
            verdict,
        })
    }

    /// The expressions and closures of the user, which may name parameters.
    pub(crate) fn expressions(&self) -> Vec<TokenStream> {
        let closure = |callable: &Option<Callable>| match callable {
            Some(Callable::Closure(closure)) => Some(closure.to_token_stream()),
            Some(Callable::Path(_)) | None => None,
        };
        let mut found = match &self.verdict {
            Verdict::Begun => Vec::new(),
            Verdict::NumberOf(number) => vec![number.to_token_stream()],
            Verdict::Outcome { by } => closure(by).into_iter().collect(),
            Verdict::Items { each, by, .. } => {
                [&each.items, by].into_iter().filter_map(closure).collect()
            }
        };
        found.extend(self.number.iter().map(ToTokens::to_token_stream));
        let values = self.dimensions.iter().map(|dimension| &dimension.value);
        found.extend(values.map(ToTokens::to_token_stream));
        found
    }

    /// Whether a call is counted by a statement at the beginning of the body.
    pub(crate) fn is_statement(&self) -> bool {
        matches!(self.verdict, Verdict::Begun)
    }
}

/// The rules between the arguments of one attribute.
pub(crate) fn check(arguments: &Arguments, mistakes: &mut Mistakes) {
    check_unit(arguments, mistakes);
    names::check(arguments, mistakes);
    dimensions::check(arguments, mistakes);
    match arguments.of {
        Attribute::Count => {
            if arguments.metric("calls").is_none() && mistakes.is_empty() {
                let message = "expected the metric that counts the calls: `#[count(\"Name\")]`";
                mistakes.push(Error::new(Span::call_site(), message));
            }
            if let (Some(_), Some(detail)) =
                (arguments.returned_number(), arguments.first_of(DETAILS))
            {
                let message = format!(
                    "`{detail}` is recorded where a call begins, before a closure of `items` has a value"
                );
                mistakes.push(Error::new(detail.span(), message));
            }
        }
        Attribute::CountOutcome => check_outcome(arguments, mistakes),
    }
}

fn check_outcome(arguments: &Arguments, mistakes: &mut Mistakes) {
    if let (Some(detail), Some(items)) = (
        arguments.first_of(DETAILS),
        arguments.first_of(&["each", "items"]),
    ) {
        let message = format!(
            "`{detail}` is about the call, and `{items}` about its items: \
             put `#[count(\"Name\", {detail} ..)]` on the function beside it"
        );
        mistakes.push(Error::new(detail.span(), message));
    }
    let is_named = arguments.metric("success").is_some() || arguments.metric("failure").is_some();
    if !is_named && mistakes.is_empty() {
        let message = "expected a metric for `success` or `failure`: \
                       `success = \"..\", failure = \"..\"`";
        mistakes.push(Error::new(Span::call_site(), message));
    }
    if let Some(rest) = arguments.outcome("rest") {
        let message = match (arguments.each(), arguments.number()) {
            (Some(_), Some(_)) => return,
            (None, _) => {
                "`rest` is the outcome of the items that `each` does not name, `each` is missing"
            }
            (_, None) => "`rest` needs the number of items, for example `items = batch.len()`",
        };
        mistakes.push(Error::new(rest.span(), message));
    }
}

/// A unit other than `Count` needs a number, since a call and an item count 1.
fn check_unit(arguments: &Arguments, mistakes: &mut Mistakes) {
    let (Some(at), Some(unit)) = (arguments.at("unit"), arguments.unit()) else {
        return;
    };
    let unit = unit.value();
    let counts_items = arguments.each().is_some();
    let has_number = arguments.number().is_some() || arguments.returned_number().is_some();
    if (has_number && !counts_items) || UNITS_OF_CALLS.contains(&unit.as_str()) {
        return;
    }
    let message = if counts_items {
        format!(
            "`each` counts items, not `{unit}`: put `#[count(\"Name\", items = .., unit = \"{unit}\")]` \
             on the function beside it"
        )
    } else {
        format!(
            "a call counts 1, which is no number of `{unit}`: add `items = ..`, \
             for example `items = body.len()`"
        )
    };
    mistakes.push(Error::new(at, message));
}

/// The rules between one attribute and the function that it annotates.
pub(crate) fn check_function(arguments: &Arguments, function: &Function, mistakes: &mut Mistakes) {
    if let Some(constness) = &function.sig.constness {
        let message = "a `const fn` cannot be counted, since counting happens at run time";
        mistakes.push(Error::new(constness.span, message));
    }
    check_signature(arguments, function, mistakes);
}

/// The rules between an attribute of an `impl` block and a method of it.
pub(crate) fn check_method(arguments: &Arguments, method: &Function, mistakes: &mut Mistakes) {
    if let Some(constness) = &method.sig.constness {
        let message = format!(
            "a `const fn` cannot be counted, since counting happens at run time; \
             `#[{}(skip)]` leaves it out",
            arguments.of.name()
        );
        mistakes.push(Error::new(constness.span, message));
    }
    check_signature(arguments, method, mistakes);
}

fn check_signature(arguments: &Arguments, function: &Function, mistakes: &mut Mistakes) {
    dimensions::check_values(arguments, Some(function), mistakes);
    let output = &function.sig.output;
    let never = is_never(output);
    let returns_nothing = matches!(output, ReturnType::Default);
    if let (Some(closure), true) = (
        arguments.returned_number(),
        returns_nothing || never.is_some(),
    ) {
        let message = "a closure counts the items of the return value, and this function has none";
        mistakes.push(Error::new_spanned(closure, message));
    }
    if arguments.of == Attribute::Count {
        return;
    }
    if let Some(never) = never {
        let message = "a function that never returns has no outcome, \
                       `#[count(\"Name\")]` counts its calls";
        mistakes.push(Error::new(never, message));
    }
    if let (true, Some(each)) = (returns_nothing, arguments.each()) {
        let message = "`each` counts the items of the return value, and this function has none";
        mistakes.push(Error::new(each.at, message));
    } else if returns_nothing
        && arguments.callable("by").is_none()
        && !names::metrics(arguments).is_empty()
    {
        let message = "a function without a return value has no outcome, return a `Result`, \
                       or name a classifier with `by = path::to::classifier`";
        mistakes.push(Error::new(function.sig.ident.span(), message));
    }
}

/// The rules of `outcome!`, whose body has no parameters.
pub(crate) fn check_block(arguments: &Arguments, mistakes: &mut Mistakes) {
    dimensions::check_values(arguments, None, mistakes);
}

/// Whether an attribute on the `impl` block counts the method: one that returns nothing has no outcome.
pub(crate) fn may_have_outcome(method: &Function, arguments: &Arguments) -> bool {
    match &method.sig.output {
        _ if arguments.of == Attribute::Count => true,
        ReturnType::Default => arguments.callable("by").is_some() && arguments.each().is_none(),
        output @ ReturnType::Type(..) => is_never(output).is_none(),
    }
}

/// Where the return type is `!`, if it is.
fn is_never(output: &ReturnType) -> Option<Span> {
    match output {
        ReturnType::Type(_, ty) => match &**ty {
            Type::Never(never) => Some(never.bang_token.span),
            _ => None,
        },
        ReturnType::Default => None,
    }
}
