//! The arguments of a function, on their way into its body.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::{
    item::{Binding, Function},
    taken::{Taken, hand_on},
};

/// The arguments of a function, moved into its body.
pub(super) struct Arguments {
    /// Uses every argument, in reverse order: all are moved, and drop in the body in the order in
    /// which a plain function drops them.
    touch: TokenStream,
    /// Those that are moved as a whole, and taken apart there.
    pub(super) taken: Vec<Taken>,
}

impl Arguments {
    /// Takes them for an attribute with these arguments.
    pub(super) fn take(function: &mut Function, written: &TokenStream) -> Self {
        let taken = function.name_parameters(written);
        hand_on(&taken, &mut function.attrs);
        Self {
            touch: touch(function),
            taken,
        }
    }

    /// What stands before the body, with a statement over the arguments.
    pub(super) fn before(&self, statement: &TokenStream) -> TokenStream {
        let Self { touch, taken } = self;
        let lets = taken.iter().map(Taken::moved);
        quote!(#touch #(#lets)* #statement)
    }
}

fn touch(function: &Function) -> TokenStream {
    let touched = function.bindings().into_iter().rev().map(|binding| {
        let Binding { cfgs, name } = binding;
        // Clippy takes the user's name for the user's own use of it.
        let allow = name.to_string().starts_with('_').then(
            || quote_spanned!(Span::mixed_site()=> #[allow(clippy::used_underscore_binding)]),
        );
        quote_spanned!(Span::mixed_site()=> #(#cfgs)* #allow let _ = &#name;)
    });
    touched.collect()
}
