//! Each macro in three steps: parse the tokens, describe what is generated, emit it.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::Error;

use crate::{
    diagnostics::Mistakes,
    emit,
    model::{self, CountedFunction, Deferred, Entry, Layer},
    parse::{self, Arguments, Attribute, Closure, Function, ImplBlock},
};

/// Whether functions are counted, or stay as they were written once their arguments are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Counted,
    Untouched,
}

const MODE: Mode = if cfg!(all(feature = "off", not(feature = "keep-on"))) {
    Mode::Untouched
} else {
    Mode::Counted
};

/// `#[count(..)]` and `#[count_outcome(..)]`.
pub(crate) fn attribute(of: Attribute, written: TokenStream, item: &TokenStream) -> TokenStream {
    attribute_in(MODE, of, written, item)
}

fn attribute_in(
    mode: Mode,
    of: Attribute,
    written: TokenStream,
    item: &TokenStream,
) -> TokenStream {
    if let Some(skip) = parse::is_skip(&written) {
        return skipped(of, &skip, item);
    }
    let mut mistakes = Mistakes::default();
    let arguments = Arguments::parse(of, written.clone(), &mut mistakes);
    model::check(&arguments, &mut mistakes);
    if parse::is_impl_block(item) {
        return impl_block(&arguments, &written, item, mistakes);
    }
    let parsed = mistakes.keep(syn::parse2::<Function>(item.clone()));
    let Some(mut function) = parsed else {
        return emit::item_with_errors(item, mistakes);
    };
    model::check_function(&arguments, &function, &mut mistakes);
    let mut deferred = mistakes
        .keep(Deferred::take(&mut function))
        .unwrap_or_default();
    mistakes.keep(deferred.add(Entry {
        attribute: of,
        is_of_block: false,
        arguments: written,
    }));
    if !mistakes.is_empty() {
        return emit::item_with_errors(item, mistakes);
    }
    // A comment is an attribute too, and never a macro.
    let is_last = function
        .attrs
        .iter()
        .all(|attr| attr.path().is_ident("doc"));
    if is_last {
        return counted_in(mode, &deferred, function);
    }
    emit::item(&function, &deferred, arguments.path("crate"))
}

/// `#[count(skip)]` on a method of an annotated `impl` block.
fn skipped(of: Attribute, skip: &syn::Ident, item: &TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let Some(mut function) = mistakes.keep(syn::parse2::<Function>(item.clone())) else {
        return emit::item_with_errors(item, mistakes);
    };
    let mut deferred = mistakes
        .keep(Deferred::take(&mut function))
        .unwrap_or_default();
    if !deferred.skip(of) {
        let message = format!(
            "`skip` leaves a method out of an `impl` block with `#[{}(..)]`, there is none",
            of.name()
        );
        mistakes.push(Error::new(skip.span(), message));
    }
    let item = emit::item(&function, &deferred, None);
    emit::item_with_errors(&item, mistakes)
}

/// An attribute on an `impl` block adds itself to the list of each method.
fn impl_block(
    arguments: &Arguments,
    written: &TokenStream,
    item: &TokenStream,
    mut mistakes: Mistakes,
) -> TokenStream {
    let Some(mut block) = mistakes.keep(syn::parse2::<ImplBlock>(item.clone())) else {
        return emit::item_with_errors(item, mistakes);
    };
    let mut repeated = None;
    let is_right = mistakes.is_empty();
    let mut lists = Vec::new();
    for method in block.methods() {
        let mut deferred = mistakes.keep(Deferred::take(method)).unwrap_or_default();
        let is_counted = is_right && model::may_have_outcome(method, arguments);
        let entry = Entry {
            attribute: arguments.of,
            is_of_block: true,
            // A method that is left out keeps an entry, which `skip` may remove.
            arguments: if is_counted {
                written.clone()
            } else {
                TokenStream::new()
            },
        };
        repeated = repeated.or(deferred.add(entry).err());
        lists.push(deferred);
    }
    if let Some(repeated) = repeated {
        mistakes.push(repeated);
    }
    let block = emit::impl_block(&block, &lists, arguments.path("crate"));
    emit::item_with_errors(&block, mistakes)
}

/// The attribute at the end of the list: all attributes of a function at once.
pub(crate) fn counted(list: TokenStream, item: &TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let deferred = mistakes.keep(syn::parse2::<Deferred>(list));
    let function = mistakes.keep(syn::parse2::<Function>(item.clone()));
    match (deferred, function) {
        (Some(deferred), Some(function)) => counted_in(MODE, &deferred, function),
        _ => emit::item_with_errors(item, mistakes),
    }
}

fn counted_in(mode: Mode, deferred: &Deferred, function: Function) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let mut layers = Vec::new();
    for entry in deferred
        .entries
        .iter()
        .filter(|entry| !entry.arguments.is_empty())
    {
        let arguments = Arguments::parse(entry.attribute, entry.arguments.clone(), &mut mistakes);
        if entry.is_of_block {
            model::check_method(&arguments, &function, &mut mistakes);
        }
        layers.extend(mistakes.keep(Layer::of(&arguments, Some(&function))));
    }
    if !mistakes.is_empty() || mode == Mode::Untouched || layers.is_empty() {
        let item = emit::item(&function, &Deferred::default(), None);
        return emit::item_with_errors(&item, mistakes);
    }
    emit::function(CountedFunction::of(function, layers))
}

/// `outcome!(..; ..)`.
pub(crate) fn outcome(tokens: TokenStream) -> TokenStream {
    outcome_in(MODE, tokens)
}

fn outcome_in(mode: Mode, tokens: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let mut before: Vec<TokenTree> = tokens.into_iter().collect();
    let is_semicolon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let end = before.iter().position(is_semicolon);
    let body: TokenStream = match end {
        Some(end) => before.drain(end..).skip(1).collect(),
        None => TokenStream::new(),
    };
    let written = before.into_iter().collect();
    let arguments = Arguments::parse(Attribute::CountOutcome, written, &mut mistakes);
    model::check(&arguments, &mut mistakes);
    model::check_block(&arguments, &mut mistakes);
    if end.is_none() {
        // The body was parsed as arguments then.
        mistakes = Mistakes::default();
    }
    if body.is_empty() {
        let message = "expected a body behind the arguments: `outcome!(success = \"..\"; body)`";
        mistakes.push(Error::new(Span::call_site(), message));
    }
    let closure = match Closure::of(&body).transpose() {
        Ok(closure) => closure,
        Err(mistake) => {
            mistakes.push(mistake);
            // Without the body, of which the compiler would report the same.
            return emit::expression_with_errors(&TokenStream::new(), mistakes);
        }
    };
    let layer = mistakes.keep(Layer::of(&arguments, None));
    let Some(layer) = layer.filter(|_| mistakes.is_empty()) else {
        return emit::expression_with_errors(&body, mistakes);
    };
    match closure {
        Some(_) if mode == Mode::Untouched => body,
        None if mode == Mode::Untouched => emit::uncounted_block(layer.library.as_ref(), &body),
        Some(closure) => emit::closure(&layer, &closure),
        None => emit::block(&layer, &body),
    }
}

/// `#[derive(Classify)]`.
pub(crate) fn classify(tokens: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    match parse::derive_input(tokens) {
        Ok(input) => {
            let classified = model::classified(input, &mut mistakes);
            emit::classify(&classified, mistakes)
        }
        Err(mistake) => mistake.to_compile_error(),
    }
}

/// `#[derive(Dimension)]`.
pub(crate) fn dimension(tokens: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    match parse::derive_input(tokens) {
        Ok(input) => {
            let ty = model::dimension_type(input, &mut mistakes);
            emit::dimension(&ty, mistakes)
        }
        Err(mistake) => mistake.to_compile_error(),
    }
}

#[cfg(test)]
mod tests;
