//! From a function to one whose outcome is counted: a call, a tracked future, or a tracked block.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ReturnType, Token, Type, parse_quote_spanned};

use super::{
    Classifier,
    arguments::Arguments,
    blame::blamed,
    braced,
    closures::told_by,
    held::{self, handed_out, held},
    inline::{inline, knows_caller},
    private,
    tracker::Tracker,
    within,
};
use crate::{
    args::{Count, CountOutcome},
    detail::Detail,
    item::Function,
    names::Names,
    site::Declared,
    tail::{Tail, replace_async_block},
    taken::{Taken, over},
    types::{Ends, Held, return_edge, returned, returned_future, without_impl_trait},
};

/// What all forms of a counted call share.
pub(super) struct Expansion<'a> {
    pub(super) private: TokenStream,
    pub(super) site: TokenStream,
    pub(super) classifier: Classifier<'a>,
    detail: &'a Detail,
    /// An expression over the arguments, or nothing.
    pub(super) series: TokenStream,
    /// The arguments as they were written.
    pub(super) written: &'a TokenStream,
    /// What the attributes before took of the parameters.
    taken: &'a [Taken],
}

impl<'a> Expansion<'a> {
    pub(super) fn of_outcome(
        args: &'a CountOutcome,
        function: Option<&Function>,
        site: impl FnOnce(Declared<'_>, &TokenStream) -> TokenStream,
    ) -> Self {
        let private = private(args.krate.as_ref());
        let declared = Declared {
            calls: None,
            success: args.success.as_ref(),
            failure: args.failure.as_ref(),
            neutral: args.neutral.as_ref(),
            interrupted: args.interrupted.as_ref(),
            detail: args.detail.declared(&private, function),
            storage: args.storage.declared(&private),
            distinct: Names::of_outcome(args).distinct(&private),
        };
        Self {
            site: site(declared, &private),
            detail: &args.detail,
            series: args.detail.series(&private, function),
            written: &args.written,
            taken: &args.taken,
            private,
            classifier: Classifier::of_outcome(args),
        }
    }

    pub(super) fn of_count(args: &'a Count, function: &Function) -> Self {
        let private = private(args.krate.as_ref());
        let declared = Declared {
            calls: args.calls.as_ref(),
            detail: args.detail.declared(&private, Some(function)),
            storage: args.storage.declared(&private),
            distinct: Names::of_count(args).distinct(&private),
            ..Declared::default()
        };
        Self {
            site: declared.site(&private, function),
            detail: &args.detail,
            series: args.detail.series(&private, Some(function)),
            written: &args.written,
            taken: &args.taken,
            private,
            classifier: Classifier::of_count(args),
        }
    }

    pub(super) fn function(&self, mut function: Function) -> Function {
        function.body = told_by(&function.sig, &function.body);
        if function.sig.asyncness.is_some() {
            return if function.has_foreign_attributes() {
                self.await_inside(function)
            } else {
                self.desugar(function)
            };
        }
        let future = returned_future(&function.sig.output);
        let output = future.as_ref().map_or_else(
            || quote_spanned!(Span::mixed_site()=> _),
            |future| without_impl_trait(future.output.clone()),
        );
        let held = held(&function, future.map(|future| future.held));
        match (
            self.track_async_block(function.body.stream(), &output),
            held,
        ) {
            // Two numbers of items are said in two bodies, one in the other.
            (Some(tail), held)
                if !tail.returns_early
                    && (held.is_none() || !(tail.says_number && self.classifier.says_number())) =>
            {
                Function {
                    body: braced(&function.body, tail.tokens),
                    ..function
                }
            }
            (_, Some(held)) => self.track_returned(function, &output, held),
            (_, None) => self.call(function),
        }
    }

    /// One of the functions of the library that have a second form for items.
    pub(super) fn engine(&self, one: &str, items: &str) -> TokenStream {
        if !self.series.is_empty() && ["call", "track"].contains(&one) {
            let series = over(self.taken, &self.private, self.series.clone());
            let name = Ident::new(one, Span::mixed_site());
            return quote_spanned!(Span::mixed_site()=> #series.#name);
        }
        let private = &self.private;
        let name = if self.classifier.counts_items() {
            items
        } else {
            one
        };
        let name = Ident::new(name, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> #private::#name)
    }

    pub(super) fn classify(&self, output: &TokenStream) -> TokenStream {
        self.classifier.closure(&self.private, self.detail, output)
    }

    /// An expression outside of the body over arguments that the body takes apart.
    fn before_body(&self, arguments: &Arguments, expression: TokenStream) -> TokenStream {
        let expression = over(&arguments.taken, &self.private, expression);
        over(self.taken, &self.private, expression)
    }

    /// The classifier, and the statement that makes it before the body takes the arguments that it names.
    fn classify_behind(
        &self,
        arguments: &Arguments,
        output: &TokenStream,
    ) -> (TokenStream, TokenStream) {
        let classify = self.classify(output);
        let behind = self.before_body(arguments, classify.clone());
        if behind.to_string() == classify.to_string() {
            return (TokenStream::new(), classify);
        }
        let name = Ident::new("__classify", Span::mixed_site());
        let made = quote_spanned!(Span::mixed_site()=> let #name = #behind;);
        (made, name.into_token_stream())
    }

    /// An engine, which is told the series of the call by arguments that the body takes apart.
    fn behind(&self, arguments: &Arguments, one: &str, engine: TokenStream) -> TokenStream {
        if self.series.is_empty() {
            return engine;
        }
        let series = self.before_body(arguments, self.series.clone());
        let name = Ident::new(one, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> #series.#name)
    }

    /// The future that a closure makes, tracked.
    pub(super) fn track_made(&self, classify: &TokenStream, body: &TokenStream) -> TokenStream {
        let Self {
            private, series, ..
        } = self;
        if series.is_empty() {
            let track = self.engine("track_returned", "track_each_returned");
            return quote_spanned! {Span::mixed_site()=>
                #track(&__TT_METRICS_SITE, #classify, #body)
            };
        }
        quote_spanned! {Span::mixed_site()=>
            #series.track(&__TT_METRICS_SITE, #classify, #private::made(#body))
        }
    }

    pub(super) fn about(&self) -> TokenStream {
        self.classifier.about(&self.private)
    }

    /// A sync function: one call with a closure that is the body.
    fn call(&self, mut function: Function) -> Function {
        let site = &self.site;
        let output = without_impl_trait(returned(&function.sig.output));
        if let Some(body) = self.inline(&function, &output) {
            function.body = braced(&function.body, body);
            return function;
        }
        let arguments = Arguments::take(&mut function, self.written);
        let (made, classify) = self.classify_behind(&arguments, &output);
        let call = self.behind(&arguments, "call", self.engine("call", "call_each"));
        let inner = within(&arguments.before(&self.about()), &function.body);
        let called = quote_spanned! {Span::mixed_site()=>
            &__TT_METRICS_SITE, move || -> #output #inner, #classify
        };
        let called = blamed(&call, called, &function.body);
        let body = quote_spanned!(Span::mixed_site()=> #site #made return #called;);
        function.body = braced(&function.body, body);
        function
    }

    /// A sync body that stays in its function, which knows its caller.
    fn inline(&self, function: &Function, output: &TokenStream) -> Option<TokenStream> {
        let Self {
            site,
            private,
            classifier,
            ..
        } = self;
        if !knows_caller(&function.attrs) || !self.series.is_empty() || classifier.counts_items() {
            return None;
        }
        let value = inline(&function.body, output, classifier.is_of_the_type())?;
        let classify = self.classify(output);
        Some(quote_spanned! {Span::mixed_site()=>
            #site
            let __classify = #classify;
            let __call = #private::Call::begin(&__TT_METRICS_SITE);
            #value
            #[allow(unreachable_code)]
            return __call.end(__value, __classify);
        })
    }

    /// A function whose body makes a future: that future is tracked, whichever it is.
    fn track_returned(&self, mut function: Function, output: &TokenStream, held: Held) -> Function {
        let site = &self.site;
        let track = self.engine("track_returned", "track_each_returned");
        let arguments = Arguments::take(&mut function, self.written);
        let (before, classify) = self.classify_behind(&arguments, output);
        let inner = within(&arguments.before(&self.about()), &function.body);
        let made = without_impl_trait(returned(&function.sig.output));
        let private = &self.private;
        let body = quote_spanned!(Span::mixed_site()=> move || -> #made #inner);
        let body = held::made(private, held, &body);
        let tracked = if self.series.is_empty() {
            quote_spanned!(Span::mixed_site()=> #track(&__TT_METRICS_SITE, #classify, #body))
        } else {
            let track = self.behind(&arguments, "track", self.engine("track", "track"));
            quote_spanned! {Span::mixed_site()=>
                #track(&__TT_METRICS_SITE, #classify, #private::made(#body))
            }
        };
        let tracked = handed_out(&self.private, held, &tracked);
        function.body = braced(
            &function.body,
            quote_spanned!(Span::mixed_site()=> #site #before return #tracked;),
        );
        function
    }

    /// An `async fn`: a function that returns the tracked future.
    fn desugar(&self, mut function: Function) -> Function {
        let site = &self.site;
        let tracked = self.tracked_body(&mut function);
        let output = returned(&function.sig.output);
        let ends = Ends::of(&output, function.sig.ident.span());
        // The edition of this span lets the future capture every lifetime, in any user's edition.
        let edition_2024 = Span::mixed_site().located_at(ends.first);
        let future = quote_spanned! {edition_2024=>
            impl ::core::future::Future<Output = #output>
        };
        if function
            .attrs
            .iter()
            .any(|attr| attr.path().is_ident("must_use"))
        {
            // The future says it too, which clippy would blame on the user.
            function
                .attrs
                .push(parse_quote_spanned! {Span::mixed_site()=>
                 #[allow(clippy::double_must_use)]
                });
        }
        function.sig.asyncness = None;
        function.sig.output =
            ReturnType::Type(Token![->](edition_2024), Box::new(Type::Verbatim(future)));
        let body = quote_spanned!(Span::mixed_site()=> #site return #tracked;);
        function.body = braced(&function.body, body);
        function
    }

    /// An `async fn` that stays one, for another macro that comes after.
    fn await_inside(&self, mut function: Function) -> Function {
        let site = &self.site;
        let tracked = self.tracked_body(&mut function);
        let body = quote_spanned!(Span::mixed_site()=> #site return #tracked.await;);
        function.body = braced(&function.body, body);
        function
    }

    /// The body of an `async fn` as a tracked block.
    fn tracked_body(&self, function: &mut Function) -> TokenStream {
        let erased = without_impl_trait(returned(&function.sig.output));
        let edge = return_edge(&erased);
        let arguments = Arguments::take(function, self.written);
        let classify = self.before_body(&arguments, self.classify(&erased));
        let Tracker { track, site, begun } = self.tracker();
        let track = self.behind(&arguments, "track", track);
        let before = arguments.before(&self.about());
        let inner = within(&quote!(#begun #before #edge), &function.body);
        let at = Span::mixed_site().located_at(function.sig.ident.span());
        let made = quote_spanned!(at=> async move #inner);
        let tracked = quote_spanned!(Span::mixed_site()=> #site, #classify, #made);
        blamed(&track, tracked, &function.body)
    }

    /// A body that ends in an `async` block: that block is tracked.
    pub(super) fn track_async_block(
        &self,
        body: TokenStream,
        output: &TokenStream,
    ) -> Option<Tail> {
        let declared = &self.site;
        let Tracker { track, site, begun } = self.tracker();
        let classify = over(self.taken, &self.private, self.classify(output));
        let about = self.about();
        replace_async_block(body, &mut |keywords, block| {
            let block = within(&quote!(#begun #about), block);
            quote_spanned! {Span::mixed_site()=>
                { #declared #track(#site, #classify, #keywords #block) }
            }
        })
    }
}
