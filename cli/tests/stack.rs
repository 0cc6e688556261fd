//! The local stack as a whole: it comes up, stays apart from its neighbours, and leaves nothing behind.

use std::{net::TcpStream, path::Path};

use tt_cli::{
    progress::Silent,
    stack::{LocalStack, Options},
};

fn answers(endpoint: &str) -> bool {
    TcpStream::connect(endpoint.trim_start_matches("http://")).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stacks_run_side_by_side_and_each_leaves_nothing_behind() {
    let (one, other) = tokio::join!(
        LocalStack::start(Options::default(), &Silent),
        LocalStack::start(Options::default(), &Silent),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.endpoint(), other.endpoint());
    let uploaded = one.upload("note.txt", b"hello".to_vec()).await.unwrap();
    assert!(uploaded.key.starts_with("incoming/") && !uploaded.version_id.is_empty());

    let (endpoint, process) = (one.endpoint().to_owned(), format!("/proc/{}", one.pid()));
    one.stop().await.unwrap();
    assert!(!answers(&endpoint) && !Path::new(&process).exists());
    assert!(answers(other.endpoint()), "a neighbour goes on");

    let (endpoint, process) = (
        other.endpoint().to_owned(),
        format!("/proc/{}", other.pid()),
    );
    drop(other);
    assert!(!answers(&endpoint) && !Path::new(&process).exists());
}
