//! The names of one attribute: each metric has one that CloudWatch takes, and one meaning.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Error, LitStr, Path};

use crate::{
    args::{Count, CountOutcome, Metric},
    diagnostics::Mistakes,
    types::Ends,
};

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
const MAX_NAME_LENGTH: usize = 255;
/// What a flush may say of an invocation beside its metrics, under the same keys.
pub(crate) const PROPERTIES: [&str; 3] = ["_aws", "request_id", "cold_start"];

/// The names of one attribute.
pub(crate) struct Names<'a> {
    /// Each metric, with its argument and field of the declaration.
    metrics: Vec<(&'static str, &'a Metric)>,
    dimensions: Vec<String>,
}

impl<'a> Names<'a> {
    pub(crate) fn of_count(args: &'a Count) -> Self {
        let calls = [("calls", args.calls.as_ref())];
        let all = calls.into_iter().chain(args.detail.metrics());
        Self::of(all, args.detail.dimension_names())
    }

    pub(crate) fn of_outcome(args: &'a CountOutcome) -> Self {
        let all = args.metrics().into_iter().chain(args.detail.metrics());
        Self::of(all, args.detail.dimension_names())
    }

    fn of(
        metrics: impl Iterator<Item = (&'static str, Option<&'a Metric>)>,
        dimensions: Vec<String>,
    ) -> Self {
        Self {
            metrics: metrics
                .filter_map(|(argument, metric)| Some((argument, metric?)))
                .collect(),
            dimensions,
        }
    }

    /// Whether a metric is written with this name.
    pub(crate) fn has_literal(&self, name: &str) -> bool {
        let mut literals = self.metrics.iter();
        literals.any(|(_, metric)| matches!(metric, Metric::Literal(it) if it.value() == name))
    }

    /// What can be seen here: of literals all, of constants that a path is written twice.
    pub(crate) fn check(&self, mistakes: &mut Mistakes) {
        for (index, (argument, metric)) in self.metrics.iter().enumerate() {
            metric_name(metric, mistakes);
            let mut earlier = self.metrics.iter().take(index);
            if let Some((other, _)) = earlier.find(|(_, other)| other.same(metric)) {
                mistakes.push(Error::new_spanned(metric, same_metric(argument, other)));
            }
        }
    }

    /// What the compiler compares, who knows the names behind constants; nothing without constants.
    pub(crate) fn distinct(&self, private: &TokenStream) -> TokenStream {
        let constants = self.metrics.iter().enumerate();
        let constants = constants.filter(|(_, (_, metric))| metric.is_constant());
        let checks = constants.map(|(index, (argument, metric))| {
            let field = declared(argument);
            let others = self
                .metrics
                .iter()
                .enumerate()
                .filter(|(other, (_, metric))| {
                    // Two constants are compared where the later one stands.
                    *other < index || (*other > index && !metric.is_constant())
                });
            let metrics = others.map(|(at, (other, _))| {
                let sentence = if at < index {
                    same_metric(argument, other)
                } else {
                    same_metric(other, argument)
                };
                let other = declared(other);
                quote_spanned!(Span::mixed_site()=> (#other, #sentence),)
            });
            let dimensions = self.dimensions.iter().map(|name| {
                let sentence = dimension_too(name);
                quote_spanned!(Span::mixed_site()=> (#name, #sentence),)
            });
            let text = metric.to_token_stream().to_string().replace(' ', "");
            let sentence = property(&text);
            let ends = Ends::of(metric, Span::mixed_site());
            let checked = ends.underline(quote_spanned! {Span::mixed_site()=>
                #private::distinct(#field, &[#(#metrics)*], &[#(#dimensions)*], #sentence)
            });
            quote_spanned!(Span::mixed_site()=> const _: () = #checked;)
        });
        checks.collect()
    }
}

/// A field of the declaration.
fn declared(argument: &str) -> TokenStream {
    let field = Ident::new(argument, Span::mixed_site());
    quote_spanned!(Span::mixed_site()=> __TT_METRICS_DECLARATION.#field)
}

fn same_metric(argument: &str, other: &str) -> String {
    let other = match other {
        "calls" => "the calls".to_owned(),
        other => format!("`{other}`"),
    };
    format!("`{argument}` has the same metric as {other}")
}

/// Why a dimension cannot have this name.
pub(crate) fn dimension_too(name: &str) -> String {
    format!("`{name}` is the name of a metric too, and both have one place in the log")
}

/// Why nothing else can have this name.
pub(crate) fn property(name: &str) -> String {
    format!("`{name}` is a property of each flush, choose another name")
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
    if PROPERTIES.contains(&name.as_str()) {
        return refuse(property(&name));
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
    fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

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
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Constant(constant) => constant.to_tokens(tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(name: &str) -> bool {
        literal_name(&LitStr::new(name, Span::call_site())).is_ok()
    }

    #[test]
    fn a_name_is_one_that_cloudwatch_takes() {
        assert!(is_taken("Orders shipped"));
        assert!(is_taken(" a "));
        assert!(is_taken("a:b"));
        assert!(is_taken("!~"));
        assert!(is_taken(&"a".repeat(255)));
        assert!(!is_taken(&"a".repeat(256)));
        assert!(!is_taken(""));
        assert!(!is_taken("  "));
        assert!(!is_taken(":a"));
        assert!(!is_taken("a\u{7f}"));
        assert!(!is_taken("caf\u{e9}"));
        assert!(PROPERTIES.iter().all(|property| !is_taken(property)));
    }
}
