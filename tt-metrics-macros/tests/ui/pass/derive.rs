//! `#[derive(Classify)]` on enums and structs of every kind, without a prelude or a lint.
#![no_implicit_prelude]
#![deny(warnings, clippy::pedantic, clippy::nursery)]

use ::core::{assert_eq, marker::Sized, option::Option, result::Result};
use ::std::string::String;
use ::tt_metrics::{Classify, Outcome, count_outcome, outcome};

#[allow(dead_code)]
enum Ok {}

/// With attributes of others everywhere.
#[derive(Classify, ::core::clone::Clone)]
enum Delivery<'a, T: ?Sized, const N: usize> {
    /// Sent.
    #[outcome(success)]
    Sent {
        /// Of the event.
        id: &'a T,
        r#type: [u8; N],
    },
    #[outcome(neutral)]
    Replayed,
    #[outcome(failure)]
    Refused(String, u8),
    #[outcome(interrupted)]
    TimedOut(),
    #[outcome(transparent)]
    Inner(Option<u8>),
    Marked(u8, #[outcome] #[cfg(all())] bool),
}

#[derive(Classify)]
#[outcome(crate = ::tt_metrics, failure)]
enum Other<T> {
    A,
    B { #[outcome] r#match: Result<T, String> },
    #[outcome(transparent)]
    C(T),
    #[outcome(success)]
    D,
}

#[derive(Classify)]
#[outcome(success)]
struct Unit;

#[derive(Classify)]
#[outcome(transparent)]
pub struct Wrapped(Private);

#[derive(Classify)]
#[outcome(failure)]
struct Private(u8);

#[derive(Classify)]
struct Named<E>
where
    E: ::core::fmt::Debug,
{
    #[outcome]
    result: Result<(), E>,
    attempts: u8,
}

#[derive(Classify)]
#[outcome(transparent)]
pub struct Lent(&'static Private);

#[derive(Classify)]
#[outcome(transparent)]
struct Borrowed<'a, T>(&'a T);

/// With a type that is one token.
macro_rules! made {
    ($parameter:ident, $held:ty) => {
        #[derive(Classify)]
        #[outcome(transparent)]
        struct Made<'a, $parameter>($held);
    };
}

made!(T, &'a T);

#[derive(Classify)]
enum Never {}

#[count_outcome(success = "S", failure = "F")]
fn counted() -> Wrapped {
    Wrapped(Private(1))
}

#[count_outcome(success = "S", failure = "F", each)]
async fn counted_later(never: Option<Never>) -> [Other<bool>; 4] {
    let _ = never;
    [Other::A, Other::B { r#match: Result::Ok(true) }, Other::C(true), Other::D]
}

type Sending = Delivery<'static, u8, 1>;

fn main() {
    let metrics = ::tt_metrics::capture();
    let outcomes = [
        Sending::Sent { id: &1, r#type: [1] }.outcome(),
        Sending::Replayed.outcome(),
        Sending::Refused(String::new(), 1).outcome(),
        Sending::TimedOut().outcome(),
        Sending::Inner(Option::None).outcome(),
        Sending::Marked(1, true).outcome(),
        Unit.outcome(),
        Other::<Outcome>::A.outcome(),
        Other::C(Outcome::Neutral).outcome(),
        counted().outcome(),
        Lent(&Private(1)).outcome(),
        Borrowed(&true).outcome(),
        Made(&Outcome::Neutral).outcome(),
    ];
    assert_eq!(
        outcomes,
        [
            Outcome::Success,
            Outcome::Neutral,
            Outcome::Failure,
            Outcome::Interrupted,
            Outcome::Failure,
            Outcome::Success,
            Outcome::Success,
            Outcome::Failure,
            Outcome::Neutral,
            Outcome::Failure,
            Outcome::Failure,
            Outcome::Success,
            Outcome::Neutral,
        ]
    );
    let named = Named { result: Result::Err(1_u8), attempts: 2 };
    assert_eq!((named.outcome(), named.attempts, counted().0.0), (Outcome::Failure, 2, 1));
    let _ = outcome!(success = "S"; Unit);
    let _ = counted_later(Option::None);
    if let Sending::Sent { id, r#type } = (Sending::Sent { id: &1, r#type: [2] }) {
        assert_eq!((*id, r#type), (1, [2]));
    }
    if let Sending::Refused(text, code) = Sending::Refused(String::new(), 1) {
        assert_eq!((text.len(), code), (0, 1));
    }
    if let Sending::Marked(code, _) = Sending::Marked(1, true) {
        assert_eq!(code, 1);
    }
    ::core::assert_eq!(["F", "S"].map(|metric| metrics.count(metric)), [2, 1]);
}
