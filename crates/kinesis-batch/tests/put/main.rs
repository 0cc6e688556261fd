//! Puts records on a Kinesis with scripted responses, and on one with the write limits of AWS.

#[cfg(test)]
mod grouped;
#[cfg(test)]
mod records;
#[cfg(test)]
mod throttled;

use std::time::Duration;

use kinesis_batch::{Backoff, Entry, Limits, RetryPolicy};
use kinesis_stand_in::Kinesis;

/// Four attempts without pauses.
fn four_attempts() -> Limits {
    Limits {
        retry: RetryPolicy {
            max_attempts: Some(4),
            backoff: Backoff::new(Duration::ZERO, Duration::ZERO),
        },
        ..Limits::default()
    }
}

fn entries(number: usize) -> Vec<Entry> {
    (0..number)
        .map(|n| Entry::new(format!("key-{n}"), n.to_string()))
        .collect()
}

fn contents(kinesis: &Kinesis) -> Vec<String> {
    kinesis
        .accepted()
        .into_iter()
        .map(|(_, data)| String::from_utf8_lossy(&data).into_owned())
        .collect()
}
