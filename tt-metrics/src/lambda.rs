//! What connects the flusher to the Lambda runtime: the layer, the deadline, the end of the process and `SnapStart`.

mod layer;
mod run;
mod shutdown;
mod snap_start;
mod watchdog;

pub use layer::{MetricsLayer, MetricsService};
pub use run::{run, run_concurrent};
