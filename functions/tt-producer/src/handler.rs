//! One invocation: the objects of a notification, one after the other.

use std::{
    collections::VecDeque,
    time::{Duration, Instant, SystemTime},
};

use kinesis_batch::Stream;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Config, Error,
    content::Content,
    deadline::{Deadline, until},
    failure::Failure,
    file::{File, Finished, hand_on},
    notification,
    park::Parking,
    publish::Publisher,
    queue::Queue,
    s3::{Body, S3},
    upload::Upload,
};

/// The function: everything that lives longer than an invocation.
#[derive(Debug)]
pub struct Producer {
    s3: S3,
    stream: Stream,
    queue: Option<Queue>,
    config: Config,
}

/// What an invocation did; the answer of the function.
///
/// `received` is always `published` plus `failed`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects that were read.
    pub objects: u64,
    /// Objects with nothing to read, and events about anything but a created object.
    pub skipped: u64,
    /// Objects that the next invocation goes on with.
    pub handed_on: u64,
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
    /// A producer that works with these clients. Without a queue an upload that takes longer than an
    /// invocation is parked from where the time was over.
    pub fn new(
        s3: aws_sdk_s3::Client,
        kinesis: &aws_sdk_kinesis::Client,
        sqs: aws_sdk_sqs::Client,
        config: Config,
    ) -> Self {
        let stream = Stream::new(kinesis, config.stream.as_str());
        let stream = stream.with_limits(config.limits.clone());
        let queue = config.queue.clone().map(|url| Queue::new(sqs, url));
        Self {
            s3: S3::new(s3),
            stream,
            queue,
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
        let notification = notification::decode(payload)?;
        let mut summary = Summary {
            skipped: notification.others,
            ..Summary::default()
        };
        let mut uploads = VecDeque::from(notification.uploads);
        let mut unopened = Vec::new();
        while let Some(upload) = uploads.pop_front() {
            let object = &upload.object;
            if let Some(reason) = object.skip() {
                tracing::info!(bucket = object.bucket, key = object.key, %reason, "skipped");
                summary.skipped += 1;
                continue;
            }
            match self.file(&upload, deadline).await {
                Ok(mut finished) => {
                    uploads.extend(finished.rests.drain(..));
                    summary.add(&finished);
                }
                Err(error) => unopened.push((upload, error)),
            }
        }
        for (upload, error) in unopened {
            if summary.is_empty() {
                return Err(error);
            }
            summary.add(&self.lose(upload, error, deadline).await);
        }
        tracing::info!(?summary, "done");
        Ok(summary)
    }

    /// Reads one object as far as time allows. An error means that nothing of it was counted.
    async fn file(&self, upload: &Upload, deadline: Deadline) -> Result<Finished, Error> {
        let queue = self.queue.as_ref();
        let Some(body) = self.open(upload, deadline).await else {
            let position = upload.position.clone();
            let handed_on = hand_on(upload, position, deadline, queue).await;
            let (bucket, key) = (upload.object.bucket.clone(), upload.object.key.clone());
            return if handed_on {
                Ok(Finished {
                    handed_on,
                    ..Finished::default()
                })
            } else {
                Err(Error::OutOfTime { bucket, key })
            };
        };
        let body = body?;
        let opened = Upload {
            object: body.object().clone(),
            ..upload.clone()
        };
        let file = self.records_of(opened, deadline);
        file.run(Content::new(body), deadline, queue).await
    }

    /// Opens an object; `None` when there is no time for it.
    async fn open(&self, upload: &Upload, deadline: Deadline) -> Option<Result<Body, Error>> {
        if deadline.is_near(Duration::ZERO) {
            return None;
        }
        until(deadline.read, self.s3.open(&upload.object)).await
    }

    /// Counts an object of which nothing could be read as one failed record.
    async fn lose(&self, upload: Upload, error: Error, deadline: Deadline) -> Finished {
        let mut file = self.records_of(upload, deadline);
        file.lose(Failure::Unopened(error)).await;
        file.finish().await
    }

    fn records_of(&self, upload: Upload, deadline: Deadline) -> File {
        let parked_bytes = self.config.parked_bytes;
        let object = upload.object.clone();
        let parking = Parking::new(self.s3.clone(), upload.clone(), deadline, parked_bytes);
        let (stream, in_flight) = (self.stream.clone(), self.config.in_flight);
        let publisher = Publisher::new(stream, object, deadline, parking, in_flight);
        File::new(upload, self.config.record_bytes, publisher)
    }
}

impl Summary {
    fn add(&mut self, file: &Finished) {
        self.objects += u64::from(file.received > 0 || !file.handed_on);
        self.handed_on += u64::from(file.handed_on);
        self.received += file.received;
        self.published += file.settled.published;
        self.failed += file.settled.failed;
        self.parked += file.settled.parked;
    }

    /// Whether nothing was counted and nothing handed on: then the invocation may be repeated.
    fn is_empty(&self) -> bool {
        self.received == 0 && self.handed_on == 0
    }
}
