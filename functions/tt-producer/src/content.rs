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
        }
    }

    /// The next chunk, never empty; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the object cannot be read or unpacked further. What came before was handed out.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
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
