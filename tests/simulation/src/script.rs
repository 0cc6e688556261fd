//! Scripts: the records that are sent, and the faults of the services.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use case_services::Services;
use jiff::{SignedDuration, Timestamp};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
};

use salesforce_stand_in::{Api, Ending, Fault, Outage};

use crate::stream::PutFault;

/// The records that are sent to the stream, and the faults on the way.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) records: Vec<Sent>,
    /// Faults of the calls that publish, in their order.
    pub(crate) stream: Vec<PutFault>,
    /// Whether the producer aggregates; if not, others aggregate the records that are joined.
    pub(crate) aggregate: bool,
    pub(crate) batch_size: usize,
    /// `ParallelizationFactor`.
    pub(crate) parallel: u64,
    pub(crate) bisect: bool,
    /// `MaximumRetryAttempts`.
    pub(crate) attempts: Option<u32>,
    /// Whether progress renews the attempts of a batch.
    pub(crate) renews_attempts: bool,
    /// Invocations whose answer is lost.
    pub(crate) lost_answers: BTreeSet<u32>,
    /// Faults of the calls that create, in their order.
    pub(crate) calls: Vec<Fault>,
    /// Statuses of lookups in Salesforce.
    pub(crate) finds: Vec<Option<u16>>,
    /// Whether the bucket stores, and the status it answers.
    pub(crate) puts: Vec<(bool, u16)>,
    /// Statuses of lookups in the bucket.
    pub(crate) heads: Vec<u16>,
    pub(crate) outage: Option<Down>,
    /// When the process is stopped and another one continues.
    pub(crate) stop: Option<Duration>,
}

/// All of Salesforce fails for some minutes.
#[derive(Debug, Clone)]
pub(crate) struct Down {
    pub(crate) minutes: Range<i64>,
    pub(crate) ending: Ending,
}

/// A record.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) what: What,
    /// Seconds after the record before it.
    pub(crate) gap: i64,
    pub(crate) shard: usize,
    /// Whether it shares the Kinesis record of the one before it.
    pub(crate) joined: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Event,
    /// An event that is in the stream twice.
    Copy,
    /// An event that Salesforce rejects.
    TooLong,
    /// No event, written to the stream by another producer.
    Rubbish,
    /// A malformed row of a file.
    Malformed,
}

impl Script {
    pub(crate) fn prepare(&self, services: &Services, start: Timestamp) {
        let org = services.org();
        org.script(Api::Create, self.calls.iter().cloned());
        let find = |status: &Option<u16>| match status {
            Some(status) => Fault::refuse(*status, "SCRIPTED"),
            None => Fault::None,
        };
        org.script(Api::Find, self.finds.iter().map(find));
        let at = |minute| start + SignedDuration::from_mins(minute);
        org.set_outage(self.outage.as_ref().map(|down| Outage {
            from: at(down.minutes.start),
            to: at(down.minutes.end),
            ending: down.ending.clone(),
        }));
        let mut aws = services.aws();
        aws.put_faults = self.puts.iter().copied().collect();
        aws.head_faults = self.heads.iter().copied().collect();
    }
}

pub(crate) fn scripts() -> impl Strategy<Value = Script> {
    let mapping = (
        1..8_usize,
        1..4_u64,
        any::<bool>(),
        option::weighted(0.4, 0..5_u32),
        any::<bool>(),
        btree_set(0..12_u32, 0..3),
    );
    let faults = (
        vec(prop_oneof![2 => Just(Fault::None), 3 => faults()], 0..25),
        vec(option::weighted(0.4, Just(503)), 0..8),
        vec(puts(), 0..8),
        vec(Just(503), 0..3),
        option::weighted(0.3, downs()),
        option::weighted(0.5, stops()),
    );
    let sent = (
        vec(records(), 1..14),
        vec(put_faults(), 0..6),
        prop::bool::weighted(0.2),
    );
    (sent, mapping, faults).prop_map(|(sent, mapping, faults)| {
        let (records, stream, aggregate) = sent;
        let (batch_size, parallel, bisect, attempts, renews_attempts, lost_answers) = mapping;
        let (calls, finds, puts, heads, outage, stop) = faults;
        Script {
            records,
            stream,
            aggregate,
            batch_size,
            parallel,
            bisect,
            attempts,
            renews_attempts,
            lost_answers,
            calls,
            finds,
            puts,
            heads,
            outage,
            stop,
        }
    })
}

/// Soon, within the first calls, or somewhere in the hours of an outage.
fn stops() -> impl Strategy<Value = Duration> {
    let millis = prop_oneof![
        3 => 0..2_000_u64,
        2 => 0..200_000_u64,
        1 => 0..9_000_000_u64,
    ];
    millis.prop_map(Duration::from_millis)
}

fn put_faults() -> impl Strategy<Value = PutFault> {
    prop_oneof![
        3 => Just(PutFault::None),
        3 => any::<u8>().prop_map(PutFault::RefuseSome),
        1 => Just(PutFault::Fail),
        1 => Just(PutFault::StoreThenFail),
    ]
}

fn records() -> impl Strategy<Value = Sent> {
    let what = prop_oneof![
        6 => Just(What::Event),
        1 => Just(What::Copy),
        1 => Just(What::TooLong),
        1 => Just(What::Rubbish),
        1 => Just(What::Malformed),
    ];
    let gap = prop_oneof![Just(0), 0..5_i64, 0..900_i64];
    (what, gap, 0..2_usize, prop::bool::weighted(0.3)).prop_map(|(what, gap, shard, joined)| Sent {
        what,
        gap,
        shard,
        joined,
    })
}

/// Temporary faults. Errors that are permanent, or become so after some attempts, are rejections.
fn faults() -> impl Strategy<Value = Fault> {
    let instead = |ending| Just(Fault::Instead(ending));
    let after = |ending| Just(Fault::After(ending));
    prop_oneof![
        Just(Fault::refuse(503, "SERVER_UNAVAILABLE")),
        Just(Fault::refuse(403, "REQUEST_LIMIT_EXCEEDED")),
        Just(Fault::refuse(403, "STORAGE_LIMIT_EXCEEDED")),
        Just(Fault::refuse(429, "")),
        Just(Fault::refuse(418, "TEAPOT")),
        Just(Fault::refuse(400, "UNABLE_TO_LOCK_ROW")),
        instead(Ending::Hang),
        instead(html(200)),
        instead(html(502)),
        instead(Ending::Panic),
        after(Ending::Hang),
        after(Ending::error(503, "SERVER_UNAVAILABLE")),
        after(Ending::MissingResult),
        after(Ending::BreakOff),
        after(Ending::Panic),
        after(html(200)),
        Just(Fault::EndSessions),
        (0..8_usize).prop_map(|place| Fault::refuse_record(place, "UNABLE_TO_LOCK_ROW")),
        (0..8_usize).prop_map(|place| Fault::refuse_record(place, "REQUEST_LIMIT_EXCEEDED")),
        (0..8_usize).prop_map(|place| Fault::refuse_record(place, "SERVER_UNAVAILABLE")),
        (0..8_usize).prop_map(|place| Fault::refuse_record(place, "NOT_IN_THE_TABLE")),
        (0..8_usize).prop_map(locked_in_a_trigger),
    ]
}

/// The page of a proxy.
pub(crate) fn html(status: u16) -> Ending {
    Ending::Body {
        status,
        body: "<html><body>Maintenance</body></html>".into(),
    }
}

fn locked_in_a_trigger(place: usize) -> Fault {
    Fault::RefuseRecords {
        code: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY".into(),
        message: "CaseTrigger: first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access"
            .into(),
        positions: vec![place],
    }
}

/// Throttled, refused, failed, and failed after the work.
fn puts() -> impl Strategy<Value = (bool, u16)> {
    prop_oneof![
        3 => Just((true, 200)),
        1 => Just((false, 503)),
        1 => Just((false, 403)),
        1 => Just((true, 500)),
    ]
}

fn downs() -> impl Strategy<Value = Down> {
    let ending = prop_oneof![
        Just(Ending::error(503, "SERVER_UNAVAILABLE")),
        Just(Ending::error(403, "REQUEST_LIMIT_EXCEEDED")),
        Just(Ending::Hang),
        Just(html(200)),
        Just(html(404)),
    ];
    (0..20_i64, 1..150_i64, ending).prop_map(|(from, minutes, ending)| Down {
        minutes: from..from + minutes,
        ending,
    })
}
