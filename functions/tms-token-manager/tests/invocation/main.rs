//! Whole invocations, against local servers in place of Secrets Manager, Kinesis and Salesforce.

mod log;
mod world;

mod canary;
mod refresh;
mod refusal;
