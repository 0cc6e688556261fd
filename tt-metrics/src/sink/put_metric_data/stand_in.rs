//! A CloudWatch in this process, which answers as a test says.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatch::config::{Credentials, SharedCredentialsProvider};

use super::PutMetricData;

/// How a request is answered: the status, and what the answer says was wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
}

impl Answer {
    pub(crate) const ACCEPT: Self = Self::new(200, "");

    pub(crate) const fn new(status: u16, code: &'static str) -> Self {
        Self { status, code }
    }

    fn body(self) -> Vec<u8> {
        if self.status == 200 {
            return b"\xbf\xff".to_vec();
        }
        let mut body = vec![0xa1];
        for text in ["__type", self.code] {
            let length = u8::try_from(text.len()).expect("is short");
            body.extend([0x78, length]);
            body.extend_from_slice(text.as_bytes());
        }
        body
    }
}

/// A sink whose requests are answered by this function.
pub(crate) fn sink(answer: impl FnMut(Vec<u8>) -> Answer + Send + 'static) -> PutMetricData {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = listener.local_addr().expect("is bound");
    let mut answer = answer;
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let mut stream = BufReader::new(stream);
            while let Some(request) = receive(&mut stream) {
                let answer = answer(request);
                let body = answer.body();
                let head = format!(
                    "HTTP/1.1 {} Answer\r\nsmithy-protocol: rpc-v2-cbor\r\n\
                     content-type: application/cbor\r\ncontent-length: {}\r\n\r\n",
                    answer.status,
                    body.len()
                );
                let answer = [head.as_bytes(), &body].concat();
                if stream.get_mut().write_all(&answer).is_err() {
                    break;
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
    PutMetricData::new(&shared)
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
