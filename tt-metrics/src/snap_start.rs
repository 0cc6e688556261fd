//! `SnapStart`: what was counted is sent once, before the snapshot, and not by its copies.

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
    // To the log: a request would leave a connection behind that is dead in every copy.
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.flush_to_emf(None);
        Box::pin(async { Ok(()) })
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.begin_anew();
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
        Config, MetricName, OnEmpty, SinkKind,
        buffer::Buffer,
        declaration::Declaration,
        sink::{CaptureSink, Delivery, DimensionSets, emf::replace_output},
        site::{Kind, Site},
    };

    const DECLARATION: Declaration = Declaration {
        success: Some(MetricName::new("Warmed")),
        ..Declaration::new("f", "f.rs", 1, "")
    };
    static SITE: [Site; 1] = [Site::new(&DECLARATION, &[])];

    #[tokio::test]
    async fn what_is_counted_around_a_snapshot_is_told_once_and_not_by_its_copies() {
        let buffer: &Buffer = Box::leak(Box::new(Buffer::new(|| &SITE)));
        let config = Config {
            namespace: "test".to_owned(),
            sink: SinkKind::Emf,
            dimensions: DimensionSets::default(),
            delivery: Delivery::AtMostOnce,
            flush_timeout: Duration::from_secs(1),
            flush_interval: Duration::from_mins(15),
            on_empty: OnEmpty::Ignore,
            cold_start_metric: false,
            disabled: false,
            resolution: crate::Resolution::Standard,
        };
        let sink = CaptureSink::new();
        let flusher = Arc::new(Flusher::over(buffer, config, sink.clone()));
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
        // After the log was written and before the snapshot was taken: every copy would tell it.
        count();
        resource.after_restore().await.expect("forgets");
        assert!(flusher.is_due());
        count();
        flusher.flush(None, Duration::from_secs(1)).await;
        assert_eq!(sink.totals(), [("Warmed", 1)].into());
    }
}
