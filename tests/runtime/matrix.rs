//! Every ending of an invocation, on every kind of runtime: the counts that arrive are those that were made.
//!
//! Nothing can be saved from SIGKILL, `process::abort` or `process::exit` at a moment that no deadline announced: the
//! last case of the table shows it.

use std::{
    collections::BTreeMap, os::unix::process::ExitStatusExt, path::PathBuf, process::ExitStatus,
    sync::Arc, time::Duration,
};

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

/// The records of an invocation, and the end of the process.
#[derive(Debug, Clone)]
struct Ending {
    name: &'static str,
    event: String,
    end: End,
    /// Received, done, failed, interrupted.
    counted: [u32; 4],
    /// Failures of a series with dimensions.
    failed: Option<(&'static str, u32)>,
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// By SIGTERM when it has answered and asks for the next event.
    Idle,
    /// The same when it has reported that the invocation failed.
    Failed,
    /// By SIGTERM within the invocation.
    Busy,
    /// As Lambda ends it at the deadline.
    Deadline,
    /// By itself.
    Abort,
    /// By SIGKILL at a deadline that the event does not contain.
    Lost,
}

/// The runtime and the service that the function has.
#[derive(Debug, Clone, Copy)]
struct Environment {
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
        failed: None,
    };
    let undecodable = "{\"not\": \"decodable\"}".to_owned();
    vec![
        ending("ok", event("done failed", "ok"), End::Idle, [2, 1, 1, 0]),
        ending(
            "Err",
            event("done failed", "err"),
            End::Failed,
            [2, 1, 1, 0],
        ),
        ending(
            "panic unwind",
            event("done panics", "panic"),
            End::Failed,
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
        ending("undecodable payload", undecodable, End::Failed, [0; 4]),
    ]
}

/// A panic in each form of call, in a program that unwinds and in one that aborts: both count the same.
fn panics_of_each_form() -> Vec<Ending> {
    let forms = [
        ("plain call", "panics", 1, None),
        ("items", "sixfold", 6, None),
        ("dimensions", "dimensional", 1, Some("Failed Express=true")),
        ("failure_by", "reasoned", 1, Some("Failed Error=Panic")),
        ("each", "each", 3, None),
    ];
    forms
        .into_iter()
        .flat_map(|(name, record, failed, series)| {
            [End::Idle, End::Abort].map(|end| Ending {
                name,
                event: event(&format!("done {record}"), "ok"),
                end,
                counted: [2, 1, failed, 0],
                failed: series.map(|series| (series, failed)),
            })
        })
        .collect()
}

fn cases() -> Vec<(Ending, Environment)> {
    let mut cases = Vec::new();
    for flavor in ["current_thread", "multi_thread"] {
        for concurrent in [false, true] {
            let environment = Environment {
                flavor,
                concurrent,
                extensions: Extensions::Api,
            };
            cases.extend(endings().into_iter().map(|ending| (ending, environment)));
        }
        // The form of a call does not depend on what runs beside it.
        let environment = Environment {
            flavor,
            concurrent: false,
            extensions: Extensions::Api,
        };
        cases.extend(
            panics_of_each_form()
                .into_iter()
                .map(|ending| (ending, environment)),
        );
        // Without an extension Lambda sends no SIGTERM, and kills at the deadline.
        let environment = Environment {
            flavor,
            concurrent: false,
            extensions: Extensions::Absent,
        };
        let killed = endings().into_iter();
        let killed = killed.filter(|ending| ending.end == End::Deadline);
        cases.extend(killed.map(|ending| (ending, environment)));
        let lost = Ending {
            name: "SIGKILL that no deadline announced",
            event: event("done blocks", "ok"),
            end: End::Lost,
            counted: [0; 4],
            failed: None,
        };
        cases.push((lost, environment));
    }
    cases
}

impl Ending {
    fn lambda(&self, environment: Environment, aborting: PathBuf) -> Lambda {
        let mut event: serde_json::Value = serde_json::from_str(&self.event).expect("is JSON");
        event["accompanies"] = environment.concurrent.into();
        let mut events = vec![event.to_string()];
        let mut env = vec![("FLAVOR", environment.flavor.to_owned())];
        if environment.concurrent {
            events.insert(0, crate::event("done waits", "ok"));
            env.push(("AWS_LAMBDA_MAX_CONCURRENCY", "2".to_owned()));
        }
        Lambda {
            timeout: match self.end {
                End::Deadline => SHORT,
                End::Lost => Duration::ZERO,
                End::Idle | End::Failed | End::Busy | End::Abort => TIMEOUT,
            },
            // Lambda does not stop concurrent invocations at their deadline.
            enforced: self.end == End::Deadline && !environment.concurrent,
            program: (self.end == End::Abort).then_some(aborting),
            extensions: environment.extensions,
            env,
            ..function(&events)
        }
    }

    /// Lets the process come to its end; what had arrived before a signal, where the signal is not what is tested.
    async fn finish(
        &self,
        environment: Environment,
        running: &mut Running,
    ) -> Option<BTreeMap<String, f64>> {
        let others = usize::from(environment.concurrent);
        let stuck = |seen: &[Seen]| {
            let is_stuck = |seen: &&Seen| matches!(seen, Seen::Log(line) if line == "stuck");
            seen.iter().filter(is_stuck).count()
        };
        let before = match self.end {
            End::Idle | End::Failed => {
                running.asked(2 + others).await;
                let seen = running.until(|seen| stuck(seen) == others).await;
                Some(totals(&seen))
            }
            End::Busy | End::Lost => {
                running.until(|seen| stuck(seen) > others).await;
                None
            }
            End::Deadline if environment.concurrent => {
                let near = |seen: &[Seen]| totals(seen).get("TimeoutImminent") == Some(&2.0);
                Some(totals(&running.until(near).await))
            }
            End::Deadline | End::Abort => return None,
        };
        let signal = if self.end == End::Lost {
            "KILL"
        } else {
            "TERM"
        };
        running.signal(signal).await;
        before
    }

    /// What arrives until the process has ended, or before calls that wait are interrupted.
    fn expected(&self, environment: Environment, ended: bool) -> BTreeMap<String, f64> {
        if self.end == End::Lost {
            return BTreeMap::new();
        }
        let [mut received, mut done, failed, mut interrupted] = self.counted;
        if environment.concurrent {
            received += 2;
            done += 1;
            interrupted += 1;
        }
        if !ended {
            interrupted = match self.end {
                End::Idle | End::Failed => self.counted[3],
                End::Busy | End::Deadline | End::Abort | End::Lost => 0,
            };
        }
        let mut expected = flushed(
            received.into(),
            done.into(),
            failed.into(),
            interrupted.into(),
        );
        let of_series = self.failed.into_iter();
        expected.extend(of_series.map(|(series, failed)| (series.to_owned(), failed.into())));
        if self.end == End::Deadline {
            let invocations = if environment.concurrent { 2.0 } else { 1.0 };
            expected.insert("TimeoutImminent".to_owned(), invocations);
        }
        expected
    }

    /// The difference between the expected and the actual end of the process and its answers to Lambda.
    fn wrong_end(
        &self,
        environment: Environment,
        status: ExitStatus,
        seen: &[Seen],
    ) -> Option<String> {
        let ended = match self.end {
            End::Idle | End::Failed | End::Busy => status.success(),
            End::Deadline if environment.concurrent => status.success(),
            // Lambda may kill it a moment after SIGTERM.
            End::Deadline if environment.extensions == Extensions::Api => true,
            End::Deadline | End::Lost => status.signal() == Some(9),
            End::Abort => status.signal() == Some(6),
        };
        let number = |kind: &Seen| seen.iter().filter(|seen| *seen == kind).count();
        let told = (number(&Seen::Response), number(&Seen::Error));
        let expected = match self.end {
            End::Idle => (1, 0),
            End::Failed => (0, 1),
            End::Busy | End::Deadline | End::Abort | End::Lost => (0, 0),
        };
        let flavors = number(&Seen::Log(format!("runs on {}", environment.flavor)));
        (!ended || told != expected || flavors != 1)
            .then(|| format!("{status}, responses and errors {told:?}, on its runtime {flavors}"))
    }

    /// Runs it; what is wrong.
    async fn tried(&self, environment: Environment, aborting: PathBuf) -> Option<String> {
        let mut running = self.lambda(environment, aborting).start().await;
        let before = self.finish(environment, &mut running).await;
        let status = running.ended().await;
        let seen = running.everything().await;
        let in_time = self.expected(environment, false);
        let wrong = [
            before
                .filter(|before| *before != in_time)
                .map(|before| format!("before the signal {before:?}, expected {in_time:?}")),
            Some((totals(&seen), self.expected(environment, true)))
                .filter(|(arrived, expected)| arrived != expected)
                .map(|(arrived, expected)| format!("arrived {arrived:?}, expected {expected:?}")),
            self.wrong_end(environment, status, &seen),
        ];
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        (!wrong.is_empty()).then(|| format!("{}\n  {seen:#?}", wrong.join("\n  ")))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_counts_of_every_ending_arrive_in_full_on_every_runtime() {
    let aborting = aborting_function().await;
    let turns = Arc::new(Semaphore::new(PROCESSES));
    let cases = cases().into_iter().map(|(ending, environment)| {
        let (aborting, turns) = (aborting.clone(), Arc::clone(&turns));
        let name = format!("{}, {:?}, {environment:?}", ending.name, ending.end);
        let case = tokio::spawn(async move {
            let _turn = turns.acquire().await.expect("stays open");
            ending.tried(environment, aborting).await
        });
        async move {
            let wrong = case.await.unwrap_or_else(|error| Some(error.to_string()));
            wrong.map(|wrong| format!("{name}:\n  {wrong}"))
        }
    });
    let wrong: Vec<String> = join_all(cases).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
