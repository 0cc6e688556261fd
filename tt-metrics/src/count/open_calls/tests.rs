//! calls = success + failure + neutral + interrupted, in any order of beginnings, ends, drains, refusals and last moments.

use std::{thread, time::SystemTime};

use super::*;
use crate::{
    count::{
        buffer::{Buffer, Shard},
        snapshot::Snapshot,
        sync::{Ordering, fence},
    },
    declare::{declaration::Declaration, site::Site},
    metric::MetricName,
};

const SUCCESS: MetricName = MetricName::new("Success");
const FAILURE: MetricName = MetricName::new("Failure");
const NEUTRAL: MetricName = MetricName::new("Neutral");
const INTERRUPTED: MetricName = MetricName::new("Interrupted");
const METRICS: [MetricName; OUTCOMES] = [SUCCESS, FAILURE, NEUTRAL, INTERRUPTED];
const DECLARATION: Declaration = Declaration {
    success: Some(SUCCESS),
    failure: Some(FAILURE),
    neutral: Some(NEUTRAL),
    interrupted: Some(INTERRUPTED),
    ..Declaration::new("f", "f.rs", 1, "")
};
// Two sites that share their metrics.
static TWO: [Site; 2] = [Site::new(&DECLARATION, &[]), Site::new(&DECLARATION, &[])];

fn drain(buffer: &Buffer, still_open: StillOpen) -> Snapshot {
    buffer.drain(SystemTime::UNIX_EPOCH, still_open)
}

fn sent(snapshot: &Snapshot) -> u64 {
    METRICS.iter().map(|metric| snapshot.get(*metric)).sum()
}

fn count(shard: Shard, site: usize, kind: Kind) {
    shard.add(site, kind, 1);
}

fn any_outcome(random: &mut fastrand::Rng) -> Kind {
    Kind::ALL[random.usize(1..Kind::ALL.len())]
}

#[test]
fn sent_outcomes_never_exceed_the_calls_that_began_and_equal_them_at_the_end() {
    const HISTORIES: u64 = 2_000;
    for seed in 0..HISTORIES {
        let mut random = fastrand::Rng::with_seed(seed);
        let buffer = Buffer::new(|| &TWO);
        // A call may end on another thread than it began on.
        let (begins, ends) = (buffer.claim(), buffer.claim());
        let (mut began, mut total, mut open) = (0, 0, [0_u32; 2]);
        for _ in 0..random.usize(..200) {
            let site = random.usize(..2);
            match random.u8(..16) {
                0..6 => {
                    count(begins, site, Kind::Began);
                    open[site] += 1;
                    began += 1;
                }
                6..12 if open[site] > 0 => {
                    count(ends, site, any_outcome(&mut random));
                    open[site] -= 1;
                }
                12 => total += sent(&drain(&buffer, StillOpen::Wait)),
                13 => buffer.put_back(drain(&buffer, StillOpen::Wait).data()),
                14 => {
                    total += sent(&drain(&buffer, StillOpen::Interrupt));
                    assert_eq!(total, began, "seed {seed}, at a last moment");
                }
                _ => {}
            }
            assert!(total <= began, "seed {seed}: {total} of {began}");
        }
        let mut still_open = StillOpen::Interrupt;
        if random.bool() {
            for (site, open) in open.into_iter().enumerate() {
                (0..open).for_each(|_| count(ends, site, any_outcome(&mut random)));
            }
            still_open = StillOpen::Wait;
        }
        total += sent(&drain(&buffer, still_open));
        assert_eq!(total, began, "seed {seed}, {still_open:?}");
    }
}

/// Makes calls, some of which end only after all others. Returns their number.
fn live(buffer: &Buffer, mut random: fastrand::Rng) -> u64 {
    let shard = buffer.claim();
    let mut waiting = Vec::new();
    let calls = random.u64(1..200);
    for _ in 0..calls {
        let (site, kind) = (random.usize(..2), any_outcome(&mut random));
        count(shard, site, Kind::Began);
        fence(Ordering::Release);
        if random.bool() {
            waiting.push((site, kind));
        } else {
            count(shard, site, kind);
        }
    }
    for (site, kind) in waiting {
        count(shard, site, kind);
    }
    buffer.release(shard);
    calls
}

#[test]
fn no_call_is_lost_when_threads_count_during_last_moments() {
    const ROUNDS: u64 = 100;
    for seed in 0..ROUNDS {
        let buffer = &Buffer::new(|| &TWO);
        let (began, total) = thread::scope(|scope| {
            let random = |thread| fastrand::Rng::with_seed(seed * 3 + thread);
            let threads: Vec<_> = (0..3)
                .map(|thread| scope.spawn(move || live(buffer, random(thread))))
                .collect();
            let last = |_| sent(&drain(buffer, StillOpen::Interrupt));
            let total: u64 = (0..50).map(last).sum();
            let calls = threads
                .into_iter()
                .map(|thread| thread.join().expect("counts"));
            (calls.sum::<u64>(), total)
        });
        let total = total + sent(&drain(buffer, StillOpen::Wait));
        assert_eq!(total, began, "seed {seed}");
    }
}

#[test]
fn a_claimed_call_that_ends_is_not_counted_again_and_the_next_one_is() {
    let buffer = Buffer::new(|| &TWO);
    let shard = buffer.claim();
    count(shard, 0, Kind::Began);
    assert_eq!(drain(&buffer, StillOpen::Interrupt).get(INTERRUPTED), 1);
    assert_eq!(sent(&drain(&buffer, StillOpen::Interrupt)), 0);
    count(shard, 0, Kind::Success);
    assert_eq!(sent(&drain(&buffer, StillOpen::Wait)), 0);
    count(shard, 0, Kind::Began);
    count(shard, 0, Kind::Success);
    let next = drain(&buffer, StillOpen::Wait);
    assert_eq!((next.get(SUCCESS), sent(&next)), (1, 1));
}

#[test]
fn a_loop_that_passes_a_last_moment_is_one_interrupted_call() {
    let buffer = Buffer::new(|| &TWO);
    let shard = buffer.claim();
    let mut interrupted = 0;
    for _ in 0..10 {
        count(shard, 0, Kind::Began);
        interrupted += drain(&buffer, StillOpen::Interrupt).get(INTERRUPTED);
        count(shard, 0, Kind::Success);
    }
    assert_eq!(interrupted, 1);
}

#[test]
fn a_claimed_batch_that_ends_with_fewer_items_is_balanced_by_the_next_calls() {
    let buffer = Buffer::new(|| &TWO);
    let shard = buffer.claim();
    shard.add(0, Kind::Began, 3);
    assert_eq!(drain(&buffer, StillOpen::Interrupt).get(INTERRUPTED), 3);
    // Three items began, and two ended.
    shard.add(0, Kind::Began, 1_u64.wrapping_neg());
    shard.add(0, Kind::Success, 2);
    assert_eq!(sent(&drain(&buffer, StillOpen::Wait)), 0);
    for expected in [0, 1, 1] {
        count(shard, 0, Kind::Began);
        count(shard, 0, Kind::Failure);
        assert_eq!(sent(&drain(&buffer, StillOpen::Wait)), expected);
    }
}
