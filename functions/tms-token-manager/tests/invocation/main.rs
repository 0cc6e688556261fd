//! Whole invocations, with a local server in place of Secrets Manager, Kinesis and Salesforce.

#[cfg(test)]
mod log;
#[cfg(test)]
mod world;

#[cfg(test)]
mod canary;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod refusal;
