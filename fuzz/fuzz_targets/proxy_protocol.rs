//! Any bytes: no panic; a header's length is within them; more bytes after a header, or fewer before its end, never
//! change what it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pintle_engine::proxy_protocol::{MAX, Parsed, parse};

fuzz_target!(|bytes: &[u8]| {
    let whole = parse(bytes);
    if let Ok(Parsed::Header { length, .. }) = whole {
        assert!(length <= bytes.len() && length <= MAX);
        assert_eq!(parse(&bytes[..length]), whole);
        for end in 0..length {
            assert_eq!(parse(&bytes[..end]), Ok(Parsed::Partial));
        }
    }
});
