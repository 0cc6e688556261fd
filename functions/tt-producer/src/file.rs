//! One file, from its first byte to the last settled record.

use crate::{
    Error,
    account::{Layout, receive},
    content::Content,
    deadline::{Deadline, until},
    failure::Failure,
    format::Format,
    park::Stretch,
    publish::{Publisher, Settled},
    record::Malformed,
    row::Header,
    split::{Piece, Splitter},
};

/// A file on its way through the function.
#[derive(Debug)]
pub(crate) struct File {
    splitter: Splitter,
    layout: Option<Layout>,
    publisher: Publisher,
    /// A header that names no record, as long as no row has followed it.
    lone_header: Option<(Malformed, Stretch)>,
    received: u64,
}

impl File {
    pub(crate) fn new(splitter: Splitter, publisher: Publisher) -> Self {
        Self {
            splitter,
            layout: None,
            publisher,
            lone_header: None,
            received: 0,
        }
    }

    /// Receives, publishes and settles every record; returns how many were received and how they
    /// ended.
    ///
    /// Whatever stops the reading becomes one failed record for the rest of the file.
    ///
    /// # Errors
    ///
    /// When S3 fails before the first record: then nothing was counted.
    pub(crate) async fn run(
        mut self,
        mut content: Content,
        deadline: Deadline,
    ) -> Result<(u64, Settled), Error> {
        let mut complete = false;
        loop {
            self.drain().await;
            if complete || self.splitter.is_done() {
                break;
            }
            if deadline.has_passed() {
                self.lose(Failure::OutOfTime).await;
                break;
            }
            match until(deadline.stop, content.next()).await {
                Some(Ok(Some(chunk))) => self.splitter.push(&chunk),
                Some(Ok(None)) => {
                    self.splitter.finish();
                    complete = true;
                }
                Some(Err(Failure::Unread(error))) if self.received == 0 => return Err(error),
                Some(Err(failure)) => {
                    self.lose(failure).await;
                    break;
                }
                None => {
                    self.lose(Failure::OutOfTime).await;
                    break;
                }
            }
        }
        self.lose_lone_header().await;
        Ok(self.finish().await)
    }

    /// Receives one failed record for all that was not read.
    pub(crate) async fn lose(&mut self, failure: Failure) {
        let received = receive(Err(failure), &Layout::Json);
        let stretch = Stretch {
            index: self.received,
            offset: self.splitter.offset(),
            content: self.splitter.rest().to_vec(),
            truncated: true,
        };
        self.received += 1;
        self.publisher.push(stretch, received).await;
    }

    /// Receives one failed record for a header that is wrong and that no row followed: what stands
    /// there are perhaps records, and they must not vanish.
    async fn lose_lone_header(&mut self) {
        if self.received > 0 {
            return;
        }
        if let Some((malformed, stretch)) = self.lone_header.take() {
            let received = receive(Err(malformed.into()), &Layout::Json);
            self.received += 1;
            self.publisher.push(stretch, received).await;
        }
    }

    /// Settles what is still open.
    pub(crate) async fn finish(self) -> (u64, Settled) {
        (self.received, self.publisher.finish().await)
    }

    /// Receives every record that is there.
    async fn drain(&mut self) {
        while let Some(piece) = self.splitter.pull() {
            if self.layout.is_none() && piece.format == Some(Format::Csv) {
                let header = header(&piece);
                self.publisher.set_header(piece.content);
                self.lone_header = header.error().map(|error| {
                    let stretch = Stretch {
                        index: 0,
                        offset: piece.offset,
                        content: piece.content.to_vec(),
                        truncated: piece.truncated,
                    };
                    (error.clone(), stretch)
                });
                self.layout = Some(Layout::Csv(header));
                continue;
            }
            let layout = self.layout.get_or_insert(Layout::Json);
            let text = piece
                .error
                .map_or(Ok(piece.content), |error| Err(error.into()));
            let received = receive(text, layout);
            let stretch = Stretch {
                index: self.received,
                offset: piece.offset,
                content: piece.content.to_vec(),
                truncated: piece.truncated,
            };
            self.received += 1;
            self.publisher.push(stretch, received).await;
        }
    }
}

/// The header that the first row of a CSV file is.
fn header(row: &Piece<'_>) -> Header {
    if row.error.is_some() {
        Header::unreadable()
    } else {
        Header::new(row.content)
    }
}
