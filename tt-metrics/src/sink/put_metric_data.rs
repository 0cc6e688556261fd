//! The `PutMetricData` API, with retries that cannot count twice.
//!
//! The API has no idempotency token, so the SDK's own retries are off: they also repeat requests that CloudWatch may
//! have stored. Here only what CloudWatch certainly did not accept is sent again.

mod departing;
mod narrowing;

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

use self::{
    departing::Departing,
    narrowing::{Narrowing, named},
};
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

    /// Sends a request, again while it is throttled; `alone` says that no other part of the batch was accepted.
    async fn send(&self, batch: Batch<'_>, alone: bool, time: Time) -> Result<(), Refusal> {
        let mut attempt = 1;
        loop {
            if time.left() < MIN_BUDGET {
                let error = "the time left is too short for a request";
                return Err(Refusal::of(EmitError::NotAccepted(error.into())));
            }
            let Err(refusal) = self.attempt(batch, alone, time.left()).await else {
                return Ok(());
            };
            let pause = delay(attempt, fastrand::f64());
            if !refusal.retry || attempt == MAX_ATTEMPTS || pause >= time.left() {
                return Err(refusal);
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        batch: Batch<'_>,
        alone: bool,
        budget: Duration,
    ) -> Result<(), Refusal> {
        let data = batch
            .data
            .iter()
            .flat_map(|datum| request_data(batch, datum));
        let departure = Departure::default();
        let request = self
            .client
            .put_metric_data()
            .namespace(batch.namespace)
            .set_metric_data(Some(data.collect()))
            .customize()
            .interceptor(Departing {
                batch: batch.departure.clone(),
                request: departure.clone(),
            });
        let refusal = match tokio::time::timeout(budget, request.send()).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => Refusal::new(error, batch, &departure),
            Err(elapsed) => Refusal::of(unanswered(elapsed.into(), &departure)),
        };
        if alone && departure.is_held() {
            batch.departure.come_back();
        }
        Err(refusal)
    }

    /// Finds the bad data of a request that was found invalid, and sends the others.
    async fn narrow(
        &self,
        batch: Batch<'_>,
        refusal: Refusal,
        time: Time,
    ) -> Result<(), EmitError> {
        let positions = refusal.invalid.unwrap_or_default();
        let mut narrowing = Narrowing::new(batch.data.to_vec(), &positions);
        while let Some(part) = narrowing.next() {
            let alone = !narrowing.has_accepted();
            let data = Batch {
                data: &part,
                ..batch
            };
            match self.send(data, alone, time).await {
                Ok(()) => narrowing.accepted(),
                Err(Refusal {
                    invalid: Some(positions),
                    ..
                }) => narrowing.refused(part, &positions),
                Err(Refusal {
                    error: EmitError::NotAccepted(_),
                    ..
                }) => narrowing.not_accepted(part),
                Err(_) => narrowing.ambiguous(part),
            }
        }
        narrowing.end(refusal.error.into())
    }
}

/// When a flush has to be over.
#[derive(Debug, Clone, Copy)]
struct Time {
    began: Instant,
    budget: Duration,
}

impl Time {
    fn left(self) -> Duration {
        self.budget.saturating_sub(self.began.elapsed())
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
        let time = Time {
            began: Instant::now(),
            budget,
        };
        match self.send(batch, true, time).await {
            Ok(()) => Ok(()),
            Err(refusal) if refusal.invalid.is_some() && batch.data.len() > 1 => {
                self.narrow(batch, refusal, time).await
            }
            Err(refusal) => Err(refusal.error),
        }
    }
}

/// Why one attempt failed.
#[derive(Debug)]
struct Refusal {
    retry: bool,
    /// Where the request was found invalid: the positions of the data that the answer names.
    invalid: Option<Vec<usize>>,
    error: EmitError,
}

impl Refusal {
    fn of(error: EmitError) -> Self {
        Self {
            retry: false,
            invalid: None,
            error,
        }
    }

    fn new(error: SdkError<PutMetricDataError>, batch: Batch<'_>, departure: &Departure) -> Self {
        let (mut retry, mut invalid, mut refused) = (false, None, false);
        match &error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = answer.err().code().unwrap_or_default();
                retry = status == 429 || is_throttling(code);
                refused = retry || (400..500).contains(&status);
                if refused && !retry && (status == 413 || is_invalid(code)) {
                    let sets = |datum: &Datum| batch.dimensions.with(&datum.dimensions).len();
                    let text = answer.err().message().unwrap_or_default();
                    invalid = Some(named(text, batch.data.iter().map(sets)));
                }
            }
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                retry = departure.is_held();
            }
            _ => {}
        }
        if refused {
            departure.come_back();
        }
        Self {
            retry,
            invalid,
            error: unanswered(error.into(), departure),
        }
    }
}

/// What is known of a request without an answer that accepts it: nothing, once it has left.
fn unanswered(source: Box<dyn Error + Send + Sync>, departure: &Departure) -> EmitError {
    if departure.is_held() {
        EmitError::NotAccepted(source)
    } else {
        EmitError::Ambiguous(source)
    }
}

/// The codes of a request that CloudWatch does not understand, as a rule for one of its data.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html>,
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html>
fn is_invalid(code: &str) -> bool {
    let code = code.strip_suffix("Exception").unwrap_or(code);
    matches!(
        code,
        "InvalidParameterValue"
            | "InvalidParameterCombination"
            | "MissingParameter"
            | "MissingRequiredParameter"
            | "ValidationError"
            | "Validation"
    )
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
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;
