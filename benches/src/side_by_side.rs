//! Measures ways of counting in turn, with many short samples of each.
//!
//! Runners such as criterion and divan measure one case completely before the next. Other load on the machine then appears as a
//! difference between the cases, and is larger than the differences measured here.

use std::{
    hint::spin_loop,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::Case;

/// The approximate duration of a sample, which is shorter than the time slice of a scheduler.
const SAMPLE: Duration = Duration::from_micros(200);

/// The number of samples of each case.
const SAMPLES: usize = 301;

/// The number of attempts at a sample in which two threads run at the same time.
const TRIES: usize = 5;

/// The measured cost of one call.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// The way of counting.
    pub case: Case,
    /// The median of nanoseconds for a call on one thread.
    pub alone: f64,
    /// The median of nanoseconds for a call on two threads that run at the same time.
    pub together: f64,
}

/// Measures all cases.
pub fn measure(cases: &[Case]) -> Vec<Measured> {
    let sizes: Vec<u64> = cases.iter().map(|case| calls_of_a_sample(*case)).collect();
    let mut alone = vec![Vec::with_capacity(SAMPLES); cases.len()];
    let mut together = alone.clone();
    for _ in 0..SAMPLES {
        let samples = alone.iter_mut().zip(&mut together);
        for ((case, calls), (alone, together)) in cases.iter().zip(&sizes).zip(samples) {
            alone.push(sample(*case, *calls));
            let tries = (0..TRIES).find_map(|_| sample_on_two_threads(*case, *calls));
            together.extend(tries);
        }
    }
    let medians = alone.into_iter().zip(together);
    let measured = cases.iter().zip(medians);
    measured
        .map(|(case, (alone, together))| Measured {
            case: *case,
            alone: median(alone),
            together: median(together),
        })
        .collect()
}

fn calls_of_a_sample(case: Case) -> u64 {
    let mut calls = 64;
    loop {
        let began = Instant::now();
        (case.calls)(calls);
        if began.elapsed() > SAMPLE / 2 {
            return calls;
        }
        calls *= 2;
    }
}

/// The times at which a thread began and ended its calls.
#[derive(Debug, Clone, Copy)]
struct Ran {
    began: Instant,
    ended: Instant,
}

impl Ran {
    fn make(case: Case, calls: u64) -> Self {
        let began = Instant::now();
        (case.calls)(calls);
        let ended = Instant::now();
        Self { began, ended }
    }

    fn time(self) -> Duration {
        self.ended - self.began
    }

    /// Whether both ran at the same time for nearly all of their duration. On a busy machine they may run one after the other.
    fn overlaps(self, other: Self) -> bool {
        let both = self
            .ended
            .min(other.ended)
            .saturating_duration_since(self.began.max(other.began));
        both * 10 > self.time().max(other.time()) * 8
    }
}

fn sample(case: Case, calls: u64) -> f64 {
    nanoseconds(Ran::make(case, calls).time(), calls)
}

/// The cost of one call on the slower of two threads, if both ran at the same time.
fn sample_on_two_threads(case: Case, calls: u64) -> Option<f64> {
    let ready = AtomicUsize::new(0);
    let run = || {
        // The first call of a thread allocates its cells.
        (case.calls)(1);
        ready.fetch_add(1, Ordering::AcqRel);
        while ready.load(Ordering::Acquire) < 2 {
            spin_loop();
        }
        Ran::make(case, calls)
    };
    let (mine, other) = thread::scope(|scope| {
        let other = scope.spawn(run);
        (run(), other.join())
    });
    let other = other.ok()?;
    mine.overlaps(other)
        .then(|| nanoseconds(mine.time().max(other.time()), calls))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a sample is far shorter than 2^53 of either"
)]
fn nanoseconds(time: Duration, calls: u64) -> f64 {
    time.as_nanos() as f64 / calls as f64
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
