//! Reads a line in the embedded metric format as CloudWatch Logs does.

use std::{collections::BTreeMap, time::SystemTime};

use crate::{
    limits::{
        MAX_DOCUMENT_BYTES, MAX_DOCUMENT_METRICS, MAX_DOCUMENT_VALUES, Refusal, check_dimensions,
        check_metric_name, check_namespace, check_number, check_unit, refuse,
    },
    stored::{self, Stored},
    value::Value,
};

/// Reads one line in the embedded metric format and returns what CloudWatch stores of it.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let line = r#"{"_aws":{"Timestamp":1790000000000,"CloudWatchMetrics":[{"Namespace":"shop/Orders",
///     "Dimensions":[[]],"Metrics":[{"Name":"OrderShipped","Unit":"Count"}]}]},"OrderShipped":5}"#;
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
/// let stored = cloudwatch_stand_in::read_document(line, now)?;
/// assert_eq!((stored[0].metric.as_str(), stored[0].sum()), ("OrderShipped", 5.0));
/// # Ok::<(), cloudwatch_stand_in::Refusal>(())
/// ```
///
/// # Errors
///
/// When CloudWatch would refuse any part of it at the time `now`, for example for a key that occurs twice, more than
/// 100 metrics or values, or a metric whose value is missing.
pub fn read_document(line: &str, now: SystemTime) -> Result<Vec<Stored>, Refusal> {
    check_number("bytes", line.len(), MAX_DOCUMENT_BYTES)?;
    let document = Value::from_json(line)?;
    let aws = document.field("_aws")?;
    let milliseconds = aws.field("Timestamp")?.number("Timestamp")?;
    if milliseconds.fract() != 0.0 {
        return refuse("`Timestamp` is not a whole number");
    }
    let timestamp = stored::time(milliseconds / 1000.0)?;
    let directives = aws.field("CloudWatchMetrics")?;
    let mut all = Vec::new();
    for directive in directives.list("CloudWatchMetrics")? {
        all.extend(read_directive(&document, directive, timestamp)?);
    }
    all.iter().try_for_each(|stored| stored.check(now))?;
    Ok(all)
}

fn read_directive(
    document: &Value,
    directive: &Value,
    timestamp: SystemTime,
) -> Result<Vec<Stored>, Refusal> {
    let namespace = directive.field("Namespace")?.text("Namespace")?;
    check_namespace(namespace)?;
    let metrics = directive.field("Metrics")?.list("Metrics")?;
    check_number("metrics", metrics.len(), MAX_DOCUMENT_METRICS)?;
    let mut sets = Vec::new();
    for set in directive.field("Dimensions")?.list("Dimensions")? {
        let set = read_set(document, set)?;
        if sets.contains(&set) {
            return refuse("a set of dimensions is given twice");
        }
        sets.push(set);
    }
    let mut all: Vec<Stored> = Vec::new();
    for metric in metrics {
        let name = metric.field("Name")?.text("Name")?;
        check_metric_name(name)?;
        if all.iter().any(|stored| stored.metric == name) {
            return refuse(format!("metric `{name}` is given twice"));
        }
        let taken = name == "_aws" || sets.iter().any(|set| set.contains_key(name));
        if taken {
            return refuse(format!("`{name}` is a metric and another key"));
        }
        let unit = match metric.get("Unit") {
            Some(unit) => unit.text("Unit")?,
            None => "None",
        };
        check_unit(unit)?;
        let resolution = match metric.get("StorageResolution") {
            Some(seconds) => stored::resolution(seconds.number("StorageResolution")?)?,
            None => 60,
        };
        let observed = read_values(name, document.field(name)?)?;
        for set in &sets {
            all.push(Stored {
                namespace: namespace.to_owned(),
                metric: name.to_owned(),
                unit: unit.to_owned(),
                resolution,
                dimensions: set.clone(),
                timestamp,
                observed: observed.clone(),
            });
        }
    }
    Ok(all)
}

fn read_set(document: &Value, names: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let mut pairs = Vec::new();
    for name in names.list("Dimensions")? {
        let name = name.text("Dimensions")?;
        pairs.push((name, document.field(name)?.text(name)?));
    }
    check_dimensions(pairs.iter().copied())?;
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Ok(pairs.into_iter().map(owned).collect())
}

fn read_values(name: &str, node: &Value) -> Result<Vec<(f64, f64)>, Refusal> {
    let Value::List(values) = node else {
        return Ok(vec![(node.number(name)?, 1.0)]);
    };
    check_number("values", values.len(), MAX_DOCUMENT_VALUES)?;
    if values.is_empty() {
        return refuse(format!("`{name}` has no value"));
    }
    let once = |value: &Value| Ok((value.number(name)?, 1.0));
    values.iter().map(once).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: u64 = 1_790_000_000;

    fn read(line: &str) -> Result<Vec<Stored>, Refusal> {
        read_document(line, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
    }

    /// A document with this directive and these members at its root.
    fn document(sets: &str, metrics: &str, root: &str) -> String {
        format!(
            "{{\"_aws\":{{\"Timestamp\":{NOW}000,\"CloudWatchMetrics\":[{{\"Namespace\":\"n\",\
             \"Dimensions\":{sets},\"Metrics\":{metrics}}}]}},{root}}}"
        )
    }

    #[test]
    fn a_metric_is_stored_under_each_set_of_dimensions() {
        let metrics = r#"[{"Name":"m","Unit":"Bytes","StorageResolution":1}]"#;
        let line = document(
            r#"[[],["a"]]"#,
            metrics,
            r#""a":"1","m":[2,2,3.5],"free":null"#,
        );
        let stored = read(&line).expect("valid");
        let sets: Vec<_> = stored
            .iter()
            .map(|stored| stored.dimensions.len())
            .collect();
        assert_eq!(sets, [0, 1]);
        for stored in stored {
            assert_eq!((stored.sum(), stored.samples()), (7.5, 3.0));
            assert_eq!((stored.unit.as_str(), stored.resolution), ("Bytes", 1));
        }
    }

    #[test]
    fn documents_that_cloudwatch_would_not_take_are_refused() {
        let plain = r#"[{"Name":"m"}]"#;
        let many = |number| {
            let metrics: Vec<_> = (0..number)
                .map(|n| format!("{{\"Name\":\"m{n}\"}}"))
                .collect();
            let root: Vec<_> = (0..number).map(|n| format!("\"m{n}\":1")).collect();
            document("[[]]", &format!("[{}]", metrics.join(",")), &root.join(","))
        };
        let values = |number: usize| format!("\"m\":[{}1]", "1,".repeat(number - 1));
        assert!(read(&many(100)).is_ok());
        assert!(read(&document("[[]]", plain, &values(100))).is_ok());
        let old = format!("\"Timestamp\":{}000", NOW - 15 * 24 * 60 * 60);
        let valid = document("[[]]", plain, "\"m\":1");
        for (line, because) in [
            (many(101), "101 metrics"),
            (document("[[]]", plain, &values(101)), "101 values"),
            (document("[[]]", plain, "\"m\":[]"), "no value"),
            (document("[[]]", plain, "\"m\":null"), "not a number"),
            (document("[[]]", plain, "\"x\":1"), "`m` is missing"),
            (document("[[]]", plain, "\"m\":1,\"m\":2"), "twice"),
            (document("[[\"a\"]]", plain, "\"m\":1"), "`a` is missing"),
            (document("[[\"m\"]]", plain, "\"m\":\"1\""), "another key"),
            (document("[[],[]]", plain, "\"m\":1"), "set of dimensions"),
            (
                document("[[]]", r#"[{"Name":"m","Unit":"Counts"}]"#, "\"m\":1"),
                "no unit",
            ),
            (
                document("[[]]", r#"[{"Name":"m"},{"Name":"m"}]"#, "\"m\":1"),
                "twice",
            ),
            (document("[[]]", plain, "\"m\":1e200"), "2^360"),
            (
                valid.replace(&format!("\"Timestamp\":{NOW}000"), &old),
                "two weeks",
            ),
            (
                format!("{}{valid}", " ".repeat(MAX_DOCUMENT_BYTES)),
                "bytes",
            ),
            ("{}".to_owned(), "`_aws` is missing"),
        ] {
            let violation = read(&line).expect_err(because).to_string();
            assert!(violation.contains(because), "{violation}, not {because}");
        }
    }
}
