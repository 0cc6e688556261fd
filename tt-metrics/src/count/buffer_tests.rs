//! Tests of the buffer on real threads.

use std::{thread, time::SystemTime};

use crate::{
    count::{buffer::Buffer, open_calls::StillOpen, snapshot::Snapshot},
    declare::{declaration::Declaration, kind::Kind, site::Site},
    metric::{MetricName, Value},
};

const DONE: MetricName = MetricName::new("Done");
const FAILED: MetricName = MetricName::new("Failed");
const PLAIN: Declaration = Declaration {
    success: Some(DONE),
    failure: Some(FAILED),
    ..Declaration::new("f", "f.rs", 1, "")
};
// Two sites that share their metric names.
static TWO: [Site; 2] = [Site::new(&PLAIN, &[]), Site::new(&PLAIN, &[])];

fn buffer() -> Buffer {
    Buffer::new(|| &TWO)
}

fn drain(buffer: &Buffer) -> Snapshot {
    buffer.drain(SystemTime::UNIX_EPOCH, StillOpen::Wait)
}

#[test]
fn a_drain_returns_the_growth_since_the_previous_one() {
    let buffer = buffer();
    let shard = buffer.claim();
    shard.add(0, Kind::Success, 2);
    shard.add(1, Kind::Success, 3);
    assert_eq!(drain(&buffer).get(DONE), 5);
    shard.add(0, Kind::Success, 1);
    assert_eq!(drain(&buffer).get(DONE), 1);
    assert_eq!(drain(&buffer).get(DONE), 0);
}

#[test]
fn metrics_without_growth_are_in_the_snapshot_as_zero() {
    let snapshot = drain(&buffer());
    let counts: Vec<_> = snapshot
        .data()
        .iter()
        .map(|datum| (datum.metric, datum.value.clone()))
        .collect();
    assert_eq!(counts, [(DONE, Value::Count(0)), (FAILED, Value::Count(0))]);
}

#[test]
fn data_put_back_are_in_the_next_drain_once() {
    let buffer = buffer();
    let shard = buffer.claim();
    shard.add(0, Kind::Failure, 4);
    buffer.put_back(drain(&buffer).data());
    shard.add(0, Kind::Failure, 1);
    assert_eq!(drain(&buffer).get(FAILED), 5);
    assert_eq!(drain(&buffer).get(FAILED), 0);
}

#[test]
fn the_shard_of_an_ended_thread_keeps_its_counts_and_is_reused() {
    let buffer = buffer();
    let first = buffer.claim();
    first.add(0, Kind::Success, 1);
    buffer.release(first);
    let second = buffer.claim();
    assert_eq!(buffer.shards(), 1);
    second.add(0, Kind::Success, 1);
    assert_eq!(drain(&buffer).get(DONE), 2);
}

#[test]
fn a_count_of_an_ended_thread_does_not_keep_a_shard() {
    let buffer = buffer();
    buffer.add_once(7, |shard| shard.cell(1, Kind::Failure));
    buffer.add_once(1, |shard| shard.cell(1, Kind::Failure));
    assert_eq!(drain(&buffer).get(FAILED), 8);
    assert_eq!(buffer.shards(), 1);
}

#[test]
fn a_binary_without_sites_drains_nothing() {
    let buffer = Buffer::new(|| &[]);
    assert!(buffer.claim().cell(0, Kind::Success).is_none());
    assert_eq!(drain(&buffer).data().len(), 0);
}

/// The random operations of one thread.
#[derive(Debug, Default)]
struct Work {
    counted: [u64; 2],
    drained: [u64; 2],
}

impl Work {
    fn random(buffer: &Buffer, mut random: fastrand::Rng) -> Self {
        let mut work = Self::default();
        let mut leased = None;
        for _ in 0..random.usize(1..60) {
            let (metric, n) = (random.usize(..2), random.u64(..4));
            let kind = [Kind::Success, Kind::Failure][metric];
            let site = random.usize(..2);
            match random.u8(..10) {
                0 => {
                    let snapshot = drain(buffer);
                    if random.bool() {
                        buffer.put_back(snapshot.data());
                    } else {
                        work.drained[0] += snapshot.get(DONE);
                        work.drained[1] += snapshot.get(FAILED);
                    }
                }
                1 => {
                    if let Some(shard) = leased.take() {
                        buffer.release(shard);
                    }
                }
                2 => {
                    buffer.add_once(n, |shard| shard.cell(site, kind));
                    work.counted[metric] += n;
                }
                _ => {
                    let shard = *leased.get_or_insert_with(|| buffer.claim());
                    shard.add(site, kind, n);
                    work.counted[metric] += n;
                }
            }
        }
        if let Some(shard) = leased {
            buffer.release(shard);
        }
        work
    }
}

#[test]
fn random_counts_drains_and_put_backs_of_threads_lose_and_double_nothing() {
    const ROUNDS: u64 = 400;
    for seed in 0..ROUNDS {
        let buffer = buffer();
        let work: Vec<Work> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let random = fastrand::Rng::with_seed(seed * 4 + thread);
                    scope.spawn(|| Work::random(&buffer, random))
                })
                .collect();
            let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
            ended.map(|work| work.expect("works")).collect()
        });
        let last = drain(&buffer);
        for (metric, left) in [last.get(DONE), last.get(FAILED)].into_iter().enumerate() {
            let counted: u64 = work.iter().map(|work| work.counted[metric]).sum();
            let drained: u64 = work.iter().map(|work| work.drained[metric]).sum();
            assert_eq!(drained + left, counted, "seed {seed}, metric {metric}");
        }
    }
}
