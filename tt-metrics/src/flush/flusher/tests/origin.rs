//! The invocation that a batch is attributed to.

use super::*;

/// Hangs in its first flush, before a batch leaves; then keeps whose each batch is, and its first count.
#[derive(Debug, Default)]
struct Naming {
    hung: AtomicBool,
    batches: Mutex<Vec<(Option<String>, Value)>>,
}

impl Sink for Naming {
    fn marks_sent(&self) -> bool {
        true
    }

    async fn emit(&self, batch: Batch<'_>, _: Duration) -> SinkResult {
        if !self.hung.swap(true, Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let invocation = batch.invocation.map(|it| it.request_id.clone());
        lock(&self.batches).push((invocation, batch.data[0].value.clone()));
        Ok(())
    }
}

#[test]
fn counts_that_went_back_are_not_attributed_to_the_next_invocation() {
    let template = flusher(Delivery::AtMostOnce, Vec::new());
    let flusher = Flusher::with_buffer(template.buffer, template.config, Naming::default());
    for (id, growth) in [("first", 5), ("second", 2), ("third", 1)] {
        let invocation = flusher.invocation(id.to_owned());
        flusher.contributors.enter(id);
        flusher.buffer.claim().add(0, Kind::Success, growth);
        flusher.contributors.leave(id);
        let flush = std::pin::pin!(flusher.flush(Some(&invocation), Duration::from_secs(1)));
        let polled = flush.poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled.is_pending(), id == "first");
    }
    let expected = [
        (None, Value::Count(7)),
        (Some("third".to_owned()), Value::Count(1)),
    ];
    assert_eq!(*lock(&flusher.sink.batches), expected);
}
