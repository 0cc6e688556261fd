//! From a function to one whose outcome is counted: a call, a tracked future, or a tracked block.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ExprPath, ReturnType, Token, Type, parse_quote_spanned, spanned::Spanned};

use super::{braced, private, within};
use crate::{
    args::CountOutcome,
    item::{Binding, Function},
    site::Declared,
    tail::replace_async_block,
    types::{Ends, future_output, returned, without_impl_trait},
};

pub(super) fn counted(args: &CountOutcome, function: Function) -> Function {
    let expansion =
        OutcomeExpansion::new(args, |declared, private| declared.site(private, &function));
    if function.sig.asyncness.is_some() {
        return expansion.desugar(function);
    }
    let output = future_output(&function.sig.output).map_or_else(
        || quote_spanned!(Span::mixed_site()=> _),
        |output| without_impl_trait(output.to_token_stream()),
    );
    match expansion.track_async_block(function.body.stream(), &output) {
        Some(body) => Function {
            body: braced(&function.body, body),
            ..function
        },
        None => expansion.call(function),
    }
}

/// A block of statements, or one that ends in an `async` block, as an expression.
pub(super) fn block(args: &CountOutcome, body: TokenStream) -> TokenStream {
    let expansion = OutcomeExpansion::new(args, |declared, private| {
        declared.named(private, "outcome!", "")
    });
    let ends = Ends::of(&body, Span::mixed_site());
    // Its type is not written; a mistake of the type is shown where the value comes from.
    let output = ends.underline(quote_spanned!(Span::mixed_site()=> _));
    if let Some(body) = expansion.track_async_block(body.clone(), &output) {
        return quote_spanned!(Span::mixed_site()=> { #body });
    }
    let site = &expansion.site;
    let call = expansion.engine("call", "call_each");
    let classify = expansion.classify(&output);
    let body = in_braces(body);
    quote_spanned! {Span::mixed_site()=>
        { #site #call(&__TT_METRICS_SITE, #classify, || #body) }
    }
}

/// Braces of the user's own are enough, in others they would be `unused_braces`.
fn in_braces(body: TokenStream) -> TokenStream {
    let mut tokens = body.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => body,
        _ => quote_spanned!(Span::mixed_site()=> { #body }),
    }
}

/// What the three forms of `#[count_outcome]` share.
struct OutcomeExpansion<'a> {
    private: TokenStream,
    site: TokenStream,
    by: Option<&'a ExprPath>,
    each: bool,
}

impl<'a> OutcomeExpansion<'a> {
    fn new(
        args: &'a CountOutcome,
        site: impl FnOnce(Declared<'_>, &TokenStream) -> TokenStream,
    ) -> Self {
        let private = private(args.krate.as_ref());
        let declared = Declared {
            calls: None,
            success: args.success.as_ref(),
            failure: args.failure.as_ref(),
            neutral: args.neutral.as_ref(),
            interrupted: args.interrupted.as_ref(),
        };
        Self {
            site: site(declared, &private),
            private,
            by: args.by.as_ref(),
            each: args.each.is_some(),
        }
    }

    /// One of the functions of the library that have a second form for `each`.
    fn engine(&self, one: &str, each: &str) -> TokenStream {
        let private = &self.private;
        let name = Ident::new(if self.each { each } else { one }, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> #private::#name)
    }

    /// A sync function: one call with a closure that is the body.
    fn call(&self, mut function: Function) -> Function {
        let site = &self.site;
        let call = self.engine("call", "call_each");
        let parts = function.name_parameters();
        let touch = touch(&function);
        let output = without_impl_trait(returned(&function.sig.output));
        let classify = self.classify(&output);
        let inner = within(&quote!(#touch #parts), &function.body);
        let body = quote_spanned! {Span::mixed_site()=>
            #site
            return #call(&__TT_METRICS_SITE, #classify, move || -> #output #inner);
        };
        function.body = braced(&function.body, body);
        function
    }

    /// An `async fn`: a function that returns the tracked future.
    fn desugar(&self, mut function: Function) -> Function {
        let site = &self.site;
        let track = self.engine("track", "track_each");
        let parts = function.name_parameters();
        let touch = touch(&function);
        let output = returned(&function.sig.output);
        let erased = without_impl_trait(output.clone());
        let classify = self.classify(&erased);
        let edge = return_edge(&erased);
        let inner = within(&quote!(#touch #parts #edge), &function.body);
        let body = quote_spanned! {Span::mixed_site()=>
            #site
            return #track(&__TT_METRICS_SITE, #classify, async move #inner);
        };
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
        function.body = braced(&function.body, body);
        function
    }

    /// A body that ends in an `async` block: that block is tracked.
    fn track_async_block(&self, body: TokenStream, output: &TokenStream) -> Option<TokenStream> {
        let site = &self.site;
        let track = self.engine("track", "track_each");
        let classify = self.classify(output);
        replace_async_block(body, &mut |keywords, block| {
            quote_spanned! {Span::mixed_site()=>
                { #site #track(&__TT_METRICS_SITE, #classify, #keywords #block) }
            }
        })
    }

    /// The classifier as a closure that names the type it takes, so that the return type is what
    /// the compiler trusts, and a classifier of another type is what it blames.
    fn classify(&self, output: &TokenStream) -> TokenStream {
        let value = Ident::new("__value", Span::mixed_site());
        // More than one token, so that all of the type can be underlined.
        let ends = Ends::of(output, Span::mixed_site());
        let given = ends.underline(quote_spanned!(Span::mixed_site()=> &*#value));
        let call = match self.by {
            None => {
                let classify = ends.underline(self.engine("classify", "each"));
                quote_spanned!(Span::mixed_site()=> #classify(#given))
            }
            Some(by) if self.each => {
                let each_by = ends.underline(self.engine("classify", "each_by"));
                let item = Ident::new("__item", Span::mixed_site());
                let classify = classified(by, &item);
                let at = Span::mixed_site().located_at(ends.last);
                quote_spanned!(at=> #each_by(#given, |#item| #classify))
            }
            Some(by) => classified(by, &value),
        };
        quote_spanned!(Span::mixed_site()=> |#value: &#output| #call)
    }
}

/// The call of the user's classifier.
fn classified(by: &ExprPath, value: &Ident) -> TokenStream {
    // A mismatch is reported at the argument, which therefore stands at the path.
    let mut given = value.clone();
    given.set_span(value.span().located_at(by.span()));
    quote_spanned!(Span::mixed_site()=> #by(#given))
}

/// Uses every argument, in reverse order: all are moved into the body, and drop there in the
/// order in which a plain function drops them.
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

/// A return of the declared type that is never reached: from it the compiler learns the type
/// that the block yields, converts to it, and blames the user's own expression for another one.
fn return_edge(output: &TokenStream) -> TokenStream {
    let ends = Ends::of(output, Span::mixed_site());
    ends.underline(quote_spanned! {Span::mixed_site().located_at(ends.first)=>
        #[allow(unreachable_code, clippy::all, clippy::pedantic)]
        if false {
            let __returned: #output = loop {};
            return __returned;
        }
    })
}
