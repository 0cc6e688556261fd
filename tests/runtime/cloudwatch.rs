//! Answers of CloudWatch, and an address at which no connection is made.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use cloudwatch_stand_in::{Answer, Reply};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

/// The code of an error within CloudWatch.
const FAULT: &str = "InternalServiceFault";

/// Stores nothing and fails.
pub(crate) const FAIL: Answer = Answer::error(500, FAULT);
/// Stores nothing and closes the connection.
pub(crate) const CLOSE: Answer = Answer::without_storing(Reply::Close);
/// Stores nothing and never answers.
pub(crate) const HANG: Answer = Answer::without_storing(Reply::Silence);
/// Stores the data and confirms them late.
pub(crate) const STORE_LATE: Answer = Answer::after_storing(Reply::Accept {
    after: Duration::from_millis(300),
});
/// Stores the data and confirms them, and never answers on the same connection again.
pub(crate) const STORE_AND_DIE: Answer = Answer::after_storing(Reply::AcceptAndDie);
/// Stores the data and fails afterwards.
pub(crate) const STORE_THEN_FAIL: Answer = Answer::after_storing(Reply::Error {
    status: 500,
    code: FAULT,
});
/// Stores the data and closes the connection within the answer.
pub(crate) const STORE_THEN_CUT: Answer = Answer::after_storing(Reply::Cut);
/// Stores the data and never answers.
pub(crate) const STORE_THEN_HANG: Answer = Answer::after_storing(Reply::Silence);

/// An address of this machine at which a connection is never made: its queue is full.
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
