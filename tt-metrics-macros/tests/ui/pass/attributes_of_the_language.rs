//! Attributes of the language on a function, its arguments and in its body keep their meaning.
#![deny(warnings)]
#![deny(unsafe_op_in_unsafe_fn, missing_docs, unused_must_use)]
use std::future::Future;
use tt_metrics::{Outcome, capture, count, count_outcome};
fn any<T: ?Sized>(_: &T) -> Outcome {
    Outcome::Success
}
macro_rules! all { ($($i:item)*) => { $(#[count("C")] #[count_outcome(success = "S", failure = "F", by = any)] $i)* } }
all! {
    #[unsafe(no_mangle)] extern "C" fn tt_shape_a(n: u32) -> u32 { n }
    #[unsafe(export_name = "tt_shape_bb")] pub(crate) extern "C-unwind" fn tt_shape_b(n: u32) -> u32 { n }
    extern "system" fn sys(n: u32) -> u32 { n }
    #[inline(always)] fn always(n: u8) -> u8 { n }
    #[inline(never)] #[cold] fn cold(n: u8) -> u8 { n }
    #[deprecated(since = "1", note = "x")] fn old(n: u8) -> u8 { n }
    #[doc(hidden)] #[doc(alias = "x")] fn hidden(n: u8) -> u8 { n }
    #[doc = concat!("a", "b")] fn docs(n: u8) -> u8 { n }
    #[allow(unused_variables)] fn allowed(n: u8) -> u8 { let x = n; n }
    #[expect(unused_variables)] fn expected(n: u8) -> u8 { let x = n; n }
    #[expect(unused_variables, reason = "r")] async fn expected_later(n: u8) -> u8 { let x = n; n }
    #[expect(unused_mut)] fn expected_in_parameter(mut n: u8) -> u8 { n }
    #[expect(unused_assignments)] fn expected_assignment(n: u8) -> u8 { let mut x = 1; x = n; x = n; x }
    #[expect(unreachable_code)] fn expected_unreachable(n: u8) -> u8 { return n; 1 }
    #[expect(unreachable_code)] async fn expected_unreachable_later(n: u8) -> u8 { return n; 1 }
    #[expect(unused_must_use)] fn expected_must_use(n: u8) -> u8 { Err::<u8, u8>(1); n }
    #[expect(clippy::needless_return)] fn expected_return(n: u8) -> u8 { return n; }
    #[expect(non_snake_case)] fn ExpectedName(n: u8) -> u8 { n }
    #[expect(deprecated)] fn uses_old(n: u8) -> u8 { old(n) }
    #[warn(unused)] #[forbid(unused_mut)] fn warned(n: u8) -> u8 { n }
    #[cfg_attr(all(), must_use = "why", inline)] fn must(n: u8) -> u8 { n }
    #[must_use] async fn must_later(n: u8) -> u8 { n }
    #[track_caller] fn tracked(n: u8) -> u8 { n }
    #[rustfmt::skip] fn skipped(n: u8) -> u8 { n }
    fn on_arguments(#[allow(unused_variables)] n: u8, #[cfg(any())] gone: Nope, #[cfg_attr(any(), foo)] m: u8, #[expect(unused_mut)] mut k: u8) -> u8 { m + k }
    async fn on_arguments_later(#[allow(unused_variables)] n: u8, #[cfg(any())] gone: Nope, #[cfg_attr(any(), foo)] m: u8, #[expect(unused_mut)] mut k: u8) -> u8 { m + k }
    unsafe fn raw(at: *const u8) -> u8 { unsafe { *at } }
    async unsafe fn raw_later(at: *const u8) -> u8 { unsafe { *at } }
    #[expect(unsafe_op_in_unsafe_fn)] unsafe fn raw_old(at: *const u8) -> u8 { *at }
    #[target_feature(enable = "avx2")] fn simd(n: u8) -> u8 { n }
    #[target_feature(enable = "avx2")] unsafe fn simd_unsafe(n: u8) -> u8 { n }
    fn inner_allow(n: u8) -> u8 { #![allow(unused_variables)] let x = n; n }
    fn inner_expect(n: u8) -> u8 { #![expect(unused_variables)] let x = n; n }
    fn inner_doc(n: u8) -> u8 { //! Inner doc.
        n }
}
unsafe extern "C" {
    fn tt_shape_bb(n: u32) -> u32;
}
struct A;
impl A {
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    #[expect(clippy::unused_self, unused_variables)]
    fn m(&self, n: u8) -> u8 {
        let x = 1;
        2
    }
    #[count("C")]
    #[count_outcome(success = "S", by = any)]
    fn on_self(#[allow(unused)] &self, #[cfg(any())] n: u8) -> u8 {
        2
    }
}
#[count("C")]
#[count_outcome(success = "S", by = any)]
#[expect(dead_code)]
fn dead() -> u8 {
    1
}
fn now<F: Future>(future: F) -> F::Output {
    futures_util::FutureExt::now_or_never(future).unwrap()
}
#[count("M")]
#[count_outcome(success = "MS", failure = "MF")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let metrics = capture();
    let mut n: u64 = 0;
    macro_rules! c {
        ($e:expr) => {{
            n += 1;
            let _ = $e;
            assert_eq!(
                (metrics.count("C"), metrics.count("S")),
                (n, n),
                "{}",
                stringify!($e)
            );
        }};
    }
    c!(tt_shape_a(1));
    c!(unsafe { tt_shape_bb(1) });
    c!(tt_shape_b(1));
    c!(sys(1));
    c!(always(1));
    c!(cold(1));
    #[allow(deprecated)]
    {
        c!(old(1));
    }
    #[allow(deprecated)]
    {
        n += 1;
        c!(uses_old(1));
    }
    c!(hidden(1));
    c!(docs(1));
    c!(allowed(1));
    c!(expected(1));
    c!(now(expected_later(1)));
    c!(expected_in_parameter(1));
    c!(expected_assignment(1));
    c!(expected_unreachable(1));
    c!(now(expected_unreachable_later(1)));
    c!(expected_must_use(1));
    c!(expected_return(1));
    c!(ExpectedName(1));
    c!(warned(1));
    c!(must(1));
    c!(now(must_later(1)));
    c!(tracked(1));
    c!(skipped(1));
    c!(on_arguments(1, 2, 3));
    c!(now(on_arguments_later(1, 2, 3)));
    c!(unsafe { raw(&1) });
    c!(now(unsafe { raw_later(&1) }));
    c!(unsafe { raw_old(&1) });
    if is_x86_feature_detected() {
        c!(unsafe { simd(1) });
        c!(unsafe { simd_unsafe(1) });
    }
    c!(inner_allow(1));
    c!(inner_expect(1));
    c!(inner_doc(1));
    c!(A.m(1));
    c!(A.on_self());
    Ok(())
}
fn is_x86_feature_detected() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}
