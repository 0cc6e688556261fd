//! Sends events in batches, several at once, and reports the answer for each record when it arrives.

use std::{
    collections::VecDeque,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use kinesis_batch::{Order, PutError, Stream};
use tokio::task::JoinHandle;

use crate::{
    encode::{Entry, EventEncoder, Origin},
    parse::Record,
    upload::{Object, Position},
};

/// Why an event did not reach the stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The stream refused it, or time ran out.
    #[error(transparent)]
    Put(#[from] PutError),
    /// The task that sent it ended without an answer.
    #[error("sending ended without an answer")]
    Task,
}

/// Takes the answer of the stream for one record.
pub(crate) type Settle = Arc<dyn Fn(&Entry<'_>, Result<(), SendError>) + Send + Sync>;

/// The way of the records of one file to the stream.
///
/// Holds at most `in_flight` batches and those that are being filled.
pub(crate) struct Sender {
    stream: Stream,
    encoder: EventEncoder,
    settle: Settle,
    /// Until then events are sent.
    end: Option<Instant>,
    lanes: Vec<Lane>,
    /// The longest time that a batch took, retries included.
    longest: Duration,
}

/// Batches in the order of the file. When the records of a key must stay in order, each key has one lane and each lane one
/// batch in flight.
struct Lane {
    max_in_flight: usize,
    in_flight: VecDeque<JoinHandle<Duration>>,
    batch: Batch,
}

/// Records that are sent in one request.
struct Batch {
    records: Records,
    events: kinesis_batch::Batch,
    produced_at: String,
}

/// What is known of records until they are settled.
#[derive(Default)]
struct Records {
    items: Vec<Item>,
    /// Their parts of the file, one after the other.
    content: Vec<u8>,
}

struct Item {
    position: Position,
    end: u64,
    content: Range<usize>,
    backslash: bool,
    origin: Option<Box<Origin>>,
}

/// Records whose answers are awaited. Those without an answer when this is dropped have failed: their task panicked.
struct Awaiting {
    records: Records,
    settle: Settle,
}

impl Sender {
    pub(crate) fn new(
        stream: Stream,
        object: &Object,
        end: Option<Instant>,
        max_in_flight: usize,
        settle: Settle,
    ) -> Self {
        let max_in_flight = max_in_flight.max(1);
        let (lanes, in_lane) = match stream.limits().order {
            Order::Any => (1, max_in_flight),
            Order::PerKey => (max_in_flight, 1),
        };
        let lane = |_| Lane {
            max_in_flight: in_lane,
            in_flight: VecDeque::new(),
            batch: Batch::new(&stream),
        };
        Self {
            lanes: (0..lanes).map(lane).collect(),
            encoder: EventEncoder::new(object),
            settle,
            stream,
            end,
            longest: Duration::ZERO,
        }
    }

    /// The longest time that a batch took, retries included.
    pub(crate) fn longest(&self) -> Duration {
        self.longest
    }

    /// Takes one record; true when a batch was sent, which may have taken time.
    pub(crate) async fn push(&mut self, entry: &Entry<'_>, record: &Record<'_>) -> bool {
        let number = self.lane_of(record);
        let Some(Lane { batch, .. }) = self.lanes.get_mut(number) else {
            return false;
        };
        if batch.records.items.is_empty() {
            batch.produced_at = jiff::Timestamp::now().to_string();
        }
        let event = self.encoder.encode(entry, record, &batch.produced_at);
        batch.events.push(record.customer_id(), event);
        batch.records.push(entry);
        let bytes = batch.records.content.len() + batch.events.size();
        let limits = self.stream.limits();
        let is_full =
            batch.records.items.len() >= limits.put_records() || bytes >= limits.request_bytes;
        if is_full {
            self.send(number).await;
            // Lets the answers that are here be settled: a signal may end the process at any time.
            tokio::task::yield_now().await;
        }
        is_full
    }

    /// Sends the rest and waits for every answer.
    pub(crate) async fn finish(&mut self) {
        for lane in 0..self.lanes.len() {
            self.send(lane).await;
        }
        for lane in 0..self.lanes.len() {
            while self.await_oldest(lane).await {}
        }
    }

    fn lane_of(&self, record: &Record<'_>) -> usize {
        if self.lanes.len() < 2 {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        record.customer_id().hash(&mut hasher);
        let lanes = self.lanes.len().max(1) as u64;
        usize::try_from(hasher.finish() % lanes).unwrap_or_default()
    }

    async fn send(&mut self, number: usize) {
        let Some(lane) = self.lanes.get_mut(number) else {
            return;
        };
        if lane.batch.records.items.is_empty() {
            return;
        }
        let mut next = Batch::new(&self.stream);
        next.reserve_like(&lane.batch);
        let batch = std::mem::replace(&mut lane.batch, next);
        let (max, in_flight) = (lane.max_in_flight, lane.in_flight.len());
        for _ in max..=in_flight {
            self.await_oldest(number).await;
        }
        let (stream, end) = (self.stream.clone(), self.end);
        let mut awaiting = Awaiting {
            records: batch.records,
            settle: Arc::clone(&self.settle),
        };
        let task = tokio::spawn(async move {
            let began = Instant::now();
            let settle = |index, answer: Result<_, _>| awaiting.settle(index, answer.map(|_| ()));
            stream.put_batch_each(batch.events, end, settle).await;
            began.elapsed()
        });
        if let Some(lane) = self.lanes.get_mut(number) {
            lane.in_flight.push_back(task);
        }
    }

    /// Waits for the oldest batch of a lane; false when there is none.
    async fn await_oldest(&mut self, number: usize) -> bool {
        let lane = self.lanes.get_mut(number);
        let Some(task) = lane.and_then(|lane| lane.in_flight.pop_front()) else {
            return false;
        };
        // A task that panicked has settled its records when it was dropped.
        self.longest = self.longest.max(task.await.unwrap_or_default());
        true
    }
}

impl Batch {
    fn new(stream: &Stream) -> Self {
        Self {
            records: Records::default(),
            events: stream.batch(),
            produced_at: String::new(),
        }
    }

    /// Reserves what the batch before took up: the next one is as large, most often.
    fn reserve_like(&mut self, before: &Self) {
        self.records.items.reserve(before.records.items.len());
        self.records.content.reserve(before.records.content.len());
        self.events
            .reserve(before.events.len(), before.events.size());
    }
}

impl Records {
    fn push(&mut self, entry: &Entry<'_>) {
        let start = self.content.len();
        self.content.extend_from_slice(entry.content);
        self.items.push(Item {
            position: entry.position,
            end: entry.end,
            content: start..self.content.len(),
            backslash: entry.backslash,
            origin: entry.origin.cloned().map(Box::new),
        });
    }
}

impl Awaiting {
    fn settle(&mut self, index: usize, answer: Result<(), PutError>) {
        let Records { items, content } = &mut self.records;
        if let Some(item) = items.get_mut(index)
            && let Some(entry) = item.entry(content)
        {
            (self.settle)(&entry, answer.map_err(SendError::Put));
            item.settled();
        }
    }
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        let Records { items, content } = &self.records;
        for entry in items.iter().filter_map(|item| item.entry(content)) {
            (self.settle)(&entry, Err(SendError::Task));
        }
    }
}

impl Item {
    /// The entry; `None` once it is settled.
    fn entry<'a>(&'a self, content: &'a [u8]) -> Option<Entry<'a>> {
        Some(Entry {
            position: self.position,
            end: self.end,
            content: content.get(self.content.clone())?,
            truncated: false,
            backslash: self.backslash,
            origin: self.origin.as_deref(),
            rest: None,
        })
    }

    /// Marks the item as settled, by a range that no content has.
    fn settled(&mut self) {
        self.content = usize::MAX..usize::MAX;
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("lanes", &self.lanes.len())
            .finish_non_exhaustive()
    }
}
