//! Business metrics for Rust on AWS Lambda, declared with one attribute.
//!
//! An attribute on a function counts its calls, or how they end, under a `CloudWatch` metric name. A counted call is one
//! plain store to memory that its own thread owns. After each invocation, when its caller has the answer, the counts go
//! to `CloudWatch` in one request.
//!
//! ```no_run
//! use lambda_runtime::{Error, LambdaEvent, service_fn};
//!
//! #[tt_metrics::count_outcome(success = "OrderShipped", failure = "OrderFailed")]
//! async fn ship(order: u64) -> Result<(), Error> {
//!     if order == 0 { Err("an order has a number".into()) } else { Ok(()) }
//! }
//!
//! async fn handle(event: LambdaEvent<Vec<u64>>) -> Result<(), Error> {
//!     for order in event.payload {
//!         let _kept_elsewhere = ship(order).await;
//!     }
//!     Ok(())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//! # #[cfg(feature = "lambda")] {
//!     lambda_runtime::tracing::init_default_subscriber();
//!     tt_metrics::run(service_fn(handle)).await
//! # }
//! # #[cfg(not(feature = "lambda"))] Ok(())
//! }
//! ```
//!
//! # What is counted
//!
//! `#[count("..")]` counts calls. `#[count_outcome(..)]` counts how each call ends: [`Outcome::Success`],
//! [`Outcome::Failure`] (also a panic), [`Outcome::Neutral`] or [`Outcome::Interrupted`] (a future that was polled and
//! dropped before its end). Each call that began ends as exactly one of them; an outcome for which no metric is named
//! is not sent.
//!
//! Functions may share a metric name; their counts are added. [`catalogue()`] lists every metric of the binary.
//!
//! # Calls that never end
//!
//! A call may be open when the process ends. Where a metric is named for [`Outcome::Interrupted`], each call is counted
//! when it begins, too (one more store), and those that have not ended count as interrupted at the last moment: at
//! SIGTERM, when a panic aborts the process, and 100 ms before the deadline. Lambda may let the process live after such
//! a moment. When a call that was counted as interrupted ends after all, its outcome is withheld, so the outcomes that
//! are sent are never more than the calls that began, and all of them once every call has ended:
//!
//! calls = success + failure + neutral + interrupted
//!
//! Where panics abort (`panic = "abort"`), the calls of the thread that panics are failures, as they are where it
//! unwinds; a counted call then also notes itself in a list of its thread while its code runs.
//!
//! # When it is sent
//!
//! | moment | by | to |
//! |---|---|---|
//! | after the answer was posted, before the next event is asked for | [`MetricsLayer`] | the configured sink, all metrics, zeros included |
//! | 250 ms before the deadline of an invocation that still runs (2 % of its time, if that is more); from then on at once | a thread of its own | a line in the log |
//! | SIGTERM, also while the handler blocks every thread of the runtime | [`run`], on a thread of its own | a line in the log |
//! | before a `SnapStart` snapshot | [`run`] | a line in the log |
//! | the loop over events ends, by an error of the runtime API | [`run`] | a line in the log |
//! | every 10 seconds, where Lambda runs several invocations at once | [`MetricsLayer`] | the configured sink |
//!
//! What a flush has taken and not sent when the process ends, or a deadline comes, is written to the log too.
//!
//! # Delivery
//!
//! `PutMetricData` has no idempotency token, so its own retries are off in the SDK and what happens is said here:
//!
//! | CloudWatch's answer | the counts |
//! |---|---|
//! | accepted | are done |
//! | throttled, or the request never left: no connection, no credentials | are sent again within the budget, at most 3 times in all, then written to the log in the [embedded metric format][emf] |
//! | refused | are written to the log, but for single data that CloudWatch does not take |
//! | lost: a timeout, a reset, a 5xx | `at_most_once`: are given up, and `FlushAmbiguous` says so; `at_least_once`: are written to the log |
//!
//! What cannot be written to the log either goes with the next flush. `at_most_once` is the default, since a metric of
//! business events is read against other numbers: a gap is reported by `FlushAmbiguous`, a surplus by nothing.
//!
//! A datum that makes CloudWatch refuse its request costs no other: parts of the request are sent until it is alone, within
//! the budget, and it is dropped and counted as `MetricsDropped`. A request of which no part is accepted goes to the log.
//! When SIGTERM or a deadline comes after a part was accepted and before the last was sent, `at_most_once` gives up the
//! rest, and `at_least_once` writes the whole batch to the log, which counts the accepted parts twice.
//!
//! A write to the log that breaks off keeps for the next flush what is not there as a whole document. A piece of a document
//! is no JSON, which CloudWatch counts nowhere, and the next write begins with a line of its own. At most 100 metrics
//! without dimensions of their own are one document.
//!
//! Metrics never break the function: an error is a line of `tracing`, which a subscriber has to write (the example above
//! has one), and one of the metrics `MetricsDropped`, `FlushFailed`,
//! `FlushAmbiguous`, `FlushFellBackToEmf` and `TimeoutImminent`, which are sent when they are not zero.
//!
//! # Environment
//!
//! | variable | value | default |
//! |---|---|---|
//! | `TT_METRICS_NAMESPACE` | the namespace, 1 to 255 characters, not `AWS/..` | that of [`namespace!`], else it is required |
//! | `TT_METRICS_SINK` | `put_metric_data`, `emf`, or `pretty` for a table on standard error | `put_metric_data` with that feature, else `emf` |
//! | `TT_METRICS_SERVICE` | the value of a dimension `service` of every metric | no such dimension |
//! | `TT_METRICS_DIMENSIONS` | `name=value,name=value`, at most 30; `;` between several sets | one set without dimensions |
//! | `TT_METRICS_RESOLUTION` | the seconds that one value of every metric stands for, `60` or `1` (high resolution) | `60`, or as a metric is declared |
//! | `TT_METRICS_DELIVERY` | `at_most_once` or `at_least_once` | `at_most_once` |
//! | `TT_METRICS_FLUSH_TIMEOUT_MS` | the longest time of one flush, 1 to 900000 | 2000, less near the deadline |
//! | `TT_METRICS_FLUSH_INTERVAL_MS` | how long counts may be kept across invocations, 0 to 900000 | 0, they are sent after each |
//! | `TT_METRICS_COLD_START` | `true` counts the first invocation of a process as `ColdStart` | `false` |
//! | `TT_METRICS_ON_EMPTY` | what an invocation means that moved no metric: `ignore`, `warn`, or `fail` for an error in the log and `EmptyInvocations` | `ignore` |
//! | `TT_METRICS_DISABLED` | `true` or `false` | `false` |
//!
//! A value that cannot be used ends the cold start with one sentence that names it; for the resolution, without which all
//! counts are right, that is a warning. The same settings are fields of [`Config`].
//!
//! # Limits
//!
//! [`limits`] holds every limit of `CloudWatch` with its source, and reads whole documents and requests as strictly as
//! `CloudWatch`, for tests. Whatever was counted is packed within them, by number and by size, with the metrics of one
//! function in one document or request. A datum that `CloudWatch` would refuse, such as a gauge that is not a number, is
//! dropped alone and counted as `MetricsDropped`. An observation stands in a document as often as it was made, the
//! only way that the format has, so count and sum are exact up to 100,000 observations of a histogram in one flush. Beyond,
//! each value is written as its share of 100,000, rounded down but once at least, which keeps average and percentiles and
//! not count and sum, and the histogram is counted as `MetricsDropped`. `PutMetricData` takes any number.
//!
//! What no process can do: counts made since the watchdog's last line are lost when Lambda kills it with SIGKILL, and all
//! since the last flush when it does so without a deadline that was known, or when the program itself calls `abort` or
//! `exit`. When the runtime API ends the loop over events, what was counted is written as [`run`] returns; what threads count
//! that go on until the end of `main` is lost, and their calls that are open then are interrupted.
//!
//! # Tests
//!
//! ```
//! #[tt_metrics::count("Greeted")]
//! fn greet() {}
//!
//! let metrics = tt_metrics::capture();
//! greet();
//! assert_eq!(metrics.count("Greeted"), 1);
//! tt_metrics::assert_metrics! { "Greeted" = 1 }
//! ```
//!
//! [`capture`] says whose counts a test sees. Tests that run at once do not see each other's.
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `lambda` | [`run`] and [`MetricsLayer`], for `lambda_runtime` |
//! | `put-metric-data` | the `PutMetricData` API by the AWS SDK |
//! | `off` | nothing is counted: the attributes check their arguments and give the function back as it was written |
//! | `keep-on` | wins over `off`, so that a build of all features, as tools do, still counts |
//!
//! [emf]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
#![cfg_attr(
    not(feature = "lambda"),
    doc = "\n[`MetricsLayer`]: https://docs.rs/lambda_runtime\n[`run`]: https://docs.rs/lambda_runtime"
)]

// In the order of the work; each folder imports only the folders above it. A flush calls a sink, so `sink` comes before
// `flush`.
mod metric;

mod declare;

mod count;

pub mod sink;

mod flush;

#[cfg(feature = "lambda")]
mod lambda;

mod testing;

#[doc(hidden)]
pub mod __private;

pub use count::gauge;
pub use declare::{
    Declaration, DeclaredDimension, Site,
    catalogue::{self, Declared, Meaning, MetricKind, catalogue},
};
pub use flush::{Config, ConfigError, Flusher, OnEmpty};
#[cfg(feature = "lambda")]
pub use lambda::{FlushAfter, MetricsLayer, MetricsService, run, run_concurrent};
pub use metric::{Classify, Dimension, MetricName, Namespace, Outcome, Resolution, Unit, limits};
pub use sink::{SinkKind, property::property};
pub use testing::{Capture, Entered, Followed, capture};
pub use tt_metrics_macros::{Classify, Dimension, count, count_outcome, outcome};
