//! A sink of your own: appends each count to a file, as tab-separated values.
//!
//! Run it with `TT_METRICS_NAMESPACE=shop/orders cargo run --example file_sink`.

use std::{fs::File, io::Write, sync::Mutex, time::Duration};

use tt_metrics::{
    Config, Flusher,
    sink::{Batch, EmitError, Sink, SinkResult, Value},
};

#[tt_metrics::count_outcome(success = "OrderShipped", failure = "OrderFailed")]
fn ship(order: u64) -> Option<u64> {
    (order > 0).then_some(order)
}

struct FileSink(Mutex<File>);

impl Sink for FileSink {
    async fn emit(&self, batch: Batch<'_>, _budget: Duration) -> SinkResult {
        let mut lines = Vec::new();
        for datum in batch.data {
            if let Value::Count(growth) = datum.value {
                lines.extend_from_slice(format!("{}\t{growth}\n", datum.metric).as_bytes());
            }
        }
        let Ok(mut file) = self.0.lock() else {
            return Err(EmitError::NotAccepted("another write panicked".into()));
        };
        // A part of the lines may have been written, so the counts must not be sent again.
        file.write_all(&lines)
            .map_err(|error| EmitError::Ambiguous(error.into()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sink = FileSink(Mutex::new(File::create("metrics.tsv")?));
    let flusher = Flusher::new(Config::from_env()?, sink);
    for order in 0..5 {
        let _shipped = ship(order);
    }
    // In a Lambda function, `MetricsLayer::new(flusher)` does this after each invocation.
    flusher.flush(None, Duration::from_secs(1)).await;
    Ok(())
}
