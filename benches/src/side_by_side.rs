//! Measures ways of counting beside each other: each in turn for a moment, many times over.
//!
//! Runners such as criterion and divan measure one case to its end and then the next. What the machine does meanwhile then looks
//! like a difference of the cases, and the differences here are smaller than that.

use std::{
    hint::spin_loop,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::Case;

/// How long one sample takes, about: shorter than what a scheduler gives a thread at once.
const SAMPLE: Duration = Duration::from_micros(200);

/// How many samples are taken of each case.
const SAMPLES: usize = 301;

/// How often a sample of two threads is tried until both ran at once.
const TRIES: usize = 5;

/// What one call costs.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// The way of counting.
    pub case: Case,
    /// Nanoseconds a call on one thread, the median.
    pub alone: f64,
    /// Nanoseconds a call on each of two threads at once, the median.
    pub together: f64,
}

/// Measures all of them.
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

/// When a thread began its calls and when it had made them.
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

    /// Whether both ran at once nearly all the time: on a busy machine they may have taken turns.
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

/// What one call costs on the slower of two threads that begin at once, if the machine let them run at once.
fn sample_on_two_threads(case: Case, calls: u64) -> Option<f64> {
    let ready = AtomicUsize::new(0);
    let run = || {
        // The first call of a thread finds its cells.
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
