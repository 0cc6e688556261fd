//! What holds for any bytes: checked by the targets of cargo-fuzz, and by the tests that replay their seeds.

use tt_event::{Encoder, TtEvent};

use crate::{
    notification, parked,
    record::Record,
    row::Header,
    split::{Place, SplitError, Splitter},
    upload::Upload,
};

const LIMIT: usize = 40;

/// Neither the chunks in which a file arrives nor the invocations that it takes decide where its records
/// are, no byte is lost between them, and what is read as a record comes out of its event as it went in.
pub fn split(bytes: &[u8]) {
    let Some(([kind, size], content)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let key = match kind % 3 {
        0 => "a.jsonl",
        1 => "a.csv",
        _ => "a.json",
    };
    let size = usize::from(*size).max(1);
    let whole = in_chunks(key, content, content.len().max(1));
    assert_eq!(in_chunks(key, content, size), whole, "in chunks of {size}");
    assert_eq!(in_hops(key, content, size), whole, "in hops of {size}");
    assert_nothing_lost(content, &whole);
    event_of(Record::from_json(content).ok());
    let mut lines = content.split(|byte| *byte == b'\n');
    let header = Header::new(lines.next().unwrap_or_default());
    event_of(lines.next().and_then(|row| header.record(row).ok()));
    if let Some(replay) = parked::read(content) {
        assert_eq!(parked::read(content), Some(replay));
    }
}

/// What is read as an event is the same after writing it.
pub fn event(bytes: &[u8]) {
    if let Ok(event) = TtEvent::decode(bytes) {
        assert_eq!(TtEvent::decode(&event.encode()), Ok(event));
    }
}

/// What is read as notification can be handed on.
pub fn notification(bytes: &[u8]) {
    let Ok(payload) = serde_json::from_slice(bytes) else {
        return;
    };
    let Ok(notification) = notification::decode(&payload) else {
        return;
    };
    for upload in notification.uploads {
        let message = serde_json::from_str(&upload.encode()).unwrap_or_default();
        assert_eq!(Upload::decode(&message), Some(upload));
    }
}

/// Records of an aggregate lie within it, and make an aggregate again.
pub fn aggregate(bytes: &[u8]) {
    let Ok(Some(records)) = kinesis_batch::deaggregate(bytes) else {
        return;
    };
    let mut aggregate = kinesis_batch::Aggregate::new(usize::MAX);
    for record in &records {
        let mut entry = kinesis_batch::Entry::new(record.partition_key, record.data);
        entry.explicit_hash_key = record.explicit_hash_key.map(str::to_owned);
        assert!(aggregate.push(&entry));
    }
    let again = aggregate.into_entry().data;
    let expected = (!records.is_empty()).then_some(records);
    assert_eq!(kinesis_batch::deaggregate(&again), Ok(expected));
}

/// A piece of a file: where it begins, what it holds, and whether that is only its beginning.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    offset: u64,
    content: Vec<u8>,
    error: Option<SplitError>,
    truncated: bool,
}

fn pull(splitter: &mut Splitter, found: &mut Vec<Found>) {
    while let Some(piece) = splitter.pull() {
        assert!(piece.content.len() <= parked::line_bytes(LIMIT));
        assert!(!piece.content.is_empty() || piece.error.is_some());
        // What a file holds behind its last record depends on how much of it is here.
        let is_rest = matches!(piece.error, Some(error) if error.is_rest());
        found.push(Found {
            offset: piece.offset,
            content: if is_rest {
                Vec::new()
            } else {
                piece.content.to_vec()
            },
            error: piece.error,
            truncated: is_rest || piece.truncated,
        });
    }
}

/// Every byte of a file is in a piece, or in the rest of one that is cut, or is a mark between two.
fn assert_nothing_lost(content: &[u8], pieces: &[Found]) {
    const MARKS: &[u8] = b" \t\r\n\x0c[],\xef\xbb\xbf";
    let mut end = 0;
    let mut within = false;
    for piece in pieces {
        let start = usize::try_from(piece.offset).unwrap_or(usize::MAX);
        assert!(end <= start && start <= content.len());
        let between = content.get(end..start).unwrap_or_default();
        assert!(within || between.iter().all(|byte| MARKS.contains(byte)));
        end = start + piece.content.len();
        assert_eq!(content.get(start..end), Some(piece.content.as_slice()));
        within = piece.truncated;
    }
    let behind = content.get(end..).unwrap_or_default();
    assert!(within || behind.iter().all(|byte| MARKS.contains(byte)));
}

fn in_chunks(key: &str, content: &[u8], size: usize) -> Vec<Found> {
    let mut splitter = Splitter::resume(key, LIMIT, Place::default());
    let mut found = Vec::new();
    for chunk in content.chunks(size) {
        splitter.push(chunk);
        pull(&mut splitter, &mut found);
    }
    splitter.finish();
    pull(&mut splitter, &mut found);
    found
}

/// Each splitter gets `size` bytes more than the one before, from where that one stood.
fn in_hops(key: &str, content: &[u8], size: usize) -> Vec<Found> {
    let (mut place, mut found) = (Place::default(), Vec::new());
    let mut pushed = 0;
    loop {
        let mut splitter = Splitter::resume(key, LIMIT, place);
        pushed = content.len().min(pushed + size);
        let start = usize::try_from(splitter.offset()).unwrap_or(pushed);
        splitter.push(content.get(start..pushed).unwrap_or_default());
        if pushed == content.len() {
            splitter.finish();
        }
        pull(&mut splitter, &mut found);
        if pushed == content.len() {
            return found;
        }
        place = splitter.place();
    }
}

fn event_of(record: Option<Record<'_>>) {
    let Some(record) = record else {
        return;
    };
    let mut written = Vec::new();
    record.encode(&Encoder::new("b", "k", "v"), 0, "now", &mut written);
    let event = TtEvent::decode(&written).map(|event| event.encode());
    assert_eq!(event, Ok(written));
}
