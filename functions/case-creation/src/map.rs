//! Third stage: TT events to Salesforce Cases, by the rules of the mapping.

mod case;
mod mapping;
mod template;

pub(crate) use case::Case;
pub use mapping::Mapping;

use tt_event::EventView;

use crate::{
    decode::{Decoded, Record},
    ending::{Ending, Rejection},
};

/// A record on its way through the later stages.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    pub(crate) record: Record<'a>,
    /// `None` when the record contains no TT event.
    pub(crate) event: Option<EventView<'a>>,
    /// `None` when the record needs no delivery.
    pub(crate) case: Option<Case>,
    /// `None` until the record was delivered.
    pub(crate) ending: Option<Ending>,
}

impl Item<'_> {
    pub(crate) fn event_id(&self) -> Option<&str> {
        self.event.as_ref().map(EventView::event_id)
    }

    /// The Case, when it has to be delivered.
    pub(crate) fn open_case(&self) -> Option<&Case> {
        self.case.as_ref().filter(|_| self.ending.is_none())
    }
}

/// Maps the events of those records that have no ending yet.
pub(crate) fn map<'a>(
    decoded: Vec<Decoded<'a>>,
    endings: Vec<Option<Ending>>,
    mapping: &Mapping,
) -> Vec<Item<'a>> {
    let item = |(Decoded { record, event }, ending)| {
        let (event, ending) = match event {
            Ok(event) => (Some(event), ending),
            Err(rejection) => (None, Some(Ending::Rejected(rejection))),
        };
        let mut item = Item {
            record,
            event,
            case: None,
            ending,
        };
        if let (Some(event), None) = (&item.event, &item.ending) {
            match Rejection::catch(|| {
                Ok(Case::of(event, record.data.map_or(0, <[u8]>::len), mapping))
            }) {
                Ok(case) => item.case = Some(case),
                Err(rejection) => item.ending = Some(Ending::Rejected(rejection)),
            }
        }
        item
    };
    decoded.into_iter().zip(endings).map(item).collect()
}
