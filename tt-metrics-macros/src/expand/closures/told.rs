//! A closure, given to a function whose bounds say of which types it is.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ExprClosure, Generics, Pat, PathArguments, TraitBound, Type, TypeParamBound};

use super::signature::Signature;
use crate::types::Ends;

/// The value as the argument of a function that returns it, and asks for what the `impl Trait` promises. `None` where
/// that is nothing that a closure can learn from.
///
/// `generics`: those of the function that returns the value.
pub(super) fn told(generics: &Generics, ty: &Type, value: &Value<'_>) -> Option<TokenStream> {
    let Type::ImplTrait(opaque) = ty else {
        return None;
    };
    let mut signature = Signature::new(generics);
    let mut bounds = Vec::new();
    for bound in &opaque.bounds {
        if let TypeParamBound::Trait(bound) = bound
            && (value.infers() || says_more(&signature, bound, value))
        {
            bounds.push(signature.bound(bound)?);
        }
    }
    if bounds.is_empty() {
        return None;
    }
    let Signature {
        lifetimes,
        parameters,
        arguments,
        ..
    } = signature;
    // Blames the type that is written.
    let ends = Ends::of(opaque, Span::mixed_site());
    let function =
        ends.underline(quote_spanned!(Span::mixed_site()=> __closure::<#(#arguments,)* _>));
    // Clippy would have a path for the argument of a function, not for what is returned.
    let allow = matches!(value, Value::Closure(_)).then(|| {
        quote_spanned! {Span::mixed_site()=>
            #[allow(clippy::redundant_closure, clippy::redundant_closure_for_method_calls)]
        }
    });
    let mut given = Group::new(Delimiter::Parenthesis, quote!(#allow #value));
    given.set_span(Span::mixed_site().located_at(ends.last));
    let given = quote!(#function #given);
    let given = match value {
        Value::Closure(_) => given,
        // It may end in a panic, with nothing to give.
        Value::Macro(_) => quote_spanned! {Span::mixed_site()=>
            match () {
                #[allow(unreachable_code)]
                () => #given,
            }
        },
    };
    Some(quote_spanned! {Span::mixed_site()=>
        {
            fn __closure<#(#lifetimes,)* #(#parameters,)* __Closure: #(#bounds)+*>(
                closure: __Closure
            ) -> __Closure {
                closure
            }
            #given
        }
    })
}

/// Whether a bound of `Fn(..)` or its kind says what a closure with all its types leaves open: that it returns what
/// it borrows. Of a macro nothing is known.
fn says_more(signature: &Signature<'_>, bound: &TraitBound, value: &Value<'_>) -> bool {
    let last = bound.path.segments.last();
    let Some(PathArguments::Parenthesized(call)) = last.map(|last| &last.arguments) else {
        return false;
    };
    matches!(value, Value::Macro(_))
        || signature.lends(&call.output.to_token_stream())
        || bound.lifetimes.is_some()
}

/// What stands where a value of the type is returned.
pub(super) enum Value<'a> {
    Closure(&'a ExprClosure),
    Macro(&'a dyn ToTokens),
}

impl Value<'_> {
    /// Whether it has a parameter of no type.
    fn infers(&self) -> bool {
        match self {
            Self::Closure(closure) => {
                let mut parameters = closure.inputs.iter();
                parameters.any(|parameter| !matches!(parameter, Pat::Type(_)))
            }
            Self::Macro(_) => false,
        }
    }
}

impl ToTokens for Value<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Closure(closure) => closure.to_tokens(tokens),
            Self::Macro(called) => called.to_tokens(tokens),
        }
    }
}
