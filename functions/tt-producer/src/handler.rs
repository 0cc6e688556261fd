//! One invocation: the uploads of a notification, one after the other.

use std::{collections::VecDeque, time::SystemTime};

use kinesis_batch::Stream;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Config, Error,
    deadline::Phases,
    file::{File, Finished, Services},
    ledger::Failure,
    notification,
    object::{Content, S3, S3Error},
    queue::Queue,
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

/// What an invocation did; the response of the function.
///
/// `received` is always `published` plus `failed`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects that were read.
    pub objects: u64,
    /// Objects with nothing to read, and events about anything but a created object.
    pub skipped: u64,
    /// Objects that the next invocation continues.
    pub handed_on: u64,
    /// Records received.
    pub received: u64,
    /// Records that Kinesis acknowledged.
    pub published: u64,
    /// Records that were not published.
    pub failed: u64,
    /// Records of these that are kept under `parked/`.
    pub parked: u64,
}

impl Producer {
    /// A producer that works with these clients. Without a queue, the rest of an upload that takes longer than an
    /// invocation is parked.
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

    /// Handles one payload.
    ///
    /// # Errors
    ///
    /// When the payload is no notification, or nothing could be read of any object. Once a single record is counted the
    /// result is `Ok`, since Lambda would repeat the invocation and publish and count that record twice: whatever fails
    /// from then on is counted as failed, and parked.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: records received and not settled are lost to the count.
    pub async fn handle(
        &self,
        payload: &Value,
        deadline: Option<SystemTime>,
    ) -> Result<Summary, Error> {
        let phases = Phases::new(deadline);
        let bucket = self.config.bucket.as_deref();
        let notification = notification::decode(&payload.to_string(), bucket)?;
        let mut summary = Summary {
            skipped: notification.others,
            ..Summary::default()
        };
        let mut uploads = VecDeque::from(notification.uploads);
        let mut unopened = Vec::new();
        while let Some(upload) = uploads.pop_front() {
            let object = &upload.object;
            if let Some(reason) = object.skip() {
                let (bucket, key) = (&object.bucket, &object.key);
                tracing::info!(bucket, key, %reason, "skipped");
                summary.skipped += 1;
                continue;
            }
            match self.file(&upload, phases).await {
                Ok(mut finished) => {
                    uploads.extend(finished.parts.drain(..));
                    summary.add(&finished);
                }
                Err(error) => unopened.push((upload, error)),
            }
        }
        for (upload, error) in unopened {
            if summary.is_empty() {
                return Err(error);
            }
            summary.add(&self.fail_unopened(upload, error, phases).await);
        }
        tracing::info!(?summary, "done");
        Ok(summary)
    }

    /// Reads one object as far as time allows. An error means that nothing of it was counted.
    async fn file(&self, upload: &Upload, phases: Phases) -> Result<Finished, Error> {
        let Some(content) = self.open(upload, phases).await else {
            let handed_on = match &self.queue {
                Some(queue) => queue.hand_on(upload, upload.position, phases.parking).await,
                None => false,
            };
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
        let content = content?;
        let opened = Upload {
            object: content.object().clone(),
            ..upload.clone()
        };
        Ok(File::new(opened, self.services(phases))
            .run(content)
            .await?)
    }

    /// Opens an object; `None` when there is no time for it.
    async fn open(&self, upload: &Upload, phases: Phases) -> Option<Result<Content, S3Error>> {
        if phases.reading.has_passed() {
            return None;
        }
        let opened = phases
            .reading
            .run(self.s3.open(&upload.object))
            .await
            .ok()?;
        Some(opened.map(Content::new))
    }

    /// Counts an object of which nothing could be read as one failed record.
    async fn fail_unopened(&self, upload: Upload, error: Error, phases: Phases) -> Finished {
        let mut file = File::new(upload, self.services(phases));
        file.fail_rest(match error {
            Error::S3(error) => Failure::Unopened(error),
            _ => Failure::OutOfTime,
        });
        file.finish().await
    }

    fn services(&self, phases: Phases) -> Services<'_> {
        Services {
            s3: &self.s3,
            stream: &self.stream,
            queue: self.queue.as_ref(),
            config: &self.config,
            phases,
        }
    }
}

impl Summary {
    fn add(&mut self, file: &Finished) {
        let counts = &file.counts;
        self.objects += u64::from(counts.received > 0 || !file.handed_on);
        self.handed_on += u64::from(file.handed_on);
        self.received += counts.received;
        self.published += counts.published;
        self.failed += counts.failed;
        self.parked += file.parked;
    }

    /// Whether nothing was counted and nothing handed on: then the invocation may be repeated.
    fn is_empty(&self) -> bool {
        self.received == 0 && self.handed_on == 0
    }
}
