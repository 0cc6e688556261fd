//! The attributes of `tt-metrics`.

use proc_macro::TokenStream;

/// Counts calls of a function.
#[proc_macro_attribute]
pub fn count(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}

/// Counts the outcome of each call of a function.
#[proc_macro_attribute]
pub fn count_outcome(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}
