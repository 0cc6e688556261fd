//! The `PutMetricData` API, with retries that cannot count twice.
//!
//! The API has no idempotency token, so the retries of the SDK are off: they also repeat requests that CloudWatch may
//! have stored. This sink repeats only what CloudWatch certainly did not accept. The table in the documentation of the
//! module `flush` lists every answer.

mod transport;

use std::{
    error::Error,
    time::{Duration, Instant},
};

use aws_sdk_cloudwatch::{
    Client,
    config::{BehaviorVersion, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::put_metric_data::PutMetricDataError,
    types::{Dimension, MetricDatum, StandardUnit, builders::MetricDatumBuilder},
};

use self::transport::{LimitAnswer, TrackSending, http_client};
use super::{Batch, Datum, EmitError, Packing, Sink, SinkResult, Value};
use crate::metric::Resolution;

/// The greatest number of requests for one batch.
const MAX_ATTEMPTS: u32 = 3;
/// The longest pause before the second request; it doubles before each further one.
const BASE_DELAY: Duration = Duration::from_millis(50);
/// A request with less time than this is not sent, because the lack of an answer would make the counts uncertain.
const MIN_BUDGET: Duration = Duration::from_millis(50);

/// Sends metrics with the `PutMetricData` API.
#[derive(Debug, Clone)]
pub struct PutMetricData {
    client: Client,
}

impl PutMetricData {
    /// Makes a client from the environment, which has the Region, the credentials, the endpoint and the proxy as for
    /// every AWS SDK.
    pub async fn from_env() -> Self {
        let shared = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            .load()
            .await;
        Self::new(&shared)
    }

    /// Makes a client from an SDK configuration. Its retry settings are replaced by those of this sink.
    ///
    /// The HTTP client of the configuration should not reuse connections: one that died while Lambda had frozen the
    /// process makes the counts of a request uncertain.
    #[must_use]
    pub fn new(shared: &aws_config::SdkConfig) -> Self {
        let config = aws_sdk_cloudwatch::config::Builder::from(shared)
            .retry_config(RetryConfig::disabled())
            .interceptor(LimitAnswer)
            .build();
        Self {
            client: Client::from_conf(config),
        }
    }

    /// Sends one request.
    async fn attempt(&self, batch: Batch<'_>, budget: Duration) -> Result<(), Failure> {
        let data = batch.data.iter();
        let data = data.flat_map(|datum| request_data(batch, datum));
        let request = self
            .client
            .put_metric_data()
            .namespace(batch.namespace)
            .set_metric_data(Some(data.collect()))
            .customize()
            .interceptor(TrackSending(batch.state.clone()));
        match tokio::time::timeout(budget, request.send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(classify(error, batch)),
            Err(elapsed) => Err(Failure {
                may_retry: false,
                error: elapsed.into(),
            }),
        }
    }
}

impl Sink for PutMetricData {
    fn packing(&self) -> Packing {
        Packing::REQUESTS
    }

    fn marks_sent(&self) -> bool {
        true
    }

    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> SinkResult {
        let began = Instant::now();
        let left = || budget.saturating_sub(began.elapsed());
        let mut attempt = 1;
        let failure = loop {
            if left() < MIN_BUDGET {
                let error = "the time left is too short for a request";
                return Err(EmitError::NotAccepted(error.into()));
            }
            let Err(failure) = self.attempt(batch, left()).await else {
                return Ok(());
            };
            let pause = delay(attempt, fastrand::f64());
            if !failure.may_retry || attempt == MAX_ATTEMPTS || pause >= left() {
                break failure;
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        };
        Err(if batch.state.is_unsent() {
            EmitError::NotAccepted(failure.error)
        } else {
            EmitError::Ambiguous(failure.error)
        })
    }
}

/// A request that was not accepted, or has no answer.
#[derive(Debug)]
struct Failure {
    /// Whether the same request may be accepted soon, and certainly was not accepted now.
    may_retry: bool,
    error: Box<dyn Error + Send + Sync>,
}

/// Marks the batch as unsent if the answer refuses it, and decides whether a retry can help.
fn classify(error: SdkError<PutMetricDataError>, batch: Batch<'_>) -> Failure {
    let (status, code) = match &error {
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or_default();
            (Some(answer.raw().status().as_u16()), code)
        }
        // The head of the answer was received, and its body cannot be read.
        SdkError::ResponseError(answer) => (Some(answer.raw().status().as_u16()), ""),
        _ => (None, ""),
    };
    let is_throttled = status == Some(429) || is_throttling(code);
    if is_throttled || status.is_some_and(|status| (400..500).contains(&status)) {
        batch.state.mark_unsent();
    }
    let is_transport_error = matches!(
        error,
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_)
    );
    Failure {
        may_retry: is_throttled || (is_transport_error && batch.state.is_unsent()),
        error: error.into(),
    }
}

/// Whether a code is one of those that the AWS SDKs treat as throttling.
fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "SlowDown"
    )
}

/// The pause before the next attempt; `jitter` is 0 to 1.
fn delay(attempt: u32, jitter: f64) -> Duration {
    let most = BASE_DELAY.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    most.mul_f64(jitter.clamp(0.0, 1.0))
}

/// One datum for each set of dimensions, because CloudWatch does not add up over dimensions.
fn request_data<'a>(batch: Batch<'a>, datum: &'a Datum) -> impl Iterator<Item = MetricDatum> {
    let base = request_datum(batch, datum);
    let sets = batch.dimensions.with(&datum.dimensions).into_iter();
    sets.map(move |set| base.clone().set_dimensions(dimensions(&set)).build())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "CloudWatch stores doubles, exact up to 2^53"
)]
fn request_datum(batch: Batch<'_>, datum: &Datum) -> MetricDatumBuilder {
    let builder = MetricDatum::builder()
        .metric_name(datum.metric.as_str())
        .unit(StandardUnit::from(datum.unit.as_str()))
        .timestamp(batch.timestamp.into());
    let builder = match datum.resolution {
        Resolution::Standard => builder,
        Resolution::High => builder.storage_resolution(datum.resolution.seconds().into()),
    };
    match &datum.value {
        Value::Count(growth) => builder.value(*growth as f64),
        Value::Gauge(level) => builder.value(*level),
        Value::Histogram(observed) => observed.iter().fold(builder, |builder, (value, times)| {
            builder.values(*value).counts(*times as f64)
        }),
    }
}

fn dimensions(set: &[(&str, &str)]) -> Option<Vec<Dimension>> {
    let dimension =
        |(name, value): &(&str, &str)| Dimension::builder().name(*name).value(*value).build();
    (!set.is_empty()).then(|| set.iter().map(dimension).collect())
}

#[cfg(test)]
pub(crate) mod tests;
