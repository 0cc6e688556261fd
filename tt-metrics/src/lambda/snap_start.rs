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
    // To the log: a request would leave a connection behind that is dead in every copy. Only what a sink has kept for itself
    // goes there, since no copy may send it again.
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.0.flush_to_emf(None);
        Box::pin(async {
            self.0.finish(self.0.timeout()).await;
            Ok(())
        })
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
    use std::{
        cell::RefCell,
        rc::Rc,
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;
    use crate::{
        count::buffer::Buffer,
        declare::{declaration::Declaration, kind::Kind, site::Site},
        flush::{Config, OnEmpty},
        metric::{DimensionSets, MetricName},
        sink::{
            Batch, CaptureSink, Delivery, EmitError, SinkKind, SinkResult, Tee, emf::replace_output,
        },
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
    async fn what_is_counted_around_a_snapshot_is_told_once_and_not_by_its_copies() {
        let buffer = buffer();
        let sink = CaptureSink::new();
        let flusher = Arc::new(Flusher::over(buffer, config(), sink.clone()));
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
        flusher.flush(None, SECOND).await;
        assert_eq!(sink.totals(), [("Warmed", 1)].into());
    }

    /// Refuses as many batches as it is told.
    struct Refusing {
        times: AtomicUsize,
        accepted: CaptureSink,
    }

    impl Sink for Refusing {
        async fn emit(&self, batch: Batch<'_>, budget: Duration) -> SinkResult {
            let left = |left: usize| left.checked_sub(1);
            let refused = self
                .times
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
            if refused.is_ok() {
                return Err(EmitError::NotAccepted("as the test asked".into()));
            }
            self.accepted.emit(batch, budget).await
        }
    }

    #[tokio::test]
    async fn what_a_tee_has_kept_is_sent_before_the_snapshot_or_never() {
        // Before the snapshot the sink takes it; or it does not, and a copy must not try.
        for (times, total) in [(1, Some(1)), (2, None)] {
            let buffer = buffer();
            let accepted = CaptureSink::new();
            let refusing = Refusing {
                times: times.into(),
                accepted: accepted.clone(),
            };
            let tee = Tee::new(refusing, CaptureSink::new(), Delivery::AtMostOnce);
            let flusher = Arc::new(Flusher::over(buffer, config(), tee));
            let resource = SnapStart::new(Arc::clone(&flusher));
            buffer.claim().add(0, Kind::Success, 1);
            flusher.flush(None, SECOND).await;
            assert_eq!(accepted.totals().get("Warmed"), None);
            resource.before_snapshot().await.expect("sends");
            assert_eq!(accepted.totals().get("Warmed").copied(), total);
            resource.after_restore().await.expect("forgets");
            flusher.flush(None, SECOND).await;
            assert_eq!(accepted.totals().get("Warmed").copied(), total.or(Some(0)));
        }
    }

    struct Panicking;

    impl Sink for Panicking {
        async fn emit(&self, _: Batch<'_>, _: Duration) -> SinkResult {
            Ok(())
        }

        async fn finish(&self, _: Batch<'_>, _: Duration) {
            panic!("the sink panics");
        }
    }

    struct Hanging;

    impl Sink for Hanging {
        async fn emit(&self, _: Batch<'_>, _: Duration) -> SinkResult {
            Ok(())
        }

        async fn finish(&self, _: Batch<'_>, _: Duration) {
            std::future::pending::<()>().await;
        }
    }

    #[tokio::test]
    async fn a_sink_that_panics_or_hangs_does_not_keep_the_snapshot_from_being_taken() {
        let panicking = Arc::new(Flusher::over(buffer(), config(), Panicking));
        assert!(SnapStart::new(panicking).before_snapshot().await.is_ok());
        let impatient = Config {
            flush_timeout: Duration::from_millis(1),
            ..config()
        };
        let hanging = Arc::new(Flusher::over(buffer(), impatient, Hanging));
        assert!(SnapStart::new(hanging).before_snapshot().await.is_ok());
    }
}
