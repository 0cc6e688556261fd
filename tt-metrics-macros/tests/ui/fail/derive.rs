//! Each mark that is missing or wrong is one error at its place, all of a type in one build.

use tt_metrics::{Classify, count_outcome};

#[derive(Classify)]
enum Delivery {
    #[outcome(sucess)]
    Sent,
    Forgotten,
    #[outcome(transparent)]
    Two(u8, u8),
    #[outcome]
    Empty,
    #[outcome(success, failure)]
    Both,
    #[outcome(transparent)]
    Plain(Receipt),
    #[outcome(colour)]
    Foreign,
    #[outcome()]
    Nothing,
    #[outcome("success")]
    Text,
    #[outcome = "success"]
    Equals,
    #[outcome(success neutral)]
    NoComma,
    #[outcome(colour = "red", success)]
    Recovered,
    #[outcome(crate = tt_metrics)]
    Library,
    Field(#[outcome(success)] bool),
}

struct Receipt;

#[derive(Classify)]
enum Unclassified {
    #[outcome(transparent)]
    Plain(Receipt),
}

#[derive(Classify)]
struct Nothing(u8);

#[derive(Classify)]
struct Twice(#[outcome] bool, #[outcome] bool);

#[derive(Classify)]
#[outcome(success)]
struct Contradiction(#[outcome] bool);

#[derive(Classify)]
#[outcome(transparent)]
enum Transparent {
    A(bool),
}

#[derive(Classify)]
union Raw {
    a: u8,
}

#[count_outcome(success = "Done")]
fn deliver() -> Delivery {
    Delivery::Sent
}

fn main() {
    let _ = deliver();
}
