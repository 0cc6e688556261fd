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
    Batch, Entry, Limits, PutError, Receipt,
    answer::{Kind, RecordAnswer, RequestFailure, is_throttle},
    backoff::random,
    batch::{Form, Sealed, Written},
    chunk::chunks,
    order::rounds,
    pace::{Cost, Observation, Pace},
    parcel::aggregate,
    request::put_records,
};

/// The final result of one record.
type Fate = Result<Receipt, PutError>;

/// Takes the final result of one record, by its position in the batch.
type Settle<'s> = dyn FnMut(usize, Fate) + Send + 's;

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
        self.put_batch_each(batch, deadline, |index, fate| {
            if let Some(slot) = fates.get_mut(index) {
                *slot = Some(fate);
            }
        })
        .await;
        let unsent = PutError::OutOfTime { attempts: 0 };
        fates
            .into_iter()
            .map(|fate| fate.unwrap_or_else(|| Err(unsent.clone())))
            .collect()
    }

    /// Puts records as [`put_batch`](Self::put_batch) does, and passes the final result of each record to `settle` as
    /// soon as the answer that decides it arrives: a record that is sent again does not delay the results of others.
    ///
    /// `settle` is called once for each record of the batch, with its position in it.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped call may have put any part of the records.
    pub async fn put_batch_each(
        &self,
        batch: Batch,
        deadline: Option<Instant>,
        mut settle: impl FnMut(usize, Fate) + Send,
    ) {
        let mut refused = vec![false; batch.len()];
        for (index, error) in batch.refused {
            if let Some(refused) = refused.get_mut(index) {
                *refused = true;
            }
            settle(index, Err(error));
        }
        let sendable = (0..).zip(&refused).filter(|(_, refused)| !**refused);
        let sendable: Vec<_> = sendable.map(|(index, _)| index).collect();
        match batch.form {
            Form::Written(written) => {
                self.put_checked(written, sendable, deadline, &mut settle)
                    .await;
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
                let mut settle_members = |carrier: usize, fate: Fate| {
                    for index in members.get(carrier).into_iter().flatten() {
                        settle(*index, fate.clone());
                    }
                };
                self.put_checked(carriers, all, deadline, &mut settle_members)
                    .await;
            }
        }
    }

    /// Puts the records at `indices`, none of which spoils a request.
    async fn put_checked(
        &self,
        written: Written,
        indices: Vec<usize>,
        deadline: Option<Instant>,
        settle: &mut Settle<'_>,
    ) {
        let records = written.seal(&self.name);
        for round in rounds(|index| records.key(index), indices, self.limits.order) {
            let mut waiting = chunks(|index| records.size(index), &round, &self.limits);
            waiting.reverse();
            while let Some(chunk) = waiting.pop() {
                let halves = self.put_chunk(&records, chunk, deadline, settle).await;
                waiting.extend(halves);
            }
        }
    }

    /// Puts the records of one request until each has its final result. Returns the records to send in requests of
    /// their own, the first half last.
    async fn put_chunk(
        &self,
        records: &Sealed,
        mut open: Vec<usize>,
        deadline: Option<Instant>,
        settle: &mut Settle<'_>,
    ) -> Vec<Vec<usize>> {
        let mut attempts = 0;
        loop {
            let Some(patience) = self.patience(deadline) else {
                fail(settle, open, &PutError::OutOfTime { attempts });
                return Vec::new();
            };
            let cost = cost(records, &open);
            if !self.take_turn(cost, deadline).await {
                fail(settle, open, &PutError::OutOfTime { attempts });
                return Vec::new();
            }
            attempts += 1;
            let sent = Instant::now();
            let answer = self.request(records, &open, patience).await;
            self.learn(sent, cost, open.len(), &answer);
            match answer {
                Ok(answers) if answers.len() == open.len() => {
                    open = self.sort(answers, open, attempts, settle);
                }
                Ok(answers) => {
                    let error = self.protocol_error(open.len(), answers.len());
                    fail(settle, open, &error);
                    return Vec::new();
                }
                Err(failure) if failure.kind == Kind::Content && open.len() > 1 => {
                    // The second half goes below the first on the stack: order is kept.
                    let second = open.split_off(open.len() / 2);
                    return vec![second, open];
                }
                Err(failure) => {
                    let retryable = failure.kind == Kind::Passing;
                    if !retryable || attempts >= self.limits.attempts {
                        fail(
                            settle,
                            open,
                            &self.request_error(failure, attempts, retryable),
                        );
                        return Vec::new();
                    }
                    tracing::debug!(stream = %self.name, code = %failure.code, attempts, "request failed, trying again");
                }
            }
            if open.is_empty() {
                return Vec::new();
            }
            let pause = self.limits.backoff.pause(attempts, random());
            if deadline.is_some_and(|deadline| Instant::now() + pause >= deadline) {
                fail(settle, open, &PutError::OutOfTime { attempts });
                return Vec::new();
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
        settle: &mut Settle<'_>,
    ) -> Vec<usize> {
        let mut again = Vec::new();
        for (index, answer) in sent.into_iter().zip(answers) {
            match answer {
                RecordAnswer::Accepted(receipt) => settle(index, Ok(receipt)),
                RecordAnswer::Refused(_) if attempts < self.limits.attempts => again.push(index),
                RecordAnswer::Refused(code) => {
                    let stream = Arc::clone(&self.name);
                    let error = PutError::Refused {
                        stream,
                        code,
                        attempts,
                    };
                    settle(index, Err(error));
                }
                RecordAnswer::Nonsense => fail(settle, [index], &self.protocol_error(1, 0)),
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

fn fail(settle: &mut Settle<'_>, indices: impl IntoIterator<Item = usize>, error: &PutError) {
    for index in indices {
        settle(index, Err(error.clone()));
    }
}
