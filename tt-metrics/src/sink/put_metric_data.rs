//! The `PutMetricData` API, with retries that cannot count twice.
//!
//! The API has no idempotency token, so the SDK's own retries are off: they also repeat requests that CloudWatch may
//! have stored. Here only what CloudWatch certainly did not accept is sent again.

mod departing;

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
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use self::departing::Departing;
use super::{Batch, Datum, Departure, EmitError, Packing, Sink, Value};
use crate::metric::Resolution;

/// The most often a batch is sent in one flush.
const MAX_ATTEMPTS: u32 = 3;
/// The greatest pause before the first repetition; it doubles from there.
const BASE_DELAY: Duration = Duration::from_millis(50);
/// A request that cannot be answered in this time is not sent: it would only make the counts uncertain.
const MIN_BUDGET: Duration = Duration::from_millis(50);
/// A connection that idled longer is not used again: one that died while the environment was frozen would leave a
/// request in the unknown state.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends metrics with the `PutMetricData` API.
#[derive(Debug, Clone)]
pub struct PutMetricData {
    client: Client,
}

impl PutMetricData {
    /// Makes a client from the environment: Region, credentials and endpoint as for every AWS SDK.
    pub async fn from_env() -> Self {
        let http_client = aws_smithy_http_client::Builder::new()
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build_https();
        let shared = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client)
            .load()
            .await;
        Self::new(&shared)
    }

    /// Makes a client from an SDK configuration; its retry settings are replaced by this sink's own.
    #[must_use]
    pub fn new(shared: &aws_config::SdkConfig) -> Self {
        let config = aws_sdk_cloudwatch::config::Builder::from(shared)
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
        }
    }

    async fn attempt(&self, batch: Batch<'_>, budget: Duration) -> Result<(), Refusal> {
        let data = batch
            .data
            .iter()
            .flat_map(|datum| request_data(batch, datum));
        let request = self
            .client
            .put_metric_data()
            .namespace(batch.namespace)
            .set_metric_data(Some(data.collect()))
            .customize()
            .interceptor(Departing(batch.departure.clone()));
        match tokio::time::timeout(budget, request.send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Refusal::new(error, batch.departure)),
            Err(elapsed) => Err(Refusal {
                retry: false,
                error: unanswered(elapsed.into(), batch.departure),
            }),
        }
    }
}

impl Sink for PutMetricData {
    fn packing(&self) -> Packing {
        Packing::REQUESTS
    }

    fn announces_departure(&self) -> bool {
        true
    }

    async fn emit(&self, batch: Batch<'_>, budget: Duration) -> Result<(), EmitError> {
        let began = Instant::now();
        let mut attempt = 1;
        loop {
            let left = budget.saturating_sub(began.elapsed());
            if left < MIN_BUDGET {
                return Err(EmitError::NotAccepted(
                    "the time left is too short for a request".into(),
                ));
            }
            let Err(refusal) = self.attempt(batch, left).await else {
                return Ok(());
            };
            let pause = delay(attempt, fastrand::f64());
            let left = budget.saturating_sub(began.elapsed());
            if !refusal.retry || attempt == MAX_ATTEMPTS || pause >= left {
                return Err(refusal.error);
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }
}

/// Why one attempt failed.
#[derive(Debug)]
struct Refusal {
    retry: bool,
    error: EmitError,
}

impl Refusal {
    fn new(error: SdkError<PutMetricDataError>, departure: &Departure) -> Self {
        let (retry, refused) = match &error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let throttled = status == 429 || answer.err().code().is_some_and(is_throttling);
                (throttled, throttled || (400..500).contains(&status))
            }
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                (departure.is_held(), false)
            }
            _ => (false, false),
        };
        if refused {
            departure.come_back();
        }
        Self {
            retry,
            error: unanswered(error.into(), departure),
        }
    }
}

/// What is known of a batch without an answer that accepts it: nothing, once it has left.
fn unanswered(source: Box<dyn Error + Send + Sync>, departure: &Departure) -> EmitError {
    if departure.is_held() {
        EmitError::NotAccepted(source)
    } else {
        EmitError::Ambiguous(source)
    }
}

/// The codes that the AWS SDKs take for throttling.
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

/// A datum for each set of dimensions: CloudWatch does not add up over dimensions.
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
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_spread() {
        assert_eq!(delay(1, 1.0), Duration::from_millis(50));
        assert_eq!(delay(2, 1.0), Duration::from_millis(100));
        assert_eq!(delay(2, 0.5), Duration::from_millis(50));
        assert_eq!(delay(3, 0.0), Duration::ZERO);
    }
}
