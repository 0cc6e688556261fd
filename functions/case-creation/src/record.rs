//! One record of a batch: its bytes, and the Case to create for it.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde_json::Value;
use tt_event::TtEvent;

use crate::{
    batch::{Received, Unreadable},
    reply::Refusal,
};

/// A record that is ready to be delivered, or known not to be deliverable.
pub(crate) struct Record {
    pub(crate) sequence_number: Option<String>,
    pub(crate) payload: Vec<u8>,
    pub(crate) work: Work,
}

/// What has to be done for a record.
pub(crate) enum Work {
    /// Create this Case.
    Create(Case),
    /// An earlier record of the batch holds the same event: nothing.
    Copy,
    /// No Case can be made of it.
    Refuse(Refusal),
}

/// A Case to create.
pub(crate) struct Case {
    pub(crate) event_id: String,
    pub(crate) sobject: Value,
}

impl Record {
    /// The Case to create, when there is one.
    pub(crate) fn case(&self) -> Option<&Case> {
        match &self.work {
            Work::Create(case) => Some(case),
            Work::Copy | Work::Refuse(_) => None,
        }
    }
}

/// Reads and maps each record; a panic in one is the failure of that one.
pub(crate) fn prepare(received: Vec<Received>, sobject: impl Fn(&TtEvent) -> Value) -> Vec<Record> {
    let mut seen = HashSet::new();
    let mut record = |received: Received| {
        let (payload, mut work) = match received.data {
            Ok(payload) => {
                let work = read(&payload, &sobject);
                (payload, work)
            }
            Err(Unreadable { code, text }) => {
                let refusal = Refusal::new(code, "the Kinesis record holds no readable data");
                (text.into_bytes(), Work::Refuse(refusal))
            }
        };
        if let Work::Create(case) = &work
            && !seen.insert(case.event_id.clone())
        {
            work = Work::Copy;
        }
        Record {
            sequence_number: received.sequence_number,
            payload,
            work,
        }
    };
    received.into_iter().map(&mut record).collect()
}

fn read(payload: &[u8], sobject: impl Fn(&TtEvent) -> Value) -> Work {
    let read = || match TtEvent::decode(payload) {
        Ok(event) if event.event_id.as_str().is_empty() => {
            Work::Refuse(Refusal::new("NOT_A_TT_EVENT", "the event id is empty"))
        }
        Ok(event) => Work::Create(Case {
            event_id: event.event_id.to_string(),
            sobject: sobject(&event),
        }),
        Err(error) => Work::Refuse(Refusal::new("NOT_A_TT_EVENT", error.to_string())),
    };
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Work::Refuse(Refusal::new("PANIC", "a panic while reading the event")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tt_event::Source;

    use super::*;

    fn received(index: u64, data: Option<Vec<u8>>) -> Received {
        let source = Source::new("bucket", "incoming/a.csv", "v1", index);
        let event = TtEvent::new(source, "2026-01-01T00:00:00Z", "r", "c", "kyc_review");
        Received {
            sequence_number: Some(index.to_string()),
            data: Ok(data.unwrap_or_else(|| event.encode())),
        }
    }

    fn refused(record: &Record) -> &str {
        match &record.work {
            Work::Refuse(refusal) => &refusal.code,
            _ => "not refused",
        }
    }

    #[test]
    fn the_second_copy_of_an_event_has_nothing_to_do() {
        let batch = vec![received(1, None), received(2, None), received(1, None)];
        let records = prepare(batch, |_| json!({}));
        assert!(matches!(records[0].work, Work::Create(_)));
        assert!(matches!(records[1].work, Work::Create(_)));
        assert!(matches!(records[2].work, Work::Copy));
    }

    #[test]
    fn a_panic_in_one_record_fails_that_record() {
        let batch = vec![received(1, None), received(2, None), received(3, None)];
        let records = prepare(batch, |event| {
            assert!(event.source.index != 2, "provoked");
            json!({})
        });
        assert!(matches!(records[0].work, Work::Create(_)));
        assert_eq!(refused(&records[1]), "PANIC");
        assert!(matches!(records[2].work, Work::Create(_)));
    }

    #[test]
    fn what_is_no_tt_event_is_refused_and_keeps_its_bytes() {
        let records = prepare(vec![received(1, Some(b"{".to_vec()))], |_| json!({}));
        assert_eq!(refused(&records[0]), "NOT_A_TT_EVENT");
        assert_eq!(records[0].payload, b"{");
    }
}
