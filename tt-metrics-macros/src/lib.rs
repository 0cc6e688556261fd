//! The attributes of `tt-metrics`, in reading order: arguments, item, checks, expansion.

mod args;
mod check;
mod derive_dimension;
mod detail;
mod diagnostics;
mod expand;
mod impl_block;
mod item;
mod site;
mod tail;
mod types;

use proc_macro::TokenStream;

/// Counts the calls of a function.
///
/// ```
/// #[tt_metrics::count("RecordsReceived")]
/// fn receive(line: &str) -> usize {
///     line.len()
/// }
///
/// let metrics = tt_metrics::capture();
/// receive("a,b");
/// assert_eq!(metrics.count("RecordsReceived"), 1);
/// ```
///
/// The function becomes
///
/// ```text
/// fn receive(line: &str) -> usize {
///     { static SITE: Site = ..; count(&SITE, 1); }
///     { line.len() }
/// }
/// ```
///
/// It may return anything, nothing, or never. A call is counted when its body begins, so a future that nobody polls is
/// no call. The static is known to the catalogue of the binary without a call.
///
/// # Arguments
///
/// The metric comes first: a string literal, or the path of a `MetricName` constant.
///
/// ```
/// use tt_metrics::MetricName;
///
/// const RECEIVED: MetricName = MetricName::new("RecordsReceived");
///
/// #[tt_metrics::count(RECEIVED)]
/// fn receive() {}
/// # receive();
/// ```
///
/// `items = expr` adds a number of items in place of 1: an unsigned integer, from an expression over the arguments. It
/// is evaluated once, where the body begins; in a function that returns an `async` block, that is in the block.
///
/// ```
/// #[tt_metrics::count("RecordsReceived", items = batch.len())]
/// fn receive(batch: &[&str]) {}
///
/// let metrics = tt_metrics::capture();
/// receive(&["a,b", "c,d"]);
/// assert_eq!(metrics.count("RecordsReceived"), 2);
/// ```
///
/// `crate = path` says where `tt-metrics` is when it is reached through another crate.
///
/// ```
/// mod observability {
///     pub use tt_metrics;
/// }
///
/// #[observability::tt_metrics::count("RecordsReceived", crate = crate::observability::tt_metrics)]
/// fn receive() {}
/// # fn main() { receive(); }
/// ```
///
/// `dimensions(..)`, `latency` and `in_flight` tell more of the calls, as for [`macro@count_outcome`].
///
/// Which functions can be counted, and what to do for one that is refused, is said at [`macro@count_outcome`].
#[proc_macro_attribute]
pub fn count(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::count(args.into(), item.into()).into()
}

/// Counts how each call of a function ends.
///
/// ```
/// use std::num::ParseIntError;
///
/// #[tt_metrics::count_outcome(success = "RecordParsed", failure = "RecordRefused")]
/// fn parse(text: &str) -> Result<u8, ParseIntError> {
///     let value = text.parse()?;
///     Ok(value)
/// }
///
/// let metrics = tt_metrics::capture();
/// for text in ["1", "2", "x"] {
///     let _ = parse(text);
/// }
/// assert_eq!(metrics.count("RecordParsed"), 2);
/// assert_eq!(metrics.count("RecordRefused"), 1);
/// ```
///
/// The function becomes
///
/// ```text
/// fn parse(text: &str) -> Result<u8, ParseIntError> {
///     static SITE: Site = ..;
///     return call(&SITE, |value| classify(value), move || -> Result<u8, ParseIntError> {
///         let _ = &text;
///         { let value = text.parse()?; Ok(value) }
///     });
/// }
/// ```
///
/// and an `async fn` becomes a function that returns a future of the same type, which is armed at its first poll:
///
/// ```text
/// fn parse(text: &str) -> impl Future<Output = Result<u8, ParseIntError>> {
///     static SITE: Site = ..;
///     return track(&SITE, |value| classify(value), async move { .. });
/// }
/// ```
///
/// # Outcomes
///
/// | the call | is a |
/// |---|---|
/// | returned `Ok`, `Some`, `true` or `ControlFlow::Continue`, by any `return` or `?` | success |
/// | returned `Err`, `None`, `false` or `ControlFlow::Break`, by any `return` or `?` | failure |
/// | returned an `Outcome` | that |
/// | panicked | failure |
/// | is a future that was polled and dropped before its end | interruption |
/// | is a future that was never polled | not a call |
///
/// An outcome without a metric is not sent. Arguments and locals drop before the outcome is counted, in the order of the
/// plain function.
///
/// # Arguments
///
/// `success`, `failure`, `neutral`, `interrupted`: the metric of that outcome, as a string literal or as the path of a
/// `MetricName` constant. At least `success` or `failure` is given; two outcomes in one attribute have two metrics.
///
/// ```
/// use tt_metrics::MetricName;
///
/// const PUBLISHED: MetricName = MetricName::new("EventPublished");
///
/// #[tt_metrics::count_outcome(success = PUBLISHED, failure = "EventFailed", interrupted = "EventCut")]
/// async fn publish(event: &str) -> Result<(), String> {
///     if event.is_empty() { Err("an event has a text".to_owned()) } else { Ok(()) }
/// }
/// # drop(publish(""));
/// ```
///
/// `by = path` classifies the return value, of any type. It is a `fn(&Return) -> Outcome`.
///
/// ```
/// use tt_metrics::Outcome;
///
/// /// A replay finds the work done.
/// fn created(id: &Option<u64>) -> Outcome {
///     if id.is_some() { Outcome::Success } else { Outcome::Neutral }
/// }
///
/// #[tt_metrics::count_outcome(success = "CaseCreated", neutral = "CaseReplayed", by = created)]
/// fn create(known: bool) -> Option<u64> {
///     if known { None } else { Some(7) }
/// }
///
/// let metrics = tt_metrics::capture();
/// create(true);
/// assert_eq!(metrics.count("CaseReplayed"), 1);
/// ```
///
/// A type can also say it by itself:
///
/// ```
/// use tt_metrics::{Classify, Outcome};
///
/// struct Status(u16);
///
/// impl Classify for Status {
///     fn outcome(&self) -> Outcome {
///         if self.0 < 400 { Outcome::Success } else { Outcome::Failure }
///     }
/// }
///
/// #[tt_metrics::count_outcome(success = "Sent", failure = "Refused")]
/// fn send() -> Status {
///     Status(200)
/// }
/// # send();
/// ```
///
/// `each` counts the items of the return value in place of the call: of any collection that can be iterated by reference.
/// `by = path` then classifies one item. A call that panics has no items and is one failure, and one that is cut off is
/// one interruption; an empty collection counts nothing.
///
/// ```
/// #[tt_metrics::count_outcome(success = "RecordParsed", failure = "RecordRefused", each)]
/// fn parse(lines: &[&str]) -> Vec<Result<u8, std::num::ParseIntError>> {
///     lines.iter().map(|line| line.parse()).collect()
/// }
///
/// let metrics = tt_metrics::capture();
/// parse(&["1", "2", "x"]);
/// assert_eq!(metrics.count("RecordParsed"), 2);
/// assert_eq!(metrics.count("RecordRefused"), 1);
/// ```
///
/// `crate = path` says where `tt-metrics` is when it is reached through another crate, as for [`macro@count`].
///
#[doc = include_str!("detail.md")]
/// # `impl` blocks
///
/// On an `impl` block, inherent or of a trait, the attribute stands for one on each method. Methods that return nothing
/// have no outcome and are left out, unless `by` classifies them, and so are those with `#[count_outcome(skip)]`; one
/// with arguments of its own has those in place of the block's. `#[count(..)]` does the same.
///
/// ```
/// struct Store(Vec<u64>);
///
/// #[tt_metrics::count_outcome(success = "OrderRead", failure = "OrderMissing")]
/// impl Store {
///     fn first(&self) -> Option<u64> {
///         self.0.first().copied()
///     }
///
///     async fn last(&self) -> Option<u64> {
///         self.0.last().copied()
///     }
///
///     #[count_outcome(skip)]
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let metrics = tt_metrics::capture();
/// let store = Store(vec![7]);
/// assert_eq!((store.len(), store.first()), (1, Some(7)));
/// assert_eq!(metrics.count("OrderRead"), 1);
/// # drop(store.last());
/// ```
///
/// # Functions
///
/// | shape | |
/// |---|---|
/// | free functions, methods with any `self`, trait methods with a body | counted |
/// | `async fn` | counted; the future is as `Send` as before, and captures the same |
/// | functions whose body ends in `async { .. }` or `Box::pin(async { .. })`, as `async_trait` writes them | the future is counted |
/// | generics, `impl Trait` anywhere, patterns, `unsafe`, `extern`, `#[cfg]`, functions made by `macro_rules!` | counted |
/// | several attributes on one function | each counts |
/// | `impl` block | each method is counted |
/// | trait as a whole | refused: put the attribute on its methods |
/// | trait method without a body | refused: put the attribute on each implementation |
/// | `const fn` | refused: counting happens at run time |
/// | `-> !` | refused: `#[count(..)]` counts its calls |
/// | a return type that is none of those above | refused: name a classifier with `by`, or implement `Classify` |
///
/// What differs from the plain function: in the body of one with `#[track_caller]`, a panic and `Location::caller()`
/// name the function itself; `#[must_use]` on an `async fn` speaks of the future; and an unused argument is no longer
/// reported as such.
#[proc_macro_attribute]
pub fn count_outcome(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::count_outcome(args.into(), item.into()).into()
}

/// Counts how a block ends, as [`macro@count_outcome`] does for a function.
///
/// ```
/// use tt_metrics::outcome;
///
/// let metrics = tt_metrics::capture();
/// let parsed: Result<u8, std::num::ParseIntError> = outcome! {
///     success = "RecordParsed", failure = "RecordRefused";
///     let value = "7".parse::<u8>()?;
///     Ok(value + 1)
/// };
/// assert_eq!(parsed, Ok(8));
/// assert_eq!(metrics.count("RecordParsed"), 1);
/// ```
///
/// The arguments are those of [`macro@count_outcome`], and what follows the `;` is the body. It is an expression of the
/// type of the body, which borrows what it uses. `return` and `?` leave the block, not the function around it. A body
/// that ends in an `async` block yields its future, which is a call from its first poll.
///
/// ```
/// # use tt_metrics::outcome;
/// async fn publish(event: &str) -> Option<usize> {
///     outcome!(success = "EventPublished"; async { Some(event.len()) }).await
/// }
/// # drop(publish(""));
/// ```
#[proc_macro]
pub fn outcome(tokens: TokenStream) -> TokenStream {
    expand::outcome(tokens.into()).into()
}

/// Makes the variants of an enum the values of a dimension, for `dimensions(..)` and `failure_by` of [`macro@count_outcome`].
///
/// Each variant is a value by its name, whatever it carries; `#[dimension("another name")]` gives it another one, and
/// `#[dimension(crate = path)]` on the enum says where `tt-metrics` is.
///
/// ```
/// use tt_metrics::Dimension;
///
/// #[derive(Dimension)]
/// enum OrderError {
///     OutOfStock,
///     #[dimension("Payment refused")]
///     Payment { code: u16 },
/// }
///
/// assert_eq!(OrderError::VALUES, ["OutOfStock", "Payment refused"]);
/// # assert_eq!(OrderError::Payment { code: 1 }.index(), 1);
/// # assert_eq!(OrderError::OutOfStock.index(), 0);
/// ```
#[proc_macro_derive(Dimension, attributes(dimension))]
pub fn derive_dimension(input: TokenStream) -> TokenStream {
    derive_dimension::dimension(input.into()).into()
}
