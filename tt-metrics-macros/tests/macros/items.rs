//! `items = expr` adds the value of the expression when a call begins.

use std::{cell::Cell, future::Future, panic::catch_unwind, pin::Pin};

use tt_metrics::{capture, count, count_outcome};

use crate::{block_on, poll_once, yield_once};

#[count("ItemsReceived", items = batch.len())]
fn receive(batch: &[u8]) -> usize {
    batch.len()
}

#[count("ItemsReceived", items = batch.len())]
async fn receive_later(batch: Vec<u8>) {
    yield_once().await;
    drop(batch);
}

#[count("ItemsReceived", items = batch.len())]
fn receive_boxed<'a>(batch: &'a [u8]) -> Pin<Box<dyn Future<Output = usize> + 'a>> {
    Box::pin(async move {
        yield_once().await;
        batch.len()
    })
}

#[test]
fn a_call_adds_its_items() {
    let metrics = capture();
    receive(&[1, 2, 3]);
    assert_eq!(metrics.count("ItemsReceived"), 3);
    receive(&[]);
    assert_eq!(metrics.count("ItemsReceived"), 3);
    block_on(receive_later(vec![1, 2]));
    assert_eq!(metrics.count("ItemsReceived"), 5);
    block_on(receive_boxed(&[1]));
    assert_eq!(metrics.count("ItemsReceived"), 6);
}

#[test]
fn items_are_counted_when_the_body_begins() {
    let metrics = capture();
    let mut future = Box::pin(receive_later(vec![1, 2]));
    assert_eq!(metrics.count("ItemsReceived"), 0);
    assert!(poll_once(future.as_mut()).is_pending());
    assert_eq!(metrics.count("ItemsReceived"), 2);
    drop(receive_boxed(&[1]));
    assert_eq!(metrics.count("ItemsReceived"), 2);
}

#[test]
fn items_are_counted_when_the_body_panics() {
    #[count("ItemsPanicked", items = batch.len())]
    fn refuse(batch: &[u8]) {
        assert!(batch.is_empty());
    }

    let metrics = capture();
    assert!(catch_unwind(|| refuse(&[1, 2])).is_err());
    assert_eq!(metrics.count("ItemsPanicked"), 2);
}

#[test]
fn the_expression_is_evaluated_once() {
    #[count("ItemsOnce", items = { calls.set(calls.get() + 1); calls.get() })]
    fn once(calls: &Cell<u32>) {
        assert_eq!(calls.get(), 1);
    }

    let metrics = capture();
    once(&Cell::new(0));
    assert_eq!(metrics.count("ItemsOnce"), 1);
}

#[test]
fn every_unsigned_integer_is_a_number_of_items() {
    #[count("ItemsUnsigned", items = one)]
    #[count("ItemsUnsigned", items = two)]
    #[count("ItemsUnsigned", items = three)]
    #[count("ItemsUnsigned", items = four)]
    #[count("ItemsUnsigned", items = 1_usize)]
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "a reference is a number too"
    )]
    fn add(one: u8, two: u16, three: u32, four: &u64) {
        let _ = (one, two, three, four);
    }

    let metrics = capture();
    add(1, 20, 300, &4000);
    assert_eq!(metrics.count("ItemsUnsigned"), 4322);
}

#[test]
fn a_number_that_is_written_needs_no_type() {
    #[count("ItemsWritten", items = 2)]
    #[count("ItemsWritten", items = 1_000)]
    #[count("ItemsWritten", items = 4_294_967_296)]
    #[count("ItemsWritten", items = 1_u8)]
    fn pairs() {}

    #[count_outcome(success = "ItemsPaired", failure = "ItemsUnpaired", items = 2)]
    async fn pair(right: bool) -> Result<(), ()> {
        yield_once().await;
        if right { Ok(()) } else { Err(()) }
    }

    let metrics = capture();
    pairs();
    assert_eq!(metrics.count("ItemsWritten"), 4_294_967_296 + 1_003);
    assert_eq!(
        (block_on(pair(true)), block_on(pair(false))),
        (Ok(()), Err(()))
    );
    assert_eq!(
        (metrics.count("ItemsPaired"), metrics.count("ItemsUnpaired")),
        (2, 2)
    );
}

struct Store(Vec<u8>);

impl Store {
    #[count("ItemsBoth", items = self.0.len() + usize::from(left))]
    #[count_outcome(success = "ItemsDone", failure = "ItemsFailed")]
    fn items_first(&self, (left, _): (u8, u8), _: u8) -> Result<u8, u8> {
        Ok(left)
    }

    #[count_outcome(success = "ItemsDone", failure = "ItemsFailed")]
    #[count("ItemsBoth", items = self.0.len() + usize::from(left))]
    fn items_last(&self, (left, _): (u8, u8), _: u8) -> Result<u8, u8> {
        Ok(left)
    }

    #[count("ItemsBoth", items = self.0.len() + usize::from(left))]
    #[count_outcome(success = "ItemsDone", failure = "ItemsFailed")]
    async fn items_first_later(&self, (left, _): (u8, u8), _: u8) -> Result<u8, u8> {
        yield_once().await;
        Err(left)
    }

    #[count_outcome(success = "ItemsDone", failure = "ItemsFailed")]
    #[count("ItemsBoth", items = self.0.len() + usize::from(left))]
    async fn items_last_later(&self, (left, _): (u8, u8), _: u8) -> Result<u8, u8> {
        yield_once().await;
        Err(left)
    }
}

#[test]
fn items_and_outcomes_are_counted_in_either_order_of_the_attributes() {
    let metrics = capture();
    let store = Store(vec![0; 10]);
    assert_eq!(store.items_first((1, 0), 0), Ok(1));
    assert_eq!(metrics.count("ItemsBoth"), 11);
    assert_eq!(store.items_last((2, 0), 0), Ok(2));
    assert_eq!(metrics.count("ItemsBoth"), 23);
    assert_eq!(block_on(store.items_first_later((3, 0), 0)), Err(3));
    assert_eq!(metrics.count("ItemsBoth"), 36);
    assert_eq!(block_on(store.items_last_later((4, 0), 0)), Err(4));
    assert_eq!(metrics.count("ItemsBoth"), 50);
    assert_eq!(metrics.count("ItemsDone"), 2);
    assert_eq!(metrics.count("ItemsFailed"), 2);
}

#[test]
fn an_attribute_of_the_same_name_keeps_its_place() {
    #[count_outcome(success = "ItemsDone", failure = "ItemsFailed")]
    #[count("ItemsPlain")]
    #[count("ItemsReceived", items = batch.len())]
    #[count_outcome(success = "ItemsDone")]
    fn several(batch: &[u8]) -> Result<usize, ()> {
        Ok(batch.len())
    }

    let metrics = capture();
    assert_eq!(several(&[1, 2]), Ok(2));
    assert_eq!(metrics.count("ItemsPlain"), 1);
    assert_eq!(metrics.count("ItemsReceived"), 2);
    assert_eq!(metrics.count("ItemsDone"), 2);
}
