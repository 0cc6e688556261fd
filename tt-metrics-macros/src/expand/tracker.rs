//! What an `async` block is tracked by.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::outcome::Expansion;

/// What tracks an `async` block.
pub(super) struct Tracker {
    /// The function that is given site, classifier and block.
    pub(super) track: TokenStream,
    pub(super) site: TokenStream,
    /// The statement with which the block begins, or nothing.
    pub(super) begun: TokenStream,
}

impl Expansion<'_> {
    /// What tracks an `async` block that stands here, and how the block begins.
    ///
    /// A block that says itself when it begins and ends makes a future that is no larger than it. One with a detail, or
    /// with a number of items, has more to hold.
    pub(super) fn tracker(&self) -> Tracker {
        let site = quote_spanned!(Span::mixed_site()=> &__TT_METRICS_SITE);
        let (name, holds_more) = match &self.classifier {
            _ if !self.series.is_empty() => ("track", true),
            classifier if classifier.says_number() => ("track_items", true),
            classifier if classifier.counts_items() => ("track_each", false),
            _ => ("track", false),
        };
        let track = self.engine(name, name);
        if holds_more {
            return Tracker {
                track,
                site,
                begun: TokenStream::new(),
            };
        }
        let private = &self.private;
        Tracker {
            track,
            site: quote_spanned!(Span::mixed_site()=> || #site),
            // The first local, so the last to be dropped.
            begun: quote_spanned! {Span::mixed_site()=>
                #[allow(clippy::no_effect_underscore_binding)]
                let __tt_metrics_begun = #private::begun(#site);
            },
        }
    }
}
