//! Any bytes as a request: see `pintle_fuzz::http1`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pintle_fuzz::http1::request(bytes));
