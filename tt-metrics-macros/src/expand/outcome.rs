//! From a function to one whose outcome is counted: a call, a tracked future, or a tracked block.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ExprPath, ReturnType, Token, Type, parse_quote_spanned, spanned::Spanned};

use super::{braced, private, within};
use crate::{
    args::CountOutcome,
    detail::Detail,
    item::{Binding, Function},
    site::Declared,
    tail::replace_async_block,
    types::{Ends, future_output, returned, without_impl_trait},
};

pub(super) fn counted(args: &CountOutcome, function: Function) -> Function {
    let expansion = OutcomeExpansion::new(args, Some(&function), |declared, private| {
        declared.site(private, &function)
    });
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
    let expansion = OutcomeExpansion::new(args, None, |declared, private| {
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

/// The same without counting: what `return` and `?` leave stays the body.
pub(super) fn plain_block(args: &CountOutcome, body: TokenStream) -> TokenStream {
    let output = quote_spanned!(Span::mixed_site()=> _);
    let expansion = OutcomeExpansion::new(args, None, |_, _| TokenStream::new());
    let is_future = expansion.track_async_block(body.clone(), &output).is_some();
    let body = in_braces(body);
    if is_future {
        return body;
    }
    let private = &expansion.private;
    quote_spanned!(Span::mixed_site()=> #private::uncounted(|| #body))
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
    detail: &'a Detail,
    /// An expression over the arguments, or nothing.
    series: TokenStream,
}

impl<'a> OutcomeExpansion<'a> {
    fn new(
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
        };
        Self {
            site: site(declared, &private),
            detail: &args.detail,
            series: args.detail.series(&private, function),
            private,
            by: args.by.as_ref(),
            each: args.each.is_some(),
        }
    }

    /// One of the functions of the library that have a second form for `each`.
    fn engine(&self, one: &str, each: &str) -> TokenStream {
        if !self.series.is_empty() && ["call", "track"].contains(&one) {
            let series = &self.series;
            let name = Ident::new(one, Span::mixed_site());
            return quote_spanned!(Span::mixed_site()=> #series.#name);
        }
        let private = &self.private;
        let name = Ident::new(if self.each { each } else { one }, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> #private::#name)
    }

    /// The same where parameters are only taken apart in the body, by `parts`.
    fn engine_behind(&self, parts: &TokenStream, one: &str, each: &str) -> TokenStream {
        let engine = self.engine(one, each);
        if self.series.is_empty() || parts.is_empty() {
            return engine;
        }
        let parts = looked_at(parts);
        let series = &self.series;
        let name = Ident::new(one, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> { #parts #series }.#name)
    }

    /// A sync function: one call with a closure that is the body.
    fn call(&self, mut function: Function) -> Function {
        let site = &self.site;
        let parts = function.name_parameters();
        let call = self.engine_behind(&parts, "call", "call_each");
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
        let parts = function.name_parameters();
        let track = self.engine_behind(&parts, "track", "track_each");
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
        let call = self.detail.with_error(&self.private, &value, call);
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

/// The `let`s that take arguments apart, by reference.
fn looked_at(parts: &TokenStream) -> TokenStream {
    let mut lets = TokenStream::new();
    let mut tokens = parts.clone().into_iter().peekable();
    let mut begins = true;
    while let Some(token) = tokens.next() {
        if std::mem::take(&mut begins) {
            lets.extend(quote_spanned!(Span::mixed_site()=> #[allow(unused_variables)]));
        }
        let ends = tokens.peek().is_none_or(super::is_semicolon);
        if ends && !super::is_semicolon(&token) {
            lets.extend(quote_spanned!(Span::mixed_site()=> &));
        }
        begins = super::is_semicolon(&token);
        lets.extend(by_default(token));
    }
    lets
}

/// A pattern without `ref` and `mut`, which a reference cannot be matched with.
fn by_default(token: TokenTree) -> Option<TokenTree> {
    match token {
        TokenTree::Ident(word) if word == "ref" || word == "mut" => None,
        TokenTree::Group(group) => {
            let tokens = group.stream().into_iter().filter_map(by_default).collect();
            let mut inner = Group::new(group.delimiter(), tokens);
            inner.set_span(group.span());
            Some(TokenTree::Group(inner))
        }
        other => Some(other),
    }
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
