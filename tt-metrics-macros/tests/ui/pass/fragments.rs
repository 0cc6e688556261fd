//! Functions that `macro_rules!` put together from fragments of every kind.
#![deny(warnings)]
use std::{fmt::Display, future::Future};
use tt_metrics::{capture, count, count_outcome};
struct Nothing;
macro_rules! make {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$($g:ident : $bound:path),*>($($arg:ident : $ty:ty = $e:expr),*) -> $ret:ty $body:block) => {
        $(#[$meta])*
        #[count("C")]
        #[count_outcome(success = "S", failure = "F")]
        $vis fn $name<$($g: $bound),*>($($arg: $ty),*) -> $ret { $(let _ = (&$arg, $e);)* $body }
    };
}
make! { /// Doc.
#[inline] pub(crate) fn made<T: Display>(t: T = 1, o: Option<&str> = "x".len()) -> Result<String, ()> { if o.is_some() { return Err(()); } Ok(t.to_string()) } }
macro_rules! body { ($name:ident, $body:block, $pat:pat, $ret:ty) => {
    #[count("C")]
    #[count_outcome(success = "S", failure = "F")]
    fn $name($pat: (u8, u8)) -> $ret $body }; }
body!(by_body, { Some(1) }, (_a, _), Option<u8>);
macro_rules! block {
    ($item:item) => {
        #[count("C")]
        #[count_outcome(success = "S", failure = "F")]
        $item
    };
}
block! { async fn by_item(n: u8) -> Option<u8> { Some(n) } }
block! { fn by_item_sync((a, _): (u8, u8)) -> Option<u8> { Some(a) } }
macro_rules! method { ($self:ident, $lt:lifetime, $e:expr, $t:tt) => { impl Nothing { #[count("C")] #[count_outcome(success = "S", failure = "F")] fn by_macro<$lt>(&$lt $self, _other: &$lt str) -> Option<&$lt str> { let _ = ($e, &$self); $t } } } }
method!(self, 'x, 1 + 1, { let x = None; x });
macro_rules! nested {
    ($name:ident) => {
        macro_rules! $name {
            ($f:ident) => {
                #[count("C")]
                #[count_outcome(success = "S", failure = "F")]
                fn $f() -> Option<u8> {
                    Some(1)
                }
            };
        }
    };
}
nested!(inner_macro);
inner_macro!(twice_made);
macro_rules! pass_impl {
    ($i:item) => {
        #[count("C")]
        #[count_outcome(success = "S", failure = "F")]
        $i
    };
}
pass_impl! { impl Nothing { fn whole(&self) -> Option<u8> { Some(2) } } }
fn now<F: Future>(future: F) -> F::Output {
    futures_util::FutureExt::now_or_never(future).unwrap()
}

fn main() {
    let metrics = capture();
    assert!(made(1, None).is_ok());
    by_body((1, 2));
    now(by_item(1));
    by_item_sync((1, 1));
    assert_eq!(
        (Nothing.by_macro(""), twice_made(), Nothing.whole()),
        (None, Some(1), Some(2))
    );
    assert_eq!(
        ["C", "S", "F"].map(|metric| metrics.count(metric)),
        [7, 6, 1]
    );
}
