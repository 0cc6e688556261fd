//! A server on loopback that answers `PutMetricData` requests as a test prescribes.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, SystemTime},
};

use ciborium::Value;

use crate::{
    limits::{Refusal, refuse},
    read_request,
    stored::Stored,
};

/// What CloudWatch does with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Whether the data are stored.
    pub stores: bool,
    /// What the client receives.
    pub reply: Reply,
}

/// What the client receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Status 200, after this time.
    Accept {
        /// The time before the answer.
        after: Duration,
    },
    /// Status 200, and no answer to further requests on the same connection.
    AcceptAndDie,
    /// An error with this status and this code.
    Error {
        /// The HTTP status.
        status: u16,
        /// The code of the error.
        code: &'static str,
    },
    /// The connection is closed without an answer.
    Close,
    /// The connection is closed within an answer with status 200.
    Cut,
    /// No answer, and the connection stays open.
    Silence,
    /// An answer with this status whose body does not end.
    Endless {
        /// The HTTP status.
        status: u16,
    },
}

impl Answer {
    /// Stores the data and confirms them.
    pub const ACCEPT: Self = Self {
        stores: true,
        reply: Reply::Accept {
            after: Duration::ZERO,
        },
    };
    /// Stores nothing and reports that the request rate is too high.
    pub const THROTTLE: Self = Self::error(400, "Throttling");
    /// Stores nothing and reports that the request is invalid.
    pub const REFUSE: Self = Self::error(400, "InvalidParameterValue");

    /// Stores nothing and sends an error.
    #[must_use]
    pub const fn error(status: u16, code: &'static str) -> Self {
        Self::without_storing(Reply::Error { status, code })
    }

    /// Stores the data, and the client receives this.
    #[must_use]
    pub const fn after_storing(reply: Reply) -> Self {
        Self {
            stores: true,
            reply,
        }
    }

    /// Stores nothing, and the client receives this.
    #[must_use]
    pub const fn without_storing(reply: Reply) -> Self {
        Self {
            stores: false,
            reply,
        }
    }
}

/// A running server; it stops when the process of the test ends.
#[derive(Debug, Clone, Copy)]
pub struct CloudWatch {
    address: SocketAddr,
}

/// One request as it arrived.
#[derive(Debug)]
struct Request {
    is_compressed: bool,
    body: Vec<u8>,
}

impl CloudWatch {
    /// Starts a server. `answer` is called with the data of each request, or with the reason for which CloudWatch
    /// refuses it, and with the body before it was unpacked.
    pub fn start(
        answer: impl FnMut(Result<Vec<Stored>, Refusal>, &[u8]) -> Answer + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback is free");
        Self::serve(listener, answer)
    }

    /// The same on a listener of the caller.
    pub fn serve(
        listener: TcpListener,
        answer: impl FnMut(Result<Vec<Stored>, Refusal>, &[u8]) -> Answer + Send + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("the listener is bound");
        let answer = Arc::new(Mutex::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = Arc::clone(&answer);
                thread::spawn(move || {
                    let _closed_by_the_client = converse(stream, |data, body| {
                        let mut answer = answer.lock().expect("no answer panics");
                        answer(data, body)
                    });
                });
            }
        });
        Self { address }
    }

    /// The address of the server, for `AWS_ENDPOINT_URL_CLOUDWATCH`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Answers the requests of one connection.
fn converse(
    stream: TcpStream,
    mut answer: impl FnMut(Result<Vec<Stored>, Refusal>, &[u8]) -> Answer,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = receive(&mut stream)? {
        let data = unpack(&request).and_then(|body| read_request(&body, SystemTime::now()));
        let reply = answer(data, &request.body).reply;
        let output = stream.get_mut();
        match reply {
            Reply::Accept { after } => {
                thread::sleep(after);
                send(output, 200, b"\xbf\xff")?;
            }
            Reply::AcceptAndDie => {
                send(output, 200, b"\xbf\xff")?;
                return ignore(output);
            }
            Reply::Error { status, code } => send(output, status, &error(code))?,
            Reply::Close => return Ok(()),
            Reply::Cut => {
                head(output, 200, "content-length: 2")?;
                return output.write_all(b"\xbf");
            }
            Reply::Silence => return ignore(output),
            Reply::Endless { status } => {
                head(output, status, "transfer-encoding: chunked")?;
                loop {
                    write!(output, "4000\r\n{:016384}\r\n", 0)?;
                }
            }
        }
    }
    Ok(())
}

/// Reads without answers until the client closes the connection.
fn ignore(stream: &mut impl Read) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(drop)
}

/// Reads one HTTP/1.1 request; `None` when the client has closed the connection.
fn receive(stream: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut length = 0;
    let mut is_compressed = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim().to_ascii_lowercase();
        match line.split_once(':') {
            Some(("content-length", value)) => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            Some(("content-encoding", value)) => is_compressed = value.trim() == "gzip",
            _ if line.is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(Request {
        is_compressed,
        body,
    }))
}

fn unpack(request: &Request) -> Result<Vec<u8>, Refusal> {
    if !request.is_compressed {
        return Ok(request.body.clone());
    }
    let mut plain = Vec::new();
    let unpacked = flate2::read::GzDecoder::new(&*request.body).read_to_end(&mut plain);
    match unpacked {
        Ok(_) => Ok(plain),
        Err(error) => refuse(format!("not gzip: {error}")),
    }
}

fn error(code: &str) -> Vec<u8> {
    let fields = [("__type", code), ("message", "as the test prescribes")];
    let fields = fields.map(|(name, value)| (Value::from(name), Value::from(value)));
    let mut body = Vec::new();
    ciborium::into_writer(&Value::Map(fields.to_vec()), &mut body).expect("writes to memory");
    body
}

fn send(output: &mut impl Write, status: u16, body: &[u8]) -> io::Result<()> {
    head(output, status, &format!("content-length: {}", body.len()))?;
    output.write_all(body)
}

fn head(output: &mut impl Write, status: u16, length: &str) -> io::Result<()> {
    write!(
        output,
        "HTTP/1.1 {status} Answer\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-type: application/cbor\r\n{length}\r\n\r\n"
    )
}
