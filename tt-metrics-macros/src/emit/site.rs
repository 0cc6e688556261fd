//! The statics of one layer: its declaration, and the site that counts.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;

use super::{private, span::SpanRange};
use crate::{
    model::{ConstantCheck, Dimension, Layer, Values},
    parse::Metric,
};

/// The names of the statics of one layer, of which a function has several.
pub(super) struct Site<'a> {
    layer: &'a Layer,
    index: usize,
    pub(super) private: TokenStream,
}

impl<'a> Site<'a> {
    pub(super) fn of(index: usize, layer: &'a Layer) -> Self {
        Self {
            layer,
            index,
            private: private(layer.library.as_ref()),
        }
    }

    fn name(&self, what: &str) -> Ident {
        let index = self.index;
        if index == 0 {
            return Ident::new(&format!("__TT_METRICS_{what}"), Span::mixed_site());
        }
        format_ident!("__TT_METRICS_{what}_{index}", span = Span::mixed_site())
    }

    /// The static that each counting function of the library is given, by reference.
    pub(super) fn reference(&self) -> TokenStream {
        let site = self.name("SITE");
        quote_spanned!(Span::mixed_site()=> &#site)
    }

    pub(super) fn errors(&self) -> Ident {
        self.name("ERRORS")
    }

    fn values(&self, dimension: usize) -> Ident {
        self.name(&format!("VALUES{dimension}"))
    }

    /// The statics; the linker collects those of all functions of the program.
    pub(super) fn items(&self) -> TokenStream {
        let Self { layer, private, .. } = self;
        let [declaration, record, site] =
            ["DECLARATION", "RECORD", "SITE"].map(|what| self.name(what));
        let Layer { name, doc, .. } = layer;
        let fields = self.fields();
        let state = self.state();
        let with_state = self.has_state().then(|| {
            let state = self.name("STATE");
            quote_spanned!(Span::mixed_site()=> .with(&#state))
        });
        let checks = layer
            .constant_checks
            .iter()
            .map(|check| self.constant_check(check));
        quote_spanned! {Span::mixed_site()=>
            const #declaration: #private::Declaration = #private::Declaration {
                #fields
                ..#private::Declaration::new(
                    ::core::concat!(::core::module_path!(), "::", #name),
                    ::core::file!(),
                    ::core::line!(),
                    #doc
                )
            };
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__tt_metrics"))]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".tt_metrics"))]
            static #record: [::core::primitive::u8; #private::encoded_len(&#declaration)] =
                #private::encode(&#declaration);
            #state
            #(#checks)*
            #[#private::linkme::distributed_slice(#private::SITES)]
            #[linkme(crate = #private::linkme)]
            static #site: #private::Site =
                #private::Site::new(&#declaration, &#record) #with_state;
        }
    }

    /// The fields of the declaration that differ from its default.
    fn fields(&self) -> TokenStream {
        let Self { layer, private, .. } = self;
        let metrics = layer.metrics.iter().map(|(field, metric)| {
            let field = Ident::new(field, Span::mixed_site());
            let name = metric_name(private, metric);
            quote_spanned!(Span::mixed_site()=> #field: ::core::option::Option::Some(#name),)
        });
        let unit = layer.unit.as_ref().map(|unit| {
            let unit = Ident::new(unit, Span::mixed_site());
            quote_spanned!(Span::mixed_site()=> unit: #private::Unit::#unit,)
        });
        let resolution = layer.resolution.map(|resolution| {
            let resolution = Ident::new(resolution, Span::mixed_site());
            quote_spanned!(Span::mixed_site()=> resolution: #private::Resolution::#resolution,)
        });
        let dimensions = (!layer.dimensions.is_empty()).then(|| {
            let dimensions = layer.dimensions.iter().enumerate();
            let dimensions = dimensions.map(|(index, one)| self.declared_dimension(index, one));
            quote_spanned!(Span::mixed_site()=> dimensions: &[#(#dimensions)*],)
        });
        let errors = layer.failure_by.as_ref().map(|_| {
            let errors = self.errors();
            quote_spanned!(Span::mixed_site()=> errors: #errors.names(),)
        });
        quote!(#(#metrics)* #unit #resolution #dimensions #errors)
    }

    fn declared_dimension(&self, index: usize, dimension: &Dimension) -> TokenStream {
        let private = &self.private;
        let name = &dimension.name;
        let (values, max) = match &dimension.values {
            Values::OfType(_) => {
                let values = self.values(index);
                (quote_spanned!(Span::mixed_site()=> #values.names()), 0)
            }
            Values::Listed(values) => (quote!(&[#(#values,)* "Other"]), 0),
            Values::FreeText { max } => (quote!(&[]), *max),
        };
        quote_spanned! {Span::mixed_site()=>
            #private::DeclaredDimension { name: #name, values: #values, max: #max },
        }
    }

    /// Whether the site has memory beside its counters: texts of dimensions, or the number of open calls.
    fn has_state(&self) -> bool {
        let mut dimensions = self.layer.dimensions.iter();
        dimensions.any(|one| matches!(one.values, Values::FreeText { .. }))
            || self
                .layer
                .metrics
                .iter()
                .any(|(field, _)| *field == "in_flight")
    }

    fn state(&self) -> TokenStream {
        let Self { layer, private, .. } = self;
        let mut items = TokenStream::new();
        if self.has_state() {
            let state = self.name("STATE");
            let texts = layer
                .dimensions
                .iter()
                .filter_map(|dimension| match dimension.values {
                    Values::FreeText { max } => Some(usize::from(max)),
                    _ => None,
                });
            items.extend(quote_spanned! {Span::mixed_site()=>
                static #state: #private::State = #private::State {
                    texts: &[#({
                        static __TT_METRICS_PLACES: [#private::Place; #texts] =
                            [const { #private::Place::new() }; #texts];
                        #private::Texts::new(&__TT_METRICS_PLACES)
                    }),*],
                    level: #private::Level::new(),
                };
            });
        }
        for (index, dimension) in layer.dimensions.iter().enumerate() {
            if let Values::OfType(ty) = &dimension.values {
                items.extend(values_of(&self.values(index), ty, private));
            }
        }
        if let Some(path) = &layer.failure_by {
            items.extend(values_of(&self.errors(), path, private));
        }
        if let Some(detail) = &layer.detail {
            let declaration = self.name("DECLARATION");
            let check = SpanRange::of(detail)
                .underline(quote_spanned!(Span::mixed_site()=> #private::check(&#declaration)));
            items.extend(quote_spanned!(Span::mixed_site()=> const _: () = #check;));
        }
        items
    }

    fn constant_check(&self, check: &ConstantCheck) -> TokenStream {
        let private = &self.private;
        let declaration = self.name("DECLARATION");
        let field = |name: &str| {
            let name = Ident::new(name, Span::mixed_site());
            quote_spanned!(Span::mixed_site()=> #declaration.#name)
        };
        let checked = field(check.field);
        let fields = check.fields.iter().map(|(other, message)| {
            let other = field(other);
            quote_spanned!(Span::mixed_site()=> (#other, #message),)
        });
        let dimensions = check
            .dimensions
            .iter()
            .map(|(name, message)| quote_spanned!(Span::mixed_site()=> (#name, #message),));
        let property = &check.property;
        let distinct =
            SpanRange::of(&check.constant).underline(quote_spanned! {Span::mixed_site()=>
                #private::distinct(#checked, &[#(#fields)*], &[#(#dimensions)*], #property)
            });
        quote_spanned!(Span::mixed_site()=> const _: () = #distinct;)
    }

    /// The series of one call, an expression over the arguments; none for a layer that keeps no more than the outcome.
    pub(super) fn series(&self) -> Option<TokenStream> {
        let Self { layer, private, .. } = self;
        layer.detail.as_ref()?;
        let mut texts = 0_usize;
        let mut series = quote_spanned!(Span::mixed_site()=> #private::Series::FIRST);
        for (index, dimension) in layer.dimensions.iter().enumerate() {
            let value = borrowed(&dimension.value);
            series.extend(match &dimension.values {
                Values::OfType(_) => {
                    let values = self.values(index);
                    quote_spanned!(Span::mixed_site()=> .and(&#values, #value))
                }
                Values::Listed(values) => quote_spanned! {Span::mixed_site()=>
                    .and_listed(&[#(#values,)* "Other"], #value)
                },
                Values::FreeText { .. } => {
                    let site = self.reference();
                    let position = texts;
                    texts += 1;
                    quote_spanned!(Span::mixed_site()=> .and_text(#site, #position, #value))
                }
            });
        }
        Some(series)
    }
}

/// The values of a type as a constant, the only place that requires the type to have values.
fn values_of(name: &Ident, ty: &impl ToTokens, private: &TokenStream) -> TokenStream {
    let values =
        SpanRange::of(ty).underline(quote_spanned!(Span::mixed_site()=> #private::Values::new()));
    quote_spanned!(Span::mixed_site()=> const #name: #private::Values<#ty> = #values;)
}

fn metric_name(private: &TokenStream, metric: &Metric) -> TokenStream {
    match metric {
        Metric::Literal(name) => quote_spanned! {Span::mixed_site()=>
            #private::metric_name(#name)
        },
        // The `const` makes a constant of another type one error at the path.
        Metric::Constant(path) => quote_spanned! {Span::mixed_site()=>
            {
                const __METRIC: #private::MetricName = #path;
                __METRIC
            }
        },
    }
}

/// A reference to an expression, in parentheses where the operator needs them.
fn borrowed(value: &Expr) -> TokenStream {
    let binds_tighter = matches!(
        value,
        Expr::Path(_)
            | Expr::Field(_)
            | Expr::MethodCall(_)
            | Expr::Call(_)
            | Expr::Index(_)
            | Expr::Lit(_)
            | Expr::Macro(_)
            | Expr::Paren(_)
            | Expr::Block(_)
            | Expr::Reference(_)
            | Expr::Unary(_)
    );
    // A value of another type is an error at the expression.
    let at = Span::mixed_site().located_at(SpanRange::of(value).first);
    if binds_tighter {
        return quote_spanned!(at=> &#value);
    }
    quote_spanned!(at=> &(#value))
}
