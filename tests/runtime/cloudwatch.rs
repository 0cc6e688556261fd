//! A CloudWatch that takes `PutMetricData` and keeps CloudWatch's own limits.

use std::{
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, SystemTime},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use ciborium::Value;
use futures_util::stream;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use tt_metrics::limits::{self, Stored};

/// What a refusal says.
const ASKED: &str = "as the test asked";

/// How CloudWatch answers one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Stores the data and says so.
    Accept,
    /// Stores nothing and says that it is too much.
    Throttle,
    /// Stores nothing and says that the request is wrong.
    Refuse,
    /// Stores the data and fails afterwards.
    StoreThen500,
    /// Stores the data and loses the connection within the answer.
    StoreThenCut,
    /// Stores the data and never answers.
    StoreThenHang,
    /// Stores nothing and never answers.
    Hang,
    /// Stores nothing and fails.
    Fail500,
    /// Stores nothing and loses the connection.
    Reset,
    /// Stores the data and takes its time to say so.
    Late,
}

impl Answer {
    pub(crate) fn stores(self) -> bool {
        matches!(
            self,
            Self::Accept
                | Self::StoreThen500
                | Self::StoreThenCut
                | Self::StoreThenHang
                | Self::Late
        )
    }
}

/// A metric of which CloudWatch takes no datum, and with it no request that it is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invalid {
    pub(crate) metric: &'static str,
    /// Whether the refusal says where it stands.
    pub(crate) named: bool,
}

impl Invalid {
    /// The refusal of a request that the metric is in.
    pub(crate) fn refusal(self, data: &[Stored]) -> Option<Response> {
        let position = data.iter().position(|it| it.metric == self.metric)?;
        let member = position + 1;
        let message = if self.named {
            format!("The parameter MetricData.member.{member}.Value is not valid.")
        } else {
            "A value is not valid.".to_owned()
        };
        Some(failure(
            StatusCode::BAD_REQUEST,
            "InvalidParameterValue",
            &message,
        ))
    }
}

/// The data of one request, or why CloudWatch would refuse it.
pub(crate) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Stored>, String> {
    let mut plain = body.to_vec();
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding == "gzip")
    {
        plain.clear();
        let mut decoder = flate2::read::GzDecoder::new(body);
        decoder
            .read_to_end(&mut plain)
            .map_err(|error| error.to_string())?;
    }
    let stored = limits::read_request(&plain, SystemTime::now());
    stored.map_err(|error| error.to_string())
}

/// The response of an answer.
pub(crate) async fn respond(answer: Answer) -> Response {
    match answer {
        Answer::Accept => cbor(StatusCode::OK, Body::from(&b"\xbf\xff"[..])),
        Answer::Throttle => failure(StatusCode::BAD_REQUEST, "Throttling", ASKED),
        Answer::Refuse => failure(StatusCode::BAD_REQUEST, "InvalidParameterValue", ASKED),
        Answer::Late => {
            sleep(Duration::from_millis(300)).await;
            Box::pin(respond(Answer::Accept)).await
        }
        // The connection ends with the task that serves it, and no hook says so.
        Answer::Reset => std::panic::resume_unwind(Box::new("as the test asked")),
        Answer::StoreThen500 | Answer::Fail500 => {
            let code = "InternalServiceFault";
            failure(StatusCode::INTERNAL_SERVER_ERROR, code, ASKED)
        }
        Answer::StoreThenCut => {
            let cut = io::Error::from(io::ErrorKind::ConnectionReset);
            let pieces = [Ok(Bytes::from_static(b"\xbf")), Err(cut)];
            cbor(StatusCode::OK, Body::from_stream(stream::iter(pieces)))
        }
        Answer::StoreThenHang | Answer::Hang => std::future::pending().await,
    }
}

fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    let fields = [("__type", code), ("message", message)];
    let fields = fields.map(|(name, value)| (Value::from(name), Value::from(value)));
    let mut body = Vec::new();
    ciborium::into_writer(&Value::Map(fields.to_vec()), &mut body).expect("writes to memory");
    cbor(status, Body::from(body))
}

fn cbor(status: StatusCode, body: Body) -> Response {
    let headers = [
        ("smithy-protocol", "rpc-v2-cbor"),
        ("content-type", "application/cbor"),
    ];
    (status, headers, body).into_response()
}

/// An address of this machine where a connection is never made: its queue is full.
#[derive(Debug)]
pub(crate) struct BlackHole {
    listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) async fn open() -> Self {
        let socket = TcpSocket::new_v4().expect("opens");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(any).expect("binds");
        let listener = socket.listen(1).expect("listens");
        let address = listener.local_addr().expect("is bound");
        let mut queue = Vec::new();
        // A connection that is not made at once waits for the others, which nobody accepts.
        let connect = || timeout(Duration::from_millis(200), TcpStream::connect(address));
        while let Ok(stream) = connect().await {
            queue.push(stream.expect("connects"));
        }
        Self {
            listener,
            _queue: queue,
        }
    }

    pub(crate) fn url(&self) -> String {
        let address = self.listener.local_addr().expect("is bound");
        format!("http://{address}")
    }
}
