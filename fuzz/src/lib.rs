//! Properties that hold for any bytes. The targets of cargo-fuzz check them, and so does `cargo test -p tt-producer`, on the
//! seeds and on variations of them.

use tt_event::{Encoder, TtEvent};
use tt_producer::{
    notification,
    parse::{parse, replace_lone_surrogates},
    split::{Form, SplitError, Splitter},
    upload::{Position, Reader},
};

const LIMIT: usize = 40;

/// Neither the chunks in which a file arrives nor the invocations that it takes decide where its records are, no byte is lost
/// between them, and a record is the same after its event was decoded and encoded again.
///
/// # Panics
///
/// When the property does not hold.
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
}

/// An event is the same after encoding it again.
///
/// # Panics
///
/// When the property does not hold.
pub fn event(bytes: &[u8]) {
    if let Ok(event) = TtEvent::decode(bytes) {
        assert_eq!(TtEvent::decode(&event.encode()), Ok(event));
    }
}

/// An upload that a payload names can be handed on.
///
/// # Panics
///
/// When the property does not hold.
pub fn notification(bytes: &[u8]) {
    let Ok(payload) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(found) = notification::decode(payload, None) else {
        return;
    };
    for upload in found.uploads {
        if upload.check(None).is_ok() {
            let again = notification::decode(&notification::replay(&upload), None);
            assert_eq!(again.map(|found| found.uploads).ok(), Some(vec![upload]));
        }
    }
}

/// The records of an aggregate lie within it, and make an aggregate again.
///
/// # Panics
///
/// When the property does not hold.
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

/// A piece of a file: where it begins, what it contains, and whether that is only its beginning.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    offset: u64,
    content: Vec<u8>,
    error: Option<SplitError>,
    truncated: bool,
}

fn pull(splitter: &mut Splitter, found: &mut Vec<Found>) {
    while let Some(piece) = splitter.pull() {
        assert!(piece.content.len() <= LIMIT);
        assert!(!piece.content.is_empty() || piece.error.is_some());
        assert_event_is_stable(piece.content, piece.form);
        // How much of the content behind the last record a piece contains depends on how much of it is here.
        let is_rest = !matches!(
            piece.error,
            None | Some(SplitError::TooLong { .. } | SplitError::Quotes | SplitError::Header(_))
        );
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

/// Every byte of a file is in a piece, or in the rest of one that is cut, or separates two.
///
/// Headers of CSV files and repetitions of them are no pieces, so only other files are checked.
fn assert_nothing_lost(content: &[u8], pieces: &[Found]) {
    const SEPARATORS: &[u8] = b" \t\r\n\x0b\x0c\0\x1a\x1e[],\xef\xbb\xbf";
    if !content.trim_ascii_start().starts_with(b"{") {
        return;
    }
    let mut end = 0;
    let mut is_within = false;
    for piece in pieces {
        let start = usize::try_from(piece.offset).unwrap_or(usize::MAX);
        assert!(end <= start && start <= content.len());
        let between = content.get(end..start).unwrap_or_default();
        assert!(is_within || between.iter().all(|byte| SEPARATORS.contains(byte)));
        end = start + piece.content.len();
        assert_eq!(content.get(start..end), Some(piece.content.as_slice()));
        is_within = piece.truncated;
    }
    let behind = content.get(end..).unwrap_or_default();
    assert!(is_within || behind.iter().all(|byte| SEPARATORS.contains(byte)));
}

fn in_chunks(key: &str, content: &[u8], size: usize) -> Vec<Found> {
    let mut splitter = Splitter::new(key, LIMIT, &Position::default());
    let mut found = Vec::new();
    for chunk in content.chunks(size) {
        splitter.push(chunk);
        pull(&mut splitter, &mut found);
    }
    splitter.finish();
    pull(&mut splitter, &mut found);
    found
}

/// Each splitter gets `size` bytes more than the one before, from the position where that one stopped.
fn in_hops(key: &str, content: &[u8], size: usize) -> Vec<Found> {
    let (mut position, mut found) = (Position::default(), Vec::new());
    let mut pushed = 0;
    loop {
        let mut splitter = Splitter::new(key, LIMIT, &position);
        if let Reader::Csv(csv) = position.reader
            && let Some(header) = csv.header
        {
            let start = usize::try_from(header.offset).unwrap_or_default();
            let row = content.get(start..start + header.length);
            splitter.set_header(row.unwrap_or_default());
        }
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
        position.offset = splitter.offset();
        position.reader = splitter.reader();
    }
}

fn assert_event_is_stable(text: &[u8], form: Form<'_>) {
    let text = replace_lone_surrogates(text);
    let Ok(record) = parse(&text, form) else {
        return;
    };
    let mut written = Vec::new();
    record.encode(&Encoder::new("b", "k", "v"), 0, "now", &mut written);
    let event = TtEvent::decode(&written).map(|event| event.encode());
    assert_eq!(event, Ok(written));
}
