//! The arguments that tell more of a call than how it ended: `latency`, `in_flight`, `dimensions` and `failure_by`.

mod dimension;
mod values;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{
    Error, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Result},
};

use crate::{
    args::{Metric, metric},
    diagnostics::Mistakes,
    item::Function,
    names::{Names, dimension_too},
    site::metric_name,
    types::Ends,
};
use dimension::{Dimension, Dimensions};

/// What an attribute tells of its calls beside their outcome.
#[derive(Default)]
pub(crate) struct Detail {
    latency: Option<Metric>,
    in_flight: Option<Metric>,
    dimensions: Option<Dimensions>,
    failure_by: Option<Path>,
    /// Where the first of these arguments is.
    at: Option<Ident>,
}

impl Detail {
    /// Parses one of these arguments, or leaves the input as it is.
    pub(crate) fn parse(&mut self, known: &[&str], input: ParseStream<'_>) -> Option<Result<()>> {
        let ahead = input.fork();
        let name = ahead.call(Ident::parse_any).ok()?;
        let word = name.to_string();
        let ours = ["latency", "in_flight", "dimensions", "failure_by"].contains(&word.as_str());
        let valued = ahead.parse::<Token![=]>().is_ok() && !ahead.is_empty();
        let listed = word == "dimensions" && !ahead.is_empty() && !ahead.peek(Token![,]);
        // Where no value follows, the name is told like any other that has none.
        if !ours || !known.contains(&word.as_str()) || !(valued || listed) {
            return None;
        }
        Some(self.argument(&word, input))
    }

    fn argument(&mut self, word: &str, input: ParseStream<'_>) -> Result<()> {
        let name = input.call(Ident::parse_any)?;
        let taken = match word {
            "dimensions" => {
                let list = Dimensions::parse(&name, input)?;
                self.dimensions.replace(list).is_some()
            }
            "failure_by" => {
                input.parse::<Token![=]>()?;
                let at = input.span();
                let message = "expected the type of the error, which derives `Dimension`";
                let path = input.parse().map_err(|_| Error::new(at, message))?;
                self.failure_by.replace(path).is_some()
            }
            _ => {
                input.parse::<Token![=]>()?;
                let metric = metric(input)?;
                let slot = if word == "latency" {
                    &mut self.latency
                } else {
                    &mut self.in_flight
                };
                slot.replace(metric).is_some()
            }
        };
        if taken {
            let message = format!("`{word}` is given twice");
            return Err(Error::new(name.span(), message));
        }
        self.at.get_or_insert(name);
        Ok(())
    }

    /// What a valueless argument should have been.
    pub(crate) fn example(word: &str) -> Option<&'static str> {
        match word {
            "dimensions" => Some("dimensions(Kind: OrderKind = order.kind)"),
            "failure_by" => Some("failure_by = path::to::Error"),
            _ => None,
        }
    }

    /// The metrics with the name of their argument.
    pub(crate) fn metrics(&self) -> [(&'static str, Option<&Metric>); 2] {
        [
            ("latency", self.latency.as_ref()),
            ("in_flight", self.in_flight.as_ref()),
        ]
    }

    /// The names of all dimensions that a metric of the attribute is sent with.
    pub(crate) fn dimension_names(&self) -> Vec<String> {
        let given = self.dimensions().map(|dimension| dimension.name.value());
        let error = self.failure_by.as_ref().map(|_| "Error".to_owned());
        given.chain(error).collect()
    }

    /// Whether values of the arguments are told.
    pub(crate) fn has_dimensions(&self) -> bool {
        self.dimensions.is_some()
    }

    /// Where the first of these arguments is, if there is one.
    pub(crate) fn at(&self) -> Option<&Ident> {
        self.at.as_ref()
    }

    /// The rules between these arguments and the others.
    pub(crate) fn check(&self, names: &Names<'_>, failure: bool, mistakes: &mut Mistakes) {
        if let (Some(path), false) = (&self.failure_by, failure) {
            let message = "`failure_by` splits the metric of `failure`, there is none";
            mistakes.push(Error::new_spanned(path, message));
        }
        if let Some(path) = self
            .failure_by
            .as_ref()
            .filter(|_| names.has_literal("Error"))
        {
            mistakes.push(Error::new_spanned(path, dimension_too("Error")));
        }
        if let Some(dimensions) = &self.dimensions {
            dimensions.check(names, self.failure_by.is_some(), mistakes);
        }
    }

    /// The rules between these arguments and the function.
    pub(crate) fn check_function(&self, function: &Function, mistakes: &mut Mistakes) {
        for dimension in self.dimensions() {
            mistakes.keep(dimension.values(Some(function)));
        }
    }

    /// The rules of a block, which has no parameters.
    pub(crate) fn check_block(&self, mistakes: &mut Mistakes) {
        for dimension in self.dimensions() {
            mistakes.keep(dimension.values(None));
        }
    }

    fn dimensions(&self) -> impl DoubleEndedIterator<Item = &Dimension> {
        self.dimensions.iter().flat_map(Dimensions::iter)
    }

    /// What the declaration and the site say of it.
    pub(crate) fn declared(&self, private: &TokenStream, function: Option<&Function>) -> Declared {
        let metrics = self.metrics().into_iter().filter_map(|(argument, name)| {
            let field = Ident::new(argument, Span::mixed_site());
            let name = metric_name(private, name?);
            Some(quote_spanned!(Span::mixed_site()=> #field: ::core::option::Option::Some(#name),))
        });
        let mut fields: TokenStream = metrics.collect();
        if self.dimensions.is_some() {
            let each = self.dimensions().enumerate();
            let each = each.map(|(index, one)| one.declared(index, private, function));
            fields.extend(quote_spanned!(Span::mixed_site()=> dimensions: &[#(#each)*],));
        }
        if self.failure_by.is_some() {
            fields.extend(quote_spanned! {Span::mixed_site()=>
                errors: __TT_METRICS_ERRORS.names(),
            });
        }
        let texts: Vec<TokenStream> = self
            .dimensions()
            .filter_map(|one| one.texts(private))
            .collect();
        let mut state = TokenStream::new();
        let mut with = TokenStream::new();
        if !texts.is_empty() || self.in_flight.is_some() {
            state = quote_spanned! {Span::mixed_site()=>
                static __TT_METRICS_STATE: #private::State = #private::State {
                    texts: &[#(#texts),*],
                    level: #private::Level::new(),
                };
            };
            with = quote_spanned!(Span::mixed_site()=> .with(&__TT_METRICS_STATE));
        }
        let dimensions = self.dimensions().enumerate();
        state.extend(dimensions.filter_map(|(index, one)| one.constant(index, private, function)));
        state.extend(self.failure_by.as_ref().map(|path| {
            let name = Ident::new("__TT_METRICS_ERRORS", Span::mixed_site());
            values_of(&name, path, private)
        }));
        if let Some(at) = &self.at {
            let checked =
                Ends::of(at, Span::mixed_site()).underline(quote_spanned! {Span::mixed_site()=>
                    #private::check(&__TT_METRICS_DECLARATION)
                });
            state.extend(quote_spanned!(Span::mixed_site()=> const _: () = #checked;));
        }
        Declared {
            fields,
            state,
            with,
        }
    }

    /// The series of one call, an expression over the arguments; nothing where no more is told than the outcome.
    pub(crate) fn series(&self, private: &TokenStream, function: Option<&Function>) -> TokenStream {
        if self.at.is_none() {
            return TokenStream::new();
        }
        let mut texts = 0_usize;
        let digits = self.dimensions().enumerate();
        let digits = digits.map(|(index, one)| one.digit(index, function, &mut texts));
        let digits: TokenStream = digits.collect();
        quote_spanned!(Span::mixed_site()=> #private::Series::FIRST #digits)
    }

    /// The outcome of a value together with its error.
    pub(crate) fn with_error(
        &self,
        private: &TokenStream,
        value: &Ident,
        outcome: TokenStream,
    ) -> TokenStream {
        let Some(path) = &self.failure_by else {
            return outcome;
        };
        // A return value without such an error is blamed on the type that was asked for.
        let ends = Ends::of(path, Span::mixed_site());
        let value = ends.underline(quote_spanned!(Span::mixed_site()=> &*#value));
        let by_error = ends.underline(quote_spanned!(Span::mixed_site()=> #private::by_error));
        quote_spanned!(Span::mixed_site()=> #by_error(&__TT_METRICS_ERRORS, #value, #outcome))
    }
}

/// The values of a type as a constant, which is all that asks whether it has any.
fn values_of(name: &Ident, ty: &impl ToTokens, private: &TokenStream) -> TokenStream {
    let at = Ends::of(ty, Span::mixed_site());
    let values = at.underline(quote_spanned!(Span::mixed_site()=> #private::Values::new()));
    quote_spanned!(Span::mixed_site()=> const #name: #private::Values<#ty> = #values;)
}

/// What a declaration and its site say of the detail.
#[derive(Default)]
pub(crate) struct Declared {
    /// Fields of the declaration.
    pub(crate) fields: TokenStream,
    /// Statics and checks beside it.
    pub(crate) state: TokenStream,
    /// A call on the site.
    pub(crate) with: TokenStream,
}
