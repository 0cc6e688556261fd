//! Functions that return a future: opaque, boxed, and as `async_trait` writes them.

use std::{future::Future, pin::Pin};

use tt_metrics::{Outcome, count, count_outcome};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn opaque(text: &str) -> impl Future<Output = Result<usize, ()>> + Send {
    let length = text.len();
    async move { Ok(length) }
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = Result<usize, ()>> + Send + 'a>> {
    Box::pin(async move { Ok(text.len()) })
}

fn any(_: &Option<usize>) -> Outcome {
    Outcome::Success
}

#[count_outcome(success = "S", failure = "F", by = any)]
fn alias(text: &str) -> BoxFuture<'_, Option<usize>> {
    return Box::pin(async move { Some(text.len()) });
}

trait Store {
    fn get<'life0, 'life1, 'async_trait>(
        &'life0 self,
        key: &'life1 str,
    ) -> Pin<Box<dyn Future<Output = Result<u8, String>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait;
}

impl Store for u8 {
    #[count_outcome(success = "S", failure = "F")]
    fn get<'life0, 'life1, 'async_trait>(
        &'life0 self,
        key: &'life1 str,
    ) -> Pin<Box<dyn Future<Output = Result<u8, String>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            if let Some(__ret) = None::<Result<u8, String>> {
                return __ret;
            }
            let __self = self;
            let key = key;
            let __ret: Result<u8, String> =
                { key.parse().map(|n: u8| n + __self).map_err(|_| key.into()) };
            __ret
        })
    }
}

async fn answer(length: usize) -> Result<usize, ()> {
    Ok(length)
}

/// The future is made elsewhere, and keeps nothing of the argument.
#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn made_elsewhere(text: &str) -> impl Future<Output = Result<usize, ()>> + Send + use<> {
    answer(text.len())
}

#[count_outcome(success = "S", failure = "F")]
#[count("C", items = text.len())]
fn one_of_two<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = Result<usize, ()>> + Send + 'a>> {
    if text.is_empty() {
        return Box::pin(async { Err(()) });
    }
    match text {
        "a" => Box::pin(answer(1)),
        _ => Box::pin(async move { Ok(text.len()) }),
    }
}

#[count_outcome(success = "S", failure = "F")]
#[count("C")]
fn alias_of_two(text: &str) -> BoxFuture<'_, Result<usize, ()>> {
    if text.is_empty() {
        return Box::pin(async { Err(()) });
    }
    Box::pin(async move { Ok(text.len()) })
}

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn unpinned(text: &str) -> Box<dyn Future<Output = Option<usize>> + Unpin> {
    Box::new(std::future::ready(text.len().checked_sub(1)))
}

type Other<'a> = Pin<Box<dyn Future<Output = Result<usize, ()>> + 'a>>;

#[count("C")]
#[count_outcome(success = "S", failure = "F")]
fn unknown_alias(text: &str) -> Other<'_> {
    if text.is_empty() {
        return Box::pin(async { Err(()) });
    }
    Box::pin(async move { Ok(text.len()) })
}

#[count_outcome(success = "S", failure = "F", items = batch.len())]
fn of_items<'a>(batch: &'a [u8]) -> Pin<Box<dyn Future<Output = Result<usize, ()>> + Send + 'a>> {
    if batch.is_empty() { Box::pin(answer(0)) } else { Box::pin(async move { Ok(batch.len()) }) }
}

fn main() {
    let metrics = ::tt_metrics::capture();
    let _ = ::futures_util::FutureExt::now_or_never(of_items(&[]));
    let _ = ::futures_util::FutureExt::now_or_never(made_elsewhere("a"));
    let _ = ::futures_util::FutureExt::now_or_never(one_of_two("a"));
    let _ = ::futures_util::FutureExt::now_or_never(alias_of_two("a"));
    let _ = ::futures_util::FutureExt::now_or_never(unpinned("a"));
    let _ = ::futures_util::FutureExt::now_or_never(unknown_alias("a"));
    let _ = ::futures_util::FutureExt::now_or_never(opaque("a"));
    let _ = ::futures_util::FutureExt::now_or_never(boxed("a"));
    let _ = ::futures_util::FutureExt::now_or_never(alias("a"));
    let store: &dyn Store = &1_u8;
    let _ = ::futures_util::FutureExt::now_or_never(store.get("a"));
    assert_eq!(["C", "F", "S"].map(|metric| metrics.count(metric)), [7, 1, 8]);
}
