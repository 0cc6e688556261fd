//! Serves a Kinesis with the write limits of AWS until standard input ends; prints its address first.

use ferrokinesis::{create_app, store::StoreOptions};
use tokio::io::AsyncReadExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let (app, _store) = create_app(StoreOptions {
        create_stream_ms: 0,
        enforce_limits: true,
        ..StoreOptions::default()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served,
        // Its test has ended, in whatever way.
        ended = async { tokio::io::stdin().read_to_end(&mut Vec::new()).await } => ended.map(drop),
    }
}
