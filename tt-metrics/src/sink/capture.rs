//! A sink that keeps every batch in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{Batch, Datum, Sink, SinkResult, Value};
use crate::count::sync::lock;

/// Keeps every batch in memory; clones share it.
#[derive(Debug, Clone, Default)]
pub struct CaptureSink {
    batches: Arc<Mutex<Vec<Vec<Datum>>>>,
}

impl CaptureSink {
    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The data of each batch, in the order of the flushes.
    #[must_use]
    pub fn batches(&self) -> Vec<Vec<Datum>> {
        lock(&self.batches).clone()
    }

    /// The growth of every counter over all batches, whatever its dimensions.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<&'static str, u64> {
        let mut totals = BTreeMap::new();
        for datum in lock(&self.batches).iter().flatten() {
            if let Value::Count(growth) = datum.value {
                *totals.entry(datum.metric.as_str()).or_default() += growth;
            }
        }
        totals
    }
}

impl Sink for CaptureSink {
    async fn emit(&self, batch: Batch<'_>, _budget: Duration) -> SinkResult {
        lock(&self.batches).push(batch.data.to_vec());
        Ok(())
    }
}
