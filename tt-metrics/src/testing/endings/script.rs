//! What threads do, one step after the other.

use proptest::{collection::vec, prelude::*, sample::select};

use super::calls::{Next, OUTCOMES};
use crate::{metric::Outcome, sink::Delivery};

/// How many threads there are.
pub(super) const THREADS: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) delivery: Delivery,
    pub(super) cues: Vec<Cue>,
    pub(super) end: End,
}

/// Who does what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cue {
    pub(super) thread: usize,
    pub(super) step: Step,
}

/// How a script ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// SIGTERM, with calls and flushes wherever they are.
    Stopped,
    /// All calls end, and what they counted is flushed.
    Finished,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Begins a sync call, about so many items where a number is given; it goes on until the thread is told.
    Call(Option<u64>),
    /// Ends the innermost call of the thread.
    Return(Outcome),
    /// The innermost call of the thread panics, which its caller catches.
    Panic,
    /// Makes a future, which is no call yet.
    Make(Option<u64>),
    /// Polls one of the futures, whichever thread made it.
    Poll(usize, Next),
    /// Drops one of the futures, polled or not.
    Drop(usize),
    /// The thread ends; what runs on it unwinds. Another one takes its place.
    EndThread,
    BeginInvocation,
    EndInvocation,
    /// A flush begins, which may have no time.
    Flush {
        answer: Answer,
        in_time: bool,
    },
    /// A flush that the sink has held up goes on.
    GoOn(usize, Answer),
    /// A flush that the sink has held up is dropped.
    GiveUp(usize),
    /// Standard output takes no line any more, or takes them again.
    Log(bool),
    /// The watchdog: a deadline is near.
    Near,
    /// The watchdog: nothing can be waited for.
    Last,
}

/// What the sink does when it is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Accept,
    /// Certainly not accepted.
    Refuse,
    /// It went out, and no answer came.
    Lose,
    /// It is not out yet.
    HoldUp,
    /// It is out, the answer is not here yet.
    Depart,
    Panic,
}

impl Script {
    /// Whether calls may have been claimed as interrupted before the end.
    pub(super) fn has_last_moments(&self) -> bool {
        let mut steps = self.cues.iter().map(|cue| cue.step);
        steps.any(|step| matches!(step, Step::Last))
    }
}

/// Any script.
pub(super) fn any() -> impl Strategy<Value = Script> {
    let delivery = select(vec![Delivery::AtMostOnce, Delivery::AtLeastOnce]);
    let end = select(vec![End::Finished, End::Stopped]);
    let cue = (0..THREADS, step()).prop_map(|(thread, step)| Cue { thread, step });
    (delivery, vec(cue, 0..60), end).prop_map(|(delivery, cues, end)| Script {
        delivery,
        cues,
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
        3 => (which(), answer()).prop_map(|(which, answer)| Step::GoOn(which, answer)),
        1 => which().prop_map(Step::GiveUp),
        1 => proptest::bool::ANY.prop_map(Step::Log),
        1 => Just(Step::Near),
        1 => Just(Step::Last),
    ]
}

fn next() -> impl Strategy<Value = Next> {
    prop_oneof![
        3 => Just(Next::Wait),
        3 => select(OUTCOMES.to_vec()).prop_map(Next::Return),
        1 => Just(Next::Panic),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    select(vec![
        Answer::Accept,
        Answer::Refuse,
        Answer::Lose,
        Answer::HoldUp,
        Answer::Depart,
        Answer::Panic,
    ])
}
