//! Which attribute of ours goes first, where several stand on one function.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Meta, Path, parse_quote_spanned};

use super::library;
use crate::{
    args::{Count, CountOutcome},
    diagnostics::Mistakes,
    item::Function,
};

/// Expands a function, below an attribute of ours whose expressions name the parameters as they
/// are now: that one goes first.
///
/// `#[count(..)]` leaves the parameters as they are, so what has expressions itself goes below that one only.
pub(super) fn below_expressions(
    mut function: Function,
    name: &str,
    written: &TokenStream,
    krate: Option<&Path>,
    has_expressions: bool,
    expand: impl FnOnce(Function) -> Function,
) -> Function {
    let first = function.attrs.iter().position(|attr| {
        let theirs = expressions(attr);
        theirs == Some(Named::Kept) || (theirs == Some(Named::Moved) && !has_expressions)
    });
    let Some(first) = first else {
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

/// What becomes of the parameters that the expressions of an attribute name.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// They stay.
    Kept,
    /// The body takes them, under names of ours.
    Moved,
}

/// Whether this is an attribute of ours with an expression over the arguments.
fn expressions(attr: &Attribute) -> Option<Named> {
    let Meta::List(meta) = &attr.meta else {
        return None;
    };
    let called = meta.path.segments.last().map(|last| last.ident.to_string());
    let tokens = || meta.tokens.clone();
    let mut mistakes = Mistakes::default();
    match called.as_deref() {
        Some("count") => {
            let args = Count::parse(tokens(), &mut mistakes);
            args.has_expressions().then_some(Named::Kept)
        }
        Some("count_outcome") => {
            let args = CountOutcome::parse(tokens(), &mut mistakes);
            args.has_expressions().then_some(Named::Moved)
        }
        _ => None,
    }
}
