//! A body with `#[track_caller]` knows its caller, and each way out of it is counted.

use std::panic::{self, Location};

use tt_metrics::{Outcome, count, count_outcome};

type Line = Result<u32, String>;

#[count_outcome(success = "S", failure = "F")]
#[track_caller]
fn at_the_end() -> Line {
    Ok(Location::caller().line())
}

#[track_caller]
#[count_outcome(success = "S", failure = "F")]
fn by_return(early: bool, late: bool) -> Line {
    if !(early | false || late) {
        return Err(format!("{early}"));
    }
    let Some(_) = early.then_some(()) else {
        return Ok(Location::caller().line());
    };
    loop {
        match early {
            true => return Ok(Location::caller().line()),
            false => {}
        }
    }
}

#[track_caller]
#[count_outcome(success = "S", failure = "F")]
fn by_question_mark(given: Result<u8, &str>) -> Line {
    let given = u32::from(given? | 0);
    if given != 1 {
        return Ok(0);
    }
    Ok(Location::caller().line() + given)
}

#[track_caller]
#[count_outcome(success = "S", failure = "F", interrupted = "I", by = |line| if line % 2 == 0 { Outcome::Success } else { Outcome::Failure })]
fn classified(wanted: u32) -> u32 {
    assert!(wanted < 2, "wanted {wanted}");
    let line = Location::caller().line();
    line - line % 2 + wanted
}

struct Lines(u32);

impl Lines {
    #[track_caller]
    #[count_outcome(success = "S", failure = "F", by = |_| Outcome::Success)]
    fn set(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.0 = Location::caller().line();
    }

    #[track_caller]
    #[count_outcome(success = "S", failure = "F")]
    fn lent(&mut self, yes: bool) -> Option<&mut u32> {
        if yes {
            self.0 = Location::caller().line();
            return Some(&mut self.0);
        }
        None
    }
}

#[count_outcome(success = "S", failure = "F")]
#[count("C")]
#[track_caller]
fn counted_by_several(yes: bool) -> Line {
    if yes {
        return Ok(Location::caller().line());
    }
    Err("no")?
}

#[track_caller]
#[count_outcome(success = "S", by = |_| Outcome::Success)]
fn opaque<T: Into<u32>>(n: T) -> impl Fn(u32) -> u32 {
    let line = Location::caller().line() + n.into();
    move |more| line + more
}

#[track_caller]
#[count_outcome(success = "S", failure = "F")]
fn panics(text: &str) -> Line {
    match text.len() {
        0 => unreachable!("{text:?} is empty"),
        _ => panic!("{text}"),
    }
}

macro_rules! leaves {
    ($value:expr) => {
        return $value
    };
}

/// Who leaves it by ways that only a closure sees, is counted, and names its own line.
#[track_caller]
#[count_outcome(success = "S", failure = "F")]
fn by_a_macro() -> Line {
    leaves!(Ok(Location::caller().line()))
}

#[track_caller]
#[count_outcome(success = "S", failure = "F")]
fn beside_a_closure(text: &str) -> Line {
    let refuse = || {
        return Err::<u32, _>("empty".to_owned());
    };
    if text.is_empty() {
        return refuse();
    }
    Ok(1)
}

/// Ways out of other bodies are no ways out of this one.
fn bodies() {
    assert_eq!(beside_a_function(true), Some(1));
    assert_eq!(beside_a_block(true), Some(1));
    assert_eq!(beside_a_closure_that_moves(true), Some(1));
}

#[track_caller]
#[count_outcome(success = "B")]
fn beside_a_function(yes: bool) -> Option<u8> {
    fn one() -> u8 {
        return 1;
    }
    if yes {
        return Some(one());
    }
    None
}

#[track_caller]
#[count_outcome(success = "B")]
fn beside_a_block(yes: bool) -> Option<u8> {
    let one = async {
        return 1;
    };
    if yes {
        return futures_util::FutureExt::now_or_never(one);
    }
    None
}

#[track_caller]
#[count_outcome(success = "B")]
fn beside_a_closure_that_moves(yes: bool) -> Option<u8> {
    let one = move || {
        return u8::from(yes);
    };
    if yes {
        return Some(one());
    }
    None
}

#[track_caller]
#[count_outcome(success = "R", by = |_| Outcome::Success)]
fn returns_one_that_returns(yes: bool) -> fn(u32) -> u32 {
    if yes {
        return |n| { return n; };
    }
    unreachable!()
}

#[track_caller]
#[count_outcome(success = "R", by = |_| Outcome::Success)]
fn ends_in_one_that_returns(yes: bool) -> fn(u32) -> u32 {
    if yes {
        return u32::reverse_bits;
    }
    |n| { return n; }
}

#[track_caller]
#[count_outcome(success = "N", by = |_| Outcome::Success)]
fn negated(yes: bool) -> (bool, u32) {
    while !(yes) {}
    for _ in !(0xFF_u8)..1 {}
    match !(yes) {
        _ => {}
    }
    let no = loop {
        break !(yes);
    };
    if !(no) {
        return (!(no), Location::caller().line());
    }
    (no, 0)
}

#[track_caller]
#[count_outcome(success = "N", by = |_| Outcome::Success)]
fn negates(yes: bool) -> bool {
    return !(yes);
}

#[track_caller]
#[count_outcome(success = "N", items = 2)]
fn items(yes: bool) -> bool {
    yes
}

#[track_caller]
#[count_outcome(success = "N", each)]
fn each(yes: bool) -> [bool; 2] {
    [yes; 2]
}

#[track_caller]
#[count_outcome(success = "D", dimensions(Yes: bool = yes))]
fn under_a_dimension(yes: bool) -> bool {
    yes
}

/// The line and text of a panic.
fn panicked(call: impl FnOnce() + panic::UnwindSafe) -> u32 {
    panic::set_hook(Box::new(|_| {}));
    let (send, seen) = std::sync::mpsc::channel();
    panic::set_hook(Box::new(move |info| {
        send.send(info.location().unwrap().line()).unwrap();
    }));
    assert!(panic::catch_unwind(call).is_err());
    seen.recv().unwrap()
}

fn main() {
    let metrics = tt_metrics::capture();
    let counts = |success, failure| {
        let counted = (metrics.count("S"), metrics.count("F"), metrics.count("I"));
        assert_eq!(counted, (success, failure, 0));
    };
    assert_eq!(at_the_end(), Ok(line!()));
    counts(1, 0);
    assert_eq!(by_return(true, false), Ok(line!()));
    assert_eq!(by_return(false, true), Ok(line!()));
    assert_eq!(by_return(false, false), Err("false".to_owned()));
    counts(3, 1);
    assert_eq!(by_question_mark(Ok(1)), Ok(line!() + 1));
    counts(4, 1);
    assert_eq!(by_question_mark(Err("no")), Err("no".to_owned()));
    counts(4, 2);
    assert_eq!(classified(0) / 2, line!() / 2);
    counts(5, 2);
    assert_eq!(classified(1) / 2, line!() / 2);
    counts(5, 3);
    assert_eq!(panicked(|| { classified(2); }), line!());
    counts(5, 4);
    let mut lines = Lines(0);
    lines.set("");
    assert_eq!(lines.0, 0);
    lines.set("a");
    assert_eq!(lines.0, line!() - 1);
    counts(7, 4);
    assert_eq!(lines.lent(true), Some(&mut line!()));
    assert_eq!(lines.lent(false), None);
    counts(8, 5);
    assert_eq!(opaque(1u8)(2), line!() + 3);
    counts(9, 5);
    assert_eq!(panicked(|| drop(panics(""))), line!());
    assert_eq!(panicked(|| drop(panics("a"))), line!());
    counts(9, 7);
    assert_eq!(counted_by_several(true), Ok(line!()));
    assert_eq!(counted_by_several(false), Err("no".to_owned()));
    assert_eq!(metrics.count("C"), 2);
    counts(10, 8);
    assert_ne!(by_a_macro(), Ok(line!()));
    counts(11, 8);
    bodies();
    assert_eq!(beside_a_closure(""), Err("empty".to_owned()));
    assert_eq!(beside_a_closure("a"), Ok(1));
    counts(12, 9);
    assert_eq!(metrics.count("B"), 3);
    assert_eq!(negated(true), (true, line!()));
    assert!(!negates(true) && items(true) && each(true)[0] && under_a_dimension(true));
    assert_eq!(metrics.count("N"), 6);
    assert_eq!(metrics.count_under("D", &[("Yes", "true")]), 1);
    assert_eq!(returns_one_that_returns(true)(1), 1);
    assert_eq!(ends_in_one_that_returns(false)(1), 1);
}
