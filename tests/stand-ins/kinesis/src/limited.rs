//! A server with the write limits of AWS: ferrokinesis, which accepts or throttles each record as a shard does.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use aws_sdk_kinesis::{Client, types::ShardIteratorType};

use crate::client;

/// A server with one stream of one shard, which accepts 1000 records and 1 MiB a second.
#[derive(Debug)]
pub struct LimitedKinesis {
    /// A client of the server.
    pub client: Client,
    server: Child,
}

impl LimitedKinesis {
    /// Builds the server below `target`, the `CARGO_TARGET_TMPDIR` of the test, and starts it.
    pub async fn start(stream: &str, target: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let target = Path::new(target).join("kinesis-server");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--locked", "--manifest-path"])
            .arg(root.join("tests/kinesis-server/Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .status()
            .unwrap();
        assert!(built.success(), "the server was not built");
        let mut server = Command::new(target.join("debug/kinesis-server"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        let mut lines = BufReader::new(server.stdout.take().unwrap());
        lines.read_line(&mut address).unwrap();
        let client = client(address.trim());
        let create = client.create_stream().stream_name(stream).shard_count(1);
        create.send().await.unwrap();
        // Another task of the server creates the shard.
        while !is_active(&client, stream).await {
            tokio::task::yield_now().await;
        }
        Self { client, server }
    }

    /// Returns the content of each record of the stream, in order.
    pub async fn contents(&self, stream: &str) -> Vec<Vec<u8>> {
        let iterator = self
            .client
            .get_shard_iterator()
            .stream_name(stream)
            .shard_id("shardId-000000000000")
            .shard_iterator_type(ShardIteratorType::TrimHorizon);
        let mut next = iterator.send().await.unwrap().shard_iterator;
        let mut found = Vec::new();
        while let Some(iterator) = next {
            let get = self.client.get_records().shard_iterator(iterator);
            let output = get.send().await.unwrap();
            let records = output.records;
            next = output.next_shard_iterator.filter(|_| !records.is_empty());
            found.extend(records.into_iter().map(|record| record.data.into_inner()));
        }
        found
    }
}

impl Drop for LimitedKinesis {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

async fn is_active(client: &Client, stream: &str) -> bool {
    let summary = client.describe_stream_summary().stream_name(stream);
    let output = summary.send().await.unwrap();
    let summary = output.stream_description_summary.unwrap();
    summary.stream_status.as_str() == "ACTIVE"
}
