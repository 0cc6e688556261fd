//! The content of an object: its bytes, unpacked when they are gzip.

use bytes::{Buf, Bytes};

use crate::{
    failure::Failure,
    gunzip::{BrokenGzip, Gunzip, MAGIC},
    s3::Body,
};

/// The content of an object, chunk by chunk.
#[derive(Debug)]
pub(crate) struct Content {
    body: Body,
    state: State,
    /// What was read ahead.
    ahead: Bytes,
    /// Where the next chunk begins in the unpacked content.
    offset: u64,
}

#[derive(Debug)]
enum State {
    /// Too few bytes are known to tell gzip from other content: the suffix of a key proves nothing.
    Opening(Vec<u8>),
    Plain,
    Packed {
        gunzip: Box<Gunzip>,
        input: Bytes,
    },
    /// The end, when what was unpacked before it is handed out already.
    Ended(Result<(), BrokenGzip>),
}

impl Content {
    pub(crate) fn new(body: Body) -> Self {
        Self {
            body,
            state: State::Opening(Vec::new()),
            ahead: Bytes::new(),
            offset: 0,
        }
    }

    /// The next chunk, never empty; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the object cannot be read or unpacked further. What came before was handed out.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let chunk = match std::mem::take(&mut self.ahead) {
            ahead if ahead.is_empty() => self.read().await?,
            ahead => Some(ahead),
        };
        self.offset += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Ok(chunk)
    }

    /// Goes on at `offset` of the unpacked content, forward. Plain content is opened again there;
    /// packed content must be unpacked up to there.
    ///
    /// # Errors
    ///
    /// As of [`next`](Self::next).
    pub(crate) async fn seek(&mut self, offset: u64) -> Result<(), Failure> {
        while self.offset < offset {
            let Some(mut chunk) = self.next().await? else {
                return Ok(());
            };
            if let Ok(above) = usize::try_from(self.offset.saturating_sub(offset)) {
                chunk.advance(chunk.len().saturating_sub(above));
                self.ahead = chunk;
            }
            if self.offset < offset && matches!(self.state, State::Plain) {
                self.body.seek(offset).await.map_err(Failure::Unread)?;
                self.ahead = Bytes::new();
                self.offset = offset;
            }
            self.offset = self.offset.min(offset);
        }
        Ok(())
    }

    /// The next `length` bytes, fewer at the end.
    ///
    /// # Errors
    ///
    /// As of [`next`](Self::next).
    pub(crate) async fn take(&mut self, length: usize) -> Result<Vec<u8>, Failure> {
        let mut taken = Vec::with_capacity(length);
        while taken.len() < length {
            let Some(mut chunk) = self.next().await? else {
                break;
            };
            let wanted = chunk.split_to(chunk.len().min(length - taken.len()));
            taken.extend_from_slice(&wanted);
            self.offset -= chunk.len() as u64;
            self.ahead = chunk;
        }
        Ok(taken)
    }

    async fn read(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let chunk = match &mut self.state {
                State::Opening(head) => {
                    let more = self.body.next().await.map_err(Failure::Unread)?;
                    let ended = more.is_none();
                    head.extend_from_slice(&more.unwrap_or_default());
                    if head.len() < MAGIC.len() && !ended {
                        continue;
                    }
                    let head = Bytes::from(std::mem::take(head));
                    if head.starts_with(&MAGIC) {
                        self.state = State::Packed {
                            gunzip: Box::default(),
                            input: head,
                        };
                        continue;
                    }
                    self.state = State::Plain;
                    head
                }
                State::Plain => match self.body.next().await.map_err(Failure::Unread)? {
                    Some(chunk) => chunk,
                    None => return Ok(None),
                },
                State::Packed { gunzip, input } => {
                    if input.is_empty() {
                        *input = self
                            .body
                            .next()
                            .await
                            .map_err(Failure::Unread)?
                            .unwrap_or_default();
                    }
                    let ended = input.is_empty();
                    let result = if ended {
                        gunzip.finish().map(|()| 0)
                    } else {
                        gunzip.write(input)
                    };
                    let output = Bytes::from(gunzip.take());
                    match result {
                        Ok(taken) if !ended => input.advance(taken),
                        result => self.state = State::Ended(result.map(|_| ())),
                    }
                    output
                }
                State::Ended(end) => return end.map(|()| None).map_err(Failure::Gzip),
            };
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
    }
}
