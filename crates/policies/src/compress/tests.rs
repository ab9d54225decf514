use super::accept::Accepted;
use super::coding::Coding;
use super::decode::Decoder;
use super::encode::Then;
use super::lent::Lent;
use crate::testing::{chain, exchange, lines, now, said_of};
use bytes::Bytes;
use parking_lot::Mutex;
use pintle_core::step::{Action, BoxFuture, Chain, Outcome, Plan};
use pintle_core::{
    Body, BodyError, BodySource, Exchange, Fault, Fields, Frame, Method, Protocol, Refusal, Response, StatusCode,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use Coding::{Br, Gzip, Zstd};

/// What is compressed and decompressed again, and how much there was in between.
fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(coding).expect("a decoder");
    let (mut all, mut at) = (Vec::new(), 0);
    loop {
        let mut out = Vec::with_capacity(1000);
        at += decoder.decode(&bytes[at..], &mut out).expect("it is sound");
        all.extend_from_slice(&out);
        if at == bytes.len() && out.len() < out.capacity() {
            assert!(decoder.is_whole(), "{coding:?} has no end");
            return all;
        }
    }
}

/// Text with repetitions, and some that has none.
fn text(length: usize, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut all = Vec::with_capacity(length + 64);
    while all.len() < length {
        match random.u8(..8) {
            0 => all.extend((0..random.usize(..64)).map(|_| random.u8(..))),
            _ => all.extend_from_slice(format!("{{\"id\":{},\"name\":\"orders\"}},", random.u16(..)).as_bytes()),
        }
    }
    all.truncate(length);
    all
}

#[test]
fn what_is_compressed_in_any_pieces_is_the_same_after_it() {
    let mut random = fastrand::Rng::with_seed(5);
    for round in 0..120 {
        let coding = Coding::ALL[round % 3];
        let most = 1 << random.u32(..19);
        let length = random.usize(..most);
        let content = text(length, &mut random);
        let length = random.bool().then_some(content.len() as u64);
        let mut encoder = Lent::take(coding, length, random.bool()).expect("an encoder");
        let (mut made, mut at) = (Vec::new(), 0);
        while at < content.len() {
            let most = 1 << random.u32(..16);
            let piece = random.usize(1..=most.min(content.len() - at));
            let then = if random.u8(..3) == 0 { Then::Flush } else { Then::Go };
            encoder.encode(&content[at..at + piece], then, &mut made).expect("it works");
            at += piece;
            if then == Then::Flush {
                let mut decoder = Decoder::new(coding).expect("a decoder");
                let mut so_far = Vec::with_capacity(content.len() + 1);
                decoder.decode(&made, &mut so_far).expect("it is sound");
                assert!(so_far == content[..at], "{coding:?}: a flush keeps something back");
            }
        }
        encoder.encode(&[], Then::Finish, &mut made).expect("it works");
        assert!(decoded(coding, &made) == content, "{coding:?}, {} bytes", content.len());
    }
}

#[test]
fn an_encoder_that_was_used_begins_anew() {
    let content = text(50_000, &mut fastrand::Rng::with_seed(1));
    for coding in Coding::ALL {
        let mut broken_off = Lent::take(coding, None, false).expect("an encoder");
        broken_off.encode(&content[..20_000], Then::Go, &mut Vec::new()).expect("it works");
        drop(broken_off);
        for _ in 0..3 {
            let made = Lent::take(coding, None, false).and_then(|mut one| one.whole(&content)).expect("it works");
            assert!(decoded(coding, &made) == content && made.len() < content.len() * 2 / 3, "{}", made.len());
        }
    }
}

#[test]
fn a_client_gets_what_it_likes_best() {
    let all = [Zstd, Br, Gzip];
    let best = |lines: &[&str]| {
        let fields: Fields = lines.iter().map(|line| ("accept-encoding", *line)).collect();
        Accepted::of(&fields, &all).best
    };
    for (said, wanted) in [
        (&[][..], None),
        (&[""], None),
        (&["gzip"], Some(Gzip)),
        (&["GZip"], Some(Gzip)),
        (&["x-gzip"], Some(Gzip)),
        (&["gzip, deflate, br, zstd"], Some(Zstd)),
        (&["gzip, deflate", "br"], Some(Br)),
        (&["gzip;q=1, br;q=0.9"], Some(Gzip)),
        (&["gzip;q=0.8, br;q=0.801"], Some(Br)),
        (&["br ; q=0.5 , gzip;Q=0.5"], Some(Br)),
        (&["gzip;q=0"], None),
        (&["gzip;q=0.000, br"], Some(Br)),
        (&["*"], Some(Zstd)),
        (&["*;q=0.1, gzip;q=0.2"], Some(Gzip)),
        (&["*, zstd;q=0"], Some(Br)),
        (&["*;q=0"], None),
        (&["gzip, *;q=0"], Some(Gzip)),
        (&["identity;q=1, gzip;q=0.5"], None),
        (&["identity;q=0.5, gzip;q=0.5"], Some(Gzip)),
        (&["identity;q=0, gzip;q=0.1"], Some(Gzip)),
        (&["deflate, compress"], None),
        // A coding named twice: the lower weight.
        (&["gzip, gzip;q=0"], None),
        // What breaks the grammar is not there.
        (&["gzip;q=2"], None),
        (&["gzip;q=1.001"], None),
        (&["gzip;q=0.1234, br"], Some(Br)),
        (&["gzip;q="], None),
        (&["gzip;q=-1, br;q=0.1"], Some(Br)),
        (&["gzip;level=9"], None),
        (&["gzip;q=1;x=2"], None),
        (&[";;;,,,q=1, \u{7f}, gzip"], Some(Gzip)),
        (&["gzip;q=1."], Some(Gzip)),
    ] {
        assert_eq!(best(said), wanted, "{said:?}");
    }
    let only_gzip = |line| Accepted::of(&[("accept-encoding", line)].into_iter().collect(), &[Gzip]);
    assert_eq!(only_gzip("zstd, gzip;q=0.1").best, Some(Gzip));
    assert!(only_gzip("zstd;q=0.1").can_read(Zstd) && !only_gzip("zstd;q=0.1").can_read(Gzip));
    assert!(only_gzip("*;q=0").refuses_identity && !only_gzip("*;q=0, identity").refuses_identity);
}

/// Plays the service: gives an answer once, and keeps the fields that it was asked with.
struct Once(Mutex<Option<Response>>, Mutex<Fields>);

impl Action for Once {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        *self.1.lock() = exchange.request.fields.clone();
        let response = self.0.lock().take().expect("it is asked once");
        Box::pin(std::future::ready(Ok(response)))
    }

    fn plan(&self, _: &mut Exchange) -> Result<Plan, Refusal> {
        unreachable!("nothing is planned here")
    }
}

/// What comes of an answer by `compress: SETTINGS`, and what the service was asked.
fn asked(settings: &str, method: Method, fields: &[(&str, &str)], response: Response) -> (Response, Vec<String>) {
    let mut exchange = exchange(fields);
    exchange.request.method = method;
    through(settings, &mut exchange, response)
}

fn through(settings: &str, exchange: &mut Exchange, response: Response) -> (Response, Vec<String>) {
    let once = Arc::new(Once(Mutex::new(Some(response)), Mutex::default()));
    let steps = crate::testing::steps(&[&format!("[{{compress: {settings}}}]")], "{}");
    let chain = Arc::new(Chain::new(steps, Arc::clone(&once) as Arc<dyn Action>));
    let response = now(chain.run(exchange)).expect("an answer");
    let got = lines(&once.1.lock());
    (response, got)
}

fn get(fields: &[(&str, &str)], response: Response) -> Response {
    asked("{}", Method::GET, fields, response).0
}

fn json() -> Bytes {
    b"{\"id\": 4711, \"name\": \"orders\"}\n".repeat(100).into()
}

fn answer(status: u16, fields: &[(&str, &str)], body: Body) -> Response {
    let mut response = Response::new(StatusCode::from_u16(status).expect("a status"));
    response.fields = fields.iter().copied().collect();
    response.body = body;
    response
}

fn good(fields: &[(&str, &str)]) -> Response {
    let all = [&[("content-type", "application/json")], fields].concat();
    answer(200, &all, Body::full(json()))
}

/// All of a body that never waits but to let others have their turn.
fn whole(body: &mut Body) -> Result<(Vec<u8>, Option<Fields>), BodyError> {
    let mut all = Vec::new();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    loop {
        match body.poll_frame(&mut Context::from_waker(&waker)) {
            Poll::Ready(None) => return Ok((all, None)),
            Poll::Ready(Some(Ok(Frame::Data(data)))) => all.extend_from_slice(&data),
            Poll::Ready(Some(Ok(Frame::Trailers(trailers)))) => return Ok((all, Some(trailers))),
            Poll::Ready(Some(Err(error))) => return Err(error),
            Poll::Pending => assert!(woken.0.swap(0, Ordering::Relaxed) > 0, "it waits for nothing"),
        }
    }
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

const GZIP: (&str, &str) = ("accept-encoding", "gzip");

#[test]
fn a_whole_answer_is_compressed_with_its_length() {
    for (accepted, coding) in [("gzip", Gzip), ("br", Br), ("zstd, gzip", Zstd)] {
        let said = [("content-length", "3000"), ("accept-ranges", "bytes"), ("etag", "\"v1\""), ("repr-digest", "x")];
        let mut response = get(&[("accept-encoding", accepted)], good(&said));
        let wanted = [
            "content-type: application/json".to_owned(),
            "vary: accept-encoding".to_owned(),
            format!("content-encoding: {}", coding.name()),
            format!("etag: \"v1~{}\"", coding.name()),
        ];
        assert_eq!(lines(&response.fields), wanted);
        let length = response.body.length().expect("it is known");
        let (made, _) = whole(&mut response.body).expect("it is whole");
        assert!(length == made.len() as u64 && length < 300 && decoded(coding, &made) == json());
    }
}

#[test]
fn what_may_not_or_need_not_be_compressed_is_left_alone() {
    let left = |request: &[(&str, &str)], response: Response| {
        let (before, length) = (lines(&response.fields), response.body.length());
        let response = get(request, response);
        assert_eq!(response.body.length(), length);
        let after = lines(&response.fields);
        assert_eq!(after[..before.len()], before);
        after.len() > before.len()
    };
    // Could have been compressed for another client.
    assert!(left(&[], good(&[])));
    assert!(left(&[("accept-encoding", "gzip;q=0")], good(&[])));
    assert!(left(&[GZIP], answer(206, &[("content-type", "text/css"), ("content-range", "b")], Body::full(json()))));
    // Could not.
    assert!(!left(&[GZIP], good(&[("cache-control", "max-age=1, No-Transform")])));
    assert!(!left(&[GZIP, ("cache-control", "no-transform")], good(&[])));
    assert!(!left(&[GZIP], answer(200, &[], Body::full(json()))));
    for kind in ["image/png", "application/grpc+json", "application/grpc-web", "application/zip", "textual/x"] {
        assert!(!left(&[GZIP], answer(200, &[("content-type", kind)], Body::full(json()))), "{kind}");
    }
    let small = |length| Body::full(json().slice(..length));
    assert!(!left(&[GZIP], answer(200, &[("content-type", "text/css")], small(1023))));
    assert!(!left(&[GZIP], answer(204, &[("content-type", "text/css")], Body::Empty)));
    assert!(!left(&[GZIP], good(&[("content-encoding", "deflate")])));
    assert!(!left(&[GZIP], good(&[("content-encoding", "gzip, br")])));
    // What does not become smaller.
    let random: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(2000).collect();
    assert!(left(&[GZIP], answer(200, &[("content-type", "text/css")], Body::full(random))));
}

#[test]
fn types_and_sizes_are_what_the_configuration_says() {
    let (kind, body) = ([("content-type", "Application/Vnd.X+JSON; charset=utf-8")], || Body::full(json()));
    let is_compressed = |settings, body: Body| {
        let (response, _) = asked(settings, Method::GET, &[GZIP], answer(200, &kind, body));
        response.fields.contains("content-encoding")
    };
    for (settings, wanted) in [
        ("{}", true),
        ("{types: [+json]}", true),
        ("{types: [application/*]}", true),
        ("{types: [application/vnd.x+json]}", true),
        ("{types: [application/json, text/*]}", false),
        ("{algorithms: [br]}", false),
        ("{min_size: 4KiB}", false),
    ] {
        assert_eq!(is_compressed(settings, body()), wanted, "{settings}");
    }
    assert!(is_compressed("{min_size: 4KiB}", Body::stream(Pieces::of(["a"]), None)), "its length is not known");
    // Who reads nothing that is not compressed gets it so.
    let (response, _) = asked(
        "{min_size: 4KiB}",
        Method::GET,
        &[("accept-encoding", "gzip, identity;q=0")],
        answer(200, &kind, body()),
    );
    assert!(response.fields.contains("content-encoding"));
}

#[test]
fn a_tunnel_is_no_content() {
    let mut exchange = exchange(&[GZIP]);
    exchange.request.protocol = Some(Protocol::WebSocket);
    let (response, _) = through("{}", &mut exchange, answer(101, &[("content-type", "text/css")], Body::full(json())));
    assert_eq!(lines(&response.fields), ["content-type: text/css"]);
}

#[test]
fn head_says_what_get_would() {
    let css = ("content-type", "text/css");
    let head = |fields: &[(&str, &str)], body| {
        let (response, _) = asked("{}", Method::HEAD, &[GZIP], answer(200, fields, body));
        assert!(response.body.is_empty() || response.body.length() == Some(3));
        lines(&response.fields)
    };
    let compressed = ["content-type: text/css", "vary: accept-encoding", "content-encoding: gzip", "etag: \"a~gzip\""];
    assert_eq!(head(&[css, ("etag", "\"a\""), ("content-length", "4000")], Body::Empty), compressed);
    assert_eq!(head(&[css, ("etag", "\"a\"")], Body::Empty), compressed);
    assert_eq!(head(&[css, ("etag", "\"a\"")], Body::full(json())), compressed);
    assert_eq!(head(&[css, ("content-length", "40")], Body::Empty), ["content-type: text/css", "content-length: 40"]);
    assert_eq!(head(&[css], Body::full("abc")), ["content-type: text/css"]);
    let (undone, _) = asked("{}", Method::HEAD, &[], good(&[("content-encoding", "br"), ("content-length", "9")]));
    assert_eq!(lines(&undone.fields), ["content-type: application/json", "vary: accept-encoding"]);
}

#[test]
fn vary_is_said_once() {
    for said in ["*", "Accept-Encoding", "origin, accept-encoding"] {
        let response = get(&[GZIP], good(&[("vary", said)]));
        assert_eq!(response.fields.get_all("vary").collect::<Vec<_>>(), [said.as_bytes()]);
    }
    let response = get(&[GZIP], good(&[("vary", "origin")]));
    assert_eq!(response.fields.joined("vary").as_deref(), Some(&b"origin, accept-encoding"[..]));
}

#[test]
fn tags_come_back_as_the_services_own() {
    let asks = |name, value, accepted| {
        let (_, got) = asked("{}", Method::GET, &[("accept-encoding", accepted), (name, value)], good(&[]));
        got.into_iter().find_map(|line| Some(line.strip_prefix(&format!("{name}: "))?.to_owned())).expect("it is there")
    };
    let none_match = |value| asks("if-none-match", value, "gzip");
    assert_eq!(none_match("\"v1~gzip\""), "\"v1\"");
    assert_eq!(none_match("W/\"v1~gzip\", \"b,~gzip\",\"c\""), "W/\"v1\", \"b,\",\"c\"");
    assert_eq!(none_match("\"v1~identity\""), "\"v1\"");
    for other in ["*", "\"v1\"", "\"v1~br\"", "\"~gzip", "v1~gzip", "\"a~gzip b\""] {
        assert_eq!(none_match(other), other);
    }
    assert_eq!(asks("if-none-match", "\"v1~gzip\"", "br"), "\"v1~gzip\"", "it is to get another one now");
    // RFC 9110 13.1.1: who changes what he read names its version, in whatever coding he read it.
    assert_eq!(asks("if-match", "\"v1~gzip\", \"v1~br\"", ""), "\"v1\", \"v1\"");
    // RFC 9110 13.1.5: no part of one is put together with a part of another.
    assert_eq!(asks("if-range", "\"v1~gzip\"", "gzip"), "\"v1~gzip\"");
}

#[test]
fn a_304_has_the_tag_of_the_200() {
    let not_modified = |request: &[(&str, &str)], fields: &[(&str, &str)]| {
        lines(&get(request, answer(304, fields, Body::Empty)).fields)
    };
    let tag = ("etag", "\"v1\"");
    let marked = ["vary: accept-encoding", "etag: \"v1~gzip\""];
    assert_eq!(not_modified(&[GZIP, ("if-none-match", "\"v0\", \"v1~gzip\"")], &[tag]), marked);
    assert_eq!(not_modified(&[GZIP, ("if-none-match", "W/\"v1~gzip\"")], &[tag]), marked);
    let plain = ["etag: \"v1\"", "vary: accept-encoding"];
    assert_eq!(not_modified(&[GZIP, ("if-none-match", "\"v1\"")], &[tag]), plain);
    assert_eq!(not_modified(&[("if-none-match", "\"v1\"")], &[tag]), plain);
    let undone = not_modified(&[("if-none-match", "\"v1~identity\"")], &[tag]);
    assert_eq!(undone, ["vary: accept-encoding", "etag: \"v1~identity\""]);
    let image = [tag, ("content-type", "image/png")];
    assert_eq!(not_modified(&[GZIP], &image), ["etag: \"v1\"", "content-type: image/png"]);
    let by_date = not_modified(&[GZIP, ("if-modified-since", "x")], &[tag, ("content-type", "text/css")]);
    assert_eq!(by_date, ["content-type: text/css", "vary: accept-encoding", "etag: \"v1~gzip\""]);
}

#[test]
fn weak_tags_hold_for_every_coding() {
    let response = get(&[GZIP], good(&[("etag", "W/\"v1\"")]));
    assert_eq!(response.fields.get_str("etag"), Some("W/\"v1\""));
    let broken = get(&[GZIP], good(&[("etag", "v1")]));
    assert_eq!(broken.fields.get_str("etag"), None);
}

/// A source that gives pieces, and waits where there is none.
struct Pieces(VecDeque<Option<Result<Frame, BodyError>>>);

impl Pieces {
    fn of<const N: usize>(pieces: [&'static str; N]) -> Self {
        Pieces(pieces.into_iter().map(|piece| Some(Ok(Frame::Data(piece.into())))).collect())
    }

    fn then(mut self, frame: Option<Result<Frame, BodyError>>) -> Self {
        self.0.push_back(frame);
        self
    }
}

impl BodySource for Pieces {
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        match self.0.pop_front() {
            Some(None) => Poll::Pending,
            Some(frame) => Poll::Ready(frame),
            None => Poll::Ready(None),
        }
    }
}

fn streamed(accepted: &'static str, fields: &[(&str, &str)], pieces: Pieces) -> Response {
    let fields = [&[("content-type", "text/event-stream; charset=utf-8")], fields].concat();
    get(&[("accept-encoding", accepted)], answer(200, &fields, Body::stream(pieces, None)))
}

#[test]
fn what_has_come_goes_out_when_nothing_more_is_at_hand() {
    for coding in Coding::ALL {
        let pieces =
            Pieces::of(["data: 1\n\n"]).then(None).then(Some(Ok(Frame::Data("data: 2\n\n".into())))).then(None);
        let mut body = streamed(coding.name(), &[], pieces).body;
        let mut decoder = Decoder::new(coding).expect("a decoder");
        let cx = &mut Context::from_waker(Waker::noop());
        for event in ["data: 1\n\n", "data: 2\n\n"] {
            let Poll::Ready(Some(Ok(Frame::Data(data)))) = body.poll_frame(cx) else { panic!("{coding:?} keeps it") };
            let mut out = Vec::with_capacity(100);
            assert_eq!(decoder.decode(&data, &mut out), Ok(data.len()));
            assert_eq!(out, event.as_bytes());
        }
        // What was held to the end of the stream is nothing.
        let (rest, _) = whole(&mut body).expect("it ends");
        assert_eq!(decoder.decode(&rest, &mut Vec::with_capacity(100)), Ok(rest.len()));
        assert!(decoder.is_whole());
    }
}

#[test]
fn a_source_that_waits_is_flushed_once() {
    let mut body = streamed("gzip", &[], Pieces::of(["data"]).then(None).then(None).then(None)).body;
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(body.poll_frame(cx).is_ready());
    assert!(body.poll_frame(cx).is_pending() && body.poll_frame(cx).is_pending());
}

#[test]
fn trailers_follow_but_for_digests_of_other_bytes() {
    // RFC 9530 2, 3.
    let trailers: Fields = [("x-sum", "9"), ("content-digest", "sha-256=:x:")].into_iter().collect();
    let sum = |response: &mut Response| {
        let (_, trailers) = whole(&mut response.body).expect("it ends");
        lines(&trailers.expect("trailers"))
    };
    let pieces = Pieces::of(["data"]).then(Some(Ok(Frame::Trailers(trailers.clone()))));
    assert_eq!(sum(&mut streamed("br", &[], pieces)), ["x-sum: 9"]);
    let made = Lent::take(Zstd, None, false).and_then(|mut one| one.whole(b"data")).expect("it works");
    let pieces = Pieces::of([]).then(Some(Ok(Frame::Data(made.into())))).then(Some(Ok(Frame::Trailers(trailers))));
    assert_eq!(sum(&mut streamed("br", &[("content-encoding", "zstd")], pieces)), ["x-sum: 9"]);
}

#[test]
fn what_is_cut_never_has_an_end() {
    let cut = BodyError::upstream(Fault::Closed);
    for coding in Coding::ALL {
        let pieces = Pieces::of(["data: 1\n\n"]).then(None).then(Some(Err(cut.clone())));
        let mut body = streamed(coding.name(), &[], pieces).body;
        let cx = &mut Context::from_waker(Waker::noop());
        let Poll::Ready(Some(Ok(Frame::Data(data)))) = body.poll_frame(cx) else { panic!("it is kept") };
        let mut decoder = Decoder::new(coding).expect("a decoder");
        decoder.decode(&data, &mut Vec::with_capacity(100)).expect("it is sound");
        assert!(!decoder.is_whole());
        assert_eq!(whole(&mut body).err(), Some(cut.clone()));
    }
}

#[test]
fn a_turn_is_short_and_the_rest_comes_in_the_next() {
    let content: Bytes = text(300_000, &mut fastrand::Rng::with_seed(3)).into();
    for coding in Coding::ALL {
        let pieces = Pieces::of([]).then(Some(Ok(Frame::Data(content.clone()))));
        let mut body = streamed(coding.name(), &[], pieces).body;
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let (mut all, mut turns) = (Vec::new(), 0);
        loop {
            match body.poll_frame(&mut Context::from_waker(&waker)) {
                Poll::Ready(Some(Ok(Frame::Data(data)))) => {
                    assert!(data.len() < 64 * 1024, "{coding:?} gathers {} bytes", data.len());
                    all.extend_from_slice(&data);
                }
                Poll::Ready(_) => break,
                Poll::Pending => turns += 1,
            }
        }
        assert_eq!(turns, woken.0.load(Ordering::Relaxed));
        assert!(turns >= 300_000 / (32 * 1024), "{coding:?} had {turns} turns");
        assert!(decoded(coding, &all) == content);
    }
}

#[test]
fn what_a_service_compressed_is_for_who_can_read_it() {
    let body = Lent::take(Br, None, false).and_then(|mut one| one.whole(&json())).expect("it works");
    let coded = || {
        let fields = [("content-type", "application/json"), ("content-encoding", "br"), ("etag", "\"v1\"")];
        answer(200, &fields, Body::full(body.clone()))
    };
    for accepted in ["br", "gzip, br;q=0.1", "*", "gzip, identity;q=0"] {
        let mut response = get(&[("accept-encoding", accepted)], coded());
        assert_eq!(response.fields.get_str("content-encoding"), Some("br"));
        assert_eq!(response.fields.get_str("vary"), Some("accept-encoding"));
        assert_eq!(whole(&mut response.body).expect("it is whole").0, body);
    }
    for accepted in [&[][..], &[GZIP], &[("accept-encoding", "br;q=0, gzip")]] {
        let mut response = get(accepted, coded());
        let wanted = ["content-type: application/json", "vary: accept-encoding", "etag: \"v1~identity\""];
        assert_eq!(lines(&response.fields), wanted);
        assert_eq!(response.body.length(), None);
        assert_eq!(whole(&mut response.body).expect("it is whole").0, json());
    }
    let kept = get(&[("cache-control", "no-transform")], coded());
    assert_eq!(kept.fields.get_str("content-encoding"), Some("br"));
    let part = get(&[], answer(206, &[("content-encoding", "br")], Body::full("part")));
    assert_eq!(part.fields.get_str("content-encoding"), Some("br"));
}

fn undone(coding: Coding, body: impl Into<Bytes>) -> Result<Vec<u8>, BodyError> {
    let mut response = get(&[], good(&[("content-encoding", coding.name())]));
    response.body = get(&[], answer(200, &[("content-encoding", coding.name())], Body::full(body))).body;
    whole(&mut response.body).map(|(all, _)| all)
}

#[test]
fn what_cannot_be_undone_is_cut() {
    let malformed = BodyError::upstream(Fault::Malformed);
    for coding in Coding::ALL {
        let made = Lent::take(coding, None, false).and_then(|mut one| one.whole(&json())).expect("it works");
        assert_eq!(undone(coding, made.clone()).as_deref(), Ok(&json()[..]));
        assert_eq!(undone(coding, made[..made.len() - 1].to_vec()).err(), Some(malformed.clone()), "{coding:?} short");
        assert_eq!(undone(coding, "this is no such thing").err(), Some(malformed.clone()), "{coding:?} other");
        let longer = [&made[..], b"and more"].concat();
        assert_eq!(undone(coding, longer).err(), Some(malformed.clone()), "{coding:?} long");
        assert_eq!(undone(coding, "").as_deref(), Ok(&[][..]));
        if coding != Br {
            // RFC 1952 2.2, RFC 8878 3.
            assert_eq!(undone(coding, made.repeat(2)).as_deref(), Ok(&json().repeat(2)[..]));
        }
    }
}

#[test]
fn a_bomb_does_not_go_off() {
    for coding in Coding::ALL {
        let zeros = vec![0; 1 << 20];
        let mut encoder = Lent::take(coding, None, false).expect("an encoder");
        let mut bomb = Vec::new();
        for _ in 0..40 {
            encoder.encode(&zeros, Then::Go, &mut bomb).expect("it works");
        }
        encoder.encode(&[], Then::Finish, &mut bomb).expect("it works");
        assert_eq!(undone(coding, bomb).err(), Some(BodyError::upstream(Fault::TooLarge)), "{coding:?}");
    }
}

#[test]
fn mistakes_have_a_remedy() {
    let said = |settings: &str| said_of(&[&format!("[{{compress: {settings}}}]")], "{}");
    assert_eq!(said("{}"), [""; 0]);
    assert_eq!(said("{algorithms: [gzip], min_size: 0B, types: [text/*, +json, a/b]}"), [""; 0]);
    assert_eq!(
        said("{algorithms: [gzip, br, gzip]}"),
        ["1:37 `gzip` is there twice [the first one counts: leave this one out]"]
    );
    let none = "for no compression write `compress: none`";
    assert_eq!(said("{algorithms: []}"), [format!("1:26 the list of algorithms is empty [{none}]")]);
    assert_eq!(said("{types: []}"), [format!("1:21 the list of media types is empty [{none}]")]);
    let no_type = "this is no media type: write one as `application/json`, `text/*` or `+json`";
    assert_eq!(
        said("{types: [json, \"*/*\", text/, +a+b, application/grpc]}"),
        [
            format!("1:22 {no_type}"),
            format!("1:28 {no_type}"),
            format!("1:35 {no_type}"),
            format!("1:42 {no_type}"),
            "1:48 gRPC is never compressed here: its messages say how they are".to_owned(),
        ]
    );
    assert!(said("{min_size: 1000}")[0].contains("a size needs its unit"));
    assert!(said("{algorithms: [deflate]}")[0].contains("deflate"));
}

#[test]
fn the_inner_level_stands_in_place_of_the_outer() {
    let service = Arc::default();
    assert_eq!(format!("{:?}", chain(&["[{compress: {}}]", "[{compress: none}]"], "{}", &service)), "Chain(1 steps)");
}
