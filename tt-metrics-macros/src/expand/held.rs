//! How a function hands out the future that it makes.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::{item::Function, tail::ends_in_pin, types::Held};

/// How a function hands its future out: as its type says, or when that is an alias, as its body does.
pub(super) fn held(function: &Function, by_type: Option<Held>) -> Option<Held> {
    let by_body = || ends_in_pin(&function.body.stream()).then_some(Held::Pinned);
    by_type.or_else(by_body)
}

/// A future of ours as the type that a function hands out.
pub(super) fn handed_out(private: &TokenStream, held: Held, future: &TokenStream) -> TokenStream {
    match held {
        Held::Opaque => future.clone(),
        Held::Boxed => quote_spanned!(Span::mixed_site()=> #private::boxed(#future)),
        Held::Pinned => quote_spanned!(Span::mixed_site()=> #private::pinned(#future)),
    }
}
