//! From attribute and function to the counted function.

use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ReturnType, Token, ext::IdentExt};

use crate::{
    args::{Count, CountOutcome, Metric},
    check,
    diagnostics::Mistakes,
    item::Function,
    tail::replace_async_block,
    types::{Ends, future_output, returned, without_impl_trait},
};

/// `#[count(..)]`: one statement at the start of the body.
pub(crate) fn count(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let args = Count::parse(args, &mut mistakes);
    check::count(&args, &mut mistakes);
    let function = mistakes.keep(syn::parse2::<Function>(item.clone()));
    if let Some(function) = &function {
        check::function(function, &mut mistakes);
    }
    match function {
        Some(function) if mistakes.is_empty() => counted(&args, function),
        _ => mistakes.report(item),
    }
}

/// `#[count_outcome(..)]`: the body becomes one call.
pub(crate) fn count_outcome(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let args = CountOutcome::parse(args, &mut mistakes);
    check::count_outcome(&args, &mut mistakes);
    let function = mistakes.keep(syn::parse2::<Function>(item.clone()));
    if let Some(function) = &function {
        check::function(function, &mut mistakes);
        check::outcome(function, &args, &mut mistakes);
    }
    match function {
        Some(function) if mistakes.is_empty() => outcome_counted(&args, function),
        _ => mistakes.report(item),
    }
}

fn counted(args: &Count, mut function: Function) -> TokenStream {
    let private = private(args.krate.as_ref());
    let calls = Declared {
        calls: args.calls.as_ref(),
        ..Declared::default()
    };
    let site = site(&private, &function, &calls);
    let statement = quote_spanned! {Span::mixed_site()=>
        { #site #private::count(&__TT_METRICS_SITE, 1); }
    };
    let mut at_start = |keywords: TokenStream, block: &Group| {
        let statements = block.stream();
        let block = braced(block, quote!(#statement #statements));
        quote!(#keywords #block)
    };
    // A future that nobody polls is no call, so the statement belongs into the `async` block.
    let in_future = (function.sig.asyncness.is_none())
        .then(|| replace_async_block(function.body.stream(), &mut at_start))
        .flatten();
    let body = in_future.unwrap_or_else(|| {
        let statements = function.body.stream();
        quote!(#statement #statements)
    });
    function.body = braced(&function.body, body);
    function.into_token_stream()
}

fn outcome_counted(args: &CountOutcome, function: Function) -> TokenStream {
    let private = private(args.krate.as_ref());
    let declared = Declared {
        calls: None,
        success: args.success.as_ref(),
        failure: args.failure.as_ref(),
        neutral: args.neutral.as_ref(),
        interrupted: args.interrupted.as_ref(),
    };
    let wrapped = Wrapped {
        site: site(&private, &function, &declared),
        classify: classify(&private, args, &function),
        private,
    };
    if function.sig.asyncness.is_some() {
        return wrapped.desugar(function);
    }
    match wrapped.wrap_future(&function) {
        Some(body) => {
            let body = braced(&function.body, body);
            Function { body, ..function }.into_token_stream()
        }
        None => wrapped.call(function),
    }
}

/// What the three forms of `#[count_outcome]` share.
struct Wrapped {
    private: TokenStream,
    site: TokenStream,
    classify: TokenStream,
}

impl Wrapped {
    /// A sync function: one call with a closure that is the body.
    fn call(&self, mut function: Function) -> TokenStream {
        let Self {
            private,
            site,
            classify,
        } = self;
        function.name_wildcards();
        let touch = touch(&function);
        let output = without_impl_trait(returned(&function.sig.output));
        let statements = function.body.stream();
        let inner = braced(&function.body, quote!(#touch #statements));
        let body = quote_spanned! {Span::mixed_site()=>
            #site
            #private::call(&__TT_METRICS_SITE, #classify, move || -> #output #inner)
        };
        function.body = braced(&function.body, body);
        function.into_token_stream()
    }

    /// An `async fn`: a function that returns the tracked future.
    fn desugar(&self, mut function: Function) -> TokenStream {
        let Self {
            private,
            site,
            classify,
        } = self;
        let partial = function.move_partial_patterns();
        let touch = touch(&function);
        let output = returned(&function.sig.output);
        let edge = return_edge(&function.sig.output);
        let statements = function.body.stream();
        let inner = braced(&function.body, quote!(#touch #partial #edge #statements));
        let body = quote_spanned! {Span::mixed_site()=>
            #site
            #private::track(&__TT_METRICS_SITE, #classify, async move #inner)
        };
        let ends = Ends::of(&output, function.sig.ident.span());
        // The edition of this span lets the future capture every lifetime, in any user's edition.
        let edition_2024 = Span::mixed_site().located_at(ends.first);
        let future = quote_spanned! {edition_2024=>
            impl ::core::future::Future<Output = #output>
        };
        function.sig.asyncness = None;
        function.sig.output = ReturnType::Type(
            Token![->](edition_2024),
            Box::new(syn::Type::Verbatim(future)),
        );
        function.body = braced(&function.body, body);
        function.into_token_stream()
    }

    /// A function whose body ends in an `async` block: that block is tracked.
    fn wrap_future(&self, function: &Function) -> Option<TokenStream> {
        let Self {
            private,
            site,
            classify,
        } = self;
        replace_async_block(function.body.stream(), &mut |keywords, block| {
            quote_spanned! {Span::mixed_site()=>
                { #site #private::track(&__TT_METRICS_SITE, #classify, #keywords #block) }
            }
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attrs,
            vis,
            defaultness,
            sig,
            body,
        } = self;
        tokens.extend(quote!(#(#attrs)* #vis #defaultness #sig #body));
    }
}

/// The metrics of one site; what is not declared stays `None`.
#[derive(Default)]
struct Declared<'a> {
    calls: Option<&'a Metric>,
    success: Option<&'a Metric>,
    failure: Option<&'a Metric>,
    neutral: Option<&'a Metric>,
    interrupted: Option<&'a Metric>,
}

/// The static that tells the catalogue about this function, in every build that links it.
fn site(private: &TokenStream, function: &Function, declared: &Declared<'_>) -> TokenStream {
    let name = function.sig.ident.unraw().to_string();
    let doc = function.doc();
    let metric = |metric: Option<&Metric>| match metric {
        None => quote_spanned!(Span::mixed_site()=> ::core::option::Option::None),
        Some(Metric::Literal(name)) => quote_spanned! {Span::mixed_site()=>
            ::core::option::Option::Some(#private::MetricName::new(#name))
        },
        Some(Metric::Constant(path)) => {
            quote_spanned!(Span::mixed_site()=> ::core::option::Option::Some(#path))
        }
    };
    let calls = metric(declared.calls);
    let success = metric(declared.success);
    let failure = metric(declared.failure);
    let neutral = metric(declared.neutral);
    let interrupted = metric(declared.interrupted);
    quote_spanned! {Span::mixed_site()=>
        #[#private::linkme::distributed_slice(#private::SITES)]
        #[linkme(crate = #private::linkme)]
        static __TT_METRICS_SITE: #private::Site = #private::Site::new(#private::Declaration {
            function: ::core::concat!(::core::module_path!(), "::", #name),
            file: ::core::file!(),
            line: ::core::line!(),
            doc: #doc,
            calls: #calls,
            success: #success,
            failure: #failure,
            neutral: #neutral,
            interrupted: #interrupted,
        });
    }
}

/// The classifier, placed at the return type, so that a type without an outcome is underlined.
fn classify(private: &TokenStream, args: &CountOutcome, function: &Function) -> TokenStream {
    if let Some(by) = &args.by {
        return by.to_token_stream();
    }
    let output = &function.sig.output;
    let ends = match future_output(output) {
        Some(output) => Ends::of(output, Span::mixed_site()),
        None => Ends::of(&returned(output), Span::mixed_site()),
    };
    let first = Span::mixed_site().located_at(ends.first);
    let last = Span::mixed_site().located_at(ends.last);
    let path: TokenStream = private
        .clone()
        .into_iter()
        .map(|mut token| {
            token.set_span(first.resolved_at(token.span()));
            token
        })
        .collect();
    let classify = quote_spanned!(last=> classify);
    let separator = quote_spanned!(first=> ::);
    quote!(#path #separator #classify)
}

/// Uses every argument, in reverse order: all are moved into the body, and drop there in the
/// order in which a plain function drops them.
fn touch(function: &Function) -> TokenStream {
    let touched = function.bindings().into_iter().rev().map(|binding| {
        let (cfgs, name) = (binding.cfgs, binding.name);
        quote_spanned!(Span::mixed_site()=> #(#cfgs)* let _ = &#name;)
    });
    touched.collect()
}

/// A return of the declared type that is never reached: from it the compiler learns the type
/// that the block yields, converts to it, and blames the user's own expression for another one.
fn return_edge(output: &ReturnType) -> TokenStream {
    let output = without_impl_trait(returned(output));
    quote_spanned! {Span::mixed_site()=>
        #[allow(unreachable_code, clippy::all, clippy::pedantic)]
        if false {
            let __returned: #output = loop {};
            return __returned;
        }
    }
}

fn private(krate: Option<&syn::Path>) -> TokenStream {
    match krate {
        Some(path) => quote_spanned!(Span::mixed_site()=> #path::__private),
        None => quote_spanned!(Span::mixed_site()=> ::tt_metrics::__private),
    }
}

/// The same braces around other tokens.
fn braced(like: &Group, tokens: TokenStream) -> Group {
    let mut group = Group::new(like.delimiter(), tokens);
    group.set_span(like.span());
    group
}
