//! What `put` promises, against a Kinesis that answers as told and one with the limits of AWS.

#[cfg(test)]
#[path = "../fake/mod.rs"]
mod fake;
#[cfg(test)]
mod grouped;
#[cfg(test)]
mod records;
#[cfg(test)]
mod throttled;

use std::time::Duration;

use fake::kinesis::Kinesis;
use kinesis_batch::{Backoff, Entry, Limits};

fn at_once() -> Limits {
    Limits {
        attempts: 4,
        backoff: Backoff {
            base: Duration::ZERO,
            cap: Duration::ZERO,
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
