//! From attribute and function to the counted function.

mod outcome;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Error, Meta, Path, parse_quote_spanned};

use crate::{
    args::{Count, CountOutcome},
    check,
    diagnostics::Mistakes,
    impl_block::{ImplBlock, is_impl_block},
    item::Function,
    site::Declared,
    tail::replace_async_block,
    types::Ends,
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
        return block.expand(item, mistakes, |_| true);
    }
    let function = mistakes.keep(syn::parse2::<Function>(item.clone()));
    if let Some(function) = &function {
        check::function(function, &mut mistakes);
        args.detail.check_function(function, &mut mistakes);
    }
    match function {
        Some(_) if mistakes.is_empty() && mode == Mode::Untouched => item,
        Some(function) if mistakes.is_empty() => counted(&args, function).into_token_stream(),
        _ => mistakes.report(item),
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
        return block.expand(item, mistakes, |method| {
            check::may_have_outcome(method, &args)
        });
    }
    let function = mistakes.keep(syn::parse2::<Function>(item.clone()));
    if let Some(function) = &function {
        check::function(function, &mut mistakes);
        args.detail.check_function(function, &mut mistakes);
        check::outcome(function, &args, &mut mistakes);
    }
    match function {
        Some(_) if mistakes.is_empty() && mode == Mode::Untouched => item,
        // Its expression names the parameters as they are now, so it is expanded first.
        Some(function) if mistakes.is_empty() && function.attrs.iter().any(counts_items) => {
            below_others(&args, function).into_token_stream()
        }
        Some(function) if mistakes.is_empty() => {
            outcome::counted(&args, function).into_token_stream()
        }
        _ => mistakes.report(item),
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
    if body.is_empty() {
        let message = "expected a body behind the arguments: `outcome!(success = \"..\"; body)`";
        mistakes.push(Error::new(Span::call_site(), message));
    }
    if mistakes.is_empty() {
        return match mode {
            Mode::Counted => outcome::block(&args, body),
            Mode::Untouched => outcome::plain_block(&args, body),
        };
    }
    let reported = mistakes.report(TokenStream::new());
    quote!({ #reported #body })
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

fn counted(args: &Count, mut function: Function) -> Function {
    let private = private(args.krate.as_ref());
    let declared = Declared {
        calls: args.calls.as_ref(),
        detail: args.detail.declared(&private, Some(&function)),
        ..Declared::default()
    };
    let site = declared.site(&private, &function);
    let series = args.detail.series(&private, Some(&function));
    let number = args.items.as_ref().map_or_else(
        || quote_spanned!(Span::mixed_site()=> 1),
        |items| {
            let ends = Ends::of(items, Span::mixed_site());
            let path = ends.underline(quote_spanned!(Span::mixed_site()=> #private::items));
            quote_spanned!(Span::mixed_site()=> #path(#items))
        },
    );
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
    // A future that nobody polls is no call, so the statement belongs into the `async` block.
    let in_future = if function.sig.asyncness.is_some() {
        None
    } else {
        replace_async_block(function.body.stream(), &mut |keywords, block| {
            let block = within(&statement, block);
            quote!(#keywords #block)
        })
    };
    function.body = match in_future {
        Some(body) => braced(&function.body, body),
        None => within(&statement, &function.body),
    };
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
        item: TokenStream,
        mut mistakes: Mistakes,
        counts: impl Fn(&Function) -> bool,
    ) -> TokenStream {
        let Some(mut block) = mistakes.keep(syn::parse2::<ImplBlock>(item.clone())) else {
            return mistakes.report(item);
        };
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
            let attribute: Attribute = parse_quote_spanned! {Span::mixed_site()=>
                #[#library::#name(#written)]
            };
            for method in methods {
                method.attrs.insert(0, attribute.clone());
            }
        }
        mistakes.report(block.into_token_stream())
    }
}

/// The same function with `#[count_outcome(..)]` below its other attributes.
fn below_others(args: &CountOutcome, mut function: Function) -> Function {
    let written = &args.written;
    let library = library(args.krate.as_ref());
    let attribute: Attribute = parse_quote_spanned! {Span::mixed_site()=>
        #[#library::count_outcome(#written)]
    };
    function.attrs.push(attribute);
    function
}

/// Whether this is a `#[count(.., items = ..)]`.
fn counts_items(attr: &Attribute) -> bool {
    let Meta::List(meta) = &attr.meta else {
        return false;
    };
    let mut tokens = meta.tokens.clone().into_iter();
    let mut named = |name| tokens.any(|token| matches!(token, TokenTree::Ident(it) if it == name));
    let called = meta.path.segments.last();
    called.is_some_and(|called| called.ident == "count") && named("items")
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
    // Braces of the user in braces of ours would be `unused_braces`.
    let mut inner = body.clone();
    inner.set_span(Span::mixed_site().located_at(body.span()));
    let mut group = Group::new(Delimiter::Brace, quote!(#before #inner));
    group.set_span(Span::mixed_site());
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
