//! One invocation: the objects of a notification, one after the other.

use std::time::{Instant, SystemTime};

use kinesis_batch::Stream;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Config, Error,
    content::Content,
    deadline::{Deadline, until},
    failure::Failure,
    file::File,
    notification,
    object::Object,
    park::Parking,
    publish::{Publisher, Settled},
    s3::S3,
    split::Splitter,
};

/// The function: everything that lives longer than an invocation.
#[derive(Debug)]
pub struct Producer {
    s3: S3,
    stream: Stream,
    config: Config,
}

/// What an invocation did; the answer of the function.
///
/// `received` is always `published` plus `failed`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects that were read.
    pub objects: u64,
    /// Objects with nothing to read.
    pub skipped: u64,
    /// Records received.
    pub received: u64,
    /// Records that Kinesis acknowledged.
    pub published: u64,
    /// Records that ended unpublished.
    pub failed: u64,
    /// Records of these that are kept under `parked/`.
    pub parked: u64,
}

impl Producer {
    /// A producer that works with these clients.
    pub fn new(s3: aws_sdk_s3::Client, kinesis: &aws_sdk_kinesis::Client, config: Config) -> Self {
        let stream = Stream::new(kinesis, config.stream.as_str());
        let stream = stream.with_limits(config.limits.clone());
        Self {
            s3: S3::new(s3),
            stream,
            config,
        }
    }

    /// Handles one notification.
    ///
    /// # Errors
    ///
    /// When the payload is no notification, or nothing could be read of any object. Once a single record is
    /// counted the answer is `Ok`, since Lambda would repeat the invocation and publish and count
    /// that record twice: whatever fails from then on is counted as failed, and parked.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: records received and not settled are lost to the count.
    pub async fn handle(
        &self,
        payload: &Value,
        deadline: Option<SystemTime>,
    ) -> Result<Summary, Error> {
        let deadline = Deadline::new(deadline, (SystemTime::now(), Instant::now()));
        let mut summary = Summary::default();
        let mut unopened = Vec::new();
        for object in notification::decode(payload)? {
            if let Some(reason) = object.skip() {
                tracing::info!(bucket = object.bucket, key = object.key, %reason, "skipped");
                summary.skipped += 1;
                continue;
            }
            match self.file(&object, deadline).await {
                Ok(file) => summary.add(file),
                Err(error) => unopened.push((object, error)),
            }
        }
        for (object, error) in unopened {
            if summary.received == 0 {
                return Err(error);
            }
            summary.add(self.lose(&object, error, deadline).await);
        }
        tracing::info!(?summary, "done");
        Ok(summary)
    }

    /// Reads one object to its end. An error means that nothing of it was counted.
    async fn file(&self, object: &Object, deadline: Deadline) -> Result<(u64, Settled), Error> {
        let opening = until(deadline.stop, self.s3.open(object)).await;
        let body = opening.unwrap_or_else(|| {
            let (bucket, key) = (object.bucket.clone(), object.key.clone());
            Err(Error::OutOfTime { bucket, key })
        })?;
        let file = self.records_of(body.object(), deadline);
        file.run(Content::new(body), deadline).await
    }

    /// Counts an object of which nothing could be read as one failed record.
    async fn lose(&self, object: &Object, error: Error, deadline: Deadline) -> (u64, Settled) {
        let mut file = self.records_of(object, deadline);
        file.lose(Failure::Unopened(error)).await;
        file.finish().await
    }

    fn records_of(&self, object: &Object, deadline: Deadline) -> File {
        let parked_bytes = self.config.parked_bytes;
        let parking = Parking::new(self.s3.clone(), object.clone(), deadline, parked_bytes);
        let (stream, in_flight) = (self.stream.clone(), self.config.in_flight);
        let publisher = Publisher::new(stream, object.clone(), deadline, parking, in_flight);
        File::new(
            Splitter::new(&object.key, self.config.record_bytes),
            publisher,
        )
    }
}

impl Summary {
    fn add(&mut self, (received, settled): (u64, Settled)) {
        self.objects += 1;
        self.received += received;
        self.published += settled.published;
        self.failed += settled.failed;
        self.parked += settled.parked;
    }
}
