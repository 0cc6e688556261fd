//! The static of one attribute: what it declared about its function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;

use crate::{args::Metric, detail, item::Function};

/// The metrics of one attribute; what is not declared stays `None`.
#[derive(Default)]
pub(crate) struct Declared<'a> {
    pub(crate) calls: Option<&'a Metric>,
    pub(crate) success: Option<&'a Metric>,
    pub(crate) failure: Option<&'a Metric>,
    pub(crate) neutral: Option<&'a Metric>,
    pub(crate) interrupted: Option<&'a Metric>,
    pub(crate) detail: detail::Declared,
    /// Fields of the declaration that say how the metrics are stored.
    pub(crate) storage: TokenStream,
    /// What the compiler compares of its names.
    pub(crate) distinct: TokenStream,
}

impl Declared<'_> {
    /// The static `__TT_METRICS_SITE`, which every build that links the function has in its list.
    pub(crate) fn site(&self, private: &TokenStream, function: &Function) -> TokenStream {
        let name = function.sig.ident.unraw().to_string();
        self.named(private, &name, &function.doc())
    }

    /// The same of something that is no function.
    pub(crate) fn named(&self, private: &TokenStream, name: &str, doc: &str) -> TokenStream {
        let metrics = [
            ("calls", self.calls),
            ("success", self.success),
            ("failure", self.failure),
            ("neutral", self.neutral),
            ("interrupted", self.interrupted),
        ];
        let metrics = metrics.into_iter().filter_map(|(meaning, name)| {
            let field = Ident::new(meaning, Span::mixed_site());
            let name = metric_name(private, name?);
            Some(quote_spanned!(Span::mixed_site()=> #field: ::core::option::Option::Some(#name),))
        });
        let Self {
            storage, distinct, ..
        } = self;
        let detail::Declared {
            fields,
            state,
            with,
        } = &self.detail;
        quote_spanned! {Span::mixed_site()=>
            const __TT_METRICS_DECLARATION: #private::Declaration = #private::Declaration {
                #(#metrics)*
                #storage
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
            static __TT_METRICS_RECORD: [::core::primitive::u8; #private::encoded_len(&__TT_METRICS_DECLARATION)] =
                #private::encode(&__TT_METRICS_DECLARATION);
            #state
            #distinct
            #[#private::linkme::distributed_slice(#private::SITES)]
            #[linkme(crate = #private::linkme)]
            static __TT_METRICS_SITE: #private::Site =
                #private::Site::new(&__TT_METRICS_DECLARATION, &__TT_METRICS_RECORD) #with;
        }
    }
}

pub(crate) fn metric_name(private: &TokenStream, metric: &Metric) -> TokenStream {
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
