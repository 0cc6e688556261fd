//! The attributes of `tt-metrics`, in reading order: arguments, item, checks, expansion.

mod args;
mod attributes;
mod check;
mod closure;
mod derive;
mod derive_dimension;
mod detail;
mod diagnostics;
mod expand;
mod impl_block;
mod item;
mod names;
mod pattern;
mod site;
mod storage;
mod tail;
mod taken;
mod types;

use proc_macro::TokenStream;

#[doc = include_str!("docs/count.md")]
#[proc_macro_attribute]
pub fn count(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::count(args.into(), item.into()).into()
}

#[doc = include_str!("docs/count_outcome.md")]
#[doc = include_str!("detail.md")]
#[doc = include_str!("docs/build_time.md")]
#[proc_macro_attribute]
pub fn count_outcome(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::count_outcome(args.into(), item.into()).into()
}

#[doc = include_str!("docs/outcome.md")]
#[proc_macro]
pub fn outcome(tokens: TokenStream) -> TokenStream {
    expand::outcome(tokens.into()).into()
}

/// Makes the variants of an enum the values of a dimension, for `dimensions(..)` and `failure_by` of [`macro@count_outcome`].
///
/// Each variant is a value by its name, whatever it carries; `#[dimension("another name")]` gives it another one, and
/// `#[dimension(crate = path)]` on the enum says where `tt-metrics` is.
///
/// ```
/// use tt_metrics::Dimension;
///
/// #[derive(Dimension)]
/// enum OrderError {
///     OutOfStock,
///     #[dimension("Payment refused")]
///     Payment { code: u16 },
/// }
///
/// assert_eq!(OrderError::VALUES, ["OutOfStock", "Payment refused"]);
/// # assert_eq!(OrderError::Payment { code: 1 }.index(), 1);
/// # assert_eq!(OrderError::OutOfStock.index(), 0);
/// ```
#[proc_macro_derive(Dimension, attributes(dimension))]
pub fn derive_dimension(input: TokenStream) -> TokenStream {
    derive_dimension::dimension(input.into()).into()
}

#[doc = include_str!("docs/classify.md")]
#[proc_macro_derive(Classify, attributes(outcome))]
pub fn classify(item: TokenStream) -> TokenStream {
    derive::classify(item.into()).into()
}
