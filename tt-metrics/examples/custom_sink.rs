//! A sink that sends each batch to another sink, copies its counts to a file, and logs the result.
//!
//! Run it with `cargo run -p tt-metrics --example custom_sink`. It prints one document in the embedded metric format and
//! appends to `order-counts.tsv` in the directory for temporary files.

use std::{
    error::Error,
    fs::{File, OpenOptions},
    io::Write,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tt_metrics::{
    Config, Flusher,
    sink::{Batch, Configured, Packing, Sink, SinkResult, Value},
};

tt_metrics::namespace!("shop/orders");

#[tt_metrics::count_outcome(success = "OrderShipped", failure = "OrderRejected")]
fn ship(order: &str) -> Result<(), &'static str> {
    if order.is_empty() {
        Err("an order needs a number")
    } else {
        Ok(())
    }
}

/// Sends each batch to `sink` and copies its counts to `file`.
struct Copied<K> {
    sink: K,
    file: Mutex<File>,
}

impl<K: Sink> Sink for Copied<K> {
    // The batches are those of the other sink, and it marks them as sent.
    fn packing(&self) -> Packing {
        self.sink.packing()
    }

    fn marks_sent(&self) -> bool {
        self.sink.marks_sent()
    }

    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> SinkResult {
        let result = self.sink.emit(batch, budget).await;
        tracing::debug!(
            metrics = batch.data.len(),
            accepted = result.is_ok(),
            "flushed"
        );
        if result.is_ok() {
            // An error of the copy must not change the result: the flusher would send the batch again.
            if let Err(error) = self.copy(batch) {
                tracing::warn!(%error, "counts could not be copied");
            }
        }
        result
    }
}

impl<K> Copied<K> {
    fn copy(&self, batch: Batch<'_>) -> std::io::Result<()> {
        let mut lines = Vec::new();
        for datum in batch.data {
            if let Value::Count(growth) = datum.value {
                writeln!(lines, "{}\t{growth}", datum.metric)?;
            }
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&lines)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    let path = std::env::temp_dir().join("order-counts.tsv");
    let sink = Copied {
        sink: Configured::new(config.sink).await,
        file: Mutex::new(OpenOptions::new().create(true).append(true).open(path)?),
    };
    // In a Lambda function, `MetricsLayer::new(flusher)` calls it after each response.
    let flusher = Flusher::new(config, sink);
    for order in ["o-1", "", "o-2"] {
        if let Err(error) = ship(order) {
            tracing::warn!(error, "order rejected");
        }
    }
    flusher.flush(None, Duration::from_secs(1)).await;
    Ok(())
}
