//! One file, from where its reading begins to the last settled record.

use std::time::Duration;

use crate::{
    Error,
    account::{Layout, receive},
    content::Content,
    deadline::{Deadline, until},
    failure::Failure,
    format::Format,
    parked::{self, Replay, Stretch},
    publish::{Publisher, Settled},
    queue::Queue,
    record::Malformed,
    row::Header,
    split::{Piece, Splitter},
    upload::{HeaderPlace, Position, Upload},
};

/// How many records are received between two looks at the clock.
const LOOK_EVERY: u64 = 32;

/// How long it may take to hand a file on.
const PATIENCE: Duration = Duration::from_secs(20);

/// A file on its way through the function.
#[derive(Debug)]
pub(crate) struct File {
    upload: Upload,
    splitter: Splitter,
    layout: Option<Layout>,
    header: Option<HeaderPlace>,
    publisher: Publisher,
    /// A header that names no record, as long as no row has followed it.
    lone_header: Option<(Malformed, HeaderPlace, Vec<u8>)>,
    /// The number of the next record.
    index: u64,
    received: u64,
    rests: Vec<Upload>,
}

/// What became of a file in this invocation.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) received: u64,
    pub(crate) settled: Settled,
    /// Whether the next invocation goes on with it.
    pub(crate) handed_on: bool,
    /// Files that parked records in it ask to be read on.
    pub(crate) rests: Vec<Upload>,
}

impl File {
    pub(crate) fn new(upload: Upload, record_bytes: usize, publisher: Publisher) -> Self {
        let place = upload.position.place.clone();
        Self {
            splitter: Splitter::resume(&upload.object.key, record_bytes, place),
            layout: None,
            header: None,
            publisher,
            lone_header: None,
            index: upload.position.index,
            received: 0,
            rests: Vec::new(),
            upload,
        }
    }

    /// Receives, publishes and settles every record; says how many were received and how they ended.
    ///
    /// Near the deadline the rest is handed to the next invocation, if there is a queue. Whatever else
    /// stops the reading becomes one failed record for the rest of the file.
    ///
    /// # Errors
    ///
    /// When S3 fails before the first record: then nothing was counted.
    pub(crate) async fn run(
        mut self,
        mut content: Content,
        deadline: Deadline,
        queue: Option<&Queue>,
    ) -> Result<Finished, Error> {
        let begun = until(deadline.read, self.begin(&mut content)).await;
        let mut stopped = begun.unwrap_or(Err(Failure::OutOfTime)).err();
        let mut complete = false;
        while stopped.is_none() {
            if !self.drain(deadline, queue).await {
                stopped = Some(Failure::OutOfTime);
                break;
            }
            if complete || self.splitter.is_done() {
                break;
            }
            match until(deadline.read, content.next()).await {
                Some(Ok(Some(chunk))) => self.splitter.push(&chunk),
                Some(Ok(None)) => {
                    self.splitter.finish();
                    complete = true;
                }
                Some(Err(failure)) => stopped = Some(failure),
                None => stopped = Some(Failure::OutOfTime),
            }
        }
        let mut handed_on = false;
        match stopped {
            None => self.lose_lone_header().await,
            Some(Failure::Unread(error)) if self.received == 0 => return Err(error),
            Some(Failure::OutOfTime) => {
                // First of all: a message must not be followed by a failure of what it leaves behind.
                self.publisher.settle().await;
                handed_on = hand_on(&self.upload, self.position(), deadline, queue).await;
                if !handed_on {
                    self.lose(Failure::OutOfTime).await;
                }
            }
            Some(failure) => self.lose(failure).await,
        }
        Ok(Finished {
            handed_on,
            ..self.finish().await
        })
    }

    /// Receives one failed record for all that was not read.
    pub(crate) async fn lose(&mut self, failure: Failure) {
        let rest = Upload {
            position: self.position(),
            stalls: 0,
            object: self.upload.object.clone(),
        };
        let received = receive(Err(failure), &Layout::Json);
        let stretch = Stretch {
            index: self.index,
            offset: self.splitter.offset(),
            content: self.splitter.rest(),
            truncated: true,
            rest: Some(Box::new(rest)),
            origin: None,
        };
        self.index += 1;
        self.received += 1;
        self.publisher.push(stretch, received).await;
    }

    /// Settles what is still open.
    pub(crate) async fn finish(self) -> Finished {
        Finished {
            received: self.received,
            settled: self.publisher.finish().await,
            handed_on: false,
            rests: self.rests,
        }
    }

    /// Goes to where the reading begins, by way of the header row.
    async fn begin(&mut self, content: &mut Content) -> Result<(), Failure> {
        if let Some(place) = self.upload.position.header {
            content.seek(place.offset).await?;
            let row = content.take(place.length).await?;
            self.take_header(&row, place);
        }
        content.seek(self.splitter.offset()).await
    }

    fn position(&self) -> Position {
        Position {
            index: self.index,
            place: self.splitter.place(),
            header: self.header,
        }
    }

    /// Receives one failed record for a header that is wrong and that no row followed: what stands
    /// there are perhaps records, and they must not vanish.
    async fn lose_lone_header(&mut self) {
        if self.index > 0 {
            return;
        }
        if let Some((malformed, place, row)) = self.lone_header.take() {
            let received = receive(Err(malformed.into()), &Layout::Json);
            let stretch = Stretch {
                index: 0,
                offset: place.offset,
                content: &row,
                truncated: place.truncated,
                ..Stretch::default()
            };
            self.index += 1;
            self.received += 1;
            self.publisher.push(stretch, received).await;
        }
    }

    /// Receives every record that is there; false when it is time to stop before.
    async fn drain(&mut self, deadline: Deadline, queue: Option<&Queue>) -> bool {
        // To look at the clock costs as much as to split a record.
        let mut look = true;
        while !(look && deadline.is_near(self.last_batch(queue))) {
            let Some(piece) = self.splitter.pull() else {
                return true;
            };
            if self.layout.is_none() && piece.format == Some(Format::Csv) {
                let place = HeaderPlace {
                    offset: piece.offset,
                    length: piece.content.len(),
                    readable: piece.error.is_none(),
                    truncated: piece.truncated,
                };
                let row = piece.content.to_vec();
                self.take_header(&row, place);
                continue;
            }
            let layout = self.layout.get_or_insert(Layout::Json);
            let index = self.index;
            let waited = match replay(&piece) {
                None => {
                    let failure = piece.error.map(Failure::from);
                    let text = failure.map_or(Ok(piece.content), Err);
                    let received = receive(text, layout);
                    self.publisher.push(stretch(&piece, index), received).await
                }
                Some(Replay::Rest(rest)) => {
                    self.rests.push(rest);
                    continue;
                }
                Some(Replay::Record {
                    origin,
                    content,
                    truncated,
                }) => {
                    let header = origin.header.as_deref();
                    let layout = header.map_or(Layout::Json, |row| Layout::Csv(Header::new(row)));
                    let text = if truncated {
                        Err(Failure::Truncated)
                    } else {
                        Ok(content.as_slice())
                    };
                    let received = receive(text, &layout);
                    let stretch = Stretch {
                        content: &content,
                        truncated,
                        origin: Some(Box::new(origin)),
                        ..stretch(&piece, index)
                    };
                    self.publisher.push(stretch, received).await
                }
            };
            self.index += 1;
            self.received += 1;
            look = waited || self.index.is_multiple_of(LOOK_EVERY);
        }
        false
    }

    /// How long a batch may take that goes out after the reading. Where nobody goes on with the file, what is not read
    /// is parked all the same, so that nothing is gained by reading less.
    fn last_batch(&self, queue: Option<&Queue>) -> Duration {
        queue.map_or(Duration::ZERO, |_| self.publisher.longest())
    }

    /// Takes the first row of a CSV file.
    fn take_header(&mut self, row: &[u8], place: HeaderPlace) {
        let header = if place.readable {
            Header::new(row)
        } else {
            Header::unreadable()
        };
        let error = header.error().cloned();
        self.lone_header = error.map(|error| (error, place, row.to_vec()));
        self.publisher.set_header(row);
        self.header = Some(place);
        self.layout = Some(Layout::Csv(header));
    }
}

/// Hands the rest of an upload to the next invocation; false when there is none to take it.
pub(crate) async fn hand_on(
    upload: &Upload,
    position: Position,
    deadline: Deadline,
    queue: Option<&Queue>,
) -> bool {
    let (Some(queue), Some(rest)) = (queue, upload.at(position)) else {
        return false;
    };
    let key = &upload.object.key;
    let (index, offset) = (rest.position.index, rest.position.place.offset);
    // A queue that hangs must leave the time for parking what it does not take.
    match until(deadline.share(PATIENCE), queue.send(&rest)).await {
        Some(Ok(())) => {
            tracing::info!(key, index, offset, "handed on to the next invocation");
            true
        }
        Some(Err(error)) => {
            tracing::error!(key, index, offset, %error, "not handed on");
            false
        }
        None => {
            tracing::error!(key, index, offset, "no answer in time, not handed on");
            false
        }
    }
}

/// What a piece asks for, if it was parked before.
fn replay(piece: &Piece<'_>) -> Option<Replay> {
    match piece.error {
        None => parked::read(piece.content),
        Some(_) => None,
    }
}

fn stretch<'a>(piece: &Piece<'a>, index: u64) -> Stretch<'a> {
    Stretch {
        index,
        offset: piece.offset,
        content: piece.content,
        truncated: piece.truncated,
        ..Stretch::default()
    }
}
