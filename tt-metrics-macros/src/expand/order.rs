//! Which attribute of ours goes first, where several stand on one function.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Path, parse_quote_spanned};

use super::library;
use crate::{args::Count, diagnostics::Mistakes, item::Function};

/// Expands a function, below a `#[count(..)]` whose expressions name the parameters as they are now: that one goes
/// first, and leaves them. The next such one is seen when it is this attribute's turn again.
///
/// Another attribute of ours is told what became of the parameters that it names.
pub(super) fn below_expressions(
    mut function: Function,
    name: &str,
    written: &TokenStream,
    krate: Option<&Path>,
    expand: impl FnOnce(Function) -> Function,
) -> Function {
    let Some(first) = function.attrs.iter().position(counts_expressions) else {
        return expand(function);
    };
    let library = library(krate);
    let name = Ident::new(name, Span::mixed_site());
    let attribute: Attribute = parse_quote_spanned! {Span::mixed_site()=>
        #[#library::#name(#written)]
    };
    function.attrs.insert(first + 1, attribute);
    function
}

/// Whether this is a `#[count(..)]` with an expression over the arguments.
fn counts_expressions(attr: &Attribute) -> bool {
    let is_count = |last: &syn::PathSegment| last.ident == "count";
    let Ok(list) = attr.meta.require_list() else {
        return false;
    };
    list.path.segments.last().is_some_and(is_count)
        && Count::parse(list.tokens.clone(), &mut Mistakes::default()).has_expressions()
}
