//! What is told of a call that makes a future would be told of the making.

use std::{future::Future, pin::Pin};

use tt_metrics::count;

async fn answer() -> u8 {
    7
}

#[count("Handed", latency = "Time")]
fn opaque() -> impl Future<Output = u8> {
    answer()
}

#[count("Boxed", in_flight = "Open")]
fn boxed() -> Pin<Box<dyn Future<Output = u8>>> {
    Box::pin(answer())
}

#[count("Early", dimensions(Soon: bool = early))]
fn early(early: bool) -> Pin<Box<dyn Future<Output = u8>>> {
    if early {
        return Box::pin(answer());
    }
    Box::pin(async { 1 })
}

type Boxed = Pin<Box<dyn Future<Output = u8>>>;

#[count("Named", latency = "Time")]
fn named() -> Boxed {
    Box::pin(answer())
}

fn main() {
    drop((opaque(), boxed(), early(true), named()));
}
