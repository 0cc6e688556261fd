//! The content of an object: its bytes, unpacked when they are gzip, and decoded when they are UTF-16.

use bytes::{Buf, Bytes};
use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};

use super::{
    gunzip::{Gunzip, GzipError},
    kind::{Foreign, HEAD_BYTES, Kind, detect},
    s3::{Body, S3Error},
};
use crate::upload::Object;

/// The number of times that content may be compressed.
const MAX_LAYERS: usize = 2;

/// Why the content of an object cannot be read further. What came before was handed out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContentError {
    /// S3 refused to go on.
    #[error(transparent)]
    S3(#[from] S3Error),
    /// The content cannot be unpacked further.
    #[error("rest of the file: {0}")]
    Gzip(#[from] GzipError),
    /// The file is no text.
    #[error("file is {0}, only text is read: CSV, JSON Lines or JSON, also with gzip")]
    Foreign(Foreign),
    /// Compressed content in compressed content, and so on.
    #[error("file is compressed with gzip more than {MAX_LAYERS} times")]
    Layers,
}

impl ContentError {
    /// Whether the content is complete, and only followed by other bytes.
    pub(crate) fn is_trailing(&self) -> bool {
        matches!(self, Self::Gzip(GzipError::Trailing))
    }
}

/// The content of an object, chunk by chunk.
pub(crate) struct Content {
    body: Body,
    /// The layers of compression, the outermost first.
    layers: Vec<Layer>,
    state: State,
    /// What was read ahead.
    ahead: Bytes,
    /// Where the next chunk begins in the content.
    offset: u64,
}

enum State {
    /// The first bytes, which do not decide yet.
    Opening,
    Text,
    Utf16(Decoder),
}

/// One layer of compression.
struct Layer {
    gunzip: Gunzip,
    input: Bytes,
    /// Whether no more input comes.
    complete: bool,
    /// The end, when what was unpacked before it is handed out already.
    end: Option<Result<(), GzipError>>,
}

/// What a layer has.
enum Pull {
    Output(Bytes),
    Hungry,
    End,
}

impl Content {
    pub(crate) fn new(body: Body) -> Self {
        Self {
            body,
            layers: Vec::new(),
            state: State::Opening,
            ahead: Bytes::new(),
            offset: 0,
        }
    }

    /// The object, with the entity tag of what was opened.
    pub(crate) fn object(&self) -> &Object {
        self.body.object()
    }

    /// Where the next chunk begins in the content.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next chunk, never empty; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the object cannot be read, unpacked or decoded further.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ContentError> {
        let chunk = match std::mem::take(&mut self.ahead) {
            ahead if ahead.is_empty() => self.read().await?,
            ahead => Some(ahead),
        };
        self.offset += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Ok(chunk)
    }

    /// Goes on at `offset` of the content, which lies ahead; at its end when it is shorter. Plain content is opened again
    /// there; other content must be unpacked and decoded up to there.
    ///
    /// # Errors
    ///
    /// As of [`next`](Self::next).
    pub(crate) async fn seek(&mut self, offset: u64) -> Result<(), ContentError> {
        while self.offset < offset {
            let Some(mut chunk) = self.next().await? else {
                return Ok(());
            };
            if let Ok(above) = usize::try_from(self.offset.saturating_sub(offset)) {
                chunk.advance(chunk.len().saturating_sub(above));
                self.ahead = chunk;
            }
            if self.offset < offset && self.is_plain() {
                self.ahead = Bytes::new();
                self.offset = self.body.seek(offset).await?;
                return Ok(());
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
    pub(crate) async fn take(&mut self, length: usize) -> Result<Vec<u8>, ContentError> {
        let mut taken = Vec::new();
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

    fn is_plain(&self) -> bool {
        self.layers.is_empty() && matches!(self.state, State::Text)
    }

    async fn read(&mut self) -> Result<Option<Bytes>, ContentError> {
        loop {
            if matches!(self.state, State::Opening) {
                match self.open().await? {
                    head if head.is_empty() => {}
                    head => return Ok(Some(head)),
                }
            }
            // A small body may unpack to gigabytes without waiting once, so that the deadline would be missed.
            tokio::task::coop::consume_budget().await;
            let chunk = self.unpacked().await?;
            let State::Utf16(decoder) = &mut self.state else {
                return Ok(chunk);
            };
            let ended = chunk.is_none();
            let text = decode(decoder, &chunk.unwrap_or_default(), ended);
            if !text.is_empty() {
                return Ok(Some(text));
            }
            if ended {
                return Ok(None);
            }
        }
    }

    /// Reads the first bytes until they decide what the content is; returns them as far as they are content.
    async fn open(&mut self) -> Result<Bytes, ContentError> {
        let mut head = Vec::new();
        loop {
            let kind = loop {
                let chunk = self.unpacked().await?;
                let complete = chunk.is_none();
                head.extend_from_slice(&chunk.unwrap_or_default());
                if let Some(kind) = detect(&head, complete) {
                    break kind;
                }
                debug_assert!(!complete && head.len() < HEAD_BYTES);
            };
            let mut decoder = match kind {
                Kind::Text => {
                    self.state = State::Text;
                    return Ok(head.into());
                }
                Kind::Foreign(foreign) => return Err(ContentError::Foreign(foreign)),
                Kind::Gzip if self.layers.len() >= MAX_LAYERS => return Err(ContentError::Layers),
                Kind::Gzip => {
                    self.layers
                        .push(Layer::new(std::mem::take(&mut head).into()));
                    continue;
                }
                Kind::Utf16Le => UTF_16LE.new_decoder_with_bom_removal(),
                Kind::Utf16Be => UTF_16BE.new_decoder_with_bom_removal(),
            };
            let text = decode(&mut decoder, &head, false);
            self.state = State::Utf16(decoder);
            return Ok(text);
        }
    }

    /// The next chunk that the innermost layer has unpacked.
    async fn unpacked(&mut self) -> Result<Option<Bytes>, ContentError> {
        let Some(innermost) = self.layers.len().checked_sub(1) else {
            return Ok(self.body.next().await?);
        };
        let mut level = innermost;
        while let Some(layer) = self.layers.get_mut(level) {
            match layer.pull()? {
                Pull::Output(bytes) if level == innermost => return Ok(Some(bytes)),
                Pull::End if level == innermost => return Ok(None),
                Pull::Hungry if level == 0 => match self.body.next().await? {
                    Some(bytes) => layer.input = bytes,
                    None => layer.complete = true,
                },
                Pull::Hungry => level -= 1,
                Pull::Output(bytes) => {
                    level += 1;
                    if let Some(layer) = self.layers.get_mut(level) {
                        layer.input = bytes;
                    }
                }
                Pull::End => {
                    level += 1;
                    if let Some(layer) = self.layers.get_mut(level) {
                        layer.complete = true;
                    }
                }
            }
        }
        Ok(None)
    }
}

impl Layer {
    fn new(input: Bytes) -> Self {
        Self {
            gunzip: Gunzip::new(),
            input,
            complete: false,
            end: None,
        }
    }

    fn pull(&mut self) -> Result<Pull, GzipError> {
        if let Some(end) = self.end {
            return end.map(|()| Pull::End);
        }
        while !self.input.is_empty() {
            match self.gunzip.write(&self.input) {
                Ok(taken) => self.input.advance(taken),
                Err(error) => {
                    self.end = Some(Err(error));
                    self.input = Bytes::new();
                }
            }
            let output = self.gunzip.take();
            if !output.is_empty() {
                return Ok(Pull::Output(output.into()));
            }
        }
        if self.end.is_none() && self.complete {
            self.end = Some(self.gunzip.finish());
            let output = self.gunzip.take();
            if !output.is_empty() {
                return Ok(Pull::Output(output.into()));
            }
        }
        match self.end {
            Some(end) => end.map(|()| Pull::End),
            None => Ok(Pull::Hungry),
        }
    }
}

/// Decodes bytes to UTF-8. Half a surrogate pair becomes U+FFFD.
fn decode(decoder: &mut Decoder, bytes: &[u8], last: bool) -> Bytes {
    let length = decoder
        .max_utf8_buffer_length(bytes.len())
        .unwrap_or_default();
    let mut text = String::with_capacity(length);
    let _ = decoder.decode_to_string(bytes, &mut text, last);
    text.into()
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
