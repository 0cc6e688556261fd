//! Bodies of every form, patterns of every kind, and names within a body that hide others.
#![deny(warnings)]
use std::{convert::Infallible, future::Future, ops::ControlFlow};
use tt_metrics::{Classify, Outcome, capture, count, count_outcome};
fn any<T: ?Sized>(_: &T) -> Outcome {
    Outcome::Success
}
macro_rules! all { ($($i:item)*) => { $(#[count("C")] #[count_outcome(success = "S", failure = "F")] $i)* } }
type R<T = u8> = Result<T, u8>;
all! {
    fn labelled(n: u8) -> R { let v = 'a: { if n > 1 { break 'a n; } n + 1 }; Ok(v) }
    fn label_at_end(n: u8) -> R { 'a: { if n > 1 { break 'a Ok(n); } Err(n) } }
    fn loop_value(n: u8) -> R { let mut i = n; Ok('o: loop { loop { i += 1; if i > 5 { break 'o i; } if i % 2 == 0 { continue 'o; } } }) }
    fn loop_at_end(mut n: u8) -> R { loop { n += 1; if n > 3 { return Ok(n); } } }
    async fn loop_at_end_later(mut n: u8) -> R { loop { std::future::ready(()).await; n += 1; if n > 3 { return Ok(n); } } }
    fn let_else(n: Option<u8>) -> R { let Some(n) = n else { return Err(0) }; Ok(n) }
    async fn let_else_later(n: Option<u8>) -> R { let Some(n) = n else { return Err(0) }; Ok(n) }
    fn let_chain(n: Option<u8>) -> R { if let Some(n) = n && n > 1 && let Some(m) = n.checked_sub(1) { Ok(m) } else { Err(1) } }
    fn only_return(n: u8) -> R { return Ok(n) }
    fn only_return_semi(n: u8) -> R { return Ok(n); }
    fn only_macro(n: u8) -> R { done!(n) }
    fn panics(_n: u8) -> R { unreachable!() }
    async fn panics_later(_n: u8) -> R { unreachable!() }
    fn unreachable_body(_n: u8) -> R { panic!("x {}", 1) }
    fn forever(n: &std::cell::Cell<u8>) -> Result<Infallible, u8> { loop { n.set(n.get() + 1); if n.get() > 3 { Err(n.get())? } } }
    async fn forever_later(n: &std::cell::Cell<u8>) -> Result<Infallible, u8> { loop { std::future::ready(()).await; n.set(n.get() + 1); if n.get() > 3 { return Err(n.get()); } } }
    fn never_in_result(n: u8) -> R { match n { 0 => Ok(1), _ => panic!("never") } }
    fn inner_items(n: u8) -> R { use inner::call; const CALL2: u8 = 1; fn f(n: u8) -> u8 { n } mod inner { pub fn call() -> u8 { 2 } } struct Ok1(u8); let x = Ok1(f(n)); Ok(call() + CALL2 + x.0) }
    fn shadow(n: u8) -> R { let n = n + 1; let n = n.to_string(); let n: u8 = n.parse().map_err(|_| 1_u8)?; Ok(n) }
    fn shadow_items(n: u8) -> R { #[allow(non_camel_case_types)] type u8 = u16; let x: u8 = 300; let _ = x; fn classify() {} classify(); Ok(n) }
    fn inferred(n: u8) -> Result<Vec<u8>, ()> { let mut v = Vec::new(); v.extend((0..n).map(Into::<u8>::into)); Ok(v.into_iter().collect()) }
    fn inferred_default(_n: u8) -> Result<Vec<u8>, std::num::ParseIntError> { Ok(Default::default()) }
    fn parse(text: &str) -> Result<u8, std::num::ParseIntError> { text.parse() }
    async fn parse_later(text: &str) -> Result<u8, std::num::ParseIntError> { text.parse() }
    fn collect(text: &[&str]) -> Result<Vec<u8>, std::num::ParseIntError> { text.iter().map(|t| t.parse()).collect() }
    async fn await_in_closure(n: u8) -> R { let f = async |m: u8| n + m; Ok(f(1).await) }
    async fn nested_async(n: u8) -> R { let x = async { if n > 1 { return 2; } 1 }.await; Ok(x) }
    fn closure_mut(mut f: impl FnMut(u8) -> u8) -> R { f(1); Ok(f(2)) }
    fn closure_once(f: impl FnOnce() -> u8) -> R { Ok(f()) }
    fn dyn_mut(f: &mut dyn FnMut(u8) -> u8) -> R { f(1); Ok(f(2)) }
    async fn closure_mut_later(mut f: impl AsyncFnMut(u8) -> u8) -> R { f(1).await; Ok(f(2).await) }
    fn dyn_ref(f: &(dyn Fn() -> u8 + '_)) -> R { Ok(f()) }
    fn unsafe_block(n: u8) -> R { let p = &raw const n; unsafe { Ok(*p) } }
    fn match_at_end(n: u8) -> R { match n { 0..=1 => Ok(1), x @ 2..=9 if x % 2 == 0 => Err(x), _ => Err(9) } }
    fn statement_macro(n: u8) -> R { assert!(n < 200, "n {n}"); Ok(n) }
    fn const_block(n: u8) -> R { Ok(const { 1 + 1 } + n) }
    fn flow(n: u8) -> ControlFlow<u8, u8> { (0..n).try_for_each(|n| if n > 1 { ControlFlow::Break(n) } else { ControlFlow::Continue(()) })?; ControlFlow::Continue(n) }
    #[allow(unused_parens)] fn parens(n: u8) -> (R) { (Ok(n)) }
    #[allow(unused_braces)] fn nothing_but_block(n: u8) -> R { { { Ok(n) } } }
    fn range(n: u8) -> Option<std::ops::Range<u8>> { Some(0..n) }
    fn try_in_loop(list: &[Option<u8>]) -> Option<u8> { let mut s = 0; for x in list { s += (*x)?; } Some(s) }
    #[allow(unused_parens)] fn patterns(&(a, ref b): &(u8, String), [x, .., z]: [u8; 3], [y, rest @ ..]: [u8; 3], Deep { a: (p, _), .. }: Deep, (Ok(q) | Err(q)): R, all @ (_, r): (u8, u8), s @ 0..=255: u8, &mut ref mut t: &mut u8, Wrap(w): Wrap<u8>, (((v))): u8, (mut m): u8) -> R { m += 1; *t += m; Ok(a + b.len() as u8 + x + z + y + rest[0] + p + q + all.0 + r + s + w.len() as u8 + v) }
    #[allow(unused_parens)] async fn patterns_later(&(a, ref b): &(u8, String), [x, .., z]: [u8; 3], [y, rest @ ..]: [u8; 3], Deep { a: (p, _), .. }: Deep, (Ok(q) | Err(q)): R, all @ (_, r): (u8, u8), s @ 0..=255: u8, &mut ref mut t: &mut u8, Wrap(w): Wrap<u8>, (((v))): u8, (mut m): u8) -> R { m += 1; *t += m; Ok(a + b.len() as u8 + x + z + y + rest[0] + p + q + all.0 + r + s + w.len() as u8 + v) }
}
struct Wrap<T>(Vec<T>);
struct Deep {
    a: (u8, String),
    #[allow(dead_code)]
    b: u8,
}
macro_rules! done {
    ($n:expr) => {
        if $n > 1 { Ok($n) } else { return Err($n) }
    };
}
use done;
#[derive(Classify)]
#[outcome(success)]
struct Unit;
#[count("C")]
#[count_outcome(success = "S")]
fn unit() -> Unit {
    Unit
}
#[count("C")]
#[count_outcome(success = "S", by = any)]
fn no_value(n: &mut u8) {
    *n += 1;
    if *n > 3 {
        return;
    }
    *n += 1
}
#[count("C")]
#[count_outcome(success = "S", by = any)]
async fn no_value_later(n: &mut u8) {
    *n += 1;
    if *n > 3 {
        return;
    }
    *n += 1
}
#[count("C")]
#[count_outcome(success = "S", by = any)]
fn empty() {}
#[count("C")]
#[count_outcome(success = "S", by = any)]
fn unit_written() -> () {}
#[count("C")]
#[count_outcome(success = "S", by = any)]
async fn empty_later() {}
#[count("C")]
#[count_outcome(success = "S", by = any)]
fn no_value_loop(n: u8) {
    for i in 0..n {
        if i > 1 {
            break;
        }
    }
}
fn now<F: Future>(future: F) -> F::Output {
    futures_util::FutureExt::now_or_never(future).unwrap()
}
fn main() {
    let metrics = capture();
    std::panic::set_hook(Box::new(|_| {}));
    let mut n: u64 = 0;
    macro_rules! c {
        ($e:expr) => {{
            n += 1;
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| $e));
            assert_eq!(
                (metrics.count("C"), metrics.count("S") + metrics.count("F")),
                (n, n),
                "{}",
                stringify!($e)
            );
        }};
    }
    c!(labelled(1));
    c!(label_at_end(1));
    c!(loop_value(1));
    c!(loop_at_end(1));
    c!(now(loop_at_end_later(1)));
    c!(let_else(None));
    c!(now(let_else_later(None)));
    c!(let_chain(Some(2)));
    c!(only_return(1));
    c!(only_return_semi(1));
    c!(only_macro(1));
    c!(panics(1));
    c!(now(panics_later(1)));
    c!(unreachable_body(1));
    c!(forever(&Default::default()));
    c!(now(forever_later(&Default::default())));
    c!(never_in_result(1));
    c!(inner_items(1));
    c!(shadow(1));
    c!(shadow_items(1));
    c!(inferred(1));
    c!(inferred_default(1));
    c!(parse("x"));
    c!(now(parse_later("x")));
    c!(collect(&["1"]));
    c!(now(await_in_closure(1)));
    c!(now(nested_async(1)));
    c!(closure_mut(|n| n));
    c!(closure_once(|| 1));
    c!(dyn_mut(&mut |n| n));
    c!(now(closure_mut_later(async |n| n)));
    c!(dyn_ref(&|| 1));
    c!(unsafe_block(1));
    c!(match_at_end(2));
    c!(statement_macro(1));
    c!(const_block(1));
    c!(flow(1));
    c!(parens(1));
    c!(nothing_but_block(1));
    c!(range(1));
    c!(try_in_loop(&[None]));
    let p = (1, "x".to_owned());
    c!(patterns(
        &p,
        [1, 2, 3],
        [1, 2, 3],
        Deep {
            a: (1, String::new()),
            b: 1
        },
        Ok(1),
        (1, 2),
        1,
        &mut 3,
        Wrap(vec![]),
        1,
        1
    ));
    c!(now(patterns_later(
        &p,
        [1, 2, 3],
        [1, 2, 3],
        Deep {
            a: (1, String::new()),
            b: 1
        },
        Ok(1),
        (1, 2),
        1,
        &mut 3,
        Wrap(vec![]),
        1,
        1
    )));
    c!(unit());
    c!(no_value(&mut 1));
    c!(now(no_value_later(&mut 1)));
    c!(empty());
    c!(unit_written());
    c!(now(empty_later()));
    c!(no_value_loop(1));
}
