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

fn main() {
    drop(opaque("a"));
    drop(boxed("a"));
    drop(alias("a"));
    let store: &dyn Store = &1_u8;
    drop(store.get("a"));
}
