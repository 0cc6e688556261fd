//! Stand-ins for the services that the function talks to.

pub(crate) mod bench;
#[path = "../../../../../crates/kinesis-batch/tests/fake/kinesis.rs"]
pub(crate) mod kinesis;
pub(crate) mod log;
pub(crate) mod s3;
pub(crate) mod sqs;
