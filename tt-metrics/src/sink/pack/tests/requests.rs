//! The same for requests, as they arrive.

use std::{
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use super::*;
use crate::{
    metric::limits::read_request,
    sink::{
        PutMetricData, Sink,
        put_metric_data::stand_in::{self, Answer},
    },
};

/// A sink whose requests arrive here, and are accepted.
pub(super) fn sink() -> (PutMetricData, Receiver<Vec<u8>>) {
    let (bodies, received) = channel();
    let sink = stand_in::sink(move |body| {
        bodies.send(body).expect("the test lasts");
        Answer::ACCEPT
    });
    (sink, received)
}

#[test]
fn whatever_the_data_each_request_is_valid_and_the_sums_are_equal() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("starts");
    let (sink, bodies) = sink();
    for_many(|data, sets| {
        let frame = frame(sets, Properties::NONE);
        let packed = Packing::REQUESTS.pack(data.clone(), frame);
        assert_eq!(packed.dropped, 0);
        let mut stored = Vec::new();
        for data in &packed.batches {
            let batch = Batch { data, ..frame };
            let sent = runtime.block_on(sink.emit(batch, Duration::from_secs(30)));
            sent.expect("is accepted");
            let body = bodies.recv().expect("arrives");
            let read = read_request(&body, SystemTime::now());
            stored.extend(read.expect("CloudWatch takes the request"));
        }
        assert_eq!(difference(&arrived(&stored), &expected(&data, sets)), None);
    });
}
