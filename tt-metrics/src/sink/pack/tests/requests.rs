//! The same for requests, as they arrive.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatch::config::{Credentials, SharedCredentialsProvider};

use super::*;
use crate::{
    limits::read_request,
    sink::{PutMetricData, Sink},
};

/// A sink whose requests arrive at a server of this process, which accepts each.
pub(super) fn sink() -> (PutMetricData, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = listener.local_addr().expect("is bound");
    let (bodies, received) = channel();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let mut stream = BufReader::new(stream);
            while let Some(body) = receive(&mut stream) {
                let answer = b"HTTP/1.1 200 OK\r\nsmithy-protocol: rpc-v2-cbor\r\n\
                    content-type: application/cbor\r\ncontent-length: 2\r\n\r\n\xbf\xff";
                let sent = stream.get_mut().write_all(answer);
                if sent.is_err() || bodies.send(body).is_err() {
                    return;
                }
            }
        }
    });
    let credentials = Credentials::for_tests();
    let shared = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(format!("http://{address}"))
        .disable_request_compression(true)
        .build();
    (PutMetricData::new(&shared), received)
}

fn receive(stream: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(body)
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
