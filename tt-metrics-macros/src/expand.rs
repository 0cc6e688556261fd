//! From attribute and function to the counted function.

mod arguments;
mod blame;
mod block;
mod classifier;
mod closures;
mod held;
mod inline;
mod order;
mod outcome;
mod tracker;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Error, Path, parse_quote_spanned};

use arguments::Arguments;
use classifier::Classifier;
pub(crate) use held::ends_in_pinned_future;
use held::handed_out;
use order::below_expressions;
use outcome::Expansion;

use crate::{
    args::{Count, CountOutcome, Number},
    check,
    closure::Closure,
    diagnostics::Mistakes,
    impl_block::{ImplBlock, OF_BLOCK, is_impl_block},
    item::Function,
    site::Declared,
    tail::replace_async_block,
    types::{Ends, Held, returned, returned_future, without_impl_trait},
};

/// What becomes of what is annotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Counted,
    /// As it was written, once its arguments are found to be right.
    Untouched,
}

const MODE: Mode = if cfg!(all(feature = "off", not(feature = "keep-on"))) {
    Mode::Untouched
} else {
    Mode::Counted
};

/// `#[count(..)]`: one statement at the start of the body.
pub(crate) fn count(args: TokenStream, item: TokenStream) -> TokenStream {
    count_in(MODE, args, item)
}

fn count_in(mode: Mode, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let args = Count::parse(args, &mut mistakes);
    check::count(&args, &mut mistakes);
    if is_impl_block(&item) {
        let block = Block {
            attribute: "count",
            library: library(args.krate.as_ref()),
            written: &args.written,
        };
        return block.expand(&item, mistakes, |_| true);
    }
    let function = mistakes.keep(syn::parse2::<Function>(item.clone()));
    if let Some(function) = &function {
        check::twice(&function.attrs, "count", &args.written, &mut mistakes);
        check::function(function, &mut mistakes);
        args.detail.check_function(function, &mut mistakes);
        check::items(function, &args, &mut mistakes);
        check::handed_on(function, &args, &mut mistakes);
    }
    let counts_returned = matches!(args.items, Some(Number::Returned(_)));
    match function {
        Some(_) if mistakes.is_empty() && mode == Mode::Untouched => item,
        Some(function) if mistakes.is_empty() && counts_returned => {
            let expand = |function| Expansion::of_count(&args, &function).function(function);
            below_expressions(
                function,
                "count",
                &args.written,
                args.krate.as_ref(),
                expand,
            )
            .into_token_stream()
        }
        Some(function) if mistakes.is_empty() => counted(&args, function).into_token_stream(),
        _ => mistakes.report(&item),
    }
}

/// `#[count_outcome(..)]`: the body becomes one call.
pub(crate) fn count_outcome(args: TokenStream, item: TokenStream) -> TokenStream {
    count_outcome_in(MODE, args, item)
}

fn count_outcome_in(mode: Mode, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let args = CountOutcome::parse(args, &mut mistakes);
    check::count_outcome(&args, &mut mistakes);
    if is_impl_block(&item) {
        let block = Block {
            attribute: "count_outcome",
            library: library(args.krate.as_ref()),
            written: &args.written,
        };
        return block.expand(&item, mistakes, |method| {
            check::may_have_outcome(method, &args)
        });
    }
    let function = mistakes.keep(syn::parse2::<Function>(item.clone()));
    if let Some(function) = &function {
        check::twice(
            &function.attrs,
            "count_outcome",
            &args.written,
            &mut mistakes,
        );
        check::function(function, &mut mistakes);
        args.detail.check_function(function, &mut mistakes);
        check::outcome(function, &args, &mut mistakes);
    }
    match function {
        Some(_) if mistakes.is_empty() && mode == Mode::Untouched => item,
        Some(function) if mistakes.is_empty() => {
            let expand = |function| {
                let site = |declared: Declared<'_>, private: &TokenStream| {
                    declared.site(private, &function)
                };
                let expansion = Expansion::of_outcome(&args, Some(&function), site);
                expansion.function(function)
            };
            below_expressions(
                function,
                "count_outcome",
                &args.written,
                args.krate.as_ref(),
                expand,
            )
            .into_token_stream()
        }
        _ => mistakes.report(&item),
    }
}

/// `outcome!(..; ..)`: the body as one call, in the place of an expression.
pub(crate) fn outcome(tokens: TokenStream) -> TokenStream {
    outcome_in(MODE, tokens)
}

fn outcome_in(mode: Mode, tokens: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let mut before: Vec<TokenTree> = tokens.into_iter().collect();
    let end = before.iter().position(is_semicolon);
    let body: TokenStream = match end {
        Some(end) => before.drain(end..).skip(1).collect(),
        None => TokenStream::new(),
    };
    let args = CountOutcome::parse(before.into_iter().collect(), &mut mistakes);
    check::count_outcome(&args, &mut mistakes);
    args.detail.check_block(&mut mistakes);
    if end.is_none() {
        // The body stands among the arguments then.
        mistakes = Mistakes::default();
    }
    if body.is_empty() {
        let message = "expected a body behind the arguments: `outcome!(success = \"..\"; body)`";
        mistakes.push(Error::new(Span::call_site(), message));
    }
    match Closure::of(&body) {
        Some(Err(mistake)) => {
            // The compiler would say the same of the same tokens.
            mistakes.push(mistake);
            return mistakes.report(&TokenStream::new());
        }
        Some(Ok(_)) if mistakes.is_empty() && mode == Mode::Untouched => return body,
        None if mistakes.is_empty() && mode == Mode::Untouched => {
            return block::plain(&args, &body);
        }
        Some(Ok(closure)) if mistakes.is_empty() => return block::closure(&args, &closure),
        None if mistakes.is_empty() => return block::block(&args, &body),
        _ => {}
    }
    let reported = mistakes.report(&TokenStream::new());
    quote!({ #reported #body })
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

fn counted(args: &Count, mut function: Function) -> Function {
    let expansion = Expansion::of_count(args, &function);
    let Expansion { private, site, .. } = &expansion;
    let number = if let Some(Number::Argument(items)) = &args.items {
        let ends = Ends::of(items, Span::mixed_site());
        let path = ends.underline(quote_spanned!(Span::mixed_site()=> #private::items));
        quote_spanned!(Span::mixed_site()=> #path(#items))
    } else {
        quote_spanned!(Span::mixed_site()=> 1)
    };
    let series = &expansion.series;
    let statement = if series.is_empty() {
        quote_spanned! {Span::mixed_site()=>
            { #site #private::count(&__TT_METRICS_SITE, #number); }
        }
    } else {
        quote_spanned! {Span::mixed_site()=>
            #site
            #[allow(clippy::no_effect_underscore_binding)]
            let __tt_metrics_open = #series.open(&__TT_METRICS_SITE, #number);
        }
    };
    if function.sig.asyncness.is_some() {
        function.body = braced(&function.body, within(&statement, &function.body).stream());
        return function;
    }
    // A future that nobody polls is no call, so the statement belongs into the `async` block.
    let tail = replace_async_block(function.body.stream(), &mut |keywords, block| {
        let block = within(&statement, block);
        quote!(#keywords #block)
    });
    let held = held::held(
        &function,
        returned_future(&function.sig.output).map(|future| future.held),
    );
    match (tail, held) {
        (Some(tail), _) if !tail.returns_early => {
            function.body = braced(&function.body, tail.tokens);
            function
        }
        (_, Some(held)) if series.is_empty() => count_returned(&expansion, function, held),
        _ => {
            function.body = braced(&function.body, within(&statement, &function.body).stream());
            function
        }
    }
}

/// A function whose body makes a future: the call is counted at the first poll.
fn count_returned(expansion: &Expansion<'_>, mut function: Function, held: Held) -> Function {
    let Expansion { private, site, .. } = expansion;
    let made = without_impl_trait(returned(&function.sig.output));
    let arguments = Arguments::take(&mut function, expansion.written);
    let inner = within(&arguments.before(&expansion.about()), &function.body);
    let body = held::made(
        private,
        held,
        &quote_spanned!(Span::mixed_site()=> move || -> #made #inner),
    );
    let counted = quote_spanned! {Span::mixed_site()=>
        #private::count_returned(&__TT_METRICS_SITE, #body)
    };
    let counted = handed_out(private, held, &counted);
    let body = quote_spanned!(Span::mixed_site()=> #site return #counted;);
    function.body = braced(&function.body, body);
    function
}

/// An attribute on an `impl` block.
struct Block<'a> {
    attribute: &'static str,
    library: TokenStream,
    written: &'a TokenStream,
}

impl Block<'_> {
    /// The same block with the attribute on each method that it counts, where it is expanded in
    /// its turn: other attributes of the block, which may rewrite the methods, come before it.
    fn expand(
        &self,
        item: &TokenStream,
        mut mistakes: Mistakes,
        counts: impl Fn(&Function) -> bool,
    ) -> TokenStream {
        let Some(mut block) = mistakes.keep(syn::parse2::<ImplBlock>(item.clone())) else {
            return mistakes.report(item);
        };
        check::twice(block.attrs(), self.attribute, self.written, &mut mistakes);
        let mut methods = block.without_own(self.attribute);
        methods.retain(|method| counts(method));
        for method in &methods {
            check::method(method, self.attribute, &mut mistakes);
        }
        if mistakes.is_empty() {
            let Self {
                library, written, ..
            } = self;
            let name = Ident::new(self.attribute, Span::mixed_site());
            let mark = Ident::new(OF_BLOCK, Span::mixed_site());
            let attribute: Attribute = parse_quote_spanned! {Span::mixed_site()=>
                #[#library::#name(#mark, #written)]
            };
            for method in methods {
                method.attrs.insert(0, attribute.clone());
            }
        }
        mistakes.report(&block.into_token_stream())
    }
}

fn library(krate: Option<&Path>) -> TokenStream {
    krate.map_or_else(
        || quote_spanned!(Span::mixed_site()=> ::tt_metrics),
        ToTokens::to_token_stream,
    )
}

fn private(krate: Option<&Path>) -> TokenStream {
    let library = library(krate);
    quote_spanned!(Span::mixed_site()=> #library::__private)
}

/// A body behind statements of ours, as a block of its own: what comes first in it is still first.
fn within(before: &TokenStream, body: &Group) -> Group {
    if before.is_empty() {
        return body.clone();
    }
    let mut body = body.clone();
    if !body.stream().into_iter().any(|token| is_semicolon(&token)) {
        // Braces around an expression alone, in braces of ours, would be `unused_braces`. They stay the user's, whose
        // edition says when temporaries at the end of the body drop.
        let statement = quote_spanned!(Span::mixed_site()=> const _: () = (););
        body = braced(&body, statement.into_iter().chain(body.stream()).collect());
    }
    let mut group = Group::new(Delimiter::Brace, quote!(#before #body));
    group.set_span(Span::mixed_site().located_at(body.span()));
    group
}

/// The same braces around other tokens.
fn braced(like: &Group, tokens: TokenStream) -> Group {
    let mut group = Group::new(like.delimiter(), tokens);
    group.set_span(like.span());
    group
}

#[cfg(test)]
mod tests;
