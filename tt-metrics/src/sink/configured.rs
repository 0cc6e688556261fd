//! The sink that the configuration names.

use std::time::Duration;

#[cfg(feature = "put-metric-data")]
use super::PutMetricData;
use super::{Batch, Emf, Packing, Pretty, Sink, SinkResult};

/// The place to which metrics are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkKind {
    /// The `PutMetricData` API (feature `put-metric-data`).
    PutMetricData,
    /// The embedded metric format, one line on standard output.
    Emf,
    /// A table on standard error, for runs on a developer's machine.
    Pretty,
}

impl SinkKind {
    /// The sink without a configuration.
    ///
    /// A document needs no request, so no answer can be missing and no count is uncertain.
    pub(crate) const DEFAULT: Self = Self::Emf;
}

/// The sink that the configuration names.
#[derive(Debug)]
#[non_exhaustive]
pub enum Configured {
    /// The `PutMetricData` API.
    #[cfg(feature = "put-metric-data")]
    PutMetricData(PutMetricData),
    /// The embedded metric format on standard output.
    Emf(Emf),
    /// A table on standard error.
    Pretty(Pretty),
}

impl Configured {
    /// Makes the sink of this kind.
    #[cfg_attr(
        not(feature = "put-metric-data"),
        expect(
            clippy::unused_async,
            reason = "the SDK reads its configuration asynchronously"
        )
    )]
    pub async fn new(kind: SinkKind) -> Self {
        match kind {
            #[cfg(feature = "put-metric-data")]
            SinkKind::PutMetricData => Self::PutMetricData(PutMetricData::from_env().await),
            SinkKind::Pretty => Self::Pretty(Pretty),
            _ => Self::Emf(Emf),
        }
    }
}

impl Sink for Configured {
    fn packing(&self) -> Packing {
        match self {
            #[cfg(feature = "put-metric-data")]
            Self::PutMetricData(sink) => sink.packing(),
            Self::Emf(sink) => sink.packing(),
            Self::Pretty(sink) => sink.packing(),
        }
    }

    fn marks_sent(&self) -> bool {
        match self {
            #[cfg(feature = "put-metric-data")]
            Self::PutMetricData(sink) => sink.marks_sent(),
            Self::Emf(sink) => sink.marks_sent(),
            Self::Pretty(sink) => sink.marks_sent(),
        }
    }

    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> SinkResult {
        match self {
            #[cfg(feature = "put-metric-data")]
            Self::PutMetricData(sink) => sink.emit(batch, budget).await,
            Self::Emf(sink) => sink.emit(batch, budget).await,
            Self::Pretty(sink) => sink.emit(batch, budget).await,
        }
    }
}
