//! Captures the log of a test, and what may be in it.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::DefaultGuard,
};

use super::*;

/// Stores every logged field as text, one line for each.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<String>>);

impl Log {
    /// Captures the log of this thread until the guards are dropped.
    pub(super) fn start() -> (Self, (tracing::Dispatch, DefaultGuard)) {
        let log = Self::default();
        // With one subscriber alone, an event that another test logs first would be disabled for all threads.
        let second = tracing::Dispatch::new(Self::default());
        let guard = tracing::subscriber::set_default(log.clone());
        (log, (second, guard))
    }

    pub(super) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    /// The number of events with this message.
    pub(super) fn count(&self, message: &str) -> usize {
        let line = format!("message={message}");
        self.text().lines().filter(|found| *found == line).count()
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut self.clone());
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = self.0.lock().unwrap();
        writeln!(text, "{}={value:?}", field.name()).unwrap();
    }
}

#[tokio::test]
async fn of_many_rejected_records_the_first_are_logged_and_the_others_summed_up() {
    let (log, _guards) = Log::start();
    let bench = Bench::new().await;
    let too_long: Vec<_> = (0..250).map(too_long).collect();
    let mut batch = encoded(&too_long);
    batch.extend(vec![b"{".to_vec(); 3]);
    bench.run(&batch).await;
    assert_eq!(bench.counted(), (0, 253));
    assert_eq!(log.count("record parked"), 10);
    assert_eq!(log.count("records parked"), 1);
    let sum = r#"by_code={"NOT_A_TT_EVENT": 3, "STRING_TOO_LONG": 250}"#;
    assert!(log.text().contains(sum), "{}", log.text());
}
