//! Publishes received records in batches, some in flight, and settles each of them in file order.

use std::collections::VecDeque;

use kinesis_batch::{Entry, PutError, Receipt, Stream};
use tokio::task::JoinHandle;

use crate::{
    account::settle,
    deadline::Deadline,
    failure::Failure,
    object::Object,
    park::{Parking, Stretch},
    record::Record,
};

/// The way of one file's records to the stream.
///
/// Holds at most `in_flight` batches and the one that is being filled.
#[derive(Debug)]
pub(crate) struct Publisher {
    stream: Stream,
    object: Object,
    deadline: Deadline,
    parking: Parking,
    in_flight: usize,
    flying: VecDeque<Flying>,
    batch: Batch,
    settled: Settled,
}

/// How many records of a file ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) published: u64,
    pub(crate) failed: u64,
    pub(crate) parked: u64,
}

/// Records that go out in one request, and the failed ones between them.
#[derive(Debug, Default)]
struct Batch {
    items: Vec<Item>,
    entries: Vec<Entry>,
    bytes: usize,
    produced_at: String,
}

#[derive(Debug)]
struct Item {
    stretch: Stretch,
    /// Why it is not among the entries.
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Flying {
    items: Vec<Item>,
    answer: JoinHandle<Vec<Result<Receipt, PutError>>>,
}

impl Publisher {
    pub(crate) fn new(
        stream: Stream,
        object: Object,
        deadline: Deadline,
        parking: Parking,
        in_flight: usize,
    ) -> Self {
        let (flying, batch, settled) = Default::default();
        let in_flight = in_flight.max(1);
        Self {
            stream,
            object,
            deadline,
            parking,
            in_flight,
            flying,
            batch,
            settled,
        }
    }

    /// Remembers the header row of a CSV file, which parked rows need.
    pub(crate) fn set_header(&mut self, row: &[u8]) {
        self.parking.set_header(row);
    }

    /// Takes one received record.
    pub(crate) async fn push(&mut self, stretch: Stretch, received: Result<Record, Failure>) {
        if self.batch.items.is_empty() {
            self.batch.produced_at = jiff::Timestamp::now().to_string();
        }
        self.batch.bytes += stretch.content.len();
        let failure = match received {
            Ok(record) => {
                let source = self.object.source(stretch.index);
                let event = record.into_event(source, &self.batch.produced_at);
                let data = event.encode();
                let entry = Entry::new(event.customer_id, data);
                self.batch.bytes += entry.size();
                self.batch.entries.push(entry);
                None
            }
            Err(failure) => Some(failure),
        };
        self.batch.items.push(Item { stretch, failure });
        let limits = self.stream.limits();
        let full = self.batch.items.len() >= limits.request_records
            || self.batch.bytes >= limits.request_bytes;
        if full {
            self.send().await;
        }
    }

    /// Sends what is left, waits for every answer, and says how the records ended.
    pub(crate) async fn finish(mut self) -> Settled {
        self.send().await;
        while self.settle_oldest().await {}
        let parked = self.parking.finish().await;
        Settled {
            parked,
            ..self.settled
        }
    }

    async fn send(&mut self) {
        let Batch { items, entries, .. } = std::mem::take(&mut self.batch);
        if items.is_empty() {
            return;
        }
        while self.flying.len() >= self.in_flight && self.settle_oldest().await {}
        let (stream, stop) = (self.stream.clone(), self.deadline.stop);
        let answer = tokio::spawn(async move { stream.put(&entries, stop).await });
        self.flying.push_back(Flying { items, answer });
    }

    /// Settles the records of the oldest batch; false when there is none.
    async fn settle_oldest(&mut self) -> bool {
        let Some(flying) = self.flying.pop_front() else {
            return false;
        };
        // The task may have panicked: then no record of the batch has an answer, and each fails.
        let mut answers = flying.answer.await.unwrap_or_default().into_iter();
        for item in flying.items {
            let fate = match item.failure {
                Some(failure) => Err(failure),
                None => match answers.next() {
                    Some(Ok(_)) => Ok(()),
                    Some(Err(error)) => Err(Failure::Put(error)),
                    None => Err(Failure::Task),
                },
            };
            self.settle_one(&item.stretch, fate).await;
        }
        true
    }

    async fn settle_one(&mut self, stretch: &Stretch, fate: Result<(), Failure>) {
        match settle(fate) {
            Ok(()) => self.settled.published += 1,
            Err(failure) => {
                self.settled.failed += 1;
                tracing::warn!(
                    bucket = self.object.bucket,
                    key = self.object.key,
                    version = self.object.version(),
                    index = stretch.index,
                    offset = stretch.offset,
                    reason = %failure,
                    "record failed"
                );
                self.parking.keep(stretch, &failure).await;
            }
        }
    }
}
