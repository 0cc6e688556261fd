//! Connections that the server closed while the environment was frozen.

use std::{
    sync::mpsc,
    thread::{self, JoinHandle},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use super::*;

/// A relay in front of Salesforce, on its own thread, which runs while the function is frozen.
struct Relay {
    url: String,
    /// Requests to close all connections; the answer is their number.
    close: UnboundedSender<mpsc::Sender<usize>>,
    _thread: JoinHandle<()>,
}

impl Relay {
    fn start(to: String) -> Self {
        let (close, closing) = unbounded_channel();
        let (started, url) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            runtime.block_on(relay(to, started, closing));
        });
        Self {
            url: url.recv().unwrap(),
            close,
            _thread: thread,
        }
    }

    /// Closes all connections and returns their number. The function does not run meanwhile.
    fn close(&self) -> usize {
        let (done, closed) = mpsc::channel();
        self.close.send(done).unwrap();
        closed.recv().unwrap()
    }
}

async fn relay(
    to: String,
    started: mpsc::Sender<String>,
    mut closing: UnboundedReceiver<mpsc::Sender<usize>>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    started.send(url).unwrap();
    let mut open = Vec::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (mut near, _) = accepted.unwrap();
                let mut far = TcpStream::connect(&to).await.unwrap();
                open.push(tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await }));
            }
            done = closing.recv() => {
                let Some(done) = done else { return };
                let count = open.iter().filter(|connection| !connection.is_finished()).count();
                for connection in open.drain(..) {
                    connection.abort();
                    // Its sockets are closed when it is gone.
                    let _ = connection.await;
                }
                done.send(count).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_during_a_freeze_costs_no_record_and_no_duplicate() {
    let bench = Bench::new().await;
    let url = bench.services.url().to_owned();
    let relay = Relay::start(url.strip_prefix("http://").unwrap().to_owned());
    let secret = bench.services.aws().secret.clone();
    bench.services.aws().secret = secret.replace(&url, &relay.url);
    for index in 0..20 {
        let summary = bench.run(&encoded(&[event(index)])).await;
        assert_eq!(summary.succeeded, 1, "{index}: {summary:?}");
        assert_eq!(relay.close(), 1, "{index}");
    }
    let sent: usize = bench.calls().iter().sum();
    assert_eq!((bench.cases(), bench.counted(), sent), (20, (20, 0), 20));
}
