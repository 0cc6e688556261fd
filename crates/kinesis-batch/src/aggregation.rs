//! Several records in one Kinesis record, in the format of the Kinesis Producer Library.

mod protobuf;

mod format;

mod pack;

pub use format::{
    AGGREGATE_MAGIC, Aggregate, BrokenAggregate, MAX_USER_RECORDS, UserRecord, deaggregate,
};
pub(crate) use pack::{PackedRecord, pack};
