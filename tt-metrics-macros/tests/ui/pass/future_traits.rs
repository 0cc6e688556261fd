//! A future is `Send` when that of the plain function would be, and need not be.

use std::{cell::Cell, rc::Rc};

use tt_metrics::count_outcome;

#[count_outcome(success = "S", failure = "F")]
async fn sent(cell: Cell<u8>, text: &str) -> Result<u8, ()> {
    std::future::ready(()).await;
    Ok(cell.get() + text.len() as u8)
}

#[count_outcome(success = "S", failure = "F")]
async fn kept(shared: Rc<u8>) -> Result<u8, ()> {
    std::future::ready(()).await;
    Ok(*shared)
}

fn assert_send(_: impl Send) {}

fn main() {
    let metrics = ::tt_metrics::capture();
    assert_send(sent(Cell::new(1), "a"));
    let _ = ::futures_util::FutureExt::now_or_never(kept(Rc::new(1)));
    assert_eq!(metrics.count("S"), 1);
}
