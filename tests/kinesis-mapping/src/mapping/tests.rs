//! Deliveries and discards of a mapping.

use std::cell::RefCell;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::json;
use simulated_time::simulate;

use super::*;

/// The delivered and the discarded batches of a run, by the data of their records.
#[derive(Default)]
struct Log {
    delivered: RefCell<Vec<String>>,
    discarded: RefCell<Vec<String>>,
}

/// Delivers records that are letters to a function, which receives the batch and its sequence numbers.
fn deliver(
    mapping: &Mapping,
    letters: &str,
    function: &impl AsyncFn(&str, &[String], Clock) -> Result<Value, String>,
) -> Log {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut shard = Shard::new(0);
    for letter in letters.bytes() {
        shard.put(start, "key", &[letter]);
    }
    let log = Log::default();
    simulate(start, async |clock| {
        let invoke = async |event: Value| {
            let (letters, numbers) = read_batch(&event);
            log.delivered.borrow_mut().push(letters.clone());
            function(&letters, &numbers, clock).await
        };
        let discard = async |record: Value| {
            let event = serde_json::from_str(record["payload"].as_str().unwrap()).unwrap();
            let (letters, _) = read_batch(&event);
            let condition = record["requestContext"]["condition"].as_str().unwrap();
            log.discarded
                .borrow_mut()
                .push(format!("{letters} {condition}"));
        };
        mapping.run(clock, &shard, invoke, discard).await;
    });
    log
}

fn read_batch(event: &Value) -> (String, Vec<String>) {
    let records = event["Records"].as_array().unwrap();
    let text = |record: &Value, field: &str| record["kinesis"][field].as_str().unwrap().to_owned();
    let letters = records.iter().map(|record| {
        let data = STANDARD.decode(text(record, "data")).unwrap();
        String::from_utf8(data).unwrap()
    });
    let numbers = records.iter().map(|record| text(record, "sequenceNumber"));
    (letters.collect(), numbers.collect())
}

fn report(number: &str) -> Value {
    json!({"batchItemFailures": [{"itemIdentifier": number}]})
}

fn mapping() -> Mapping {
    Mapping {
        batch_size: 4,
        report_failures: true,
        retry_attempts: Some(2),
        ..Mapping::default()
    }
}

#[test]
fn a_partial_answer_is_a_checkpoint_and_uses_up_an_attempt() {
    let log = deliver(
        &mapping(),
        "abcdef",
        &async |letters, numbers, _| match letters.find('c') {
            Some(place) => Ok(report(&numbers[place])),
            None => Ok(Value::Null),
        },
    );
    assert_eq!(*log.delivered.borrow(), ["abcd", "cd", "cd", "ef"]);
    assert_eq!(*log.discarded.borrow(), ["cd RetryAttemptsExhausted"]);
}

#[test]
fn without_the_response_type_a_partial_answer_is_success() {
    let mapping = Mapping {
        report_failures: false,
        ..mapping()
    };
    let log = deliver(&mapping, "ab", &async |_, numbers, _| {
        Ok(report(&numbers[0]))
    });
    assert_eq!(*log.delivered.borrow(), ["ab"]);
}

#[test]
fn bisecting_isolates_the_failing_record_and_uses_up_no_attempt() {
    let mapping = Mapping {
        bisect: true,
        retry_attempts: Some(0),
        ..mapping()
    };
    let log = deliver(&mapping, "abcd", &async |letters, _, _| {
        if letters.contains('c') {
            Err("poison".to_owned())
        } else {
            Ok(Value::Null)
        }
    });
    assert_eq!(*log.delivered.borrow(), ["abcd", "ab", "cd", "c", "d"]);
    assert_eq!(*log.discarded.borrow(), ["c RetryAttemptsExhausted"]);
}

#[test]
fn a_failed_batch_is_delivered_again_before_the_next_one() {
    let log = deliver(&mapping(), "abcdef", &async |letters, _, _| {
        if letters == "abcd" {
            Err("down".to_owned())
        } else {
            Ok(Value::Null)
        }
    });
    assert_eq!(*log.delivered.borrow(), ["abcd", "abcd", "abcd", "ef"]);
    assert_eq!(*log.discarded.borrow(), ["abcd RetryAttemptsExhausted"]);
}

#[test]
fn records_that_are_too_old_are_discarded_without_an_invocation() {
    let mapping = Mapping {
        retry_attempts: None,
        record_age: Some(Duration::from_mins(10)),
        ..mapping()
    };
    let log = deliver(&mapping, "ab", &async |_, _, clock| {
        let age = clock.monotonic();
        assert!(age <= Duration::from_mins(10), "{age:?}");
        Err("down".to_owned())
    });
    assert!(log.delivered.borrow().len() > 10);
    assert_eq!(*log.discarded.borrow(), ["ab RecordAgeExceeded"]);
}

#[test]
fn an_invocation_that_times_out_or_has_no_answer_counts_as_failed() {
    let mapping = Mapping {
        lost_answers: BTreeSet::from([1]),
        retry_attempts: None,
        ..mapping()
    };
    let seen = RefCell::new(0);
    let log = deliver(&mapping, "a", &async |_, _, clock| {
        *seen.borrow_mut() += 1;
        if *seen.borrow() == 1 {
            clock.sleep(Duration::from_secs(4)).await;
        }
        Ok(Value::Null)
    });
    assert_eq!(*log.delivered.borrow(), ["a", "a", "a"]);
}

#[test]
fn with_bisecting_a_partial_answer_still_cuts_at_its_number() {
    let mapping = Mapping {
        bisect: true,
        ..mapping()
    };
    let log = deliver(
        &mapping,
        "abcd",
        &async |letters, numbers, _| match letters {
            "abcd" => Ok(report(&numbers[1])),
            "bcd" => Err("down".to_owned()),
            _ => Ok(Value::Null),
        },
    );
    assert_eq!(*log.delivered.borrow(), ["abcd", "bcd", "b", "cd"]);
}

#[test]
fn progress_renews_the_attempts_if_configured() {
    // The first record gets through at each delivery, so each moves the checkpoint.
    let function = async |letters: &str, numbers: &[String], _: Clock| match letters.len() {
        1 => Ok(Value::Null),
        _ => Ok(report(&numbers[1])),
    };
    let mut mapping = Mapping {
        retry_attempts: Some(1),
        ..mapping()
    };
    let log = deliver(&mapping, "abcd", &function);
    assert_eq!(*log.delivered.borrow(), ["abcd", "bcd"]);
    assert_eq!(*log.discarded.borrow(), ["cd RetryAttemptsExhausted"]);
    mapping.progress_renews_attempts = true;
    let log = deliver(&mapping, "abcd", &function);
    assert_eq!(*log.delivered.borrow(), ["abcd", "bcd", "cd", "d"]);
    assert!(log.discarded.borrow().is_empty());
}

#[test]
fn without_progress_the_attempts_are_not_renewed() {
    let mapping = Mapping {
        progress_renews_attempts: true,
        ..mapping()
    };
    let log = deliver(&mapping, "ab", &async |_, numbers, _| {
        Ok(report(&numbers[0]))
    });
    assert_eq!(*log.delivered.borrow(), ["ab"; 3]);
}

#[test]
fn parallel_batches_keep_the_order_of_each_partition_key() {
    let mapping = Mapping {
        parallelization_factor: 4,
        batch_size: 2,
        ..mapping()
    };
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut shard = Shard::new(0);
    for letter in "abcdefABCDEF".chars() {
        let key = letter.to_ascii_lowercase().to_string();
        shard.put(start, &key, letter.to_string().as_bytes());
    }
    let (open, most) = (Cell::new(0), Cell::new(0));
    let seen = RefCell::new(String::new());
    simulate(start, async |clock| {
        let invoke = async |event: Value| {
            open.set(open.get() + 1);
            most.set(most.get().max(open.get()));
            clock.sleep(Duration::from_secs(1)).await;
            seen.borrow_mut().push_str(&read_batch(&event).0);
            open.set(open.get() - 1);
            Ok(Value::Null)
        };
        mapping.run(clock, &shard, invoke, async |_| {}).await;
    });
    let seen = seen.borrow();
    let place = |letter: char| seen.find(letter).unwrap();
    assert!(('a'..='f').all(|key| place(key) < place(key.to_ascii_uppercase())));
    assert_eq!(seen.len(), 12);
    assert!(most.get() > 1, "{seen}");
}

#[test]
fn the_owed_records_shrink_with_the_checkpoint_and_with_discards() {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut shard = Shard::new(0);
    let numbers = [(); 3].map(|()| shard.put(start, "key", b""));
    let owed = Owed::default();
    let log = RefCell::new(Vec::new());
    simulate(start, async |clock| {
        let invoke = async |event: Value| {
            log.borrow_mut().push(owed.sequence_numbers());
            let (_, numbers) = read_batch(&event);
            Ok(report(numbers.get(1).unwrap_or(&numbers[0])))
        };
        let discard = async |_| log.borrow_mut().push(owed.sequence_numbers());
        let mapping = Mapping {
            retry_attempts: Some(2),
            ..mapping()
        };
        mapping
            .run_watched(clock, &shard, invoke, discard, &owed)
            .await;
    });
    let log = log.borrow();
    assert_eq!(*log, [&numbers[..], &numbers[1..], &numbers[2..], &[]]);
    let rest = shard.with_only(&numbers[1..2]);
    assert_eq!(read_batch(&rest.event(rest.records())).1, numbers[1..2]);
}
