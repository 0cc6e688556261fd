//! The macros of `tt-metrics`: `parse` reads tokens, `model` describes what is generated, `emit` generates it.

mod diagnostics;
mod emit;
mod expand;
mod model;
mod parse;

use proc_macro::TokenStream;

use parse::Attribute;

#[doc = include_str!("docs/count.md")]
#[proc_macro_attribute]
pub fn count(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Attribute::Count, args.into(), &item.into()).into()
}

#[doc = include_str!("docs/count_outcome.md")]
#[doc = include_str!("docs/details.md")]
#[doc = include_str!("docs/build_time.md")]
#[proc_macro_attribute]
pub fn count_outcome(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Attribute::CountOutcome, args.into(), &item.into()).into()
}

/// Carries the attributes of a function until no other macro is left on it. Not public API.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __counted(list: TokenStream, item: TokenStream) -> TokenStream {
    expand::counted(list.into(), &item.into()).into()
}

#[doc = include_str!("docs/outcome.md")]
#[proc_macro]
pub fn outcome(tokens: TokenStream) -> TokenStream {
    expand::outcome(tokens.into()).into()
}

/// Makes the variants of an enum the values of a dimension, for `dimensions(..)` and `failure_by` of [`macro@count_outcome`].
///
/// The value of a variant is its name, whatever its fields. `#[dimension("another name")]` replaces it, and
/// `#[dimension(crate = path)]` on the enum is the path of `tt-metrics`.
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
    expand::dimension(input.into()).into()
}

#[doc = include_str!("docs/classify.md")]
#[proc_macro_derive(Classify, attributes(outcome))]
pub fn classify(item: TokenStream) -> TokenStream {
    expand::classify(item.into()).into()
}
