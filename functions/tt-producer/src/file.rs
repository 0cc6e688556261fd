//! One file, from its first byte to the last settled record.

use crate::{
    account::{Layout, receive},
    content::Content,
    deadline::{Deadline, until},
    failure::Failure,
    format::Format,
    park::Stretch,
    publish::{Publisher, Settled},
    row::Header,
    split::{Piece, Splitter},
};

/// A file on its way through the function.
#[derive(Debug)]
pub(crate) struct File {
    splitter: Splitter,
    layout: Option<Layout>,
    publisher: Publisher,
    received: u64,
}

impl File {
    pub(crate) fn new(splitter: Splitter, publisher: Publisher) -> Self {
        Self {
            splitter,
            layout: None,
            publisher,
            received: 0,
        }
    }

    /// Receives, publishes and settles every record; returns how many were received and how they
    /// ended.
    ///
    /// Whatever stops the reading becomes one failed record for the rest of the file.
    pub(crate) async fn run(mut self, mut content: Content, deadline: Deadline) -> (u64, Settled) {
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
        (self.received, self.publisher.finish().await)
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

    /// Ends a file of which nothing was read.
    pub(crate) async fn finish(self) -> (u64, Settled) {
        (self.received, self.publisher.finish().await)
    }

    /// Receives every record that is there.
    async fn drain(&mut self) {
        while let Some(piece) = self.splitter.pull() {
            if self.layout.is_none() && piece.format == Some(Format::Csv) {
                self.publisher.set_header(piece.content);
                self.layout = Some(Layout::Csv(header(&piece)));
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
