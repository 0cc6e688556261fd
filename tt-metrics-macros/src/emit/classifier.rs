//! The closure from the return value to the outcome of the call, or of each of its items.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

use super::{site::Site, span::SpanRange};
use crate::{
    model::{Layer, Verdict},
    parse::{Callable, Each},
};

/// The type of the value that a classifier is given.
pub(super) struct Classified<'a> {
    /// `_` where it is inferred.
    pub(super) ty: &'a TokenStream,
    /// Where an error about the type is reported.
    pub(super) at: SpanRange,
}

/// The return value, in the closure.
struct Value<'a> {
    private: &'a TokenStream,
    name: Ident,
    at: SpanRange,
}

pub(super) fn classifier(
    site: &Site<'_>,
    layer: &Layer,
    classified: &Classified<'_>,
) -> TokenStream {
    let private = &site.private;
    let value = Value {
        private,
        name: Ident::new("__value", Span::mixed_site()),
        at: classified.at,
    };
    let (name, ty) = (&value.name, classified.ty);
    let (verdict, closures) = match &layer.verdict {
        Verdict::Begun => {
            return quote_spanned!(Span::mixed_site()=> |_: &_| ());
        }
        Verdict::NumberOf(number) => {
            // Clippy would replace the closure by a path, which `items` takes for a number.
            let calls = quote_spanned! {Span::mixed_site()=>
                #private::calls(
                    &*#name,
                    #[allow(clippy::redundant_closure, clippy::redundant_closure_for_method_calls)]
                    #number
                )
            };
            let calls = SpanRange::of(&number.body).underline(calls);
            return quote_spanned!(Span::mixed_site()=> move |#name: &#ty| #calls);
        }
        Verdict::Outcome { by } => {
            let outcome = value.outcome(by.as_ref());
            let outcome = if layer.number.is_some() {
                quote_spanned!(Span::mixed_site()=> #private::all(#outcome))
            } else {
                outcome
            };
            (outcome, [by.as_ref(), None])
        }
        Verdict::Items { each, by, rest } => {
            let tally = value.tally(each, by.as_ref());
            let tally = match (&layer.number, rest) {
                (None, _) => tally,
                (Some(_), Some(word)) => {
                    let rest = Ident::new(&word.variant(), word.span());
                    quote_spanned!(Span::mixed_site()=> #tally.rest(#private::Outcome::#rest))
                }
                (Some(_), None) => {
                    let rest = value.function("rest");
                    quote_spanned!(Span::mixed_site()=> #tally.rest(#rest))
                }
            };
            (tally, [by.as_ref(), each.items.as_ref()])
        }
    };
    let verdict = match &layer.failure_by {
        Some(error) => value.with_error(error, &site.errors(), &verdict),
        None => verdict,
    };
    // A closure of the user is copied with what it captures, since the body takes the arguments.
    let mut closures = closures.into_iter().flatten();
    let capture = closures
        .any(|callable| matches!(callable, Callable::Closure(_)))
        .then(|| quote_spanned!(Span::mixed_site()=> move));
    quote_spanned!(Span::mixed_site()=> #capture |#name: &#ty| #verdict)
}

impl Value<'_> {
    fn outcome(&self, by: Option<&Callable>) -> TokenStream {
        match by {
            None => self.function("classify"),
            Some(by) => self.callable(by),
        }
    }

    /// The value as an argument, placed at the return type.
    fn argument(&self) -> TokenStream {
        let name = &self.name;
        // More than one token, so that all of the type can be underlined.
        self.at
            .underline(quote_spanned!(Span::mixed_site()=> &*#name))
    }

    /// A function of the library, given the value.
    fn function(&self, function: &str) -> TokenStream {
        let private = self.private;
        let name = Ident::new(function, Span::mixed_site());
        let function = self
            .at
            .underline(quote_spanned!(Span::mixed_site()=> #private::#name));
        let argument = self.argument();
        quote_spanned!(Span::mixed_site()=> #function(#argument))
    }

    /// A function of the user, given the value.
    fn callable(&self, callable: &Callable) -> TokenStream {
        let Self { private, name, .. } = self;
        match callable {
            Callable::Path(path) => {
                let argument = located(name, path);
                let mut arguments =
                    Group::new(Delimiter::Parenthesis, argument.into_token_stream());
                let end = SpanRange::of(path).last;
                arguments.set_span(Span::mixed_site().located_at(end));
                quote_spanned!(Span::mixed_site()=> #path #arguments)
            }
            Callable::Closure(closure) => SpanRange::of(&closure.body)
                .underline(quote_spanned!(Span::mixed_site()=> #private::apply(&*#name, #closure))),
        }
    }

    /// The outcomes of the items.
    fn tally(&self, each: &Each, by: Option<&Callable>) -> TokenStream {
        let private = self.private;
        let (items, range) = match &each.items {
            None => (self.argument(), self.at),
            Some(items) => (self.callable(items), SpanRange::of(&tokens(items))),
        };
        let at = Span::mixed_site().located_at(range.last);
        let Some(by) = by else {
            let each = range.underline(quote_spanned!(Span::mixed_site()=> #private::each));
            return quote_spanned!(Span::mixed_site()=> #each(#items));
        };
        let each_by = range.underline(quote_spanned!(Span::mixed_site()=> #private::each_by));
        let by = match by {
            Callable::Closure(closure) => closure.to_token_stream(),
            Callable::Path(path) => {
                let item = Ident::new("__item", Span::mixed_site());
                let argument = located(&item, path);
                quote_spanned!(Span::mixed_site()=> |#item| #path(#argument))
            }
        };
        quote_spanned!(at=> #each_by(#items, #by))
    }

    /// An outcome together with the error of the value. A value without such an error is reported at the error type.
    fn with_error(&self, error: &syn::Path, errors: &Ident, outcome: &TokenStream) -> TokenStream {
        let Self { private, name, .. } = self;
        let range = SpanRange::of(error);
        let value = range.underline(quote_spanned!(Span::mixed_site()=> &*#name));
        let by_error = range.underline(quote_spanned!(Span::mixed_site()=> #private::by_error));
        quote_spanned!(Span::mixed_site()=> #by_error(&#errors, #value, #outcome))
    }
}

fn tokens(callable: &Callable) -> TokenStream {
    match callable {
        Callable::Path(path) => path.to_token_stream(),
        Callable::Closure(closure) => closure.to_token_stream(),
    }
}

/// A mismatch is reported at the argument, which is therefore placed at the path of the function.
fn located(value: &Ident, path: &impl Spanned) -> Ident {
    let mut argument = value.clone();
    argument.set_span(value.span().located_at(path.span()));
    argument
}
