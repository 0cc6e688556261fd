//! A document of five metrics in the embedded metric format, rendered in two ways.

use std::time::SystemTime;

use tt_metrics::{__private::render_document, MetricName, sink::Datum};

/// The names of the five metrics.
pub const NAMES: [&str; 5] = [
    "OrdersReceived",
    "OrderShipped",
    "OrderFailed",
    "InvoiceSent",
    "InvoiceFailed",
];

/// Their namespace.
pub const NAMESPACE: &str = "shop/orders";

/// The text of the document between its numbers.
const PIECES: [&str; 6] = [
    concat!(
        ",\"CloudWatchMetrics\":[{\"Namespace\":\"shop/orders\",\"Dimensions\":[[]],\"Metrics\":[",
        "{\"Name\":\"OrdersReceived\",\"Unit\":\"Count\"},{\"Name\":\"OrderShipped\",\"Unit\":\"Count\"},",
        "{\"Name\":\"OrderFailed\",\"Unit\":\"Count\"},{\"Name\":\"InvoiceSent\",\"Unit\":\"Count\"},",
        "{\"Name\":\"InvoiceFailed\",\"Unit\":\"Count\"}]}]},\"OrdersReceived\":"
    ),
    ",\"OrderShipped\":",
    ",\"OrderFailed\":",
    ",\"InvoiceSent\":",
    ",\"InvoiceFailed\":",
    "}\n",
];

/// Writes preformatted text and numbers, which is the least work that renders this document.
pub fn preformatted(growth: [u64; 5], document: &mut Vec<u8>) {
    let mut number = itoa::Buffer::new();
    document.extend_from_slice(b"{\"_aws\":{\"Timestamp\":");
    document.extend_from_slice(number.format(milliseconds(SystemTime::now())).as_bytes());
    let [first, pieces @ ..] = PIECES;
    document.extend_from_slice(first.as_bytes());
    for (growth, piece) in growth.into_iter().zip(pieces) {
        document.extend_from_slice(number.format(growth).as_bytes());
        document.extend_from_slice(piece.as_bytes());
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

/// Writes the document of the library for these metrics.
pub fn rendered(data: &[Datum], document: &mut Vec<u8>) {
    render_document(NAMESPACE, SystemTime::now(), data, document);
}

/// The five metrics with their growth.
pub fn data(growth: [u64; 5]) -> Vec<Datum> {
    let metrics = NAMES.map(MetricName::new).into_iter().zip(growth);
    metrics
        .map(|(metric, growth)| Datum::count(metric, growth))
        .collect()
}

/// Renders many documents without the library.
pub fn many_preformatted(documents: u64) {
    let mut document = Vec::with_capacity(1024);
    for growth in 0..documents {
        document.clear();
        preformatted(
            std::hint::black_box([growth, 5, 0, 17, 100_000]),
            &mut document,
        );
        std::hint::black_box(&document);
    }
}

/// Renders many documents with the library.
pub fn many_rendered(documents: u64) {
    let mut document = Vec::with_capacity(1024);
    let mut data = data([0, 5, 0, 17, 100_000]);
    for growth in 0..documents {
        document.clear();
        if let Some(first) = data.first_mut() {
            first.value = tt_metrics::sink::Value::Count(std::hint::black_box(growth));
        }
        rendered(std::hint::black_box(&data), &mut document);
        std::hint::black_box(&document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_functions_render_the_same_document() {
        let growth = [1, 5, 0, 17, 100_000];
        let (mut one, mut other) = (Vec::new(), Vec::new());
        preformatted(growth, &mut one);
        rendered(&data(growth), &mut other);
        let without_time = |document: Vec<u8>| {
            let text = String::from_utf8(document).expect("is text");
            let (head, tail) = text.split_once(",\"CloudWatchMetrics").expect("is there");
            assert!(head.starts_with("{\"_aws\":{\"Timestamp\":"), "{head}");
            tail.to_owned()
        };
        assert_eq!(without_time(one), without_time(other));
    }
}
