//! Any text: no panic; what is let through is its own normal form and holds nothing that a second reader could resolve.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pintle_router::{decode_segment, normalise};

fn decoded(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut at = 0;
    while at < path.len() {
        let digits = path.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let hex = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| path[at] == b'%') {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(path[at]);
                at += 1;
            }
        }
    }
    plain
}

fuzz_target!(|raw: &str| {
    let Ok(path) = normalise(raw) else { return };
    assert!(path.starts_with('/') && !path.contains("//") && path.is_ascii());
    assert_eq!(normalise(&path).as_deref(), Ok(&*path));
    let once = decoded(path.as_bytes());
    assert!(!once.contains(&0) && !once.contains(&b'\\'));
    for reading in [&once, &decoded(&once)] {
        let dots = |part: &[u8]| matches!(part, b"." | b"..") || part.starts_with(b"..;");
        assert!(!reading.split(|&byte| byte == b'/' || byte == b'\\').any(dots));
    }
    path.split('/').for_each(|segment| drop(decode_segment(segment)));
});
