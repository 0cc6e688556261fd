//! Batches are filled to their limits, and no datum takes more bytes than its estimate.

use super::*;
use crate::metric::limits::{MAX_DATUM_VALUES, MAX_REQUEST_BYTES};

#[test]
fn a_batch_is_filled_to_its_last_byte() {
    let room = Cost {
        metrics: usize::MAX,
        bytes: 20,
    };
    let ten = |_: &Datum| Cost {
        metrics: 1,
        bytes: 10,
    };
    let sizes: Vec<_> = split(counts(5), room, ten, BTreeMap::new)
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(sizes, [2, 2, 1]);
}

#[test]
fn a_datum_of_a_request_has_150_values_and_a_request_1_mib() {
    let sets = DimensionSets::default();
    let frame = frame(&sets, Properties::NONE);
    let with = |values: u32| {
        let observed = (0..values).map(|value| (f64::from(value), 1));
        Datum::histogram(METRICS[3], observed)
    };
    for (values, data) in [(149, 1), (150, 1), (151, 2), (300, 2), (301, 3)] {
        let packed = Packing::REQUESTS.pack(vec![with(values)], frame);
        let packed: Vec<Datum> = packed.batches.into_iter().flatten().collect();
        assert_eq!(packed.len(), data, "{values}");
        for datum in packed {
            assert!(
                matches!(datum.value, Value::Histogram(observed) if observed.len() <= MAX_DATUM_VALUES)
            );
        }
    }
    let one = Packing::REQUESTS.cost(&with(150), frame).bytes;
    let number = (MAX_REQUEST_BYTES - FRAME_BYTES) / one;
    let many = |number| Packing::REQUESTS.pack(vec![with(150); number], frame);
    assert_eq!(sizes(&many(number)), [number]);
    assert_eq!(sizes(&many(number + 1)), [number, 1]);
}

#[test]
fn no_document_is_longer_than_its_estimate() {
    let none = DimensionSets::default();
    let long = |length| "\"".repeat(length);
    let invocation = Invocation {
        request_id: "\u{1}".repeat(2_000),
        cold_start: false,
    };
    let mut properties = Properties::default();
    assert!(properties.set("text".into(), "\u{1}".repeat(2_000).into()));
    let plain = frame(&none, Properties::NONE);
    let (namespace, small) = (long(2_000), counts(1));
    let names = METRICS.iter().filter(|it| it.as_str().len() > 200);
    let names: Vec<_> = names.take(100).map(|it| Datum::count(*it, 1)).collect();
    let numbers = (0..100).map(|number| (-f64::from(number) / 3.0e-8, 1));
    let numbers = vec![Datum::histogram(METRICS[3], numbers)];
    for (data, frame) in [
        (&small, plain),
        (&names, plain),
        (&numbers, plain),
        (
            &small,
            Batch {
                namespace: &namespace,
                ..plain
            },
        ),
        (
            &small,
            Batch {
                invocation: Some(&invocation),
                ..plain
            },
        ),
        (
            &small,
            Batch {
                properties: &properties,
                ..plain
            },
        ),
    ] {
        let costs = data
            .iter()
            .map(|it| Packing::DOCUMENTS.cost(it, frame).bytes);
        let room = Packing::DOCUMENTS.frame_bytes(frame) + costs.sum::<usize>();
        let mut line = Vec::new();
        emf::render(
            Batch { data, ..frame },
            emf::DocumentKind::Metrics,
            &mut line,
        );
        assert!(line.len() <= room, "{} of {room}", line.len());
    }
}

#[cfg(feature = "put-metric-data")]
#[test]
fn no_request_is_longer_than_its_estimate() {
    use crate::sink::Sink;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("starts");
    let (sink, requests) = requests::sink();
    let sets = DimensionSets::default();
    let (namespace, data) = ("n".repeat(255), counts(1));
    let frame = Batch {
        namespace: &namespace,
        ..frame(&sets, Properties::NONE)
    };
    let batch = Batch {
        data: &data,
        ..frame
    };
    let sent = runtime.block_on(sink.emit(batch, std::time::Duration::from_secs(30)));
    sent.expect("is accepted");
    let room = Packing::REQUESTS.frame_bytes(frame) + Packing::REQUESTS.cost(&data[0], frame).bytes;
    let (_, bytes) = requests.recv().expect("arrives");
    assert!(bytes <= room, "{bytes} of {room}");
}
