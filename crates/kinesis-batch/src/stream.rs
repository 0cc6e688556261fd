//! The adapter to one Kinesis stream.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_sdk_kinesis::{
    Client,
    config::{StalledStreamProtectionConfig, retry::RetryConfig},
};

use crate::{
    Batch, Entry, Limits, PutError,
    answer::{Kind, RecordAnswer, RequestFailure, is_throttle},
    backoff::random,
    batch::{Form, Sealed, Written},
    chunk::chunks,
    done::{Done, Fate},
    order::rounds,
    pace::{Cost, Observation, Pace},
    parcel::aggregate,
    request::put_records,
};

/// A stream to put records on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stream {
    client: Client,
    name: Arc<str>,
    limits: Limits,
    pace: Arc<Mutex<Pace>>,
}

impl Stream {
    /// A stream with the default [`Limits`].
    ///
    /// The retries of the SDK are switched off for it: they know neither the deadline nor which
    /// records were refused. So is its watch over stalled streams: each request has its time.
    pub fn new(client: &Client, name: impl Into<Arc<str>>) -> Self {
        let config = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            name: name.into(),
            limits: Limits::default(),
            pace: Arc::new(Mutex::new(Pace::new())),
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
    pub async fn put(&self, entries: &[Entry], deadline: Option<Instant>) -> Vec<Fate> {
        let mut batch = self.batch();
        for entry in entries {
            batch.push_entry(entry);
        }
        self.put_batch(batch, deadline).await
    }

    /// An empty batch for [`put_batch`](Self::put_batch).
    pub fn batch(&self) -> Batch {
        Batch::new(&self.limits)
    }

    /// Puts records as [`put`](Self::put) does, with fewer copies of each: they are written while
    /// they are pushed to a [`batch`](Self::batch) of this stream.
    ///
    /// ```no_run
    /// # async fn example(stream: kinesis_batch::Stream) {
    /// let mut batch = stream.batch();
    /// batch.push("customer-1", b"{}");
    /// for result in stream.put_batch(batch, None).await {
    ///     println!("{result:?}");
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped call may have put any part of the records.
    pub async fn put_batch(&self, batch: Batch, deadline: Option<Instant>) -> Vec<Fate> {
        let mut fates: Vec<Option<Fate>> = Vec::new();
        fates.resize_with(batch.len(), || None);
        for (index, error) in batch.refused {
            file(&mut fates, index, Err(error));
        }
        let sendable = (0..).zip(&fates).filter(|(_, fate)| fate.is_none());
        let sendable: Vec<_> = sendable.map(|(index, _)| index).collect();
        match batch.form {
            Form::Written(written) => {
                for (index, fate) in self.put_checked(written, sendable, deadline).await {
                    file(&mut fates, index, fate);
                }
            }
            Form::Plain(entries) => {
                let parcels = aggregate(&entries, &sendable, self.limits.record_bytes);
                let mut carriers = Written::default();
                let mut members = Vec::with_capacity(parcels.len());
                for (carrier, inside) in parcels {
                    let hash = carrier.explicit_hash_key.as_deref();
                    carriers.push(&carrier.partition_key, hash, &carrier.data);
                    members.push(inside);
                }
                let all = (0..members.len()).collect();
                for (carrier, fate) in self.put_checked(carriers, all, deadline).await {
                    for index in members.get(carrier).into_iter().flatten() {
                        file(&mut fates, *index, fate.clone());
                    }
                }
            }
        }
        let unsent = PutError::OutOfTime { attempts: 0 };
        fates
            .into_iter()
            .map(|fate| fate.unwrap_or_else(|| Err(unsent.clone())))
            .collect()
    }

    /// Puts the records at `indices`, none of which spoils a request.
    async fn put_checked(
        &self,
        written: Written,
        indices: Vec<usize>,
        deadline: Option<Instant>,
    ) -> Vec<(usize, Fate)> {
        let records = written.seal(&self.name);
        let mut results = Vec::with_capacity(indices.len());
        for round in rounds(|index| records.key(index), indices, self.limits.order) {
            let mut waiting = chunks(|index| records.size(index), &round, &self.limits);
            waiting.reverse();
            while let Some(chunk) = waiting.pop() {
                let done = self.put_chunk(&records, chunk, deadline).await;
                results.extend(done.results);
                waiting.extend(done.halves);
            }
        }
        results
    }

    /// Puts the records of one request until each has its final result.
    async fn put_chunk(
        &self,
        records: &Sealed,
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
            let cost = cost(records, &open);
            if !self.take_turn(cost, deadline).await {
                done.fail(open, &PutError::OutOfTime { attempts });
                return done;
            }
            attempts += 1;
            let sent = Instant::now();
            let answer = self.request(records, &open, patience).await;
            self.learn(sent, cost, open.len(), &answer);
            match answer {
                Ok(answers) if answers.len() == open.len() => {
                    open = self.sort(answers, open, attempts, &mut done);
                }
                Ok(answers) => {
                    let error = self.protocol_error(open.len(), answers.len());
                    done.fail(open, &error);
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
        answers: Vec<RecordAnswer>,
        sent: Vec<usize>,
        attempts: u32,
        done: &mut Done,
    ) -> Vec<usize> {
        let mut again = Vec::new();
        done.results.reserve(sent.len());
        for (index, answer) in sent.into_iter().zip(answers) {
            match answer {
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

    /// Waits until the pace lets a request out; false when that is not before the deadline.
    async fn take_turn(&self, cost: Cost, deadline: Option<Instant>) -> bool {
        loop {
            let now = Instant::now();
            let Err(pause) = self.pace().take(now, cost) else {
                return true;
            };
            if deadline.is_some_and(|deadline| now + pause >= deadline) {
                return false;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Tells the pace what came of a request.
    fn learn(
        &self,
        sent: Instant,
        cost: Cost,
        records: usize,
        answer: &Result<Vec<RecordAnswer>, RequestFailure>,
    ) {
        let throttled = match answer {
            Ok(answers) => answers.iter().filter(|answer| answer.is_throttle()).count(),
            Err(failure) if is_throttle(&failure.code) => records,
            Err(_) => return,
        };
        let request = Observation {
            sent,
            cost,
            records,
            throttled,
        };
        self.pace().observe(Instant::now(), request);
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn request(
        &self,
        records: &Sealed,
        indices: &[usize],
        patience: Duration,
    ) -> Result<Vec<RecordAnswer>, RequestFailure> {
        let request = put_records(&self.client, &self.name, records.body(indices));
        match tokio::time::timeout(patience, request).await {
            Ok(answer) => answer,
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

fn cost(records: &Sealed, indices: &[usize]) -> Cost {
    let sizes = indices.iter().map(|index| records.size(*index));
    Cost::of(indices.len(), sizes.sum())
}

fn file(fates: &mut [Option<Fate>], index: usize, fate: Fate) {
    if let Some(slot) = fates.get_mut(index) {
        *slot = Some(fate);
    }
}
