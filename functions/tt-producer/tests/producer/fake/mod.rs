//! Stand-ins for the services of the function.

pub(crate) mod bench;
pub(crate) mod log;
pub(crate) mod s3;
pub(crate) mod sqs;

pub(crate) use kinesis_stand_in as kinesis;
