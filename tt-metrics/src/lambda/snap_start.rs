//! `SnapStart`: counts are written to the log once, before the snapshot, and not by its copies.

use std::{fmt, sync::Arc};

use lambda_runtime::{BoxFuture, Error, SnapStartResource};

use crate::{flush::Flusher, sink::Sink};

/// Empties the buffer around a snapshot.
pub(crate) struct SnapStart<K>(Arc<Flusher<K>>);

impl<K> SnapStart<K> {
    pub(crate) fn new(flusher: Arc<Flusher<K>>) -> Self {
        Self(flusher)
    }
}

impl<K: Sink> SnapStartResource for SnapStart<K> {
    // To the log, because a request would leave a connection behind that is dead in every copy.
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.flush_to_emf(None);
        Box::pin(async { Ok(()) })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.discard_counts_of_snapshot();
        Box::pin(async { Ok(()) })
    }
}

impl<K> fmt::Debug for SnapStart<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SnapStart")
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc, time::Duration};

    use super::*;
    use crate::{
        count::buffer::Buffer,
        declare::{declaration::Declaration, kind::Kind, site::Site},
        flush::{Config, OnEmpty},
        metric::{DimensionSets, MetricName},
        sink::{CaptureSink, Delivery, SinkKind, emf::replace_output},
    };

    const DECLARATION: Declaration = Declaration {
        success: Some(MetricName::new("Warmed")),
        ..Declaration::new("f", "f.rs", 1, "")
    };
    static SITE: [Site; 1] = [Site::new(&DECLARATION, &[])];

    fn config() -> Config {
        Config {
            namespace: "test".to_owned(),
            sink: SinkKind::Emf,
            dimensions: DimensionSets::default(),
            delivery: Delivery::AtMostOnce,
            flush_timeout: SECOND,
            flush_interval: Duration::from_mins(15),
            on_empty: OnEmpty::Ignore,
            cold_start_metric: false,
            disabled: false,
            resolution: crate::metric::Resolution::Standard,
        }
    }

    fn buffer() -> &'static Buffer {
        Box::leak(Box::new(Buffer::new(|| &SITE)))
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn counts_around_a_snapshot_are_written_once_and_not_by_its_copies() {
        let buffer = buffer();
        let sink = CaptureSink::new();
        let flusher = Arc::new(Flusher::with_buffer(buffer, config(), sink.clone()));
        let resource = SnapStart::new(Arc::clone(&flusher));
        let log = Rc::new(RefCell::new(String::new()));
        let lines = Rc::clone(&log);
        replace_output(move |line| {
            lines.borrow_mut().push_str(&String::from_utf8_lossy(line));
            Ok(())
        });
        let count = || buffer.claim().add(0, Kind::Success, 1);
        count();
        resource.before_snapshot().await.expect("writes");
        assert!(log.borrow().contains("\"Warmed\":1"), "{log:?}");
        // After the log was written and before the snapshot was taken: every copy would send it.
        count();
        resource.after_restore().await.expect("forgets");
        assert!(flusher.is_due());
        count();
        flusher.flush(None, SECOND).await;
        assert_eq!(sink.totals(), [("Warmed", 1)].into());
    }
}
