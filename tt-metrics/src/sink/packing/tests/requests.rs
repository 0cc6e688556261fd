//! The same for requests, as they arrive.

use std::{
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use cloudwatch_stand_in::{Answer, CloudWatch};

use super::*;
use crate::sink::{PutMetricData, Sink, put_metric_data::tests::sink_to};

/// A sink, and what CloudWatch stores of each of its requests, with the length of the body.
pub(super) fn sink() -> (PutMetricData, Receiver<(Vec<Stored>, usize)>) {
    let (sender, requests) = channel();
    let cloudwatch = CloudWatch::start(move |data, body| {
        let data = data.expect("CloudWatch accepts the request");
        sender.send((data, body.len())).expect("the test lasts");
        Answer::ACCEPT
    });
    (sink_to(&cloudwatch.url()), requests)
}

#[test]
fn each_request_of_random_data_is_valid_and_the_sums_are_equal() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("starts");
    let (sink, requests) = sink();
    for_many(|data, sets| {
        let frame = frame(sets, Properties::NONE);
        let packed = Packing::REQUESTS.pack(data.clone(), frame);
        assert_eq!(packed.dropped, 0);
        let mut stored = Vec::new();
        for data in &packed.batches {
            let batch = Batch { data, ..frame };
            let sent = runtime.block_on(sink.emit(batch, Duration::from_secs(30)));
            sent.expect("is accepted");
            stored.extend(requests.recv().expect("arrives").0);
        }
        assert_eq!(difference(&arrived(&stored), &expected(&data, sets)), None);
    });
}
