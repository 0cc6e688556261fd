//! The future of a counted `async fn` is no larger than the plain one.

use std::{cell::Cell, future::Future, rc::Rc};

use tt_metrics::{Outcome, count, count_outcome};

use crate::yield_once;

type Answer = Result<(), Refused>;

#[derive(Debug, Clone, Copy)]
struct Refused(#[expect(dead_code, reason = "an error has a size")] [u8; 16]);

/// Functions of many shapes, counted or not.
macro_rules! shapes {
    ($module:ident, $(#[$attribute:meta])*) => {
        mod $module {
            use super::*;

            $(#[$attribute])*
            pub(super) async fn at_once() -> Answer {
                Ok(())
            }

            $(#[$attribute])*
            pub(super) async fn waits() -> Answer {
                yield_once().await;
                Ok(())
            }

            $(#[$attribute])*
            pub(super) async fn byte(byte: u8) -> Answer {
                yield_once().await;
                if byte == 0 { Err(Refused([0; 16])) } else { Ok(()) }
            }

            $(#[$attribute])*
            pub(super) async fn unused(_: u8, _bytes: [u8; 64]) -> Answer {
                Ok(())
            }

            $(#[$attribute])*
            pub(super) async fn bytes(bytes: [u8; 64]) -> Answer {
                yield_once().await;
                if bytes[0] == 0 { Err(Refused([0; 16])) } else { Ok(()) }
            }

            $(#[$attribute])*
            pub(super) async fn locals(number: u16) -> Answer {
                let held = [number; 100];
                let flag = Cell::new(true);
                yield_once().await;
                yield_once().await;
                flag.set(held[1] == number);
                if flag.get() { Ok(()) } else { Err(Refused([0; 16])) }
            }

            $(#[$attribute])*
            pub(super) async fn generic<T: Clone, const N: usize>(
                (one, _): (T, u8),
                many: [T; N],
            ) -> Answer {
                let held = one.clone();
                yield_once().await;
                drop((held, many));
                Ok(())
            }

            $(#[$attribute])*
            pub(super) async fn not_send(shared: Rc<u8>) -> Answer {
                yield_once().await;
                if *shared == 0 { Err(Refused([0; 16])) } else { Ok(()) }
            }

            $(#[$attribute])*
            pub(super) async fn awaits(text: &str) -> Answer {
                byte(1).await?;
                bytes([7; 64]).await?;
                if text.is_empty() { Ok(()) } else { at_once().await }
            }

            pub(super) struct Store(pub(super) u8);

            impl Store {
                $(#[$attribute])*
                pub(super) async fn method(&self, other: &Self) -> Answer {
                    yield_once().await;
                    if self.0 == other.0 { Ok(()) } else { Err(Refused([0; 16])) }
                }
            }

            /// The size of each.
            pub(super) fn sizes() -> [(&'static str, usize); 12] {
                let stores = [Store(1), Store(2)];
                [
                    ("at once", size_of_val(&at_once())),
                    ("waits", size_of_val(&waits())),
                    ("byte", size_of_val(&byte(1))),
                    ("unused", size_of_val(&unused(1, [2; 64]))),
                    ("bytes", size_of_val(&bytes([1; 64]))),
                    ("locals", size_of_val(&locals(1))),
                    ("a byte of some type", size_of_val(&generic((1_u8, 2), [1]))),
                    ("text", size_of_val(&generic((String::new(), 2), [String::new(), String::new()]))),
                    ("not Send", size_of_val(&not_send(Rc::new(1)))),
                    ("awaits", size_of_val(&awaits(""))),
                    ("method", size_of_val(&stores[0].method(&stores[1]))),
                    ("nothing of a type", size_of_val(&generic(((), 2), []))),
                ]
            }
        }
    };
}

fn by(answer: &Answer) -> Outcome {
    tt_metrics::Classify::outcome(answer)
}

shapes!(shapes_uncounted,);
shapes!(shapes_counted, #[count_outcome(success = "ShapeDone", failure = "ShapeFailed")]);
shapes!(shapes_interrupted, #[count_outcome(success = "ShapeDone2", interrupted = "ShapeCut2")]);
shapes!(shapes_calls, #[count("ShapeCalls")]);
shapes!(shapes_by_path, #[count_outcome(success = "ShapeDone3", by = by)]);
shapes!(shapes_by_closure, #[count_outcome(success = "ShapeDone4", by = |answer| match answer { Ok(()) => Outcome::Success, Err(_) => Outcome::Neutral })]);
shapes!(shapes_each, #[count_outcome(success = "ShapeDone5", each = |answer| [*answer])]);
shapes!(shapes_twice, #[count("ShapeCalls6")] #[count_outcome(success = "ShapeDone6")] #[count_outcome(failure = "ShapeFailed6")]);

#[test]
fn a_counted_future_is_no_larger_than_the_plain_one() {
    let plain = shapes_uncounted::sizes();
    for counted in [
        shapes_counted::sizes(),
        shapes_interrupted::sizes(),
        shapes_calls::sizes(),
        shapes_by_path::sizes(),
        shapes_by_closure::sizes(),
        shapes_each::sizes(),
        shapes_twice::sizes(),
    ] {
        for (plain, counted) in plain.into_iter().zip(counted) {
            assert_eq!(plain.0, counted.0);
            assert!(counted.1 <= plain.1, "{counted:?}, plain {plain:?}");
        }
    }
}

#[test]
fn a_block_and_an_async_closure_are_no_larger_either() {
    #[count_outcome(success = "OpaqueDone")]
    fn opaque() -> impl Future<Output = Answer> {
        async {
            yield_once().await;
            Ok(())
        }
    }

    let byte = 1_u8;
    let plain = size_of_val(&async {
        yield_once().await;
        if byte == 0 {
            Err(Refused([0; 16]))
        } else {
            Ok(())
        }
    });
    let counted = size_of_val(&tt_metrics::outcome!(success = "BlockDone"; async {
        yield_once().await;
        if byte == 0 { Err(Refused([0; 16])) } else { Ok(()) }
    }));
    assert_eq!(counted, plain);

    assert_eq!(
        size_of_val(&opaque()),
        size_of_val(&shapes_uncounted::waits())
    );
}

/// The same three nested functions, counted or not.
macro_rules! nested {
    ($module:ident, $(#[$attribute:meta])?) => {
        mod $module {
            $(#[$attribute])?
            pub(super) async fn one(bytes: [u8; 1024], text: &str) -> Result<u8, ()> {
                super::yield_once().await;
                Ok(text.as_bytes().first().copied().unwrap_or(bytes[0]))
            }

            $(#[$attribute])?
            pub(super) async fn two(bytes: [u8; 1024], text: &str) -> Result<u8, ()> {
                Ok(one(bytes, text).await? + bytes[1])
            }

            $(#[$attribute])?
            pub(super) async fn three(bytes: [u8; 1024], text: &str) -> Result<u8, ()> {
                Ok(two(bytes, text).await? + bytes[2])
            }
        }
    };
}

nested!(uncounted,);
nested!(counted, #[tt_metrics::count_outcome(success = "NestedDone")]);
nested!(detailed, #[tt_metrics::count_outcome(success = "DetailedDone", latency = "DetailedTime", interrupted = "DetailedCut")]);

/// The same small functions, counted or not.
macro_rules! small {
    ($module:ident, $(#[$attribute:meta])?) => {
        mod $module {
            $(#[$attribute])?
            pub(super) async fn ready() -> Result<(), ()> {
                Ok(())
            }

            $(#[$attribute])?
            pub(super) async fn text(text: &str, limit: usize) -> Result<usize, ()> {
                super::yield_once().await;
                Ok(text.len().min(limit))
            }

            $(#[$attribute])?
            pub(super) async fn owned(text: String, more: Vec<u8>) -> Result<usize, ()> {
                super::yield_once().await;
                Ok(text.len() + more.len())
            }
        }
    };
}

small!(small_uncounted,);
small!(small_counted, #[tt_metrics::count_outcome(success = "SmallDone")]);
small!(small_detailed, #[tt_metrics::count_outcome(success = "SmallDetailed", latency = "SmallTime", interrupted = "SmallCut")]);

/// The sizes of a function's future: plain, counted, and with latency and interruptions.
macro_rules! sizes {
    ($plain:ident, $counted:ident, $detailed:ident, $function:ident($($argument:expr),*)) => {
        [
            size_of_val(&$plain::$function($($argument),*)),
            size_of_val(&$counted::$function($($argument),*)),
            size_of_val(&$detailed::$function($($argument),*)),
        ]
    };
}

#[test]
fn the_sizes_of_futures_are_those_of_the_documentation() {
    let bytes = [1; 1024];
    let table = [
        (
            "returns at once",
            sizes!(small_uncounted, small_counted, small_detailed, ready()),
        ),
        (
            "borrows two arguments",
            sizes!(small_uncounted, small_counted, small_detailed, text("", 1)),
        ),
        (
            "owns two arguments",
            sizes!(
                small_uncounted,
                small_counted,
                small_detailed,
                owned(String::new(), Vec::new())
            ),
        ),
        (
            "owns 1 KiB",
            sizes!(uncounted, counted, detailed, one(bytes, "")),
        ),
        (
            "awaits the one above with the same 1 KiB",
            sizes!(uncounted, counted, detailed, two(bytes, "")),
        ),
        (
            "awaits that one",
            sizes!(uncounted, counted, detailed, three(bytes, "")),
        ),
    ];
    let documented = include_str!("../../src/docs/count_outcome.md");
    for (shape, [plain, counted, detailed]) in table {
        let row = format!("| {shape} | {plain} | {counted} | {detailed} |");
        assert!(documented.contains(&row), "{table:#?}");
    }
}
