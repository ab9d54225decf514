//! Any bytes as a chunked body: see `pintle_fuzz::http1`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pintle_fuzz::http1::chunked(bytes));
