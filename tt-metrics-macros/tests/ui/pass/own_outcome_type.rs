//! A type of the user implements `Classify`.

use tt_metrics::{Classify, Outcome, count_outcome};

enum Delivery {
    Sent,
    Replayed,
    Refused,
}

impl Classify for Delivery {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Sent => Outcome::Success,
            Self::Replayed => Outcome::Neutral,
            Self::Refused => Outcome::Failure,
        }
    }
}

#[count_outcome(success = "Sent", failure = "Refused", neutral = "Replayed")]
fn deliver(attempt: u8) -> Delivery {
    match attempt {
        0 => Delivery::Sent,
        1 => Delivery::Replayed,
        _ => Delivery::Refused,
    }
}

fn main() {
    let metrics = ::tt_metrics::capture();
    for attempt in 0..3 {
        let _ = deliver(attempt);
    }
    assert_eq!(["Refused", "Replayed", "Sent"].map(|metric| metrics.count(metric)), [1, 1, 1]);
}
