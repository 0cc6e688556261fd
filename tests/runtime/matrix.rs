//! Every ending of an invocation, on every kind of runtime: what arrives is what was counted.
//!
//! Nothing can be saved from SIGKILL, `process::abort` or `process::exit` at a moment that no deadline announced: the
//! last case of the table shows it.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::sync::Semaphore;

use crate::{
    TIMEOUT,
    aborting::aborting_function,
    event, function,
    lambda::{Extensions, Lambda, Running, Seen},
    wire::{flushed, totals},
};

/// Long enough for a cold start on a busy machine, so that the handler is where it should be at its end.
const SHORT: Duration = Duration::from_secs(3);

/// How many processes run at once.
const PROCESSES: usize = 8;

/// What an invocation does, and what becomes of the process.
#[derive(Debug, Clone)]
struct Ending {
    name: &'static str,
    event: String,
    end: End,
    /// Received, done, failed, interrupted.
    counted: [u32; 4],
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// By SIGTERM when it asks for the next event.
    Idle,
    /// By SIGTERM within the invocation.
    Busy,
    /// As Lambda ends it at the deadline.
    Deadline,
    /// By itself.
    Abort,
    /// By SIGKILL at the deadline, which the process was not told.
    Lost,
}

/// Where it runs.
#[derive(Debug, Clone, Copy)]
struct Place {
    flavor: &'static str,
    /// Another invocation runs at the same time, which waits within a record for ever.
    concurrent: bool,
    extensions: Extensions,
}

fn endings() -> Vec<Ending> {
    let ending = |name, event, end, counted| Ending {
        name,
        event,
        end,
        counted,
    };
    let undecodable = "{\"not\": \"decodable\"}".to_owned();
    vec![
        ending("ok", event("done failed", "ok"), End::Idle, [2, 1, 1, 0]),
        ending("Err", event("done failed", "err"), End::Idle, [2, 1, 1, 0]),
        ending(
            "panic unwind",
            event("done panics", "panic"),
            End::Idle,
            [2, 1, 1, 0],
        ),
        ending(
            "panic abort",
            event("done failed panics", "ok"),
            End::Abort,
            [3, 1, 2, 0],
        ),
        ending(
            "async hang to the deadline",
            event("done failed waits", "ok"),
            End::Deadline,
            [3, 1, 1, 1],
        ),
        ending(
            "blocking hang to the deadline",
            event("done failed blocks", "ok"),
            End::Deadline,
            [3, 1, 1, 1],
        ),
        ending(
            "cancelled future",
            event("cancelled done", "ok"),
            End::Idle,
            [2, 1, 0, 1],
        ),
        ending(
            "SIGTERM while it waits",
            event("done waits", "ok"),
            End::Busy,
            [2, 1, 0, 1],
        ),
        ending(
            "SIGTERM while it blocks",
            event("failed blocks", "ok"),
            End::Busy,
            [2, 0, 1, 1],
        ),
        ending("undecodable payload", undecodable, End::Idle, [0; 4]),
    ]
}

fn cases() -> Vec<(Ending, Place)> {
    let mut cases = Vec::new();
    for flavor in ["current_thread", "multi_thread"] {
        for concurrent in [false, true] {
            let place = Place {
                flavor,
                concurrent,
                extensions: Extensions::Api,
            };
            cases.extend(endings().into_iter().map(|ending| (ending, place)));
        }
        // Without an extension Lambda sends no SIGTERM, and kills at the deadline.
        let place = Place {
            flavor,
            concurrent: false,
            extensions: Extensions::Absent,
        };
        let killed = endings().into_iter();
        let killed = killed.filter(|ending| ending.end == End::Deadline);
        cases.extend(killed.map(|ending| (ending, place)));
        let lost = Ending {
            name: "SIGKILL that no deadline announced",
            event: event("done blocks", "ok"),
            end: End::Lost,
            counted: [0; 4],
        };
        cases.push((lost, place));
    }
    cases
}

impl Ending {
    fn lambda(&self, place: Place, aborting: PathBuf) -> Lambda {
        let mut event: serde_json::Value = serde_json::from_str(&self.event).expect("is JSON");
        event["accompanies"] = place.concurrent.into();
        let mut events = vec![event.to_string()];
        let mut env = vec![("FLAVOR", place.flavor.to_owned())];
        if place.concurrent {
            events.insert(0, crate::event("done waits", "ok"));
            env.push(("AWS_LAMBDA_MAX_CONCURRENCY", "2".to_owned()));
        }
        Lambda {
            timeout: match self.end {
                End::Deadline => SHORT,
                End::Lost => Duration::ZERO,
                End::Idle | End::Busy | End::Abort => TIMEOUT,
            },
            // Lambda does not stop concurrent invocations at their deadline.
            enforced: self.end == End::Deadline && !place.concurrent,
            program: (self.end == End::Abort).then_some(aborting),
            extensions: place.extensions,
            env,
            ..function(&events)
        }
    }

    /// Lets the process come to its end.
    async fn finish(&self, place: Place, running: &mut Running) {
        let others = usize::from(place.concurrent);
        let stuck = |seen: &[Seen]| {
            let is_stuck = |seen: &&Seen| matches!(seen, Seen::Log(line) if line == "stuck");
            seen.iter().filter(is_stuck).count()
        };
        match self.end {
            End::Idle => {
                running.asked(2 + others).await;
                running.until(|seen| stuck(seen) == others).await;
            }
            End::Busy | End::Lost => drop(running.until(|seen| stuck(seen) > others).await),
            End::Deadline if place.concurrent => {
                let near = |seen: &[Seen]| totals(seen).get("TimeoutImminent") == Some(&2.0);
                running.until(near).await;
            }
            End::Deadline | End::Abort => return,
        }
        let signal = if self.end == End::Lost {
            "KILL"
        } else {
            "TERM"
        };
        running.signal(signal).await;
    }

    fn expected(&self, place: Place) -> BTreeMap<String, f64> {
        if self.end == End::Lost {
            return BTreeMap::new();
        }
        let others = if place.concurrent {
            [2, 1, 0, 1]
        } else {
            [0; 4]
        };
        let counted = self.counted.iter().zip(others);
        let counted: Vec<f64> = counted.map(|(one, other)| f64::from(one + other)).collect();
        let mut expected = flushed(counted[0], counted[1], counted[2], counted[3]);
        if self.end == End::Deadline {
            let invocations = if place.concurrent { 2.0 } else { 1.0 };
            expected.insert("TimeoutImminent".to_owned(), invocations);
        }
        expected
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_ending_is_told_in_full_on_every_runtime() {
    let aborting = aborting_function().await;
    let turns = Arc::new(Semaphore::new(PROCESSES));
    let cases = cases().into_iter().map(|(ending, place)| {
        let (aborting, turns) = (aborting.clone(), Arc::clone(&turns));
        tokio::spawn(async move {
            let _turn = turns.acquire().await.expect("stays open");
            let mut running = ending.lambda(place, aborting).start().await;
            ending.finish(place, &mut running).await;
            let seen = running.everything().await;
            let (arrived, expected) = (totals(&seen), ending.expected(place));
            (arrived != expected).then(|| {
                let name = ending.name;
                format!("{name}, {place:?}:\n  expected {expected:?}\n  arrived  {arrived:?}\n  {seen:#?}")
            })
        })
    });
    let wrong: Vec<String> = join_all(cases)
        .await
        .into_iter()
        .filter_map(|case| case.expect("runs to its end"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
