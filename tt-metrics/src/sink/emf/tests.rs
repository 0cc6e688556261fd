//! The content of documents.

use super::*;
use crate::{
    metric::{Datum, MetricName, Resolution, Unit},
    sink::{Invocation, SendState},
};

fn datum(name: &'static str, growth: u64) -> Datum {
    Datum::count(MetricName::new(name), growth)
}

fn sets(sets: &[&[(&'static str, &'static str)]]) -> DimensionSets {
    let sets = sets.iter().map(|set| Dimensions::new(set.iter().copied()));
    DimensionSets::new(sets).expect("valid")
}

fn batch<'a>(data: &'a [Datum], dimensions: &'a DimensionSets) -> Batch<'a> {
    static STATE: LazyLock<SharedSendState> = LazyLock::new(SharedSendState::default);
    Batch {
        namespace: "shop/Orders",
        dimensions,
        timestamp: SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123),
        data,
        invocation: None,
        properties: Properties::NONE,
        state: &STATE,
    }
}

fn document(batch: Batch<'_>) -> serde_json::Value {
    let mut line = Vec::new();
    render(batch, DocumentKind::Metrics, &mut line);
    assert_eq!(line.pop(), Some(b'\n'));
    assert!(!line.contains(&b'\n'));
    serde_json::from_slice(&line).expect("is JSON")
}

#[test]
fn the_document_in_the_readme_is_rendered() {
    let readme = include_str!("../../../README.md");
    let shown = readme.lines().find(|line| line.starts_with("{\"_aws\""));
    let data = [datum("OrderShipped", 2), datum("OrderFailed", 1)];
    let invocation = Invocation {
        request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
        cold_start: true,
    };
    let sets = sets(&[]);
    let batch = Batch {
        namespace: "shop/orders",
        timestamp: SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_590_400),
        invocation: Some(&invocation),
        ..batch(&data, &sets)
    };
    let mut line = Vec::new();
    render(batch, DocumentKind::Metrics, &mut line);
    let line = String::from_utf8(line).expect("is UTF-8");
    assert_eq!(Some(line.trim_end()), shown);
}

#[test]
fn one_document_holds_all_metrics_with_one_timestamp() {
    let data = [datum("OrderShipped", 5), datum("OrderFailed", 0)];
    let expected = serde_json::json!({
        "_aws": {
            "Timestamp": 1_790_000_000_123_u64,
            "CloudWatchMetrics": [{
                "Namespace": "shop/Orders",
                "Dimensions": [[]],
                "Metrics": [
                    {"Name": "OrderShipped", "Unit": "Count"},
                    {"Name": "OrderFailed", "Unit": "Count"},
                ],
            }],
        },
        "OrderShipped": 5,
        "OrderFailed": 0,
    });
    assert_eq!(document(batch(&data, &sets(&[]))), expected);
}

#[test]
fn a_document_that_differs_from_the_one_before_has_its_own_template() {
    let names = |document: &serde_json::Value| {
        let directive = &document["_aws"]["CloudWatchMetrics"][0];
        (directive.clone(), document.as_object().unwrap().len())
    };
    let none = sets(&[]);
    let shop = sets(&[&[("service", "shop")]]);
    let one = [datum("OrderShipped", 5)];
    let other = [datum("OrderFailed", 5)];
    let both = [datum("OrderShipped", 5), datum("OrderFailed", 5)];
    let bytes = [datum("OrderShipped", 5).with_unit(Unit::Bytes)];
    let fine = [datum("OrderShipped", 5).with_resolution(Resolution::High)];
    let elsewhere = Batch {
        namespace: "elsewhere",
        ..batch(&one, &none)
    };
    let batches = [
        batch(&one, &none),
        batch(&other, &none),
        batch(&both, &none),
        batch(&bytes, &none),
        batch(&fine, &none),
        batch(&one, &shop),
        elsewhere,
    ];
    let all: Vec<_> = batches.map(|it| names(&document(it))).into();
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one), "{one:?}");
    }
    for before in batches {
        for (batch, expected) in batches.into_iter().zip(&all) {
            document(before);
            assert_eq!(names(&document(batch)), *expected);
        }
    }
}

#[test]
fn dimensions_and_properties_stand_beside_the_metrics() {
    let invocation = Invocation {
        request_id: "quote \" backslash \\ bell \u{7}".to_owned(),
        cold_start: true,
    };
    let dimensions = sets(&[&[("service", "orders")]]);
    let data = [datum("OrderShipped", 1)];
    let document = document(Batch {
        invocation: Some(&invocation),
        ..batch(&data, &dimensions)
    });
    assert_eq!(document["service"], "orders");
    assert_eq!(document["cold_start"], true);
    assert_eq!(document["request_id"], invocation.request_id);
    let directive = &document["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Dimensions"], serde_json::json!([["service"]]));
}

#[test]
fn observations_units_resolution_and_own_dimensions_are_written() {
    let time = Datum::histogram(MetricName::new("Time"), [(1.5, 2), (20.0, 1)])
        .with_unit(Unit::Milliseconds)
        .with_resolution(Resolution::High)
        .with_dimensions(Dimensions::new([("carrier", "post")]));
    let document = document(batch(&[time], &sets(&[&[("service", "s")], &[]])));
    let directive = &document["_aws"]["CloudWatchMetrics"][0];
    let expected = serde_json::json!([
        {"Name": "Time", "Unit": "Milliseconds", "StorageResolution": 1},
    ]);
    assert_eq!(directive["Metrics"], expected);
    assert_eq!(
        directive["Dimensions"],
        serde_json::json!([["service", "carrier"], ["carrier"]])
    );
    assert_eq!(document["carrier"], "post");
    assert_eq!(document["Time"], serde_json::json!([1.5, 1.5, 20.0]));
}

#[test]
fn a_property_never_hides_a_metric() {
    let invocation = Invocation {
        request_id: "id".to_owned(),
        cold_start: false,
    };
    let data = [datum("request_id", 3)];
    let document = document(Batch {
        invocation: Some(&invocation),
        ..batch(&data, &sets(&[]))
    });
    assert_eq!(document["request_id"], 3);
}

#[test]
fn a_property_with_the_name_of_a_field_of_the_invocation_does_not_occur_twice() {
    let mut properties = Properties::default();
    for name in ["request_id", "cold_start", "tenant"] {
        assert!(properties.set(name.into(), "mine".into()));
    }
    let invocation = Invocation {
        request_id: "id".to_owned(),
        cold_start: true,
    };
    let data = [datum("OrderShipped", 1)];
    for (invocation, request_id, cold_start) in [
        (
            Some(&invocation),
            serde_json::json!("id"),
            serde_json::json!(true),
        ),
        (None, serde_json::json!("mine"), serde_json::json!("mine")),
    ] {
        let mut line = Vec::new();
        let none = sets(&[]);
        let batch = Batch {
            invocation,
            properties: &properties,
            ..batch(&data, &none)
        };
        render(batch, DocumentKind::Metrics, &mut line);
        let line = String::from_utf8(line).expect("is text");
        let stored = cloudwatch_stand_in::read_document(&line, batch.timestamp);
        assert_eq!(stored.expect("no key occurs twice").len(), 1);
        let document = document(batch);
        assert_eq!(document["request_id"], request_id);
        assert_eq!(document["cold_start"], cold_start);
        assert_eq!(document["tenant"], "mine");
    }
}

/// Emits one datum with this send state to an output that accepts or refuses it. Returns the result, and the send states
/// in which documents were written.
#[cfg(feature = "lambda")]
fn emit(state: &SharedSendState, accepts: bool) -> (SinkResult, Vec<SendState>) {
    let written = std::rc::Rc::<std::cell::RefCell<Vec<SendState>>>::default();
    let (states, of_batch) = (std::rc::Rc::clone(&written), state.clone());
    replace_output(move |_| {
        states.borrow_mut().push(of_batch.get());
        accepts
            .then_some(())
            .ok_or_else(|| std::io::ErrorKind::BrokenPipe.into())
    });
    let data = [datum("OrderShipped", 5)];
    let sets = sets(&[]);
    let batch = Batch {
        state,
        ..batch(&data, &sets)
    };
    let emitted = std::pin::pin!(Emf.emit(batch, Duration::from_secs(1)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(result) = emitted.poll(&mut context) else {
        panic!("a write does not suspend");
    };
    (result, written.take())
}

#[cfg(feature = "lambda")]
#[test]
fn a_document_is_settled_by_its_write_and_a_settled_one_is_not_written() {
    let state = SharedSendState::default();
    let (result, written) = emit(&state, true);
    assert!(result.is_ok());
    assert_eq!(written, [SendState::Sent]);
    assert_eq!(state.get(), SendState::Settled);

    // As after a thread that ends the process has written the counts.
    let (result, written) = emit(&state, true);
    assert!(result.is_ok());
    assert_eq!(written, []);
}

#[cfg(feature = "lambda")]
#[test]
fn a_document_that_was_not_written_is_unsent() {
    let state = SharedSendState::default();
    let (result, written) = emit(&state, false);
    assert!(
        matches!(result, Err(EmitError::NotAccepted(_))),
        "{result:?}"
    );
    assert_eq!(written, [SendState::Sent]);
    assert!(state.is_unsent());
}
