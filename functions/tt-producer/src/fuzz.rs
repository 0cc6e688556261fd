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
/// are, and what is read as a record comes out of its event as it went in.
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
    assert!(whole.is_sorted_by_key(|(offset, _)| *offset));
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

type Found = Vec<(u64, Option<SplitError>)>;

fn pull(splitter: &mut Splitter, found: &mut Found) {
    while let Some(piece) = splitter.pull() {
        assert!(piece.content.len() <= parked::line_bytes(LIMIT));
        assert!(!piece.content.is_empty() || piece.error.is_some());
        found.push((piece.offset, piece.error));
    }
}

fn in_chunks(key: &str, content: &[u8], size: usize) -> Found {
    let mut splitter = Splitter::resume(key, LIMIT, Place::default());
    let mut found = Found::new();
    for chunk in content.chunks(size) {
        splitter.push(chunk);
        pull(&mut splitter, &mut found);
    }
    splitter.finish();
    pull(&mut splitter, &mut found);
    found
}

/// Each splitter gets `size` bytes more than the one before, from where that one stood.
fn in_hops(key: &str, content: &[u8], size: usize) -> Found {
    let (mut place, mut found) = (Place::default(), Found::new());
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
