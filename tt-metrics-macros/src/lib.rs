//! The attributes of `tt-metrics`, in reading order: arguments, item, checks, expansion.

mod args;
mod check;
mod diagnostics;
mod expand;
mod item;
mod site;
mod tail;
mod types;

use proc_macro::TokenStream;

/// Counts calls of a function.
#[proc_macro_attribute]
pub fn count(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::count(args.into(), item.into()).into()
}

/// Counts the outcome of each call of a function.
#[proc_macro_attribute]
pub fn count_outcome(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::count_outcome(args.into(), item.into()).into()
}
