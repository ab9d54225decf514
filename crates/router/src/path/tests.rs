use super::*;
use PathFaultKind::*;

fn ok(raw: &str) -> String {
    normalise(raw).unwrap_or_else(|fault| panic!("{raw}: {fault}")).into_owned()
}

fn fault(raw: &str) -> (PathFaultKind, usize) {
    match normalise(raw) {
        Ok(path) => panic!("{raw} became {path}"),
        Err(fault) => (fault.kind, fault.at),
    }
}

#[test]
fn a_normal_path_is_borrowed() {
    for raw in
        ["/", "/a/b", "/a/", "/.well-known/x", "/a.b/...", "/a%20b", "/a%2Fb", "/%C3%A4", "/a;x=1/b!$&'()*+,=:@~"]
    {
        assert!(matches!(normalise(raw), Ok(Cow::Borrowed(path)) if path == raw), "{raw}");
    }
}

#[test]
fn unreserved_characters_are_decoded() {
    assert_eq!(ok("/%61%2D%2E%5F%7E%30z"), "/a-._~0z");
    assert_eq!(ok("/a%21%40"), "/a%21%40");
}

#[test]
fn hex_is_in_capitals() {
    assert_eq!(ok("/%c3%a4%2f"), "/%C3%A4%2F");
}

#[test]
fn dot_segments_are_resolved() {
    // RFC 3986 5.2.4 and 5.4.
    for (raw, path) in [
        ("/a/b/c/./../../g", "/a/g"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/..", "/"),
        ("/.", "/"),
        ("/../../a", "/a"),
        ("/a/%2e%2E/b", "/b"),
        ("/a/.%2e/b", "/b"),
        ("/%2e/b", "/b"),
        ("/a/.../b", "/a/.../b"),
    ] {
        assert_eq!(ok(raw), path, "{raw}");
    }
}

#[test]
fn slashes_are_folded_after_that() {
    assert_eq!(ok("//a///b//"), "/a/b/");
    // As a client that resolves dot segments itself (RFC 3986, URL standard) would have sent it.
    assert_eq!(ok("/a//../b"), "/a/b");
    assert_eq!(ok("/..//a"), "/a");
}

// Rule: path-slash
#[test]
fn an_encoded_slash_stays_within_its_segment() {
    assert_eq!(ok("/a%2Fb/../c"), "/c");
    assert_eq!(ok("/a%2f%2Fb"), "/a%2F%2Fb");
}

#[test]
fn an_empty_path_is_the_root() {
    assert_eq!(ok(""), "/");
    assert_eq!(fault("a"), (NotAbsolute, 0));
    assert_eq!(fault("*"), (NotAbsolute, 0));
}

#[test]
fn a_broken_percent_is_refused() {
    for raw in ["/%", "/%4", "/%4/a", "/%zz", "/%%41", "/%4g", "/%+1"] {
        assert_eq!(fault(raw), (BrokenPercent, 1), "{raw}");
    }
    assert_eq!(fault("/ab/c%"), (BrokenPercent, 5));
}

#[test]
fn nul_is_refused() {
    assert_eq!(fault("/a%00"), (Nul, 2));
    assert_eq!(fault("/a\0"), (Raw(0), 2));
}

#[test]
fn a_backslash_is_refused() {
    assert_eq!(fault("/a\\b"), (Backslash, 2));
    assert_eq!(fault("/a/%5C"), (Backslash, 3));
    assert_eq!(fault("/a/%5c"), (Backslash, 3));
}

#[test]
fn dots_with_a_parameter_are_refused() {
    for raw in ["/a/..;/b", "/a/..;x=1", "/a/%2e%2e;", "/a/..%3B", "/a/.;/b", "/a/..;/../b", "/a/%252e.;"] {
        assert_eq!(fault(raw), (DotParameter, 3), "{raw}");
    }
    assert_eq!(ok("/a..;b/..a;/c;.."), "/a..;b/..a;/c;..");
}

#[test]
fn dots_that_come_out_of_decoding_twice_are_refused() {
    for raw in ["/a/%252E%252e", "/a/%252e", "/a/.%252e/b", "/a/..%2F", "/a/x%2F..", "/a/x%2f..%2fy", "/a/%25%32%65"] {
        assert_eq!(fault(raw), (HiddenDots, 3), "{raw}");
    }
    for raw in ["/a/..%252Fb", "/a/%252e%252e%252f", "/a/..%255Cb"] {
        assert_eq!(fault(raw), (HiddenDots, 3), "{raw}");
    }
    assert_eq!(ok("/100%25/a%252e/b%2F.c"), "/100%25/a%252e/b%2F.c");
}

// Rule: path-refused
#[test]
fn bytes_that_may_not_stand_raw_are_refused() {
    for raw in "\"<>[]^`{|}? #\t\x7fäß".chars() {
        let mut first = [0; 4];
        let byte = raw.encode_utf8(&mut first).as_bytes()[0];
        assert_eq!(fault(&format!("/a{raw}")), (Raw(byte), 2), "{raw}");
    }
}

#[test]
fn a_fault_says_what_and_where() {
    let said = |raw| normalise(raw).map_err(|fault| fault.to_string());
    assert_eq!(said("/a b"), Err("a raw byte 0x20 at byte 2".into()));
    assert_eq!(said("/a|"), Err("a raw `|` at byte 2".into()));
}

#[test]
fn a_segment_is_decoded_to_text_or_not_at_all() {
    assert_eq!(decode_segment("a-b"), Some(Cow::Borrowed("a-b")));
    assert_eq!(decode_segment("a%2Fb%20%C3%A4%25"), Some(Cow::Owned("a/b ä%".into())));
    assert_eq!(decode_segment("%FF"), None);
}

/// Random paths made of what matters: what is let through is in the output's alphabet, holds nothing to resolve, and
/// stays as it is.
#[test]
fn normalising_is_idempotent_and_leaves_nothing_to_resolve() {
    const PARTS: [&str; 24] = [
        "/", "/", "/", "//", ".", "..", "...", ";", "a", "b", "%2e", "%2E", "%2f", "%25", "2e", "%3b", "%41", "%c3%a4",
        "%20", "~", "%", "%5c", "*", ":",
    ];
    let mut random = fastrand::Rng::with_seed(1);
    let mut taken = 0;
    for _ in 0..200_000 {
        let raw: String = (0..random.usize(1..9)).map(|_| PARTS[random.usize(..PARTS.len())]).collect();
        let raw = format!("/{raw}");
        let Ok(path) = normalise(&raw) else { continue };
        taken += 1;
        assert_eq!(ok(&path), path, "{raw}");
        assert!(path.starts_with('/') && !path.contains("//"), "{raw} -> {path}");
        assert!(path.bytes().all(|byte| byte == b'/' || byte == b'%' || is_segment_byte(byte)), "{raw} -> {path}");
        for reading in [decode(path.as_bytes()), decode(&decode(path.as_bytes()))] {
            let dots = |part: &[u8]| matches!(part, b"." | b".." | [b'.', b'.', b';', ..]);
            assert!(!reading.split(|&b| b == b'/' || b == b'\\').any(dots), "{raw} -> {path}");
        }
        for (at, _) in path.match_indices('%') {
            let (value, capitals) = escape(&path.as_bytes()[at..]).expect("an escape");
            assert!(capitals && !is_unreserved(value), "{raw} -> {path}");
        }
    }
    assert!(taken > 20_000, "{taken}");
}
