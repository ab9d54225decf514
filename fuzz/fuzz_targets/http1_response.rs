//! A byte that picks the method, then any bytes as a response: see `pintle_fuzz::http1`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pintle_fuzz::http1::response(bytes));
