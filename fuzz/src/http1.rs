//! HTTP/1.1: no panic; however a message comes cut, the answer is the same; and what Pintle takes, httparse and hyper
//! take as the same message, or refuse. That they take more is told in `DIFFERENCES.md` and held by `tests/`.

#[path = "../../crates/http1/tests/corpus/answer.rs"]
mod answer;
pub mod hyper;
#[path = "../../crates/http1/tests/corpus/read.rs"]
mod read;

use ::hyper::Uri;
use answer::Answer;
use bytes::BytesMut;
use pintle_core::{Frame, Method};
use pintle_http1::{BodyLimits, Decoder, Form, Framing, Limits, Parsed, parse_request, parse_response};

/// Longer messages only find limits.
const LONGEST: usize = 4096;
/// What goes before a chunked body.
const CHUNKED_HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Any bytes as a request.
pub fn request(raw: &[u8]) {
    if raw.len() > LONGEST {
        return;
    }
    beginnings_agree(raw, answer::request);
    let Ok(Parsed::Complete { head, len }) = parse_request(raw, &Limits::default()) else { return };
    let first = raw[2..].split(|&b| b == b'\r').next().unwrap_or_default();
    let standard = first.ends_with(b"HTTP/1.1") || first.ends_with(b"HTTP/1.0");
    if standard {
        httparse_agrees(raw, len, &head.method, head.target.as_str());
    }
    let content = decode(head.framing, &raw[len..]);
    match hyper::server(raw) {
        Some(seen) => {
            assert_eq!(seen.method, head.method);
            if head.target.form() == Form::Origin {
                assert_eq!((seen.uri.path(), seen.uri.query()), (head.target.path(), head.target.query()));
            }
            same_content(&content, &seen.body);
        }
        None => {
            // Where hyper is the narrower one: see DIFFERENCES.md.
            let narrower = head.target.as_str().parse::<Uri>().is_err() || is_greatest(head.framing);
            assert!(!standard || narrower, "hyper refuses it");
        }
    }
}

/// A byte that picks the method, then any bytes as a response.
pub fn response(bytes: &[u8]) {
    let Some((pick, raw)) = bytes.split_first().filter(|_| bytes.len() <= LONGEST) else { return };
    let method = [Method::GET, Method::HEAD, Method::CONNECT][usize::from(*pick) % 3].clone();
    beginnings_agree(raw, |raw| answer::response(raw, &method));
    let Ok(Parsed::Complete { head, len }) = parse_response(raw, &method, &Limits::default()) else { return };
    let mut fields = [httparse::EMPTY_HEADER; 100];
    let mut second = httparse::Response::new(&mut fields);
    let standard = raw.starts_with(b"HTTP/1.1") || raw.starts_with(b"HTTP/1.0");
    if standard {
        assert_eq!(second.parse(raw), Ok(httparse::Status::Complete(len)));
        assert_eq!(second.code, Some(head.status.as_u16()));
    }
    if head.status.is_informational() || method == Method::CONNECT {
        return;
    }
    match hyper::client(raw, &method) {
        Some(seen) => {
            assert_eq!(seen.status, head.status);
            same_content(&decode(head.framing, &raw[len..]), &seen.body);
        }
        None => assert!(!standard || is_greatest(head.framing), "hyper refuses it"),
    }
}

/// Any bytes as a chunked body.
pub fn chunked(raw: &[u8]) {
    if raw.len() > LONGEST {
        return;
    }
    let whole = answer::decode([raw]);
    // Every cut costs what the body costs, so long ones are cut at some places only.
    for cut in (0..raw.len()).step_by(1 + raw.len() / 64) {
        let (a, b) = raw.split_at(cut);
        assert_eq!(answer::decode([a, b]), whole, "cut at {cut}");
    }
    assert_eq!(answer::decode(raw.chunks(1)), whole, "byte by byte");
    if !whole.content.is_empty()
        && let Ok(httparse::Status::Complete((at, size))) = httparse::parse_chunk_size(raw)
    {
        let first = &raw[at..raw.len().min(at.saturating_add(usize::try_from(size).unwrap_or(usize::MAX)))];
        assert!(whole.content.starts_with(first), "another first chunk than httparse finds");
    }
    let seen = hyper::server(&[CHUNKED_HEAD, raw].concat()).expect("hyper takes the head");
    same_content(&decode(Framing::Chunked, raw), &seen.body);
}

fn beginnings_agree(raw: &[u8], parse: impl Fn(&[u8]) -> Answer) {
    let whole = parse(raw);
    let mut settled = false;
    for cut in 0..raw.len() {
        // Nothing is decided but at a line's end, where callers ask; limits are beyond these messages.
        if !settled && cut > 0 && raw[cut - 1] != b'\n' {
            continue;
        }
        let part = parse(&raw[..cut]);
        if settled || part != Answer::partial() {
            assert_eq!(part, whole, "cut at {cut}");
            if settled {
                return;
            }
            settled = true;
        }
    }
}

fn httparse_agrees(raw: &[u8], len: usize, method: &Method, target: &str) {
    let mut fields = [httparse::EMPTY_HEADER; 100];
    let mut second = httparse::Request::new(&mut fields);
    assert_eq!(second.parse(raw), Ok(httparse::Status::Complete(len)));
    assert_eq!((second.method, second.path), (Some(method.as_str()), Some(target)));
}

/// hyper uses the two greatest lengths as marks.
fn is_greatest(framing: Framing) -> bool {
    matches!(framing, Framing::Length(u64::MAX | 0xffff_ffff_ffff_fffe))
}

/// Content, and whether all of it came.
type Content = (Vec<u8>, bool);

fn decode(framing: Framing, raw: &[u8]) -> Content {
    let (mut decoder, mut buffer) = (Decoder::new(framing, BodyLimits::default()), BytesMut::from(raw));
    let mut content = Vec::new();
    while let Ok(Some(frame)) = decoder.decode(&mut buffer) {
        if let Frame::Data(data) = frame {
            content.extend_from_slice(&data);
        }
    }
    (content, decoder.close().is_ok())
}

/// What is whole for Pintle is the same for the other; what is not is at least the beginning of it.
fn same_content(ours: &Content, theirs: &Content) {
    if ours.1 && theirs.1 {
        assert_eq!(ours.0, theirs.0);
    } else {
        let short = ours.0.len().min(theirs.0.len());
        assert_eq!(ours.0[..short], theirs.0[..short]);
        assert!(!ours.1, "hyper refuses the body");
    }
}

/// What Pintle makes of the bytes, as `DIFFERENCES.md` says it.
pub fn verdicts(kind: &str, raw: &str) -> [String; 3] {
    let raw = &read::bytes(raw)[..];
    let words = |taken: bool| String::from(if taken { "takes" } else { "refuses" });
    let mut fields = [httparse::EMPTY_HEADER; 100];
    match kind {
        "Requests" => {
            let ours = match parse_request(raw, &Limits::default()) {
                Ok(_) => words(true),
                Err(error) => error.reason.status().as_str().into(),
            };
            let second = httparse::Request::new(&mut fields).parse(raw);
            [ours, words(second.is_ok()), words(hyper::server(raw).is_some())]
        }
        "Responses" => {
            let ours = parse_response(raw, &Method::GET, &Limits::default());
            let second = httparse::Response::new(&mut fields).parse(raw);
            [words(ours.is_ok()), words(second.is_ok()), words(hyper::client(raw, &Method::GET).is_some())]
        }
        "Chunked bodies" => {
            let third = hyper::server(&[CHUNKED_HEAD, raw].concat()).expect("hyper takes the head");
            let ours = decode(Framing::Chunked, raw);
            [words(ours.1), words(httparse::parse_chunk_size(raw).is_ok()), words(third.body.1)]
        }
        other => panic!("no kind of message: {other}"),
    }
}

/// The messages of a corpus of `crates/http1`, with each one's method.
pub fn seeds(corpus: &str) -> Vec<(String, Vec<u8>, Method)> {
    read::cases(corpus)
        .into_iter()
        .map(|case| (case.name, case.raw, Method::from_bytes(case.method.as_bytes()).expect("a method")))
        .collect()
}
