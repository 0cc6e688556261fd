//! A crate of the edition before: lifetimes of futures are captured as there, and nothing warns.
#![deny(warnings, rust_2018_idioms, rust_2021_compatibility)]
#![forbid(unsafe_code)]

use std::{
    cell::RefCell,
    fmt::Display,
    future::Future,
    pin::{pin, Pin},
    task::{Context, Poll, Waker},
};

use tt_metrics::{capture, count, count_outcome, outcome, Classify, Dimension, MetricName};

const DONE: MetricName = MetricName::new("Done");

#[derive(Dimension)]
enum ReadError {
    NoKey,
}

trait Store {
    fn get<'a>(&'a self, key: &'a str) -> Pin<Box<dyn Future<Output = Option<&'a str>> + 'a>>;
}

struct Map<'m>(&'m str);

impl<'m> Map<'m> {
    #[count("Calls")]
    #[count_outcome(
        success = DONE, failure = "Failed", interrupted = "Cut",
        dimensions(Paid: bool = !key.is_empty()), failure_by = ReadError, latency = "Time",
    )]
    async fn read(&self, key: &str, (left, _): (&str, u8)) -> Result<&'m str, ReadError> {
        if key.is_empty() || left.is_empty() {
            return Err(ReadError::NoKey);
        }
        std::future::ready(()).await;
        Ok(self.0)
    }

    #[count_outcome(success = DONE, failure = "Failed")]
    async fn lend(&mut self, by: impl Display + Send, _: &u8) -> Result<&mut Self, String> {
        if by.to_string().is_empty() {
            return Err(by.to_string());
        }
        Ok(self)
    }

    #[count_outcome(success = DONE, failure = "Failed")]
    fn opaque<'a>(&'a self, key: &'a str) -> impl Future<Output = Option<&'a str>> + 'a {
        async move { Some(self.0).filter(|text| *text == key) }
    }
}

impl Store for Map<'_> {
    #[count_outcome(success = DONE, failure = "Failed")]
    fn get<'a>(&'a self, key: &'a str) -> Pin<Box<dyn Future<Output = Option<&'a str>> + 'a>> {
        if key.is_empty() {
            return Box::pin(std::future::ready(None));
        }
        Box::pin(async move { Some(self.0) })
    }
}

#[derive(Classify)]
enum Answer<T> {
    #[outcome(transparent)]
    Given(Option<T>),
    #[outcome(neutral)]
    Known,
}

#[count_outcome(success = DONE, failure = "Failed", items = list.len(), each, rest = failure)]
fn all(list: &[u8]) -> Vec<Answer<u8>> {
    let answer = |id: &u8| if *id > 0 { Answer::Given(Some(*id)) } else { Answer::Known };
    list.iter().map(answer).collect()
}

/// Records its name when it drops.
struct Loud<'a>(&'static str, &'a RefCell<Vec<&'static str>>);

impl Loud<'_> {
    fn is_said(&self) -> bool {
        !self.0.is_empty()
    }
}

impl Drop for Loud<'_> {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

type Said<'a> = &'a RefCell<Vec<&'static str>>;

fn uncounted(argument: Loud<'_>, said: Said<'_>) -> bool {
    let _local = (Loud("local", said), argument);
    Loud("end", said).is_said()
}

#[count("Calls")]
#[count_outcome(success = "Ended")]
fn counted(argument: Loud<'_>, said: Said<'_>) -> bool {
    let _local = (Loud("local", said), argument);
    Loud("end", said).is_said()
}

#[count_outcome(success = "Ended")]
async fn counted_later(argument: Loud<'_>, (said, _): (Said<'_>, u8)) -> bool {
    let _local = (Loud("local", said), argument);
    Loud("end", said).is_said()
}

#[count("Calls")]
fn counted_calls(argument: Loud<'_>, said: Said<'_>) -> bool {
    let _local = (Loud("local", said), argument);
    Loud("end", said).is_said()
}

/// A temporary at the end of a body drops after the locals in this edition, and before them in the next.
fn temporaries_drop_as_in_this_edition() {
    let during = |call: &dyn Fn(Loud<'_>, Said<'_>) -> bool| {
        let said = RefCell::default();
        assert!(call(Loud("argument", &said), &said));
        said.into_inner()
    };
    let block = |argument: Loud<'_>, said: Said<'_>| {
        outcome! {
            success = "Ended";
            let _local = (Loud("local", said), argument);
            Loud("end", said).is_said()
        }
    };
    let plain = during(&|argument, said| uncounted(argument, said));
    assert_eq!(plain, ["local", "argument", "end"]);
    assert_eq!(during(&|argument, said| counted(argument, said)), plain);
    assert_eq!(during(&|argument, said| now(counted_later(argument, (said, 1)))), plain);
    assert_eq!(during(&|argument, said| counted_calls(argument, said)), plain);
    assert_eq!(during(&block), plain);
}

fn now<F: Future>(future: F) -> F::Output {
    struct Nothing;

    impl std::task::Wake for Nothing {
        fn wake(self: std::sync::Arc<Self>) {}
    }

    let waker = Waker::from(std::sync::Arc::new(Nothing));
    match pin!(future).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

fn main() {
    let metrics = capture();
    temporaries_drop_as_in_this_edition();
    assert_eq!((metrics.count("Calls"), metrics.count("Ended")), (2, 3));
    let mut map = Map("a");
    assert!(now(map.read("a", ("a", 1))).is_ok());
    assert!(now(map.read("", ("a", 1))).is_err());
    assert_eq!(now(map.opaque("a")), Some("a"));
    assert_eq!(now(map.get("a")), Some("a"));
    assert_eq!(now(map.get("")), None);
    assert!(now(map.lend(1, &1)).is_ok());
    assert_eq!(all(&[1, 0]).len(), 2);
    let key = String::from("a");
    let found = outcome!(success = DONE; |text: &str| text.find(&key));
    assert_eq!(found("ba"), Some(1));
    let later = outcome!(success = DONE; async { Some(key.len()) });
    assert_eq!(now(later), Some(1));
    assert_eq!(metrics.count("Calls"), 4);
    assert_eq!((metrics.count("Done"), metrics.count("Failed")), (7, 2));
}
