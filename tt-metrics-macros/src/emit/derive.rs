//! The implementations of `Classify` and `Dimension`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Fields, parse_quote_spanned};

use super::{item_with_errors, library, private, span::SpanRange};
use crate::{
    diagnostics::Mistakes,
    model::{Arm, Classified, DimensionType},
};

pub(crate) fn classify(classified: &Classified, mistakes: Mistakes) -> TokenStream {
    let private = private(classified.library.as_ref());
    let arms = classified.arms.iter().map(|(variant, arm)| {
        let path = variant.as_ref().map_or_else(
            || quote_spanned!(Span::mixed_site()=> Self),
            |variant| quote_spanned!(Span::mixed_site()=> Self::#variant),
        );
        match arm {
            Arm::Outcome(word) => {
                let outcome = Ident::new(&word.variant(), Span::mixed_site());
                quote_spanned!(Span::mixed_site()=> #path { .. } => #private::Outcome::#outcome,)
            }
            Arm::Field(member, ty) => {
                let range = SpanRange::of(ty);
                let field = Ident::new("__field", Span::mixed_site());
                let value = range.underline(quote_spanned!(Span::mixed_site()=> &*#field));
                let classified = range
                    .underline(quote_spanned!(Span::mixed_site()=> #private::classify(#value)));
                quote_spanned! {Span::mixed_site()=>
                    #path { #member: ref #field, .. } => #classified,
                }
            }
        }
    });
    // A mistake is one error: without the implementation, each use would be another one.
    let body = if mistakes.is_empty() {
        quote_spanned!(Span::mixed_site()=> match *self { #(#arms)* })
    } else {
        quote_spanned!(Span::mixed_site()=> #private::Outcome::Success)
    };
    let mut generics = classified.generics.clone();
    let clause = generics.make_where_clause();
    for ty in &classified.bounds {
        clause
            .predicates
            .push(parse_quote_spanned!(Span::mixed_site()=> #ty: #private::Classify));
    }
    let (parameters, arguments, clause) = generics.split_for_impl();
    let name = &classified.name;
    let implementation = quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #private::Classify for #name #arguments #clause {
            #[inline]
            fn outcome(&self) -> #private::Outcome {
                #body
            }
        }
    };
    item_with_errors(&implementation, mistakes)
}

pub(crate) fn dimension(ty: &DimensionType, mistakes: Mistakes) -> TokenStream {
    let library = library(ty.library.as_ref());
    let arms = ty
        .variants
        .iter()
        .enumerate()
        .map(|(index, (variant, fields, _))| {
            let fields = match fields {
                Fields::Unit => TokenStream::new(),
                Fields::Named(_) => quote!({ .. }),
                Fields::Unnamed(_) => quote!((..)),
            };
            quote_spanned!(Span::mixed_site()=> Self::#variant #fields => #index,)
        });
    let values = ty.variants.iter().map(|(.., value)| value);
    // A mistake is one error: without the implementation, each use would be another one.
    let (values, index) = if mistakes.is_empty() {
        (
            quote!(#(#values),*),
            quote_spanned!(Span::mixed_site()=> match *self { #(#arms)* }),
        )
    } else {
        (quote!("Other"), quote!(0))
    };
    let name = &ty.name;
    let (generics, arguments, clause) = ty.generics.split_for_impl();
    let implementation = quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #generics #library::Dimension for #name #arguments #clause {
            const VALUES: &'static [&'static ::core::primitive::str] = &[#values];

            #[inline]
            fn index(&self) -> ::core::primitive::usize {
                #index
            }
        }
    };
    item_with_errors(&implementation, mistakes)
}
