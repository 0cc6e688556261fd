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
