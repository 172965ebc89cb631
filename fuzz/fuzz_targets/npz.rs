//! Any bytes, read as `npz`.
#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "it checks the other parsers too")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::npz(bytes));
