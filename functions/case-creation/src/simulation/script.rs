//! Scripts: what is sent, and what goes wrong.

use std::{collections::BTreeSet, ops::Range};

use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
};

use super::{Duration, Outage, SignedDuration, Timestamp, stream::PutFault};
use crate::stand_in::{Fault, World};

/// What is sent to the stream, and what goes wrong on the way.
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
    /// Whether progress gives a batch all its attempts again.
    pub(crate) renews_attempts: bool,
    /// Invocations whose answer the mapping does not get.
    pub(crate) lost_answers: BTreeSet<u32>,
    /// Faults of the calls that create, in their order.
    pub(crate) calls: Vec<Option<Fault>>,
    /// Statuses of the calls that find.
    pub(crate) finds: Vec<Option<u16>>,
    /// Whether the bucket stores, and the status it answers.
    pub(crate) puts: Vec<(bool, u16)>,
    /// Statuses of looks into the bucket.
    pub(crate) heads: Vec<u16>,
    pub(crate) outage: Option<Down>,
    /// When the process is stopped, whatever it is doing, and another one takes over.
    pub(crate) stop: Option<Duration>,
}

/// All of Salesforce fails for some minutes.
#[derive(Debug, Clone)]
pub(crate) struct Down {
    pub(crate) minutes: Range<i64>,
    pub(crate) fault: Fault,
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
    /// An event that stands in the stream twice.
    Copy,
    /// An event that Salesforce refuses.
    TooLong,
    /// No event at all, written to the stream by somebody else.
    Rubbish,
    /// A row of a file that is none.
    Malformed,
}

impl Script {
    pub(crate) fn prepare(&self, world: &mut World, start: Timestamp) {
        let calls = self.calls.iter().map(|fault| fault.unwrap_or(Fault::None));
        world.faults = calls.collect();
        world.find_faults = self.finds.iter().copied().collect();
        world.put_faults = self.puts.iter().copied().collect();
        world.head_faults = self.heads.iter().copied().collect();
        let at = |minute| start + SignedDuration::from_mins(minute);
        world.outage = self.outage.as_ref().map(|down| Outage {
            from: at(down.minutes.start),
            to: at(down.minutes.end),
            fault: down.fault,
        });
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
        vec(option::weighted(0.6, faults()), 0..25),
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

/// Everything that passes. Codes that are permanent, or become so after some tries, are no faults but
/// refusals: a record that is refused once is refused.
fn faults() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Refuse(503, "SERVER_UNAVAILABLE")),
        Just(Fault::Refuse(403, "REQUEST_LIMIT_EXCEEDED")),
        Just(Fault::Refuse(429, "")),
        Just(Fault::Refuse(418, "TEAPOT")),
        Just(Fault::Refuse(400, "UNABLE_TO_LOCK_ROW")),
        Just(Fault::Hang),
        Just(Fault::StoreThenHang),
        Just(Fault::StoreThenFail),
        Just(Fault::StoreThenShorten),
        Just(Fault::StoreThenBreakOff),
        Just(Fault::Revoke),
        Just(Fault::Panic),
        Just(Fault::StoreThenPanic),
        (0..8_usize).prop_map(|place| Fault::RefuseOne(place, "UNABLE_TO_LOCK_ROW")),
        (0..8_usize).prop_map(|place| Fault::RefuseOne(place, "REQUEST_LIMIT_EXCEEDED")),
        (0..8_usize).prop_map(|place| Fault::RefuseOne(place, "SERVER_UNAVAILABLE")),
    ]
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
    let fault = prop_oneof![
        Just(Fault::Refuse(503, "SERVER_UNAVAILABLE")),
        Just(Fault::Refuse(403, "REQUEST_LIMIT_EXCEEDED")),
        Just(Fault::Hang),
    ];
    (0..20_i64, 1..150_i64, fault).prop_map(|(from, minutes, fault)| Down {
        minutes: from..from + minutes,
        fault,
    })
}
