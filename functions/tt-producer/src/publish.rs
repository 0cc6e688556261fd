//! Publishes received records in batches, some in flight, and settles each of them.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
};

use kinesis_batch::{Entry, Order, PutError, Receipt, Stream};
use tokio::task::JoinHandle;

use crate::{
    account::settle, deadline::Deadline, failure::Failure, object::Object, park::Parking,
    parked::Stretch, record::Record,
};

/// The way of one file's records to the stream.
///
/// Holds at most `in_flight` batches and those that are being filled.
#[derive(Debug)]
pub(crate) struct Publisher {
    stream: Stream,
    object: Object,
    deadline: Deadline,
    parking: Parking,
    lanes: Vec<Lane>,
    settled: Settled,
}

/// How many records of a file ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) published: u64,
    pub(crate) failed: u64,
    pub(crate) parked: u64,
}

/// Batches in file order. When the records of a key must stay in order, each key has one lane and
/// each lane one batch in flight.
#[derive(Debug)]
struct Lane {
    in_flight: usize,
    flying: VecDeque<Flying>,
    batch: Batch,
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
        let in_flight = in_flight.max(1);
        let (lanes, in_lane) = match stream.limits().order {
            Order::Any => (1, in_flight),
            Order::PerKey => (in_flight, 1),
        };
        let lane = |_| Lane {
            in_flight: in_lane,
            flying: VecDeque::new(),
            batch: Batch::default(),
        };
        Self {
            stream,
            object,
            deadline,
            parking,
            lanes: (0..lanes).map(lane).collect(),
            settled: Settled::default(),
        }
    }

    /// Remembers the header row of a CSV file, which parked rows need.
    pub(crate) fn set_header(&mut self, row: &[u8]) {
        self.parking.set_header(row);
    }

    /// Takes one received record.
    pub(crate) async fn push(&mut self, stretch: Stretch, received: Result<Record, Failure>) {
        let number = received.as_ref().map_or(0, |r| self.lane_of(r));
        let Some(lane) = self.lanes.get_mut(number) else {
            return;
        };
        let batch = &mut lane.batch;
        if batch.items.is_empty() {
            batch.produced_at = jiff::Timestamp::now().to_string();
        }
        batch.bytes += stretch.content.len();
        let failure = match received {
            Ok(record) => {
                let source = match &stretch.origin {
                    Some(origin) => origin.source.clone(),
                    None => self.object.source(stretch.index),
                };
                let event = record.into_event(source, &batch.produced_at);
                let data = event.encode();
                let entry = Entry::new(event.customer_id, data);
                batch.bytes += entry.size();
                batch.entries.push(entry);
                None
            }
            Err(failure) => Some(failure),
        };
        batch.items.push(Item { stretch, failure });
        let limits = self.stream.limits();
        if batch.items.len() >= limits.put_records() || batch.bytes >= limits.request_bytes {
            self.send(number).await;
        }
    }

    /// Sends what is left and waits for every answer.
    pub(crate) async fn settle(&mut self) {
        for lane in 0..self.lanes.len() {
            self.send(lane).await;
        }
        for lane in 0..self.lanes.len() {
            while self.settle_oldest(lane).await {}
        }
    }

    /// Settles what is left, writes what is parked, and says how the records ended.
    pub(crate) async fn finish(mut self) -> Settled {
        self.settle().await;
        let parked = self.parking.finish().await;
        Settled {
            parked,
            ..self.settled
        }
    }

    fn lane_of(&self, record: &Record) -> usize {
        let mut hasher = DefaultHasher::new();
        record.customer_id().hash(&mut hasher);
        let lanes = self.lanes.len().max(1) as u64;
        usize::try_from(hasher.finish() % lanes).unwrap_or_default()
    }

    async fn send(&mut self, number: usize) {
        let Some(lane) = self.lanes.get_mut(number) else {
            return;
        };
        let Batch { items, entries, .. } = std::mem::take(&mut lane.batch);
        if items.is_empty() {
            return;
        }
        let (in_flight, flying) = (lane.in_flight, lane.flying.len());
        for _ in in_flight..=flying {
            self.settle_oldest(number).await;
        }
        let (stream, stop) = (self.stream.clone(), self.deadline.stop);
        let answer = tokio::spawn(async move { stream.put(&entries, stop).await });
        if let Some(lane) = self.lanes.get_mut(number) {
            lane.flying.push_back(Flying { items, answer });
        }
    }

    /// Settles the records of the oldest batch of a lane; false when there is none.
    async fn settle_oldest(&mut self, number: usize) -> bool {
        let lane = self.lanes.get_mut(number);
        let Some(flying) = lane.and_then(|lane| lane.flying.pop_front()) else {
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
