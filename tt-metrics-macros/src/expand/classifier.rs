//! The closure that says of a return value how the call, or each of its items, ended.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Expr, ExprClosure, spanned::Spanned};

use crate::{
    args::{Callable, Count, CountOutcome, Each, Number, OutcomeWord},
    detail::Detail,
    taken::{Taken, over},
    types::Ends,
};

/// What the arguments say about the outcome of a call.
#[derive(Default)]
pub(super) struct Classifier<'a> {
    by: Option<&'a Callable>,
    each: Option<&'a Each>,
    items: Option<&'a Expr>,
    rest: Option<&'a OutcomeWord>,
    calls: Option<&'a ExprClosure>,
    /// What the attributes before took of the parameters.
    taken: &'a [Taken],
}

impl<'a> Classifier<'a> {
    pub(super) fn of_outcome(args: &'a CountOutcome) -> Self {
        Self {
            by: args.by.as_ref(),
            each: args.each.as_ref(),
            items: args.items.as_ref(),
            rest: args.rest.as_ref(),
            calls: None,
            taken: &args.taken,
        }
    }

    pub(super) fn of_count(args: &'a Count) -> Self {
        let mut classifier = Self {
            taken: &args.taken,
            ..Self::default()
        };
        match &args.items {
            Some(Number::Argument(items)) => classifier.items = Some(items),
            Some(Number::Returned(calls)) => classifier.calls = Some(calls),
            None => {}
        }
        classifier
    }

    /// Whether the type of the return value says how the call ended.
    pub(super) fn is_of_the_type(&self) -> bool {
        self.by.is_none() && self.each.is_none()
    }

    /// Whether a call may stand for another number of items than one.
    pub(super) fn counts_items(&self) -> bool {
        self.each.is_some() || self.items.is_some() || self.calls.is_some()
    }

    /// Whether the body says how many items the call is about.
    pub(super) fn says_number(&self) -> bool {
        self.items.is_some()
    }

    /// The statement of the body that says how many items the call is about.
    pub(super) fn about(&self, private: &TokenStream) -> TokenStream {
        self.items
            .map(|items| {
                let ends = Ends::of(items, Span::mixed_site());
                let about = ends.underline(quote_spanned!(Span::mixed_site()=> #private::about));
                let about = quote_spanned!(Span::mixed_site()=> #about(#items););
                over(self.taken, private, about)
            })
            .unwrap_or_default()
    }

    /// The classifier as a closure that names the type it takes, so that the return type is what
    /// the compiler trusts, and a classifier of another type is what it blames.
    pub(super) fn closure(
        &self,
        private: &TokenStream,
        detail: &Detail,
        output: &TokenStream,
    ) -> TokenStream {
        let place = Place {
            private,
            value: Ident::new("__value", Span::mixed_site()),
            ends: Ends::of(output, Span::mixed_site()),
        };
        let value = &place.value;
        let classified = detail.with_error(private, value, self.classified(&place));
        // What a closure of the user's names besides the value is copied into the future.
        let copies = [self.by, self.each.and_then(|each| each.items.as_ref())];
        let copies = copies
            .into_iter()
            .flatten()
            .any(|callable| matches!(callable, Callable::Closure(_)))
            || self.calls.is_some();
        let capture = copies.then(|| quote_spanned!(Span::mixed_site()=> move));
        quote_spanned!(Span::mixed_site()=> #capture |#value: &#output| #classified)
    }

    fn classified(&self, place: &Place<'_>) -> TokenStream {
        let private = place.private;
        if let Some(closure) = self.calls {
            let value = &place.value;
            // Where clippy would have a path, `items` takes it for a number.
            let calls = quote_spanned! {Span::mixed_site()=>
                #private::calls(
                    &*#value,
                    #[allow(clippy::redundant_closure, clippy::redundant_closure_for_method_calls)]
                    #closure
                )
            };
            return underlined(&closure.body, calls);
        }
        let Some(each) = self.each else {
            let outcome = place.outcome(self.by);
            return if self.items.is_some() {
                quote_spanned!(Span::mixed_site()=> #private::all(#outcome))
            } else {
                outcome
            };
        };
        let tally = self.tally(each, place);
        if self.items.is_none() {
            return tally;
        }
        let rest = match self.rest {
            Some(word) => {
                let variant = Ident::new(&word.variant(), word.0.span());
                quote_spanned!(Span::mixed_site()=> #private::Outcome::#variant)
            }
            None => place.underlined("rest"),
        };
        quote_spanned!(Span::mixed_site()=> #tally.rest(#rest))
    }

    /// The outcomes of the items that `each` names.
    fn tally(&self, each: &Each, place: &Place<'_>) -> TokenStream {
        let private = place.private;
        let (items, ends) = match &each.items {
            None => (place.given(), place.ends),
            Some(items) => (place.called(items), Ends::of(items, Span::mixed_site())),
        };
        let at = Span::mixed_site().located_at(ends.last);
        match self.by {
            None => {
                let each = ends.underline(quote_spanned!(Span::mixed_site()=> #private::each));
                quote_spanned!(Span::mixed_site()=> #each(#items))
            }
            Some(by) => {
                let each_by =
                    ends.underline(quote_spanned!(Span::mixed_site()=> #private::each_by));
                let by = match by {
                    Callable::Closure(closure) => closure.to_token_stream(),
                    Callable::Path(path) => {
                        let item = Ident::new("__item", Span::mixed_site());
                        let given = located(&item, path);
                        quote_spanned!(Span::mixed_site()=> |#item| #path(#given))
                    }
                };
                quote_spanned!(at=> #each_by(#items, #by))
            }
        }
    }
}

/// Where the return value is, and which type is blamed for it.
struct Place<'a> {
    private: &'a TokenStream,
    value: Ident,
    ends: Ends,
}

impl Place<'_> {
    /// The outcome of the value itself.
    fn outcome(&self, by: Option<&Callable>) -> TokenStream {
        match by {
            None => self.underlined("classify"),
            Some(by) => self.called(by),
        }
    }

    /// The value as an argument.
    fn given(&self) -> TokenStream {
        let value = &self.value;
        // More than one token, so that all of the type can be underlined.
        self.ends
            .underline(quote_spanned!(Span::mixed_site()=> &*#value))
    }

    /// A function of the library, given the value.
    fn underlined(&self, function: &str) -> TokenStream {
        let private = self.private;
        let name = Ident::new(function, Span::mixed_site());
        let function = self
            .ends
            .underline(quote_spanned!(Span::mixed_site()=> #private::#name));
        let given = self.given();
        quote_spanned!(Span::mixed_site()=> #function(#given))
    }

    /// A function of the user, given the value.
    fn called(&self, callable: &Callable) -> TokenStream {
        let Self { private, value, .. } = self;
        match callable {
            Callable::Path(path) => {
                let given = located(value, path);
                let mut given = Group::new(Delimiter::Parenthesis, given.into_token_stream());
                let end = Ends::of(path, Span::mixed_site()).last;
                given.set_span(Span::mixed_site().located_at(end));
                quote_spanned!(Span::mixed_site()=> #path #given)
            }
            Callable::Closure(closure) => underlined(
                &closure.body,
                quote_spanned!(Span::mixed_site()=> #private::apply(&*#value, #closure)),
            ),
        }
    }
}

/// A mismatch is reported at the argument, which therefore stands at the path of the function.
fn located(value: &Ident, path: &impl Spanned) -> Ident {
    let mut given = value.clone();
    given.set_span(value.span().located_at(path.span()));
    given
}

fn underlined(place: &impl ToTokens, tokens: TokenStream) -> TokenStream {
    Ends::of(place, Span::mixed_site()).underline(tokens)
}
