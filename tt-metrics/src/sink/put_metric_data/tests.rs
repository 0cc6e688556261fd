//! What is sent again, and the send state after each answer.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use aws_config::{Region, SdkConfig};
use aws_sdk_cloudwatch::{
    config::{
        ConfigBag, Credentials, Intercept, RuntimeComponents, SharedCredentialsProvider,
        interceptors::BeforeTransmitInterceptorContextRef,
    },
    error::BoxError,
};
use cloudwatch_stand_in::{Answer, CloudWatch, Refusal, Reply, Stored};
use tokio::net::TcpSocket;

use super::*;
use crate::{
    count::sync::lock,
    metric::MetricName,
    sink::{DimensionSets, Properties, SendState, SharedSendState},
};

/// Longer than any of the tests.
const LONG: Duration = Duration::from_secs(30);

/// A sink whose CloudWatch is at this address.
pub(crate) fn sink_to(url: &str) -> PutMetricData {
    let credentials = Credentials::for_tests();
    let shared = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .disable_request_compression(true)
        .build();
    PutMetricData::new(&shared)
}

/// An address that refuses connections until a number of requests was tried.
#[derive(Debug, Clone)]
pub(crate) struct Door(Arc<DoorState>);

struct DoorState {
    attempts: AtomicU32,
    refused: u32,
    /// The bound socket, on which nothing listens yet.
    closed: Mutex<Option<(TcpSocket, AnswerRequest)>>,
}

type AnswerRequest = Box<dyn FnMut(Result<Vec<Stored>, Refusal>, &[u8]) -> Answer + Send>;

impl std::fmt::Debug for DoorState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DoorState")
    }
}

impl Door {
    /// A sink whose first connections are refused; it needs a runtime.
    pub(crate) fn open_after(
        refused: u32,
        answer: impl FnMut(Result<Vec<Stored>, Refusal>, &[u8]) -> Answer + Send + 'static,
    ) -> (PutMetricData, Self) {
        let socket = TcpSocket::new_v4().expect("is a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(any).expect("binds");
        let address = socket.local_addr().expect("is bound");
        let door = Self(Arc::new(DoorState {
            attempts: AtomicU32::new(0),
            refused,
            closed: Mutex::new(Some((socket, Box::new(answer)))),
        }));
        let config = sink_to(&format!("http://{address}"))
            .client
            .config()
            .to_builder();
        let client = Client::from_conf(config.interceptor(door.clone()).build());
        (PutMetricData { client }, door)
    }

    /// The number of requests that were tried.
    pub(crate) fn attempts(&self) -> u32 {
        self.0.attempts.load(Ordering::Relaxed)
    }
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
        if self.0.attempts.fetch_add(1, Ordering::Relaxed) < self.0.refused {
            return Ok(());
        }
        if let Some((socket, answer)) = lock(&self.0.closed).take() {
            let listener = socket.listen(8)?.into_std()?;
            listener.set_nonblocking(false)?;
            CloudWatch::serve(listener, answer);
        }
        Ok(())
    }
}

/// The result of a batch with so many data, the number of requests, and the send state after it.
async fn sent(data: u64, answers: &[Answer], budget: Duration) -> (SinkResult, usize, SendState) {
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let last = answers.last().copied().unwrap_or(Answer::ACCEPT);
    let mut answers: VecDeque<Answer> = answers.iter().copied().collect();
    let cloudwatch = CloudWatch::start(move |_, _| {
        seen.fetch_add(1, Ordering::Relaxed);
        answers.pop_front().unwrap_or(last)
    });
    let (result, state) = emitted(&sink_to(&cloudwatch.url()), data, budget).await;
    (result, requests.load(Ordering::Relaxed), state)
}

async fn emitted(sink: &PutMetricData, data: u64, budget: Duration) -> (SinkResult, SendState) {
    static NONE: LazyLock<DimensionSets> = LazyLock::new(DimensionSets::default);
    let data: Vec<_> = (0..data)
        .map(|growth| Datum::count(MetricName::new("Done"), growth))
        .collect();
    let state = SharedSendState::default();
    let batch = Batch {
        namespace: "test",
        dimensions: &NONE,
        timestamp: SystemTime::now(),
        data: &data,
        invocation: None,
        properties: Properties::NONE,
        state: &state,
    };
    let result = sink.emit(batch, budget).await;
    (result, state.get())
}

#[test]
fn pauses_grow_and_are_spread() {
    assert_eq!(delay(1, 1.0), Duration::from_millis(50));
    assert_eq!(delay(2, 1.0), Duration::from_millis(100));
    assert_eq!(delay(2, 0.5), Duration::from_millis(50));
    assert_eq!(delay(3, 0.0), Duration::ZERO);
}

#[tokio::test]
async fn a_throttled_request_is_sent_again_and_a_refused_one_is_not() {
    for (status, code, requests) in [
        (429, "Anything", 3),
        (400, "Throttling", 3),
        (400, "ThrottlingException", 3),
        (503, "SlowDown", 3),
        (403, "AccessDenied", 1),
        (400, "InvalidParameterValue", 1),
        (400, "MissingRequiredParameterException", 1),
        (408, "RequestTimeout", 1),
        (413, "RequestEntityTooLarge", 1),
    ] {
        let answer = [Answer::error(status, code)];
        let (result, sent, state) = sent(3, &answer, LONG).await;
        assert!(
            matches!(result, Err(EmitError::NotAccepted(_))),
            "{code} {result:?}"
        );
        let expected = (requests, SendState::Unsent);
        assert_eq!((sent, state), expected, "{status} {code}");
    }
}

#[tokio::test]
async fn a_request_without_an_answer_that_decides_is_not_sent_again() {
    for answer in [
        Answer::error(500, "InternalServiceFault"),
        Answer::error(503, "ServiceUnavailable"),
        Answer::without_storing(Reply::Close),
        Answer::after_storing(Reply::Cut),
    ] {
        let (result, sent, state) = sent(3, &[answer], LONG).await;
        assert!(
            matches!(result, Err(EmitError::Ambiguous(_))),
            "{answer:?} {result:?}"
        );
        assert_eq!((sent, state), (1, SendState::Sent), "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_is_read_to_its_limit_and_its_status_still_decides() {
    for (status, expected) in [(400, SendState::Unsent), (500, SendState::Sent)] {
        let endless = Answer::without_storing(Reply::Endless { status });
        let (result, sent, state) = sent(1, &[endless], LONG).await;
        assert_eq!((sent, state), (1, expected), "{result:?}");
        let error = format!("{:?}", result.expect_err("is an error"));
        assert!(error.contains("longer than 65536 bytes"), "{error}");
    }
}

#[tokio::test]
async fn a_request_that_was_never_sent_is_repeated_within_three_attempts() {
    for refused in 0..=MAX_ATTEMPTS {
        let arrived = Arc::new(AtomicUsize::new(0));
        let arriving = Arc::clone(&arrived);
        let (sink, door) = Door::open_after(refused, move |_, _| {
            arriving.fetch_add(1, Ordering::Relaxed);
            Answer::ACCEPT
        });
        let (result, state) = emitted(&sink, 3, LONG).await;
        let arrived = arrived.load(Ordering::Relaxed);
        if refused < MAX_ATTEMPTS {
            assert!(result.is_ok(), "{result:?}");
            let expected = (refused + 1, 1, SendState::Sent);
            assert_eq!((door.attempts(), arrived, state), expected);
        } else {
            assert!(
                matches!(result, Err(EmitError::NotAccepted(_))),
                "{result:?}"
            );
            let expected = (MAX_ATTEMPTS, 0, SendState::Unsent);
            assert_eq!((door.attempts(), arrived, state), expected);
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_when_the_time_is_too_short() {
    let (result, sent, state) = sent(1, &[Answer::ACCEPT], MIN_BUDGET / 2).await;
    assert!(
        matches!(result, Err(EmitError::NotAccepted(_))),
        "{result:?}"
    );
    assert_eq!((sent, state), (0, SendState::Unsent));
}
