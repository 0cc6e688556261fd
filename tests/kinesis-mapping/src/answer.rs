//! Decodes the answer of the function.

use serde_json::Value;

use crate::shard::Record;

/// The result of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    /// Everything from this record of the batch on is delivered again.
    From(usize),
    Failed,
}

/// Reads an answer. Null, no list and an empty list are success. An identifier that is empty, no string or of no record of
/// the batch fails the whole batch. Of several identifiers the lowest sequence number counts.
pub(crate) fn read(answer: &Value, batch: &[Record]) -> Answer {
    let failures = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Answer::Done,
        Some(Value::Array(failures)) => failures,
        Some(_) => return Answer::Failed,
    };
    let mut lowest = None;
    for failure in failures {
        let id = failure["itemIdentifier"].as_str();
        let known = |id| {
            batch
                .iter()
                .position(|r| r.sequence_number.to_string() == id)
        };
        let Some(place) = id.and_then(known) else {
            return Answer::Failed;
        };
        lowest = Some(lowest.map_or(place, |lowest: usize| lowest.min(place)));
    }
    lowest.map_or(Answer::Done, Answer::From)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::Shard;

    #[test]
    fn answers_are_interpreted_as_lambda_does() {
        let mut shard = Shard::new(0);
        let numbers = [(); 3].map(|()| shard.put(Timestamp::UNIX_EPOCH, "k", b""));
        let answer = |value: Value| read(&value, shard.records());
        for done in [json!(null), json!({}), json!({"batchItemFailures": null})] {
            assert_eq!(answer(done), Answer::Done);
        }
        assert_eq!(answer(json!({"batchItemFailures": []})), Answer::Done);
        let failures = |ids: &[&str]| {
            let id = |id: &&str| json!({ "itemIdentifier": id });
            json!({"batchItemFailures": ids.iter().map(id).collect::<Vec<_>>()})
        };
        assert_eq!(
            answer(failures(&[&numbers[2], &numbers[1]])),
            Answer::From(1)
        );
        assert_eq!(
            answer(failures(&[&numbers[2], &numbers[2], &numbers[2]])),
            Answer::From(2)
        );
        for bad in [
            failures(&[""]),
            json!({"batchItemFailures": [{"itemIdentifier": null}]}),
            failures(&[&format!("0{}", numbers[0])]),
            failures(&["7"]),
            failures(&[&numbers[0], "x"]),
        ] {
            assert_eq!(answer(bad), Answer::Failed);
        }
        let misspelt = json!({"batchItemFailures": [{"itemIdentifer": numbers[0]}]});
        assert_eq!(answer(misspelt), Answer::Failed);
    }
}
