//! Requests that CloudWatch accepts and requests that it refuses.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::limits::MAX_DIMENSIONS;

const NOW: u64 = 1_790_000_000;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

/// Encodes JSON as CBOR. JSON has no infinity, so the text `f64:inf` represents that number.
fn cbor(value: &Value) -> Vec<u8> {
    let head = |first: u8, length: usize| {
        let length = u32::try_from(length).expect("is short").to_be_bytes();
        [&[first], &length[..]].concat()
    };
    let number = |number: f64| [&[0xfb], &number.to_be_bytes()[..]].concat();
    match value {
        Value::Null => vec![0xf6],
        Value::Bool(value) => vec![0xf4 + u8::from(*value)],
        Value::Number(it) => number(it.as_f64().expect("is a double")),
        Value::String(text) => match text.strip_prefix("f64:") {
            Some(text) => number(text.parse().expect("is a number")),
            None => [&head(0x7a, text.len()), text.as_bytes()].concat(),
        },
        Value::Array(items) => {
            let items: Vec<u8> = items.iter().flat_map(cbor).collect();
            [head(0x9a, value.as_array().map_or(0, Vec::len)), items].concat()
        }
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                [cbor(&Value::String(key.clone())), cbor(value)].concat()
            };
            let all: Vec<u8> = fields.iter().flat_map(field).collect();
            [head(0xba, fields.len()), all].concat()
        }
    }
}

fn read_all(namespace: &str, data: &Value) -> Result<Vec<Stored>, Refusal> {
    let request = json!({"Namespace": namespace, "MetricData": data});
    read_request(&cbor(&request), now())
}

/// A request with one datum, which has these fields beside its name.
fn read(mut fields: Value) -> Result<Stored, Refusal> {
    fields["MetricName"] = "m".into();
    read_all("n", &json!([fields])).map(|mut stored| stored.remove(0))
}

/// The reason of a refusal.
fn reason<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    result.expect_err("is refused").to_string()
}

#[test]
fn a_datum_without_fields_has_the_defaults_of_cloudwatch() {
    let stored = read(json!({"Value": 2.5}));
    let expected = Stored {
        namespace: "n".to_owned(),
        metric: "m".to_owned(),
        unit: "None".to_owned(),
        resolution: 60,
        dimensions: [].into(),
        timestamp: now(),
        observed: vec![(2.5, 1.0)],
    };
    assert_eq!(stored, Ok(expected));
}

#[test]
fn the_fields_of_a_datum_are_stored() {
    let stored = read(json!({
        "Value": 2,
        "Unit": "Bytes",
        "StorageResolution": 1,
        "Timestamp": NOW - 60,
        "Dimensions": [{"Name": "shop", "Value": "1"}, {"Name": "paid", "Value": "true"}],
    }));
    let stored = stored.expect("is taken");
    assert_eq!(stored.unit, "Bytes");
    assert_eq!(stored.resolution, 1);
    assert_eq!(stored.timestamp, now() - Duration::from_mins(1));
    let dimensions = [("paid", "true"), ("shop", "1")];
    let dimensions = dimensions.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(stored.dimensions, dimensions.into());
}

#[test]
fn values_count_once_or_as_often_as_their_count() {
    let observed = |fields| read(fields).map(|stored| stored.observed);
    let once = observed(json!({"Values": [1, 2]}));
    assert_eq!(once, Ok(vec![(1.0, 1.0), (2.0, 1.0)]));
    let often = observed(json!({"Values": [1, 2], "Counts": [3, 0]}));
    assert_eq!(often, Ok(vec![(1.0, 3.0), (2.0, 0.0)]));
}

#[test]
fn values_and_counts_that_do_not_fit_together_are_refused() {
    let apart = "`Values` and `Counts` do not fit together";
    let either = "a datum has one `Value`, or `Values`";
    let times = "a number of `Counts` is negative or infinite";
    for (fields, why) in [
        (json!({"Values": []}), apart),
        (json!({"Values": [], "Counts": []}), apart),
        (json!({"Values": [1, 2], "Counts": [1]}), apart),
        (json!({"Values": [1], "Counts": [1, 2]}), apart),
        (json!({"Values": [1], "Counts": [-1]}), times),
        (json!({"Values": [1], "Counts": ["f64:inf"]}), times),
        (json!({"Values": [1], "Counts": ["f64:NaN"]}), times),
        (json!({}), either),
        (json!({"Counts": [1]}), either),
        (json!({"Value": 1, "Counts": [1]}), either),
        (json!({"Value": 1, "Values": [1]}), either),
        (
            json!({"Value": 1, "Unit": "Parsecs"}),
            "`Parsecs` is no unit",
        ),
        (json!({"Value": 1, "Unit": 1}), "`Unit` is not text"),
        (
            json!({"Value": 1, "StorageResolution": 30}),
            "`StorageResolution` is neither 1 nor 60",
        ),
    ] {
        assert_eq!(reason(read(fields.clone())), why, "{fields}");
    }
}

#[test]
fn values_and_times_beyond_the_limits_are_refused() {
    for number in ["f64:inf", "f64:NaN", "f64:1e109"] {
        for fields in [json!({"Value": number}), json!({"Values": [1, number]})] {
            let reason = reason(read(fields));
            assert!(reason.contains("2^360"), "{reason}");
        }
    }
    for timestamp in [
        json!(NOW - 15 * 86_400),
        json!(NOW + 3 * 3_600),
        json!("f64:inf"),
    ] {
        let reason = reason(read(json!({"Value": 1, "Timestamp": timestamp})));
        assert!(reason.contains("a timestamp is"), "{reason}");
    }
}

#[test]
fn names_that_cloudwatch_does_not_take_are_refused() {
    let data = json!([{"MetricName": "m", "Value": 1}]);
    assert!(read_all("n", &data).is_ok());
    let refused = reason(read_all("AWS/n", &data));
    assert!(refused.contains("must not start with `AWS/`"), "{refused}");
    let refused = reason(read_all("n", &json!([{"MetricName": ":m", "Value": 1}])));
    assert!(refused.contains("must not start with `:`"), "{refused}");
    let twice = json!([{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]);
    let refused = reason(read(json!({"Value": 1, "Dimensions": twice})));
    assert_eq!(refused, "dimension `a` is given twice");
    for missing in [json!([{"Value": 1}]), json!([1]), json!(1)] {
        assert!(read_all("n", &missing).is_err(), "{missing}");
    }
}

#[test]
fn each_number_may_be_as_large_as_its_limit() {
    let refusal = |what: &str, max: usize| {
        let number = max + 1;
        format!("{number} {what}, allowed are at most {max}")
    };
    let datum = json!({"MetricName": "m", "Value": 1});
    let metrics = |number: usize| read_all("n", &vec![datum.clone(); number].into());
    assert_eq!(metrics(MAX_REQUEST_METRICS).map(|it| it.len()), Ok(1_000));
    let refused = reason(metrics(MAX_REQUEST_METRICS + 1));
    assert_eq!(refused, refusal("metrics", MAX_REQUEST_METRICS));

    let values = |number: usize| read(json!({"Values": vec![1; number]}));
    assert_eq!(values(MAX_DATUM_VALUES).map(|it| it.samples()), Ok(150.0));
    let refused = reason(values(MAX_DATUM_VALUES + 1));
    assert_eq!(refused, refusal("values", MAX_DATUM_VALUES));

    let dimensions = |number: usize| {
        let one = |name: usize| json!({"Name": format!("d{name}"), "Value": "1"});
        let all: Vec<Value> = (0..number).map(one).collect();
        read(json!({"Value": 1, "Dimensions": all}))
    };
    assert!(dimensions(MAX_DIMENSIONS).is_ok());
    let refused = reason(dimensions(MAX_DIMENSIONS + 1));
    assert_eq!(refused, refusal("dimensions", MAX_DIMENSIONS));

    let body = vec![0; MAX_REQUEST_BYTES + 1];
    let refused = reason(read_request(&body, now()));
    assert_eq!(refused, refusal("bytes", MAX_REQUEST_BYTES));
    let refused = reason(read_request(&body[1..], now()));
    assert_eq!(refused, "there are bytes behind the request");
}
