//! One file in one invocation: read, split, parsed, encoded, sent and settled, record by record.

use std::{borrow::Cow, sync::Arc, time::Duration};

use kinesis_batch::Stream;

use crate::{
    Config,
    deadline::Phases,
    encode::{Entry, Origin},
    ledger::{Account, Counts, Failure, Parking, line_bytes},
    object::{Content, S3, S3Error},
    parse::replace_lone_surrogates,
    queue::Queue,
    replay::{Replay, ReplayLine, Replayed},
    send::Sender,
    split::{Form, Piece, Splitter},
    upload::{Position, Prefix, Reader, Upload},
};

/// The number of records between two looks at the clock, which takes as long as to split a record.
const LOOK_EVERY: u64 = 32;

/// Bytes of failed records of one file that are parked with their content.
const MAX_PARKED_CONTENT: usize = 4 * 1024 * 1024;

/// What a file is processed with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Services<'a> {
    pub(crate) s3: &'a S3,
    pub(crate) stream: &'a Stream,
    pub(crate) queue: Option<&'a Queue>,
    pub(crate) config: &'a Config,
    pub(crate) phases: Phases,
}

/// A file on its way through the function.
#[derive(Debug)]
pub(crate) struct File<'a> {
    services: Services<'a>,
    upload: Upload,
    splitter: Splitter,
    replay: Option<Replay>,
    sender: Sender,
    account: Account,
    parking: Parking,
    /// The number of the next record.
    index: u64,
    /// The number of the header that the account has.
    header: u16,
    parts: Vec<Upload>,
}

/// What was done with a file in this invocation.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) counts: Counts,
    /// Failed records that are kept.
    pub(crate) parked: u64,
    /// Whether the next invocation continues it.
    pub(crate) handed_on: bool,
    /// Parts of files that it has read again.
    pub(crate) parts: Vec<Upload>,
}

/// Why the reading of a file stopped before its end.
enum Stop {
    OutOfTime,
    Failure(Failure),
    /// The content is complete, but other bytes follow it.
    Trailing(Failure),
}

impl<'a> File<'a> {
    pub(crate) fn new(upload: Upload, services: Services<'a>) -> Self {
        let Services {
            s3,
            stream,
            config,
            phases,
            ..
        } = services;
        let is_replay = upload.object.prefix() == Some(Prefix::Replay);
        let (limit, max_lines, max_bytes) = if is_replay {
            // Each failed line of a replay is parked in full, because a range of a replay cannot be sent again.
            (line_bytes(config.record_bytes), u64::MAX, usize::MAX)
        } else {
            (
                config.record_bytes,
                config.parked_records,
                MAX_PARKED_CONTENT,
            )
        };
        let account = Account::new(upload.clone(), max_lines, max_bytes);
        let settling = account.clone();
        let settle = move |entry: &Entry<'_>, answer: Result<(), _>| {
            // A failure is logged and parked by the account.
            let _ = settling
                .ledger()
                .settle(entry, answer.map_err(Failure::from));
        };
        Self {
            splitter: Splitter::new(&upload.object.key, limit, &upload.position),
            replay: is_replay.then(|| Replay::new(s3.clone(), &upload.object.bucket)),
            sender: Sender::new(
                stream.clone(),
                &upload.object,
                phases.publishing.instant(),
                config.in_flight,
                Arc::new(settle),
            ),
            parking: Parking::new(s3.clone(), phases.parking, config.parked_bytes),
            account,
            index: upload.position.index,
            header: 0,
            parts: Vec::new(),
            upload,
            services,
        }
    }

    /// Receives and settles every record.
    ///
    /// Near the deadline the rest is handed on to the next invocation, if there is a queue. Whatever else stops the reading
    /// is one failed record for the rest of the file.
    ///
    /// # Errors
    ///
    /// When S3 fails before the first record: then nothing was counted.
    pub(crate) async fn run(mut self, mut content: Content) -> Result<Finished, S3Error> {
        let stop = match self.read(&mut content).await {
            Ok(()) => None,
            Err(Stop::OutOfTime) => {
                // First of all: a message must not be followed by a failure of what it leaves behind.
                self.sender.finish().await;
                if self.hand_on().await {
                    return Ok(Finished {
                        handed_on: true,
                        ..self.finish().await
                    });
                }
                Some(Failure::OutOfTime)
            }
            Err(Stop::Failure(Failure::Unread(error)))
                if self.account.ledger().counts().received == 0 =>
            {
                return Err(error);
            }
            Err(Stop::Failure(failure) | Stop::Trailing(failure)) => Some(failure),
        };
        if let Some(failure) = stop {
            self.fail_rest(failure);
        }
        Ok(self.finish().await)
    }

    /// Counts one failed record for everything that was not read.
    pub(crate) fn fail_rest(&mut self, failure: Failure) {
        let position = self.position();
        let rest = Upload {
            position,
            stalls: 0,
            ..self.upload.clone()
        };
        let content = self.splitter.rest();
        let entry = Entry {
            position,
            end: position.offset + content.len() as u64,
            content,
            truncated: true,
            backslash: false,
            origin: None,
            rest: failure.is_passing().then_some(&rest),
        };
        let mut ledger = self.account.ledger();
        if let Err(failure) = ledger.receive(Err(failure), Form::Json) {
            let _ = ledger.settle(&entry, Err(failure));
        }
        self.index += 1;
    }

    /// Settles what is still open, and writes what is parked.
    pub(crate) async fn finish(mut self) -> Finished {
        self.sender.finish().await;
        let parked = self.parking.finish(&self.account).await;
        Finished {
            counts: self.account.ledger().counts(),
            parked,
            handed_on: false,
            parts: self.parts,
        }
    }

    /// Reads and receives records to the end of the upload.
    async fn read(&mut self, content: &mut Content) -> Result<(), Stop> {
        let reading = self.services.phases.reading;
        let began = reading.run(self.begin(content)).await;
        began.map_err(|_| Stop::OutOfTime)??;
        let mut end = None;
        loop {
            self.drain().await?;
            if let Some(end) = end {
                return end;
            }
            if self.splitter.is_done() || self.upload.until == Some(self.index) {
                return Ok(());
            }
            match reading
                .run(content.next())
                .await
                .map_err(|_| Stop::OutOfTime)?
            {
                Ok(Some(chunk)) => self.splitter.push(&chunk),
                Ok(None) => {
                    self.splitter.finish();
                    end = Some(Ok(()));
                }
                Err(error) if error.is_trailing() => {
                    self.splitter.finish();
                    end = Some(Err(Stop::Trailing(error.into())));
                }
                Err(error) => return Err(Stop::Failure(error.into())),
            }
        }
    }

    /// Goes to the position where the reading begins, by way of the header row.
    async fn begin(&mut self, content: &mut Content) -> Result<(), Stop> {
        if let Reader::Csv(csv) = self.upload.position.reader
            && let Some(place) = csv.header
        {
            content.seek(place.offset).await?;
            let row = content.take(place.length).await?;
            self.splitter.set_header(&row);
            if row.len() < place.length {
                return Err(Stop::Failure(Failure::BehindEnd));
            }
        }
        content.seek(self.upload.position.offset).await?;
        if content.offset() < self.upload.position.offset {
            return Err(Stop::Failure(Failure::BehindEnd));
        }
        Ok(())
    }

    /// Receives every record that is here.
    async fn drain(&mut self) -> Result<(), Stop> {
        let mut look = true;
        loop {
            if look && self.services.phases.reading_is_over(self.last_batch()) {
                return Err(Stop::OutOfTime);
            }
            if self.upload.until == Some(self.index) {
                return Ok(());
            }
            let Some(piece) = self.splitter.pull() else {
                return Ok(());
            };
            if let (Form::Row { header, .. }, Reader::Csv(csv)) = (piece.form, piece.reader)
                && self.header != csv.headers
            {
                self.header = csv.headers;
                self.account.ledger().add_header(csv.headers, header);
            }
            let route = Route {
                account: &self.account,
                sender: &mut self.sender,
                parking: &mut self.parking,
                index: &mut self.index,
            };
            let waited = match &mut self.replay {
                None => route.record(piece).await,
                Some(replay) => route.replay(piece, replay, &mut self.parts).await,
            };
            look = waited || self.index.is_multiple_of(LOOK_EVERY);
        }
    }

    /// The time for a batch that is sent after the reading. Without a queue no invocation continues the file and the rest is
    /// parked, so stopping earlier has no use.
    fn last_batch(&self) -> Duration {
        self.services
            .queue
            .map_or(Duration::ZERO, |_| self.sender.longest())
    }

    async fn hand_on(&self) -> bool {
        let Services { queue, phases, .. } = self.services;
        match queue {
            Some(queue) => {
                queue
                    .hand_on(&self.upload, self.position(), phases.parking)
                    .await
            }
            None => false,
        }
    }

    fn position(&self) -> Position {
        Position {
            index: self.index,
            offset: self.splitter.offset(),
            reader: self.splitter.reader(),
        }
    }
}

/// The way of one record from the splitter to the ledger.
struct Route<'r> {
    account: &'r Account,
    sender: &'r mut Sender,
    parking: &'r mut Parking,
    index: &'r mut u64,
}

impl Route<'_> {
    /// Receives a record of an uploaded file; true when that may have taken time.
    async fn record(self, piece: Piece<'_>) -> bool {
        let entry = self.entry(&piece);
        let text = match piece.form {
            Form::Json => replace_lone_surrogates(piece.content),
            Form::Row { .. } => Cow::Borrowed(piece.content),
        };
        let text = piece.error.map_or(Ok(&*text), |error| Err(error.into()));
        self.receive(&entry, text, piece.form).await
    }

    /// Receives a line of a replay.
    async fn replay(self, piece: Piece<'_>, replay: &mut Replay, parts: &mut Vec<Upload>) -> bool {
        let entry = self.entry(&piece);
        let again = match piece.error {
            Some(error) => Err(error.into()),
            None => replay.read(piece.content).await,
        };
        match again {
            Ok(ReplayLine::Part(part)) => {
                parts.push(part);
                true
            }
            Ok(ReplayLine::Refused(part, failure)) => {
                let origin = Origin {
                    source: part.object.source(part.position.index),
                    offset: part.position.offset,
                    header: None,
                };
                let entry = Entry {
                    content: &[],
                    truncated: true,
                    origin: Some(&origin),
                    rest: Some(&part),
                    ..entry
                };
                self.receive(&entry, Err(failure), Form::Json).await
            }
            Ok(ReplayLine::Record(replayed, failure)) => {
                let Replayed {
                    origin,
                    content,
                    truncated,
                    backslash,
                } = replayed;
                let entry = Entry {
                    content: &content,
                    truncated,
                    backslash,
                    origin: Some(&origin),
                    ..entry
                };
                let form = replay
                    .header(&origin)
                    .map_or(Form::Json, |header| Form::Row { header, backslash });
                let text = match form {
                    Form::Json => replace_lone_surrogates(&content),
                    Form::Row { .. } => Cow::Borrowed(&*content),
                };
                let text = failure.map_or(Ok(&*text), Err);
                self.receive(&entry, text, form).await
            }
            Err(failure) => self.receive(&entry, Err(failure), Form::Json).await,
        }
    }

    fn entry<'p>(&self, piece: &Piece<'p>) -> Entry<'p> {
        let backslash = matches!(
            piece.form,
            Form::Row {
                backslash: true,
                ..
            }
        );
        Entry {
            position: Position {
                index: *self.index,
                offset: piece.offset,
                reader: piece.reader,
            },
            end: piece.offset + piece.content.len() as u64,
            content: piece.content,
            truncated: piece.truncated,
            backslash,
            origin: None,
            rest: None,
        }
    }

    /// Receives a record, and sends it or settles its failure.
    async fn receive(
        self,
        entry: &Entry<'_>,
        text: Result<&[u8], Failure>,
        form: Form<'_>,
    ) -> bool {
        *self.index += 1;
        let received = self.account.ledger().receive(text, form);
        let sent = match received {
            Ok(record) => self.sender.push(entry, &record).await,
            Err(failure) => {
                let _ = self.account.ledger().settle(entry, Err(failure));
                return self.parking.write_full(self.account).await;
            }
        };
        if sent {
            self.parking.write_full(self.account).await;
        }
        sent
    }
}

impl From<crate::object::ContentError> for Stop {
    fn from(error: crate::object::ContentError) -> Self {
        Self::Failure(error.into())
    }
}
