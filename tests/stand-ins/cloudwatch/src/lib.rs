//! A CloudWatch for tests, which reads documents and requests as strictly as the service.
//!
//! [`read_document`] reads one line in the embedded metric format, [`read_request`] the body of one `PutMetricData`
//! request. Both return what CloudWatch stores, or the [`Refusal`]. [`CloudWatch`] is a server on loopback that answers
//! `PutMetricData` requests as a test prescribes. [`LogFilter`] drops the lines that Lambda drops for their log level.
//! [`check_alarm`], [`check_composite_alarm`] and [`check_dashboard`] check resources of a template.
//!
//! The crate does not use `tt-metrics`, so that its limits and its checks are independent of the code under test.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a fault of a test double fails the test that uses it"
)]

mod alarm;
mod dashboard;
mod document;
mod limits;
mod log_filter;
mod math;
mod request;
mod server;
mod stored;
mod value;

pub use alarm::{check_alarm, check_composite_alarm};
pub use dashboard::check_dashboard;
pub use document::read_document;
pub use limits::Refusal;
pub use log_filter::LogFilter;
pub use request::read_request;
pub use server::{Answer, CloudWatch, Reply};
pub use stored::Stored;
