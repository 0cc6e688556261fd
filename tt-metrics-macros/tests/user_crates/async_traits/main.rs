//! The attributes above and below those of `async_trait`, on methods, on default bodies and on a whole `impl` block.
#![deny(warnings)]
#![forbid(unsafe_code)]

use std::{
    future::Future,
    pin::{pin, Pin},
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use tt_metrics::{capture, count, count_outcome, Capture};

#[async_trait]
trait Store {
    async fn get(&self, key: &str) -> Result<String, ()>;

    /// A default body is counted in the trait.
    #[count("Calls")]
    #[count_outcome(success = "Done", failure = "Failed", interrupted = "Cut")]
    async fn twice(&self, key: &str) -> Result<String, ()> {
        yield_once().await;
        self.get(key).await
    }
}

struct OnMethods(String);

#[async_trait]
impl Store for OnMethods {
    #[count_outcome(success = "Done", failure = "Failed", interrupted = "Cut")]
    #[count("Calls")]
    async fn get(&self, key: &str) -> Result<String, ()> {
        yield_once().await;
        if key.is_empty() {
            return Err(());
        }
        Ok(format!("{}{key}", self.0))
    }
}

struct AboveBlock(String);

#[count("Calls")]
#[count_outcome(success = "Done", failure = "Failed", interrupted = "Cut")]
#[async_trait]
impl Store for AboveBlock {
    async fn get(&self, key: &str) -> Result<String, ()> {
        yield_once().await;
        if key.is_empty() {
            return Err(());
        }
        Ok(format!("{}{key}", self.0))
    }
}

struct BelowBlock<T>(T);

#[async_trait]
#[count_outcome(success = "Done", failure = "Failed", interrupted = "Cut")]
#[count("Calls")]
impl<T: AsRef<str> + Send + Sync> Store for BelowBlock<T> {
    async fn get(&self, key: &str) -> Result<String, ()> {
        yield_once().await;
        if key.is_empty() {
            return Err(());
        }
        Ok(format!("{}{key}", self.0.as_ref()))
    }
}

struct NotSend(std::rc::Rc<str>);

#[async_trait(?Send)]
trait Local {
    async fn get(&self, key: &str) -> Result<String, ()>;
}

#[async_trait(?Send)]
impl Local for NotSend {
    #[count("Calls", items = key.len())]
    #[count_outcome(success = "Done", failure = "Failed", interrupted = "Cut", dimensions(Empty: bool = key.is_empty()))]
    async fn get(&self, key: &str) -> Result<String, ()> {
        yield_once().await;
        if key.is_empty() {
            return Err(());
        }
        Ok(format!("{}{key}", self.0))
    }
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll_once(future.as_mut()) {
            return output;
        }
    }
}

/// Calls, successes, failures, interruptions.
fn moved(metrics: &Capture) -> [u64; 4] {
    ["Calls", "Done", "Failed", "Cut"].map(|metric| metrics.count(metric))
}

fn each_end_is_counted(store: &dyn Store) {
    let metrics = capture();
    assert_eq!(block_on(store.get("k")), Ok("sk".to_owned()));
    assert_eq!(moved(&metrics), [1, 1, 0, 0]);
    drop(store.get("k"));
    assert_eq!(moved(&metrics), [1, 1, 0, 0], "a future that nobody polls is no call");
    let mut half = store.get("k");
    assert!(poll_once(half.as_mut()).is_pending());
    drop(half);
    assert_eq!(moved(&metrics), [2, 1, 0, 1]);
    assert_eq!(block_on(store.get("")), Err(()));
    assert_eq!(metrics.count("Failed"), 1);
}

fn main() {
    each_end_is_counted(&OnMethods("s".to_owned()));
    each_end_is_counted(&AboveBlock("s".to_owned()));
    each_end_is_counted(&BelowBlock("s"));
    let metrics = capture();
    assert_eq!(block_on(OnMethods("s".to_owned()).twice("k")), Ok("sk".to_owned()));
    assert_eq!(moved(&metrics), [2, 2, 0, 0]);
    let local = NotSend("s".into());
    assert_eq!(block_on(local.get("key")), Ok("skey".to_owned()));
    assert_eq!(moved(&metrics), [5, 3, 0, 0], "the call was about three items");
    assert_eq!(metrics.count_under("Done", &[("Empty", "false")]), 1);
}
