//! One layer around a body: as a value of the library, as a statement, and around a future.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;

use super::{
    classifier::{Classified, classifier},
    site::Site,
    span::SpanRange,
};
use crate::model::{Layer, Verdict};

/// A layer with the names of its statics.
pub(super) struct LayerTokens<'a> {
    layer: &'a Layer,
    pub(super) site: Site<'a>,
}

impl<'a> LayerTokens<'a> {
    pub(super) fn of(index: usize, layer: &'a Layer) -> Self {
        Self {
            layer,
            site: Site::of(index, layer),
        }
    }

    pub(super) fn is_statement(&self) -> bool {
        self.layer.is_statement()
    }

    /// The value that the library calls a body with.
    pub(super) fn value(&self) -> TokenStream {
        let private = &self.site.private;
        let site = self.site.reference();
        let number = self.number();
        match (self.site.series(), &self.layer.verdict) {
            (Some(series), Verdict::Begun) => {
                let number = number.unwrap_or_else(one);
                quote_spanned!(Span::mixed_site()=> #series.count_layer(#site, #number))
            }
            (Some(series), _) => quote_spanned!(Span::mixed_site()=> #series.layer(#site)),
            (None, Verdict::Begun) => {
                let number = number.unwrap_or_else(one);
                quote_spanned!(Span::mixed_site()=> #private::CountLayer(#site, #number))
            }
            (None, Verdict::Outcome { .. }) if number.is_none() => {
                quote_spanned!(Span::mixed_site()=> #private::OutcomeLayer(#site))
            }
            (None, _) => {
                let number = number.map_or_else(
                    || quote_spanned!(Span::mixed_site()=> ::core::option::Option::None),
                    |number| {
                        quote_spanned!(Span::mixed_site()=> ::core::option::Option::Some(#number))
                    },
                );
                quote_spanned!(Span::mixed_site()=> #private::ItemsLayer(#site, #number))
            }
        }
    }

    pub(super) fn classifier(&self, classified: &Classified<'_>) -> TokenStream {
        classifier(&self.site, self.layer, classified)
    }

    /// The statement that counts the call, for a layer that counts when a call begins.
    pub(super) fn statement(&self) -> TokenStream {
        let private = &self.site.private;
        let site = self.site.reference();
        let number = self.number().unwrap_or_else(one);
        match self.site.series() {
            None => quote_spanned!(Span::mixed_site()=> #private::count(#site, #number);),
            Some(series) => quote_spanned! {Span::mixed_site()=>
                #[allow(clippy::no_effect_underscore_binding)]
                let __tt_metrics_open = #series.open(#site, #number);
            },
        }
    }

    /// The statement with which a tracked `async` block begins, for a layer whose future holds nothing of its own.
    pub(super) fn begun(&self) -> Option<TokenStream> {
        if self.is_statement() || self.is_held() {
            return None;
        }
        let private = &self.site.private;
        let site = self.site.reference();
        // Before all other locals, so that it drops last.
        Some(quote_spanned! {Span::mixed_site()=>
            #[allow(clippy::no_effect_underscore_binding)]
            let __tt_metrics_begun = #private::begun(#site);
        })
    }

    /// The function that tracks a future, with its arguments.
    pub(super) fn track(
        &self,
        classified: &Classified<'_>,
        future: &TokenStream,
    ) -> (TokenStream, TokenStream) {
        let private = &self.site.private;
        let classify = self.classifier(classified);
        if self.is_held() {
            let value = self.value();
            return (
                quote_spanned!(Span::mixed_site()=> #private::track_layer),
                quote!(#value, #classify, #future),
            );
        }
        let site = self.site.reference();
        let track = if let Verdict::Outcome { .. } = self.layer.verdict {
            quote_spanned!(Span::mixed_site()=> #private::track)
        } else {
            quote_spanned!(Span::mixed_site()=> #private::track_tally)
        };
        (
            track,
            quote_spanned!(Span::mixed_site()=> || #site, #classify, #future),
        )
    }

    /// Whether the future has to hold more than the body: a number of items, a clock, or dimensions.
    fn is_held(&self) -> bool {
        self.layer.number.is_some() || self.layer.detail.is_some()
    }

    /// How many items the call counts.
    fn number(&self) -> Option<TokenStream> {
        let private = &self.site.private;
        self.layer.number.as_ref().map(|number: &Expr| {
            let items = SpanRange::of(number)
                .underline(quote_spanned!(Span::mixed_site()=> #private::items));
            quote_spanned!(Span::mixed_site()=> #items(#number))
        })
    }
}

fn one() -> TokenStream {
    quote_spanned!(Span::mixed_site()=> 1)
}
