//! Which attribute of ours goes first, where several stand on one function.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Meta, Path, parse_quote_spanned};

use super::library;
use crate::{
    args::{Count, CountOutcome, Number},
    diagnostics::Mistakes,
    item::Function,
};

/// Expands a function, below an attribute of ours whose expression names the parameters as they
/// are now: that one goes first.
pub(super) fn below_items(
    mut function: Function,
    name: &str,
    written: &TokenStream,
    krate: Option<&Path>,
    expand: impl FnOnce(Function) -> Function,
) -> Function {
    let Some(last) = function.attrs.iter().rposition(counts_items) else {
        return expand(function);
    };
    let library = library(krate);
    let name = Ident::new(name, Span::mixed_site());
    let attribute: Attribute = parse_quote_spanned! {Span::mixed_site()=>
        #[#library::#name(#written)]
    };
    function.attrs.insert(last + 1, attribute);
    function
}

/// Whether this is an attribute of ours with an expression over the arguments.
fn counts_items(attr: &Attribute) -> bool {
    let Meta::List(meta) = &attr.meta else {
        return false;
    };
    let called = meta.path.segments.last().map(|last| last.ident.to_string());
    let tokens = || meta.tokens.clone();
    let mut mistakes = Mistakes::default();
    match called.as_deref() {
        Some("count") => {
            let items = Count::parse(tokens(), &mut mistakes).items;
            matches!(items, Some(Number::Argument(_)))
        }
        Some("count_outcome") => CountOutcome::parse(tokens(), &mut mistakes).items.is_some(),
        _ => false,
    }
}
