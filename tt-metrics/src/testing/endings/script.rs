//! A script: the steps of all threads in order.

use proptest::{collection::vec, prelude::*, sample::select};

use super::calls::{BodyStep, OUTCOMES};
use crate::{metric::Outcome, sink::Delivery};

/// The number of threads.
pub(super) const THREADS: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) delivery: Delivery,
    pub(super) schedule: Vec<ScheduledStep>,
    pub(super) end: End,
}

/// One step of one thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScheduledStep {
    pub(super) thread: usize,
    pub(super) step: Step,
}

/// The end of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// SIGTERM, with calls and flushes in any state.
    Stopped,
    /// All calls end, and their counts are flushed.
    Finished,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Begins a sync call, with a number of items if one is given. It runs until a later step ends it.
    Call(Option<u64>),
    /// Ends the innermost call of the thread.
    Return(Outcome),
    /// The innermost call of the thread panics, which its caller catches.
    Panic,
    /// Creates a future, which is not a call before its first poll.
    Make(Option<u64>),
    /// Polls one of the futures of all threads.
    Poll(usize, BodyStep),
    /// Drops one of the futures, polled or not.
    Drop(usize),
    /// The thread ends by unwinding, and another one replaces it.
    EndThread,
    BeginInvocation,
    EndInvocation,
    /// A flush begins, possibly without time.
    Flush {
        answer: Answer,
        in_time: bool,
    },
    /// A delayed flush continues.
    Resume(usize, Answer),
    /// A delayed flush is dropped.
    DropFlush(usize),
    /// Standard output fails from now on, or works again.
    Log(bool),
    /// The watchdog reports that a deadline is near.
    DeadlineNear,
    /// The watchdog reports the last moment.
    LastMoment,
}

/// The answer of the sink to a poll.
#[expect(
    clippy::enum_variant_names,
    reason = "`NoAnswer` and `DelayAnswer` name what is missing"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Accept,
    /// Certainly not accepted.
    Refuse,
    /// The batch was sent, and no answer arrives.
    NoAnswer,
    /// The batch is not sent yet.
    Delay,
    /// The batch is sent, and the answer has not arrived yet.
    DelayAnswer,
    Panic,
}

impl Script {
    /// Whether calls may have been counted as interrupted before the end.
    pub(super) fn has_last_moments(&self) -> bool {
        let mut steps = self.schedule.iter().map(|scheduled| scheduled.step);
        steps.any(|step| matches!(step, Step::LastMoment))
    }
}

/// Generates scripts.
pub(super) fn any() -> impl Strategy<Value = Script> {
    let delivery = select(vec![Delivery::AtMostOnce, Delivery::AtLeastOnce]);
    let end = select(vec![End::Finished, End::Stopped]);
    let scheduled = (0..THREADS, step()).prop_map(|(thread, step)| ScheduledStep { thread, step });
    (delivery, vec(scheduled, 0..60), end).prop_map(|(delivery, schedule, end)| Script {
        delivery,
        schedule,
        end,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let items = || prop_oneof![Just(None), (1..4_u64).prop_map(Some)];
    let outcome = || select(OUTCOMES.to_vec());
    let which = || 0..8_usize;
    prop_oneof![
        6 => items().prop_map(Step::Call),
        5 => outcome().prop_map(Step::Return),
        1 => Just(Step::Panic),
        6 => items().prop_map(Step::Make),
        10 => (which(), next()).prop_map(|(which, next)| Step::Poll(which, next)),
        2 => which().prop_map(Step::Drop),
        1 => Just(Step::EndThread),
        1 => Just(Step::BeginInvocation),
        1 => Just(Step::EndInvocation),
        5 => (answer(), proptest::bool::ANY).prop_map(|(answer, in_time)| Step::Flush { answer, in_time }),
        3 => (which(), answer()).prop_map(|(which, answer)| Step::Resume(which, answer)),
        1 => which().prop_map(Step::DropFlush),
        1 => proptest::bool::ANY.prop_map(Step::Log),
        1 => Just(Step::DeadlineNear),
        1 => Just(Step::LastMoment),
    ]
}

fn next() -> impl Strategy<Value = BodyStep> {
    prop_oneof![
        3 => Just(BodyStep::Wait),
        3 => select(OUTCOMES.to_vec()).prop_map(BodyStep::Return),
        1 => Just(BodyStep::Panic),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    select(vec![
        Answer::Accept,
        Answer::Refuse,
        Answer::NoAnswer,
        Answer::Delay,
        Answer::DelayAnswer,
        Answer::Panic,
    ])
}
