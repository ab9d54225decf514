//! What came back to a client, read as a stranger would: status, whether it is whole, and when it was over.

use super::play::{Begun, Play, Version};
use pintle_testkit::{Ask, End, Gateway, Wire};
use serde_json::Value;
use std::time::{Duration, Instant};

/// What came of a request.
#[derive(Debug)]
pub(super) struct Came {
    /// In the words of the table.
    pub(super) gets: String,
    /// The reason of a problem.
    pub(super) reason: Option<String>,
    /// From the request to the last byte.
    pub(super) took: Duration,
    /// The content, as much of it as there was.
    pub(super) content: Vec<u8>,
}

impl Came {
    fn new(status: u16, is_problem: bool, whole: bool, content: Vec<u8>, since: Instant) -> Self {
        let took = since.elapsed();
        if is_problem {
            assert!(whole, "a problem was cut");
            let problem: Value = serde_json::from_slice(&content).expect("a problem is JSON");
            let reason = problem["reason"].as_str().expect("a reason").to_owned();
            return Came { gets: status.to_string(), reason: Some(reason), took, content };
        }
        let gets = format!("{status}, {}", if whole { "whole" } else { "cut" });
        Came { gets, reason: None, took, content }
    }
}

/// Sends a request and reads whatever comes.
pub(super) async fn ask(gateway: &Gateway, play: &Play, ask: Ask) -> Came {
    match play.version {
        Version::Http1 => over_http1(gateway.wire().await, ask, &play.begun).await,
        Version::Http2 => over_http2(gateway, ask, &play.begun).await,
    }
}

async fn over_http1(mut wire: Wire, ask: Ask, begun: &Begun) -> Came {
    let since = Instant::now();
    wire.write(ask.header("connection", "close").to_h1()).await;
    let head = loop {
        let head = wire.head().await;
        if !(100..200).contains(&head.status()) {
            break head;
        }
    };
    begun.notify_one();
    let (rest, end) = wire.to_end().await;
    let (content, whole) = match (head.get("content-length"), head.get("transfer-encoding")) {
        (Some(length), None) => {
            let length: usize = length.parse().expect("a length");
            assert!(rest.len() <= length, "more than was announced");
            (rest.to_vec(), rest.len() == length)
        }
        (None, Some("chunked")) => chunks(&rest),
        other => panic!("no framing, or too much of it: {other:?}"),
    };
    // Who looks at nothing but the connection's end sees it, too.
    assert_eq!(end, if whole { End::Closed } else { End::Reset }, "{head:?}");
    let is_problem = head.get("content-type") == Some("application/problem+json");
    Came::new(head.status(), is_problem, whole, content, since)
}

/// The content of chunks, and whether the last one is there.
fn chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    loop {
        let Some(at) = rest.windows(2).position(|window| window == b"\r\n") else { return (content, false) };
        let size = std::str::from_utf8(&rest[..at]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.expect("a chunk's size");
        rest = &rest[at + 2..];
        if size == 0 {
            return (content, rest == b"\r\n");
        }
        content.extend(&rest[..size.min(rest.len())]);
        let Some(next) = rest.get(size + 2..) else { return (content, false) };
        rest = next;
    }
}

async fn over_http2(gateway: &Gateway, ask: Ask, begun: &Begun) -> Came {
    let client = gateway.h2().await;
    let since = Instant::now();
    let mut stream = client.send(&ask).await.expect("a stream");
    let head = stream.head().await.expect("a head, and no reset before it");
    begun.notify_one();
    let (mut content, mut whole) = (Vec::new(), true);
    while let Some(data) = stream.data().await {
        match data {
            Ok(data) => content.extend(data),
            Err(error) => {
                // RFC 9113 8.1.
                assert!(error.is_reset(), "{error}");
                whole = false;
                break;
            }
        }
    }
    let is_problem = head.get("content-type") == Some("application/problem+json");
    Came::new(head.status, is_problem, whole, content, since)
}
