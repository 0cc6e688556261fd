//! The adapter to one Kinesis stream.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aws_sdk_kinesis::{
    Client, config::retry::RetryConfig, operation::put_records::PutRecordsOutput, primitives::Blob,
    types::PutRecordsRequestEntry,
};

use crate::{
    Entry, Limits, PutError, Receipt,
    answer::{Kind, RecordAnswer, RequestFailure},
    backoff::random,
    chunk::chunks,
};

/// A stream to put records on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stream {
    client: Client,
    name: Arc<str>,
    limits: Limits,
}

impl Stream {
    /// A stream with the default [`Limits`].
    ///
    /// The retries of the SDK are switched off for it: they know neither the deadline nor which
    /// records were refused.
    pub fn new(client: &Client, name: impl Into<Arc<str>>) -> Self {
        let config = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            name: name.into(),
            limits: Limits::default(),
        }
    }

    /// The same stream with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Puts records and returns one result for each, in the order of `entries`.
    ///
    /// Records that would spoil a request for the others (too large, bad key) are refused without
    /// being sent. Requests hold as many records as [`Limits`] allow and go out one after the other;
    /// call `put` several times at once for more in flight. What fails in passing is sent again,
    /// refused records only, after a pause that never reaches past `deadline`.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped call may have put any part of the records.
    pub async fn put(
        &self,
        entries: &[Entry],
        deadline: Option<Instant>,
    ) -> Vec<Result<Receipt, PutError>> {
        let mut results: Vec<Option<Result<Receipt, PutError>>> = entries
            .iter()
            .map(|entry| entry.check(&self.limits).err().map(Err))
            .collect();
        let sendable: Vec<_> = (0..)
            .zip(&results)
            .filter(|(_, r)| r.is_none())
            .map(|(i, _)| i)
            .collect();

        let mut waiting = chunks(entries, &sendable, &self.limits);
        waiting.reverse();
        while let Some(chunk) = waiting.pop() {
            let done = self.put_chunk(entries, chunk, deadline).await;
            for (index, result) in done.results {
                if let Some(slot) = results.get_mut(index) {
                    *slot = Some(result);
                }
            }
            waiting.extend(done.halves);
        }

        let unsent = PutError::OutOfTime { attempts: 0 };
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(|| Err(unsent.clone())))
            .collect()
    }

    /// Puts the records of one request until each has its final result.
    async fn put_chunk(
        &self,
        entries: &[Entry],
        mut open: Vec<usize>,
        deadline: Option<Instant>,
    ) -> Done {
        let mut done = Done::default();
        let mut attempts = 0;
        loop {
            let Some(patience) = self.patience(deadline) else {
                done.fail(open, &PutError::OutOfTime { attempts });
                return done;
            };
            attempts += 1;
            match self.request(entries, &open, patience).await {
                Ok(output) if output.records.len() == open.len() => {
                    open = self.sort(output, open, attempts, &mut done);
                }
                Ok(output) => {
                    done.fail(
                        open.clone(),
                        &self.protocol_error(open.len(), output.records.len()),
                    );
                    return done;
                }
                Err(failure) if failure.kind == Kind::Content && open.len() > 1 => {
                    // The second half goes below the first on the stack: order is kept.
                    let second = open.split_off(open.len() / 2);
                    done.halves = vec![second, open];
                    return done;
                }
                Err(failure) => {
                    let retryable = failure.kind == Kind::Passing;
                    if !retryable || attempts >= self.limits.attempts {
                        done.fail(open, &self.request_error(failure, attempts, retryable));
                        return done;
                    }
                    tracing::debug!(stream = %self.name, code = %failure.code, attempts, "request failed, trying again");
                }
            }
            if open.is_empty() {
                return done;
            }
            let pause = self.limits.backoff.pause(attempts, random());
            if deadline.is_some_and(|deadline| Instant::now() + pause >= deadline) {
                done.fail(open, &PutError::OutOfTime { attempts });
                return done;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Files the answers of one request; returns the records to send again.
    fn sort(
        &self,
        output: PutRecordsOutput,
        sent: Vec<usize>,
        attempts: u32,
        done: &mut Done,
    ) -> Vec<usize> {
        let mut again = Vec::new();
        for (index, entry) in sent.into_iter().zip(output.records) {
            match RecordAnswer::of(entry) {
                RecordAnswer::Accepted(receipt) => done.results.push((index, Ok(receipt))),
                RecordAnswer::Refused(_) if attempts < self.limits.attempts => again.push(index),
                RecordAnswer::Refused(code) => {
                    let stream = Arc::clone(&self.name);
                    let error = PutError::Refused {
                        stream,
                        code,
                        attempts,
                    };
                    done.results.push((index, Err(error)));
                }
                RecordAnswer::Nonsense => done.fail([index], &self.protocol_error(1, 0)),
            }
        }
        again
    }

    async fn request(
        &self,
        entries: &[Entry],
        indices: &[usize],
        patience: Duration,
    ) -> Result<PutRecordsOutput, RequestFailure> {
        let records = indices
            .iter()
            .filter_map(|&index| entries.get(index))
            .filter_map(|entry| {
                PutRecordsRequestEntry::builder()
                    .partition_key(&entry.partition_key)
                    .set_explicit_hash_key(entry.explicit_hash_key.clone())
                    .data(Blob::new(entry.data.as_slice()))
                    .build()
                    .ok()
            });
        let request = self
            .client
            .put_records()
            .stream_name(self.name.as_ref())
            .set_records(Some(records.collect()))
            .send();
        match tokio::time::timeout(patience, request).await {
            Ok(answer) => answer.map_err(RequestFailure::of),
            Err(elapsed) => Err(RequestFailure::timeout(elapsed)),
        }
    }

    /// How long the next request may take; `None` when the deadline has passed.
    fn patience(&self, deadline: Option<Instant>) -> Option<Duration> {
        let Some(deadline) = deadline else {
            return Some(self.limits.request_timeout);
        };
        let left = deadline.checked_duration_since(Instant::now())?;
        (!left.is_zero()).then(|| left.min(self.limits.request_timeout))
    }

    fn protocol_error(&self, sent: usize, answered: usize) -> PutError {
        PutError::Protocol {
            stream: Arc::clone(&self.name),
            sent,
            answered,
        }
    }

    fn request_error(&self, failure: RequestFailure, attempts: u32, retryable: bool) -> PutError {
        let RequestFailure { code, source, .. } = failure;
        PutError::Request {
            stream: Arc::clone(&self.name),
            code,
            attempts,
            retryable,
            source,
        }
    }
}

/// What became of the records of one request.
#[derive(Debug, Default)]
struct Done {
    results: Vec<(usize, Result<Receipt, PutError>)>,
    /// Records to send in requests of their own, the first half last.
    halves: Vec<Vec<usize>>,
}

impl Done {
    fn fail(&mut self, indices: impl IntoIterator<Item = usize>, error: &PutError) {
        self.results
            .extend(indices.into_iter().map(|index| (index, Err(error.clone()))));
    }
}
