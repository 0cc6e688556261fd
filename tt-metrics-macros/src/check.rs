//! The rules that hold between values, and what can be counted.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Error, ReturnType};

use crate::{
    args::{Count, CountOutcome, Number},
    diagnostics::Mistakes,
    expand::ends_in_pinned_future,
    item::Function,
    names::Names,
    tail, types,
};

pub(crate) fn count(args: &Count, mistakes: &mut Mistakes) {
    args.storage.check(args.items.is_some(), false, mistakes);
    if args.calls.is_none() && mistakes.is_empty() {
        let message = "expected the metric that counts the calls: `#[count(\"Name\")]`";
        mistakes.push(Error::new(Span::call_site(), message));
    }
    let names = Names::of_count(args);
    names.check(mistakes);
    args.detail.check(&names, false, mistakes);
}

pub(crate) fn count_outcome(args: &CountOutcome, mistakes: &mut Mistakes) {
    let names = Names::of_outcome(args);
    names.check(mistakes);
    args.detail.check(&names, args.failure.is_some(), mistakes);
    args.storage
        .check(args.items.is_some(), args.each.is_some(), mistakes);
    let about_items = args
        .each
        .as_ref()
        .map(|each| each.word.to_string())
        .or(args.items.is_some().then(|| "items".to_owned()));
    if let (Some(at), Some(items)) = (args.detail.at(), about_items) {
        let message = format!(
            "`{at}` speaks of the call, and `{items}` of its items: \
             put `#[count(\"Name\", {at} ..)]` on the function beside it"
        );
        mistakes.push(Error::new(at.span(), message));
    }
    if args.success.is_none() && args.failure.is_none() && mistakes.is_empty() {
        let message = "expected a metric for `success` or `failure`: \
                       `success = \"..\", failure = \"..\"`";
        mistakes.push(Error::new(Span::call_site(), message));
    }
    rest(args, mistakes);
}

/// `rest` speaks of the items of `items` that `each` leaves over.
fn rest(args: &CountOutcome, mistakes: &mut Mistakes) {
    let Some(rest) = &args.rest else { return };
    let message = match (&args.each, &args.items) {
        (Some(_), Some(_)) => return,
        (None, _) => "`rest` says how the items ended that `each` leaves over, there is no `each`",
        (_, None) => "`rest` needs to know of how many items, for example `items = batch.len()`",
    };
    mistakes.push(Error::new(rest.0.span(), message));
}

/// The same attribute once more, which would count all of it once more.
pub(crate) fn twice(
    attrs: &[Attribute],
    attribute: &str,
    written: &TokenStream,
    mistakes: &mut Mistakes,
) {
    let same = |attr: &&Attribute| {
        let named = attr.path().segments.last().map(|last| &last.ident);
        let tokens = attr.meta.require_list().map(|list| &list.tokens);
        named.is_some_and(|name| name == attribute)
            && tokens.is_ok_and(|tokens| tokens.to_string() == written.to_string())
    };
    if let Some(second) = attrs.iter().find(same) {
        let message = format!(
            "`#[{attribute}(..)]` stands here twice with the same arguments, and would count twice"
        );
        mistakes.push(Error::new_spanned(second.path(), message));
    }
}

/// What no attribute can count.
pub(crate) fn function(function: &Function, mistakes: &mut Mistakes) {
    if let Some(constness) = &function.sig.constness {
        let message = "a `const fn` cannot be counted, since counting happens at run time";
        mistakes.push(Error::new(constness.span, message));
    }
}

/// What no attribute of an `impl` block can count.
pub(crate) fn method(method: &Function, attribute: &str, mistakes: &mut Mistakes) {
    if let Some(constness) = &method.sig.constness {
        let message = format!(
            "a `const fn` cannot be counted, since counting happens at run time; \
             `#[{attribute}(skip)]` leaves it out"
        );
        mistakes.push(Error::new(constness.span, message));
    }
}

/// Whether the return type is one that may have an outcome, as far as it can be seen.
pub(crate) fn may_have_outcome(method: &Function, args: &CountOutcome) -> bool {
    match &method.sig.output {
        ReturnType::Default => args.by.is_some() && args.each.is_none(),
        output @ ReturnType::Type(..) => types::is_never(output).is_none(),
    }
}

/// A future that is handed on is counted when it is polled, and what is told beside the count would be told of its making.
pub(crate) fn handed_on(function: &Function, args: &Count, mistakes: &mut Mistakes) {
    let Some(at) = args.detail.at() else { return };
    let returns_future =
        types::returned_future(&function.sig.output).is_some() || ends_in_pinned_future(function);
    if function.sig.asyncness.is_some() || !returns_future {
        return;
    }
    let tail = tail::replace_async_block(
        function.body.stream(),
        &mut |keywords, block| quote!(#keywords #block),
    );
    if tail.is_none_or(|tail| tail.returns_early) {
        let message = format!(
            "`{at}` speaks of the future, and this body hands one on: await it in an `async` block at the end, \
             or use `#[count_outcome(..)]`"
        );
        mistakes.push(Error::new(at.span(), message));
    }
}

/// A closure of `items` needs a return value.
pub(crate) fn items(function: &Function, args: &Count, mistakes: &mut Mistakes) {
    let Some(Number::Returned(closure)) = &args.items else {
        return;
    };
    if let Some(at) = args.detail.at() {
        let message = format!("`{at}` is known where a call begins, and a closure of `items` not");
        mistakes.push(Error::new(at.span(), message));
    }
    let output = &function.sig.output;
    if matches!(output, ReturnType::Default) || types::is_never(output).is_some() {
        let message = "a closure counts the items of the return value, and this function has none";
        mistakes.push(Error::new_spanned(closure, message));
    }
}

/// What has no outcome, whatever its type does.
pub(crate) fn outcome(function: &Function, args: &CountOutcome, mistakes: &mut Mistakes) {
    let output = &function.sig.output;
    if let Some(never) = types::is_never(output) {
        let message = "a function that never returns has no outcome, \
                       `#[count(\"Name\")]` counts its calls";
        mistakes.push(Error::new(never, message));
    }
    let nothing = matches!(output, ReturnType::Default);
    if let (true, Some(each)) = (nothing, &args.each) {
        let message = "`each` counts the items of the return value, and this function has none";
        mistakes.push(Error::new(each.word.span(), message));
    } else if nothing && args.by.is_none() && args.metrics().iter().any(|(_, one)| one.is_some()) {
        let message = "a function without a return value has no outcome, return a `Result`, \
                       or name a classifier with `by = path::to::classifier`";
        mistakes.push(Error::new(function.sig.ident.span(), message));
    }
}
