//! A CloudWatch in this process, which answers as a test says.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatch::{
    Client,
    config::{
        ConfigBag, Credentials, Intercept, RuntimeComponents, SharedCredentialsProvider,
        interceptors::BeforeTransmitInterceptorContextRef,
    },
    error::BoxError,
};
use tokio::net::TcpSocket;

use super::PutMetricData;
use crate::count::sync::lock;

/// How a request is answered: the status, and what the answer says was wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
}

impl Answer {
    pub(crate) const ACCEPT: Self = Self::new(200, "");
    /// No answer: the connection is closed once the request is here.
    pub(crate) const HANG_UP: Self = Self::new(0, "");

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
    serve(listener, answer);
    sink_to(address)
}

fn serve(listener: TcpListener, answer: impl FnMut(Vec<u8>) -> Answer + Send + 'static) {
    let mut answer = answer;
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let mut stream = BufReader::new(stream);
            while let Some(request) = receive(&mut stream) {
                let answer = answer(request);
                if answer.status == Answer::HANG_UP.status {
                    break;
                }
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
}

fn sink_to(address: SocketAddr) -> PutMetricData {
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

/// What became of requests whose connections are refused at first.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    /// How many requests were to be sent.
    pub(crate) attempts: Arc<AtomicU32>,
    /// The bodies that arrived, all of which are accepted.
    pub(crate) bodies: Arc<Mutex<Vec<Vec<u8>>>>,
    refused: u32,
    /// Holds the port, at which nobody listens.
    closed: Arc<Mutex<Option<TcpSocket>>>,
}

/// A sink of which so many connections are refused, and which is then accepted; it needs a runtime.
pub(crate) fn behind_a_door(refused: u32) -> (PutMetricData, Door) {
    let socket = TcpSocket::new_v4().expect("is a socket");
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(any).expect("binds");
    let address = socket.local_addr().expect("is bound");
    let door = Door {
        attempts: Arc::default(),
        bodies: Arc::default(),
        refused,
        closed: Arc::new(Mutex::new(Some(socket))),
    };
    let config = sink_to(address).client.config().to_builder();
    let client = Client::from_conf(config.interceptor(door.clone()).build());
    (PutMetricData { client }, door)
}

impl Intercept for Door {
    fn name(&self) -> &'static str {
        "door"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.attempts.fetch_add(1, Ordering::Relaxed) < self.refused {
            return Ok(());
        }
        if let Some(socket) = lock(&self.closed).take() {
            let listener = socket.listen(8)?.into_std()?;
            listener.set_nonblocking(false)?;
            let bodies = Arc::clone(&self.bodies);
            serve(listener, move |body| {
                lock(&bodies).push(body);
                Answer::ACCEPT
            });
        }
        Ok(())
    }
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
