//! First stage: the payload of an invocation to Kinesis records and their TT events.

mod discarded;
mod event;
mod kinesis_batch;
mod record;
mod record_buffer;

pub(crate) use discarded::{DiscardedBatch, Intake, InvocationRecord};
pub use event::Event;
pub use kinesis_batch::KinesisBatch;
pub(crate) use record::Record;

use tt_event::EventView;

use crate::ending::Rejection;

/// A Kinesis record with its TT event, or with the reason why it contains none.
#[derive(Debug)]
pub(crate) struct Decoded<'a> {
    pub(crate) record: Record<'a>,
    pub(crate) event: Result<EventView<'a>, Rejection>,
}

/// Decodes the TT events of some records.
pub(crate) fn events<'a>(records: &[Record<'a>]) -> Vec<Decoded<'a>> {
    let decode = |record: &Record<'a>| Decoded {
        record: *record,
        event: Rejection::catch(|| event(record)),
    };
    records.iter().map(decode).collect()
}

fn event<'a>(record: &Record<'a>) -> Result<EventView<'a>, Rejection> {
    let data = record.data.map_err(|unreadable| {
        Rejection::new(
            unreadable.code,
            "the Kinesis record contains no readable data",
        )
    })?;
    match EventView::decode(data) {
        Ok(event) if event.event_id().is_empty() => {
            Err(Rejection::new("NOT_A_TT_EVENT", "the event id is empty"))
        }
        Ok(event) => Ok(event),
        Err(error) => Err(Rejection::new("NOT_A_TT_EVENT", error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use tt_event::{Source, TtEvent};

    use super::*;

    fn code(data: &[u8]) -> Option<String> {
        event(&Record::of(None, data))
            .err()
            .map(|rejection| rejection.code.into())
    }

    #[test]
    fn data_that_is_no_tt_event_is_rejected() {
        let source = Source::new("bucket", "incoming/a.csv", "v1", 0);
        let event = TtEvent::new(source, "2026-01-01T00:00:00Z", "r", "c", "kyc_review");
        let text = String::from_utf8(event.encode()).unwrap();
        let without_id = text.replace(event.event_id.as_str(), "");
        let rejected = Some("NOT_A_TT_EVENT".to_owned());
        assert_eq!(code(b"{"), rejected);
        assert_eq!(code(without_id.as_bytes()), rejected);
        assert_eq!(code(text.as_bytes()), None);
    }
}
