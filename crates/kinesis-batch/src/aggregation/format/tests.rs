//! Valid and malformed aggregated records.

use super::*;

/// Three records under two keys and two hash keys, written by `aws-kinesis-agg` 1.2.3, Amazon's aggregation for Python.
const WRITTEN_BY_AMAZON: &str = "f3899ac20a02706b0a026b32120135120234321a09080010001a036f6e651a09080110001a\
    0374776f1a08080010011a0200ff2979cc7fa24588f1caa49789705abd2f";

fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// Appends the valid checksum.
fn with_digest(content: &[u8]) -> Vec<u8> {
    let digest = Md5::digest(&content[AGGREGATE_MAGIC.len()..]);
    [content, digest.as_slice()].concat()
}

fn hashed(entry: Entry, hash: &str) -> Entry {
    Entry {
        explicit_hash_key: Some(hash.to_owned()),
        ..entry
    }
}

fn aggregate(entries: &[Entry]) -> Entry {
    let mut aggregate = Aggregate::new(usize::MAX);
    assert!(entries.iter().all(|entry| aggregate.push(entry)));
    assert_eq!(aggregate.len(), entries.len());
    aggregate.into_entry()
}

fn three() -> [Entry; 3] {
    [
        hashed(Entry::new("pk", "one"), "5"),
        hashed(Entry::new("k2", "two"), "5"),
        hashed(Entry::new("pk", [0, 0xff]), "42"),
    ]
}

#[test]
fn the_written_format_is_that_of_amazon() {
    let entry = aggregate(&three());
    assert_eq!(entry.data, hex(WRITTEN_BY_AMAZON));
    assert_eq!(entry.partition_key, "pk");
    assert_eq!(entry.explicit_hash_key.as_deref(), Some("5"));
}

#[test]
fn the_format_of_amazon_is_read() {
    let content = hex(WRITTEN_BY_AMAZON);
    let records = deaggregate(&content).unwrap().unwrap();
    let entries: Vec<_> = records
        .iter()
        .map(|r| {
            hashed(
                Entry::new(r.partition_key, r.data),
                r.explicit_hash_key.unwrap(),
            )
        })
        .collect();
    assert_eq!(entries, three());
}

#[test]
fn records_without_hash_key_and_with_empty_content_are_read_back() {
    let entries = [Entry::new("a", ""), Entry::new("a", vec![b'x'; 300])];
    let content = aggregate(&entries).data;
    let records = deaggregate(&content).unwrap().unwrap();
    assert_eq!(records[0].data, b"");
    assert_eq!(
        (records[1].data.len(), records[1].explicit_hash_key),
        (300, None)
    );
}

#[test]
fn content_without_magic_bytes_or_valid_checksum_is_not_aggregated() {
    let whole = aggregate(&three()).data;
    let mut spoilt = whole.clone();
    spoilt[9] ^= 1;
    let cut = &whole[..whole.len() - 1];
    let nothing = with_digest(&AGGREGATE_MAGIC);
    for content in [
        &[],
        b"{}".as_slice(),
        AGGREGATE_MAGIC.as_slice(),
        &spoilt,
        cut,
        &whole[1..],
        &nothing,
    ] {
        assert_eq!(deaggregate(content), Ok(None), "{content:x?}");
    }
}

#[test]
fn a_malformed_message_is_an_error() {
    for message in [
        // A truncated record; records without key, without content, and with an unknown key index.
        "1a0501",
        "0a01611a031a0178",
        "0a01611a020800",
        "0a01611a0508011a0178",
        // An unknown hash key index; a partition key that is not UTF-8.
        "0a01611a07080010001a0178",
        "0a01ff1a0508001a0178",
    ] {
        let content = with_digest(&[AGGREGATE_MAGIC.as_slice(), &hex(message)].concat());
        assert_eq!(deaggregate(&content), Err(BrokenAggregate), "{message}");
    }
}

#[test]
fn unknown_fields_are_ignored_and_tables_may_follow_the_records() {
    // Field 9 of the message, then the record with a tag, then the table.
    let message = hex("48071a0b08001a017822040a0261620a0161");
    let content = with_digest(&[AGGREGATE_MAGIC.as_slice(), &message].concat());
    let records = deaggregate(&content).unwrap().unwrap();
    assert_eq!(
        (records[0].partition_key, records[0].data),
        ("a", b"x".as_slice())
    );
}

#[test]
fn only_an_oversized_first_record_exceeds_the_limit_of_an_aggregate() {
    for limit in 60..400 {
        let mut aggregate = Aggregate::new(limit);
        let entry = |n: usize| hashed(Entry::new(format!("key-{}", n % 7), vec![b'x'; n]), "12345");
        let taken = (0..40).take_while(|n| aggregate.push(&entry(*n))).count();
        assert_eq!(aggregate.len(), taken);
        let size = aggregate.into_entry().size();
        assert!(size <= limit || taken == 1, "{size} of {limit}");
        assert!(limit < 100 || taken > 1);
    }
    let mut aggregate = Aggregate::new(10);
    assert!(aggregate.push(&Entry::new("key", vec![b'x'; 20])) && !aggregate.is_empty());
    assert!(!aggregate.push(&Entry::new("key", "")));
}

#[test]
fn no_changed_byte_makes_the_reader_panic() {
    let whole = hex(WRITTEN_BY_AMAZON);
    let message = &whole[..whole.len() - DIGEST_BYTES];
    for at in AGGREGATE_MAGIC.len()..message.len() {
        for byte in 0..=u8::MAX {
            let mut changed = message.to_vec();
            changed[at] = byte;
            if let Ok(records) = deaggregate(&with_digest(&changed)) {
                assert!(records.unwrap().len() <= 3);
            }
        }
    }
}

#[test]
fn the_number_of_records_is_limited_before_they_are_allocated() {
    let empty_parts = |number: usize| {
        let message = [AGGREGATE_MAGIC.as_slice(), &hex("1a00").repeat(number)].concat();
        with_digest(&message)
    };
    assert_eq!(deaggregate(&empty_parts(100_000)), Err(BrokenAggregate));
    let records = |number: usize| {
        let entries: Vec<_> = (0..number).map(|_| Entry::new("key", "")).collect();
        aggregate(&entries).data
    };
    let most = records(MAX_USER_RECORDS);
    let read = deaggregate(&most).unwrap().unwrap();
    assert_eq!(read.len(), MAX_USER_RECORDS);
    assert_eq!(
        deaggregate(&records(MAX_USER_RECORDS + 1)),
        Err(BrokenAggregate)
    );
}
