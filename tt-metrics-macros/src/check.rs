//! The rules that hold between values: metric names, and what can be counted.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Error, LitStr, Path, ReturnType};

use crate::{
    args::{Count, CountOutcome, Metric, Number},
    detail::Detail,
    diagnostics::Mistakes,
    item::Function,
    types,
};

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
const MAX_NAME_LENGTH: usize = 255;

pub(crate) fn count(args: &Count, mistakes: &mut Mistakes) {
    args.storage.check(args.items.is_some(), false, mistakes);
    match &args.calls {
        Some(metric) => {
            metric_name(metric, mistakes);
            detail(
                &[("the metric of the calls", Some(metric))],
                &args.detail,
                mistakes,
            );
        }
        None if mistakes.is_empty() => {
            let message = "expected the metric that counts the calls: `#[count(\"Name\")]`";
            mistakes.push(Error::new(Span::call_site(), message));
        }
        None => {}
    }
}

pub(crate) fn count_outcome(args: &CountOutcome, mistakes: &mut Mistakes) {
    let metrics = args.metrics();
    detail(&metrics, &args.detail, mistakes);
    args.storage
        .check(args.items.is_some(), args.each.is_some(), mistakes);
    let about_items = args
        .each
        .as_ref()
        .map(|each| each.word.to_string())
        .or(args.items.is_some().then(|| "items".to_owned()));
    if let (Some(at), Some(items)) = (args.detail.at(), about_items) {
        let message = format!(
            "`{at}` speaks of the call, and `{items}` of its items: \
             put `#[count(\"Name\", {at} ..)]` on the function beside it"
        );
        mistakes.push(Error::new(at.span(), message));
    }
    if args.success.is_none() && args.failure.is_none() && mistakes.is_empty() {
        let message = "expected a metric for `success` or `failure`: \
                       `success = \"..\", failure = \"..\"`";
        mistakes.push(Error::new(Span::call_site(), message));
    }
    rest(args, mistakes);
    for (index, (argument, metric)) in metrics.iter().enumerate() {
        let Some(metric) = metric else { continue };
        metric_name(metric, mistakes);
        let mut earlier = metrics.iter().take(index);
        let taken = earlier.find(|(_, other)| other.is_some_and(|other| other.same(metric)));
        if let Some((other, _)) = taken {
            let message = format!("`{argument}` has the same metric as `{other}`");
            mistakes.push(Error::new_spanned(metric, message));
        }
    }
}

/// The rules of what is told beside the outcome.
fn detail(metrics: &[(&str, Option<&Metric>)], detail: &Detail, mistakes: &mut Mistakes) {
    let mut all: Vec<(&str, Option<&Metric>)> = metrics.to_vec();
    for (argument, metric) in detail.metrics() {
        let Some(metric) = metric else { continue };
        metric_name(metric, mistakes);
        let mut earlier = all.iter();
        let taken = earlier.find(|(_, other)| other.is_some_and(|other| other.same(metric)));
        if let Some((other, _)) = taken {
            let message = format!("`{argument}` has the same metric as `{other}`");
            mistakes.push(Error::new_spanned(metric, message));
        }
        all.push((argument, Some(metric)));
    }
    let failure = metrics
        .iter()
        .any(|(argument, metric)| *argument == "failure" && metric.is_some());
    let metrics: Vec<Option<&Metric>> = all.iter().map(|(_, metric)| *metric).collect();
    detail.check(&metrics, failure, mistakes);
}

/// `rest` speaks of the items of `items` that `each` leaves over.
fn rest(args: &CountOutcome, mistakes: &mut Mistakes) {
    let Some(rest) = &args.rest else { return };
    let message = match (&args.each, &args.items) {
        (Some(_), Some(_)) => return,
        (None, _) => "`rest` says how the items ended that `each` leaves over, there is no `each`",
        (_, None) => "`rest` needs to know of how many items, for example `items = batch.len()`",
    };
    mistakes.push(Error::new(rest.0.span(), message));
}

/// What no attribute can count.
pub(crate) fn function(function: &Function, mistakes: &mut Mistakes) {
    if let Some(constness) = &function.sig.constness {
        let message = "a `const fn` cannot be counted, since counting happens at run time";
        mistakes.push(Error::new(constness.span, message));
    }
}

/// What no attribute of an `impl` block can count.
pub(crate) fn method(method: &Function, attribute: &str, mistakes: &mut Mistakes) {
    if let Some(constness) = &method.sig.constness {
        let message = format!(
            "a `const fn` cannot be counted, since counting happens at run time; \
             `#[{attribute}(skip)]` leaves it out"
        );
        mistakes.push(Error::new(constness.span, message));
    }
}

/// Whether the return type is one that may have an outcome, as far as it can be seen.
pub(crate) fn may_have_outcome(method: &Function, args: &CountOutcome) -> bool {
    match &method.sig.output {
        ReturnType::Default => args.by.is_some() && args.each.is_none(),
        output @ ReturnType::Type(..) => types::is_never(output).is_none(),
    }
}

/// A closure of `items` needs a return value.
pub(crate) fn items(function: &Function, args: &Count, mistakes: &mut Mistakes) {
    let Some(Number::Returned(closure)) = &args.items else {
        return;
    };
    if let Some(at) = args.detail.at() {
        let message = format!("`{at}` is known where a call begins, and a closure of `items` not");
        mistakes.push(Error::new(at.span(), message));
    }
    let output = &function.sig.output;
    if matches!(output, ReturnType::Default) || types::is_never(output).is_some() {
        let message = "a closure counts the items of the return value, and this function has none";
        mistakes.push(Error::new_spanned(closure, message));
    }
}

/// What has no outcome, whatever its type does.
pub(crate) fn outcome(function: &Function, args: &CountOutcome, mistakes: &mut Mistakes) {
    let output = &function.sig.output;
    if let Some(never) = types::is_never(output) {
        let message = "a function that never returns has no outcome, \
                       `#[count(\"Name\")]` counts its calls";
        mistakes.push(Error::new(never, message));
    }
    let nothing = matches!(output, ReturnType::Default);
    if let (true, Some(each)) = (nothing, &args.each) {
        let message = "`each` counts the items of the return value, and this function has none";
        mistakes.push(Error::new(each.word.span(), message));
    } else if nothing && args.by.is_none() {
        let message = "a function without a return value has no outcome, return a `Result`, \
                       or name a classifier with `by = path::to::classifier`";
        mistakes.push(Error::new(function.sig.ident.span(), message));
    }
}

fn metric_name(metric: &Metric, mistakes: &mut Mistakes) {
    match metric {
        Metric::Literal(literal) => {
            mistakes.keep(literal_name(literal));
        }
        Metric::Constant(constant) if names_self(&constant.path) => {
            let message = "`Self` is not known where metrics are declared, write the type's name";
            mistakes.push(Error::new_spanned(constant, message));
        }
        Metric::Constant(_) => {}
    }
}

fn literal_name(literal: &LitStr) -> Result<(), Error> {
    let name = literal.value();
    let refuse = |message: String| Err(Error::new(literal.span(), message));
    if name.is_empty() {
        return refuse("a metric name has at least one character".to_owned());
    }
    if let Some(foreign) = name.chars().find(|char| !char.is_ascii()) {
        return refuse(format!(
            "a metric name has only ASCII characters, found `{foreign}`"
        ));
    }
    if let Some(control) = name.chars().find(char::is_ascii_control) {
        let control = control.escape_default();
        return refuse(format!(
            "a metric name has no control characters, found `{control}`"
        ));
    }
    if name.bytes().all(|byte| byte == b' ') {
        return refuse("a metric name has a character that is no space".to_owned());
    }
    if name.starts_with(':') {
        return refuse("a metric name does not begin with `:`".to_owned());
    }
    if name.len() > MAX_NAME_LENGTH {
        let length = name.len();
        return refuse(format!(
            "a metric name has at most {MAX_NAME_LENGTH} characters, found {length}"
        ));
    }
    Ok(())
}

fn names_self(path: &Path) -> bool {
    path.segments
        .first()
        .is_some_and(|first| first.ident == "Self")
}

impl Metric {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(one), Self::Literal(two)) => one.value() == two.value(),
            (Self::Constant(one), Self::Constant(two)) => {
                let text = |path: &dyn ToTokens| path.to_token_stream().to_string();
                text(one) == text(two)
            }
            _ => false,
        }
    }
}

impl ToTokens for Metric {
    fn to_tokens(&self, tokens: &mut proc_macro2::TokenStream) {
        match self {
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Constant(constant) => constant.to_tokens(tokens),
        }
    }
}
