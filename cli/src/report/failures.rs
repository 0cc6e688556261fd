//! Failed records by reason, read from the objects in which the functions stored them.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error as StdError,
    time::SystemTime,
};

use aws_sdk_s3::Client;
use serde_json::Value;

use crate::settings::FailedRecords;

/// The most objects that are read, the newest first.
const MAX_OBJECTS: usize = 100;
/// The most objects of one reason that are named.
const MAX_NAMED: usize = 10;
/// Larger objects are cut; a line that is cut is not counted.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// The longest reason, in characters.
const MAX_REASON: usize = 120;

/// The bucket could not be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the failed records of the bucket `{bucket}`")]
pub struct ReadError {
    bucket: String,
    source: Box<dyn StdError + Send + Sync>,
}

/// The failed records of a window of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// The bucket.
    pub bucket: String,
    /// The reasons, the most frequent first.
    pub reasons: Vec<Reason>,
    /// Objects that were not read because there are too many.
    pub unread: usize,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The reason, in which each number is `N`.
    pub text: String,
    /// The number of records.
    pub records: u64,
    /// Keys of objects that contain such records, at most ten.
    pub keys: Vec<String>,
}

/// Reads the objects that were written since `since`.
///
/// # Errors
///
/// When S3 does not answer.
pub async fn read(
    client: &Client,
    bucket: &str,
    settings: &FailedRecords,
    since: SystemTime,
) -> Result<Failures, ReadError> {
    let failed = |source: Box<dyn StdError + Send + Sync>| ReadError {
        bucket: bucket.to_owned(),
        source,
    };
    let mut pages = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix(&settings.prefix)
        .into_paginator()
        .send();
    let mut objects: Vec<(SystemTime, String)> = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed(Box::new(error)))?;
        for object in page.contents() {
            let written = object
                .last_modified()
                .and_then(|at| SystemTime::try_from(*at).ok());
            if let (Some(written), Some(key)) = (written, object.key())
                && written >= since
            {
                objects.push((written, key.to_owned()));
            }
        }
    }
    objects.sort_by(|one, other| other.cmp(one));
    let unread = objects.len().saturating_sub(MAX_OBJECTS);
    let mut tally = Tally::default();
    for (_, key) in objects.iter().take(MAX_OBJECTS) {
        let range = format!("bytes=0-{}", MAX_BYTES - 1);
        let object = client
            .get_object()
            .bucket(bucket)
            .key(key)
            .range(range)
            .send()
            .await;
        let body = object
            .map_err(|error| failed(Box::new(error)))?
            .body
            .collect()
            .await;
        let body = body.map_err(|error| failed(Box::new(error)))?.into_bytes();
        tally.add(key, &body, settings);
    }
    Ok(Failures {
        bucket: bucket.to_owned(),
        reasons: tally.reasons(),
        unread,
    })
}

/// Records and keys of each reason.
#[derive(Debug, Default)]
struct Tally(BTreeMap<String, (u64, BTreeSet<String>)>);

impl Tally {
    /// Adds the lines of an object, each of which is a record or a sum of records.
    fn add(&mut self, key: &str, body: &[u8], settings: &FailedRecords) {
        let lines = body.split(|byte| *byte == b'\n');
        for line in lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok()) {
            let counts = settings
                .counts
                .as_ref()
                .and_then(|field| line.get(field)?.as_object());
            if let Some(counts) = counts {
                for (reason, count) in counts {
                    self.count(reason, count.as_u64().unwrap_or(0), key);
                }
                continue;
            }
            let mut reasons = settings
                .reasons
                .iter()
                .filter_map(|field| line.get(field)?.as_str());
            self.count(reasons.next().unwrap_or("without a reason"), 1, key);
        }
    }

    fn count(&mut self, reason: &str, records: u64, key: &str) {
        let (sum, keys) = self.0.entry(general(reason)).or_default();
        *sum += records;
        keys.insert(key.to_owned());
    }

    fn reasons(self) -> Vec<Reason> {
        let reasons = self.0.into_iter().map(|(text, (records, keys))| Reason {
            text,
            records,
            keys: keys.into_iter().take(MAX_NAMED).collect(),
        });
        let mut reasons: Vec<Reason> = reasons.collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.records));
        reasons
    }
}

/// The reason without its numbers, so that the same failure of two records is one reason.
fn general(reason: &str) -> String {
    let mut general = String::new();
    let mut in_number = false;
    for character in reason.chars().take(MAX_REASON) {
        if character.is_ascii_digit() {
            if !in_number {
                general.push('N');
            }
            in_number = true;
        } else {
            in_number = false;
            general.push(if character.is_control() {
                ' '
            } else {
                character
            });
        }
    }
    general
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Failures, Reason, Tally};
    use crate::settings::Funnel;

    /// Three records that failed for two reasons.
    pub(crate) fn three() -> Failures {
        Failures {
            bucket: "tt-bucket".into(),
            reasons: vec![
                Reason {
                    text: "record N has no customer_id".into(),
                    records: 2,
                    keys: vec!["parked/tt-producer/a b.ndjson".into()],
                },
                Reason {
                    text: "REQUIRED_FIELD_MISSING".into(),
                    records: 1,
                    keys: vec!["parked/case-creation/1.json".into()],
                },
            ],
            unread: 0,
        }
    }

    #[test]
    fn records_are_summed_by_reason() {
        let settings = Funnel::of_this_workspace().failed_records.unwrap();
        let mut tally = Tally::default();
        let lines = b"{\"reason\": \"field 3 of 12 is empty\", \"content\": \"x\"}\n{\"reason\": \"field 4 of 12 is empty\"}\nnot json\n";
        tally.add("parked/a", lines, &settings);
        tally.add(
            "parked/b",
            b"{\"code\": \"INVALID\", \"message\": \"secret\"}",
            &settings,
        );
        tally.add(
            "parked/c",
            b"{\"reason\": \"part\", \"failures\": {\"quotes\": 40, \"header\": 2}}",
            &settings,
        );
        let reasons = tally.reasons();
        let found: Vec<_> = reasons
            .iter()
            .map(|reason| (reason.text.as_str(), reason.records, reason.keys.len()))
            .collect();
        let expected = [
            ("quotes", 40, 1),
            ("field N of N is empty", 2, 1),
            ("header", 2, 1),
            ("INVALID", 1, 1),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn at_most_ten_objects_of_a_reason_are_named() {
        let settings = Funnel::of_this_workspace().failed_records.unwrap();
        let mut tally = Tally::default();
        for number in 0..20 {
            tally.add(
                &format!("parked/{number}"),
                b"{\"reason\": \"r\"}\n{}",
                &settings,
            );
        }
        let reasons = tally.reasons();
        assert_eq!((reasons[0].records, reasons[0].keys.len()), (20, 10));
        assert_eq!(reasons[1].text, "without a reason");
    }
}
