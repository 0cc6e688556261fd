//! How a function hands out the future that it makes.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::{
    item::Function,
    tail::ends_in_pin,
    types::{Held, may_name_a_future},
};

/// How a function hands its future out: as its type says, or when that is an alias, as its body does.
pub(super) fn held(function: &Function, by_type: Option<Held>) -> Option<Held> {
    let by_body = || ends_in_pinned_future(function).then_some(Held::Pinned);
    by_type.or_else(by_body)
}

/// Whether a function hands out a future that its type does not tell.
pub(crate) fn ends_in_pinned_future(function: &Function) -> bool {
    may_name_a_future(&function.sig.output) && ends_in_pin(&function.body.stream())
}

/// A body as one that makes a future: what is in a box need not be `Unpin`, and is pinned there.
pub(super) fn made(private: &TokenStream, held: Held, body: &TokenStream) -> TokenStream {
    match held {
        Held::Boxed => quote_spanned!(Span::mixed_site()=> #private::into_pin(#body)),
        Held::Opaque | Held::Pinned => body.clone(),
    }
}

/// A future of ours as the type that a function hands out.
pub(super) fn handed_out(private: &TokenStream, held: Held, future: &TokenStream) -> TokenStream {
    match held {
        Held::Opaque => future.clone(),
        Held::Boxed => quote_spanned!(Span::mixed_site()=> #private::boxed(#future)),
        Held::Pinned => quote_spanned!(Span::mixed_site()=> #private::pinned(#future)),
    }
}
