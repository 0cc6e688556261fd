//! The static of one attribute: what it declared about its function.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;

use crate::{args::Metric, item::Function};

/// The metrics of one attribute; what is not declared stays `None`.
#[derive(Default)]
pub(crate) struct Declared<'a> {
    pub(crate) calls: Option<&'a Metric>,
    pub(crate) success: Option<&'a Metric>,
    pub(crate) failure: Option<&'a Metric>,
    pub(crate) neutral: Option<&'a Metric>,
    pub(crate) interrupted: Option<&'a Metric>,
}

impl Declared<'_> {
    /// The static `__TT_METRICS_SITE`, which every build that links the function has in its list.
    pub(crate) fn site(&self, private: &TokenStream, function: &Function) -> TokenStream {
        let name = function.sig.ident.unraw().to_string();
        self.named(private, &name, &function.doc())
    }

    /// The same of something that is no function.
    pub(crate) fn named(&self, private: &TokenStream, name: &str, doc: &str) -> TokenStream {
        let calls = metric(private, self.calls);
        let success = metric(private, self.success);
        let failure = metric(private, self.failure);
        let neutral = metric(private, self.neutral);
        let interrupted = metric(private, self.interrupted);
        quote_spanned! {Span::mixed_site()=>
            #[#private::linkme::distributed_slice(#private::SITES)]
            #[linkme(crate = #private::linkme)]
            static __TT_METRICS_SITE: #private::Site = #private::Site::new(#private::Declaration {
                function: ::core::concat!(::core::module_path!(), "::", #name),
                file: ::core::file!(),
                line: ::core::line!(),
                doc: #doc,
                calls: #calls,
                success: #success,
                failure: #failure,
                neutral: #neutral,
                interrupted: #interrupted,
            });
        }
    }
}

fn metric(private: &TokenStream, metric: Option<&Metric>) -> TokenStream {
    match metric {
        None => quote_spanned!(Span::mixed_site()=> ::core::option::Option::None),
        Some(Metric::Literal(name)) => quote_spanned! {Span::mixed_site()=>
            ::core::option::Option::Some(#private::MetricName::new(#name))
        },
        // The `const` makes a constant of another type one error at the path.
        Some(Metric::Constant(path)) => quote_spanned! {Span::mixed_site()=>
            {
                const __METRIC: #private::MetricName = #path;
                ::core::option::Option::Some(__METRIC)
            }
        },
    }
}
