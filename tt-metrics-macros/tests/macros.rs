//! What counted functions count, and that counting changes nothing else.

#[path = "macros/batches.rs"]
mod batches;
#[path = "macros/blocks.rs"]
mod blocks;
#[path = "macros/closures.rs"]
mod closures;
#[path = "macros/declarations.rs"]
mod declarations;
#[path = "macros/details.rs"]
mod details;
#[path = "macros/drop_order.rs"]
mod drop_order;
#[path = "macros/each.rs"]
mod each;
#[path = "macros/future_sizes.rs"]
mod future_sizes;
#[path = "macros/futures.rs"]
mod futures;
#[path = "macros/impl_blocks.rs"]
mod impl_blocks;
#[path = "macros/items.rs"]
mod items;
#[path = "macros/loud.rs"]
mod loud;
#[path = "macros/other_macros.rs"]
mod other_macros;
#[path = "macros/outcomes.rs"]
mod outcomes;
#[path = "macros/patterns.rs"]
mod patterns;
#[path = "macros/returned_futures.rs"]
mod returned_futures;
#[path = "macros/several.rs"]
mod several;
#[path = "macros/storage.rs"]
mod storage;

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// Polls once, with a waker that does nothing.
fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls until ready.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll_once(future.as_mut()) {
            return output;
        }
    }
}

/// Is pending once, then ready.
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
