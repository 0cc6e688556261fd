//! The adapter to one Kinesis stream: sends requests, and retries until each record has its final result.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aws_sdk_kinesis::{
    Client,
    config::{StalledStreamProtectionConfig, retry::RetryConfig},
};

use crate::{
    Batch, Entry, Limits, PutError, Receipt,
    aggregation::{PackedRecord, pack},
    request::{
        EncodedRecords, ErrorClass, RecordResult, Records, RequestBodies, RequestError,
        is_throttle, put_records, requests, rounds,
    },
};

mod pace;

use pace::{Cost, Observation, Pace};

/// The time limit of a put without a deadline.
const DEFAULT_TIME: Duration = Duration::from_mins(1);

/// The final result of one record.
type PutResult = Result<Receipt, PutError>;

/// Receives the final result of one record, by its position in the batch.
type Settle<'s> = dyn FnMut(usize, PutResult) + Send + 's;

/// A stream to put records on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stream {
    client: Client,
    name: Arc<str>,
    limits: Limits,
    pace: Arc<Mutex<Pace>>,
}

impl Stream {
    /// Returns a stream with the default [`Limits`].
    ///
    /// It disables the retries of the SDK, which consider neither the deadline nor which records were rejected, and its
    /// protection against stalled streams, because each request has a time limit.
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
            pace: Arc::default(),
        }
    }

    /// Returns the same stream with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Puts records and returns one result for each, in the order of `entries`.
    ///
    /// Records for which Kinesis would reject the whole request (too large, invalid key) fail without being sent. Requests
    /// contain as many records as [`Limits`] allow and are sent one after the other; call `put` concurrently for more in
    /// flight. Rejected records and failed requests are sent again according to [`Limits::retry`] until `deadline`, or for
    /// one minute without a deadline.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped call may have put any of the records.
    pub async fn put(&self, entries: &[Entry], deadline: Option<Instant>) -> Vec<PutResult> {
        let mut batch = self.batch();
        for entry in entries {
            batch.push_entry(entry);
        }
        self.put_batch(batch, deadline).await
    }

    /// Returns an empty batch for [`put_batch`](Self::put_batch).
    pub fn batch(&self) -> Batch {
        Batch::new(&self.limits)
    }

    /// Puts records as [`put`](Self::put) does, with fewer copies of each: records are encoded when they are pushed to a
    /// [`batch`](Self::batch) of this stream.
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
    /// Not cancel safe: a dropped call may have put any of the records.
    pub async fn put_batch(&self, batch: Batch, deadline: Option<Instant>) -> Vec<PutResult> {
        let mut results: Vec<Option<PutResult>> = Vec::new();
        results.resize_with(batch.len(), || None);
        self.put_batch_each(batch, deadline, |index, result| {
            if let Some(slot) = results.get_mut(index) {
                *slot = Some(result);
            }
        })
        .await;
        let not_sent = PutError::OutOfTime { attempts: 0 };
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(|| Err(not_sent.clone())))
            .collect()
    }

    /// Puts records as [`put_batch`](Self::put_batch) does, and passes the final result of each record to `settle` as
    /// soon as the response that decides it arrives: a record that is sent again does not delay the results of others.
    ///
    /// `settle` is called once for each record of the batch, with its position in it.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped call may have put any of the records.
    pub async fn put_batch_each(
        &self,
        batch: Batch,
        deadline: Option<Instant>,
        mut settle: impl FnMut(usize, PutResult) + Send,
    ) {
        let deadline = deadline.unwrap_or_else(|| Instant::now() + DEFAULT_TIME);
        let mut is_invalid = vec![false; batch.len()];
        for (index, error) in batch.invalid {
            if let Some(is_invalid) = is_invalid.get_mut(index) {
                *is_invalid = true;
            }
            settle(index, Err(error));
        }
        let valid = (0..)
            .zip(&is_invalid)
            .filter(|(_, is_invalid)| !**is_invalid);
        let valid: Vec<_> = valid.map(|(index, _)| index).collect();
        match batch.records {
            Records::Encoded(encoded) => {
                let bodies = encoded.finish(&self.name);
                self.put_encoded(&bodies, valid, deadline, &mut settle)
                    .await;
            }
            Records::Entries(entries) => {
                let packed = pack(&entries, &valid, self.limits.record_bytes);
                let mut encoded = EncodedRecords::default();
                let mut members = Vec::with_capacity(packed.len());
                for PackedRecord { entry, indices } in packed {
                    let hash = entry.explicit_hash_key.as_deref();
                    encoded.push(&entry.partition_key, hash, &entry.data);
                    members.push(indices);
                }
                let bodies = encoded.finish(&self.name);
                let all = (0..members.len()).collect();
                let mut settle_members = |record: usize, result: PutResult| {
                    for index in members.get(record).into_iter().flatten() {
                        settle(*index, result.clone());
                    }
                };
                self.put_encoded(&bodies, all, deadline, &mut settle_members)
                    .await;
            }
        }
    }

    /// Puts the records at `indices`, all of which are valid.
    async fn put_encoded(
        &self,
        bodies: &RequestBodies,
        indices: Vec<usize>,
        deadline: Instant,
        settle: &mut Settle<'_>,
    ) {
        for round in rounds(|index| bodies.key(index), indices, self.limits.order) {
            let mut pending = requests(|index| bodies.size(index), &round, &self.limits);
            pending.reverse();
            while let Some(request) = pending.pop() {
                let halves = self.put_request(bodies, request, deadline, settle).await;
                pending.extend(halves);
            }
        }
    }

    /// Puts the records of one request until each has its final result. Returns the halves of a request that Kinesis
    /// rejected for its content, the second half first.
    async fn put_request(
        &self,
        bodies: &RequestBodies,
        mut unsettled: Vec<usize>,
        deadline: Instant,
        settle: &mut Settle<'_>,
    ) -> Vec<Vec<usize>> {
        let mut attempts = 0;
        loop {
            let sizes = unsettled.iter().map(|index| bodies.size(*index));
            let cost = Cost::of(unsettled.len(), sizes.sum());
            if !self.wait_for_turn(cost, deadline).await {
                fail(settle, unsettled, &PutError::OutOfTime { attempts });
                return Vec::new();
            }
            attempts += 1;
            let sent_at = Instant::now();
            let response = self.send(bodies, &unsettled, deadline).await;
            self.observe(sent_at, cost, unsettled.len(), &response);
            let pause = self.pause(attempts, deadline);
            match response {
                Ok(results) if results.len() == unsettled.len() => {
                    unsettled = self.settle_accepted(results, unsettled, attempts, settle);
                }
                Ok(results) => {
                    let error = self.protocol_error(unsettled.len(), results.len());
                    fail(settle, unsettled, &error);
                    return Vec::new();
                }
                Err(error) if error.class == ErrorClass::Content && unsettled.len() > 1 => {
                    let second = unsettled.split_off(unsettled.len() / 2);
                    return vec![second, unsettled];
                }
                Err(error) if error.class != ErrorClass::Transient || self.is_last(attempts) => {
                    fail(settle, unsettled, &self.request_error(error, attempts));
                    return Vec::new();
                }
                Err(error) => {
                    tracing::debug!(stream = %self.name, code = %error.code, attempts, "request failed, retrying");
                }
            }
            if unsettled.is_empty() {
                return Vec::new();
            }
            let Some(pause) = pause else {
                fail(settle, unsettled, &PutError::OutOfTime { attempts });
                return Vec::new();
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Settles the accepted and the finally rejected records of one request; returns the others.
    fn settle_accepted(
        &self,
        results: Vec<RecordResult>,
        sent: Vec<usize>,
        attempts: u32,
        settle: &mut Settle<'_>,
    ) -> Vec<usize> {
        let mut rejected = Vec::new();
        for (index, result) in sent.into_iter().zip(results) {
            match result {
                RecordResult::Accepted(receipt) => settle(index, Ok(receipt)),
                RecordResult::Rejected(_) if !self.is_last(attempts) => rejected.push(index),
                RecordResult::Rejected(code) => {
                    let stream = Arc::clone(&self.name);
                    let error = PutError::Refused {
                        stream,
                        code,
                        attempts,
                    };
                    settle(index, Err(error));
                }
                RecordResult::Malformed => settle(index, Err(self.protocol_error(1, 0))),
            }
        }
        rejected
    }

    /// Waits until the request rate admits a request; false when it does not before the deadline.
    async fn wait_for_turn(&self, cost: Cost, deadline: Instant) -> bool {
        loop {
            let now = Instant::now();
            if now >= deadline {
                return false;
            }
            let Err(wait) = self.pace().admit(now, cost) else {
                return true;
            };
            if now + wait >= deadline {
                return false;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Adjusts the request rate to a response.
    fn observe(
        &self,
        sent_at: Instant,
        cost: Cost,
        records: usize,
        response: &Result<Vec<RecordResult>, RequestError>,
    ) {
        let throttled_records = match response {
            Ok(results) => results.iter().filter(|result| result.is_throttle()).count(),
            Err(error) if is_throttle(&error.code) => records,
            Err(_) => return,
        };
        let observation = Observation {
            sent_at,
            cost,
            records,
            throttled_records,
        };
        self.pace().observe(Instant::now(), observation);
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(
        &self,
        bodies: &RequestBodies,
        indices: &[usize],
        deadline: Instant,
    ) -> Result<Vec<RecordResult>, RequestError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let limit = left.min(self.limits.request_timeout);
        let request = put_records(&self.client, &self.name, bodies.body(indices));
        match tokio::time::timeout(limit, request).await {
            Ok(response) => response,
            Err(elapsed) => Err(RequestError::timeout(elapsed)),
        }
    }

    fn is_last(&self, attempts: u32) -> bool {
        let max = self.limits.retry.max_attempts;
        max.is_some_and(|max| attempts >= max)
    }

    /// Returns the pause before the next attempt; `None` when there is none before the deadline.
    fn pause(&self, attempts: u32, deadline: Instant) -> Option<Duration> {
        let left = deadline.saturating_duration_since(Instant::now());
        let policy = &self.limits.retry;
        policy.pause_after(attempts, Some(left), fastrand::f64())
    }

    fn protocol_error(&self, sent: usize, answered: usize) -> PutError {
        PutError::Protocol {
            stream: Arc::clone(&self.name),
            sent,
            answered,
        }
    }

    fn request_error(&self, error: RequestError, attempts: u32) -> PutError {
        PutError::Request {
            stream: Arc::clone(&self.name),
            code: error.code,
            attempts,
            retryable: error.class == ErrorClass::Transient,
            source: error.source,
        }
    }
}

fn fail(settle: &mut Settle<'_>, indices: impl IntoIterator<Item = usize>, error: &PutError) {
    for index in indices {
        settle(index, Err(error.clone()));
    }
}
