//! What is written reads back as what it was (RFC 9112 3, 4, 7.1).

#[path = "corpus/answer.rs"]
mod answer;
#[path = "corpus/read.rs"]
mod read;

use fastrand::Rng;
use pintle_core::{Fields, Method, Protocol, StatusCode, Version};
use pintle_http1::{
    CHUNK_END, Connection, Framing, Limits, Parsed, parse_request, parse_response, write_chunk_header,
    write_last_chunk, write_request_head, write_response_head,
};

/// Every request of the corpus that is one gives the same parts again after it has been written.
#[test]
fn requests_of_the_corpus() {
    let mut count = 0;
    for case in read::cases(include_str!("corpus/requests.txt")) {
        let Ok(Parsed::Complete { head, .. }) = parse_request(&case.raw, &Limits::default()) else { continue };
        let host = head.host.as_ref().map(ToString::to_string).unwrap_or_default();
        if host.is_empty() || head.target.path().is_empty() {
            continue;
        }
        let query = head.target.query().map(|q| format!("?{q}")).unwrap_or_default();
        let target = format!("{}{query}", head.target.path());
        let connection = match (head.upgrade, head.keep_alive) {
            (Some(protocol), _) => Connection::Upgrade(protocol),
            (None, true) => Connection::KeepAlive,
            (None, false) => Connection::Close,
        };
        let mut out = Vec::new();
        write_request_head(&mut out, &head.method, &target, host.as_bytes(), &head.fields, head.framing, connection);
        let Ok(Parsed::Complete { head: again, len }) = parse_request(&out, &Limits::default()) else {
            panic!("{}: {}", case.name, out.escape_ascii())
        };
        assert_eq!(len, out.len(), "{}", case.name);
        assert_eq!((&again.method, again.target.path()), (&head.method, head.target.path()), "{}", case.name);
        assert_eq!((again.target.query(), &again.host), (head.target.query(), &head.host), "{}", case.name);
        assert_eq!((again.framing, again.upgrade), (head.framing, head.upgrade), "{}", case.name);
        assert_eq!(answer::fields(&again.fields), answer::fields(&head.fields), "{}", case.name);
        assert_eq!(again.keep_alive, head.keep_alive || head.upgrade.is_some(), "{}", case.name);
        count += 1;
    }
    assert!(count > 150, "{count}");
}

#[test]
fn responses_of_the_corpus() {
    let mut count = 0;
    for case in read::cases(include_str!("corpus/responses.txt")) {
        let method = Method::from_bytes(case.method.as_bytes()).expect("a method");
        let Ok(Parsed::Complete { head, .. }) = parse_response(&case.raw, &method, &Limits::default()) else {
            continue;
        };
        let connection = match (head.upgraded, head.keep_alive) {
            (true, _) => Connection::Upgrade(Protocol::WebSocket),
            (false, true) => Connection::KeepAlive,
            (false, false) => Connection::Close,
        };
        let mut out = Vec::new();
        write_response_head(&mut out, Version::Http11, head.status, &head.fields, head.framing, connection);
        // One field more than it came with, where it closes.
        let limits = Limits { fields_count: 101, ..Limits::default() };
        let Ok(Parsed::Complete { head: again, len }) = parse_response(&out, &method, &limits) else {
            panic!("{}: {}", case.name, out.escape_ascii())
        };
        assert_eq!(len, out.len(), "{}", case.name);
        assert_eq!((again.status, again.framing, again.upgraded), (head.status, head.framing, head.upgraded));
        assert_eq!(answer::fields(&again.fields), answer::fields(&head.fields), "{}", case.name);
        let interim = head.status.is_informational() && !head.upgraded;
        assert_eq!(again.keep_alive, head.keep_alive || interim, "{}", case.name);
        count += 1;
    }
    assert!(count > 50, "{count}");
}

#[test]
fn chunked_bodies() {
    let mut rng = Rng::with_seed(9112);
    for _ in 0..200 {
        let (mut out, mut content) = (Vec::new(), Vec::new());
        for _ in 0..rng.usize(..6) {
            let chunk: Vec<u8> = (0..rng.usize(1..300)).map(|_| rng.u8(..)).collect();
            write_chunk_header(&mut out, chunk.len());
            out.extend_from_slice(&chunk);
            out.extend_from_slice(CHUNK_END);
            content.extend_from_slice(&chunk);
        }
        let trailers: Fields = (0..rng.usize(..3)).map(|_| ("x-sum", "1")).collect();
        write_last_chunk(&mut out, Some(&trailers));
        out.extend_from_slice(b"next");
        let decoded = answer::decode(out.chunks(rng.usize(1..50)));
        assert_eq!((decoded.content, decoded.error), (content, None));
        assert!(decoded.done && decoded.left == b"next");
        assert_eq!(decoded.trailers.map_or(0, |(count, _)| count), trailers.len());
    }
}

/// Whatever a status and a method, the framing that is chosen for an answer is the one that its reader finds.
#[test]
fn chosen_framing_is_read_again() {
    for status in (100..600).filter(|s| *s != 101).map(|s| StatusCode::from_u16(s).expect("a status")) {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            for length in [None, Some(0), Some(7)] {
                for version in [Version::Http10, Version::Http11] {
                    let framing = Framing::for_response(version, &method, status, length);
                    let mut out = Vec::new();
                    write_response_head(&mut out, version, status, &Fields::new(), framing, Connection::KeepAlive);
                    let Ok(Parsed::Complete { head, .. }) = parse_response(&out, &method, &Limits::default()) else {
                        panic!("{}", out.escape_ascii())
                    };
                    let told = if method == Method::HEAD { Framing::None } else { framing };
                    assert_eq!(head.framing, told, "{status} {method} {length:?}");
                }
            }
        }
    }
}
