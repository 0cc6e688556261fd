//! The event decoder: whatever the bytes, the checks of `tt_fuzz` hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tt_fuzz::event(bytes));
