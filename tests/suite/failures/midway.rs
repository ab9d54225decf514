//! Answers that go wrong after they have begun, and connections that are kept between them.

use super::answers::paced;
use super::play::{Begun, Bench, Case, Given, PATH, Play, Version, case, each, midway};
use pintle_testkit::{Ask, RawOrigin, Wire};

const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf";
const HALF_CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";
const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";

pub(super) fn cases() -> Vec<Case> {
    vec![
        each("sends its content byte by byte, for longer than `timeout.idle`", "", async |mut wire: Wire| {
            wire.request().await;
            wire.write("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n").await;
            paced(&mut wire, b"twenty bytes of text").await;
            wire.to_end().await;
        }),
        each("stands still within its content", "", async |mut wire: Wire| {
            wire.request().await;
            wire.write(HALF).await;
            wire.to_end().await;
        }),
        midway("resets within its content", "", async |mut wire: Wire, begun: Begun| {
            wire.request().await;
            wire.write(HALF_CHUNKED).await;
            begun.notified().await;
            wire.reset();
        }),
        midway("closes within its chunks", "", async |mut wire: Wire, begun: Begun| {
            wire.request().await;
            wire.write(HALF_CHUNKED).await;
            begun.notified().await;
        }),
        midway("closes before all of its Content-Length", "", async |mut wire: Wire, begun: Begun| {
            wire.request().await;
            wire.write(HALF).await;
            begun.notified().await;
        }),
        midway("closes within content of no announced length", "", async |mut wire: Wire, begun: Begun| {
            wire.request().await;
            wire.write("HTTP/1.1 200 OK\r\n\r\nhalf").await;
            begun.notified().await;
        }),
        midway("sends a broken chunk", "", async |mut wire: Wire, begun: Begun| {
            wire.request().await;
            wire.write(HALF_CHUNKED).await;
            begun.notified().await;
            wire.write("what\r\never").await;
            wire.to_end().await;
        }),
        case("sends more than its Content-Length", too_much),
        case("closes a kept connection while it is idle", |play| async move {
            let service = RawOrigin::start().await;
            let mut bench = play.start(Given::to(service.address())).await;
            let (_, kept) = tokio::join!(bench.prepare("/first"), serve(&service, WHOLE));
            drop(kept);
            bench.mark().await;
            let _kept = tokio::join!(bench.get(), serve(&service, WHOLE));
        }),
        case("closes a kept connection just as a GET comes", |play| async move {
            let service = RawOrigin::start().await;
            let mut bench = play.start(Given::to(service.address())).await;
            let stale = kept(&mut bench, &service).await;
            let _kept = tokio::join!(bench.get(), async {
                leave(stale).await;
                serve(&service, WHOLE).await
            });
        }),
        case("closes a kept connection just as a POST comes", |play| async move {
            let service = RawOrigin::start().await;
            let mut bench = play.start(Given::to(service.address())).await;
            let stale = kept(&mut bench, &service).await;
            tokio::join!(bench.ask(Ask::post(PATH, "x")), leave(stale));
            assert!(!service.was_asked().await, "it was sent twice");
        }),
        case("nothing; the client hangs up before an answer", |play| async move {
            let service = RawOrigin::start().await;
            let bench = play.start(Given::to(service.address())).await;
            hang_up(&bench, &service, "").await;
        }),
        case("nothing; the client hangs up within the answer", |play| async move {
            let service = RawOrigin::start().await;
            let bench = play.start(Given::to(service.address())).await;
            hang_up(&bench, &service, HALF).await;
        }),
    ]
}

/// What follows an answer is no part of it, and of no other one either: its connection is not used again.
async fn too_much(play: Play) {
    let service = RawOrigin::start().await;
    let mut bench = play.start(Given::to(service.address())).await;
    let more = format!("{WHOLE}HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nanother");
    let (first, _kept) = tokio::join!(bench.prepare("/first"), serve(&service, &more));
    assert_eq!((&*first.gets, &first.content[..]), ("200, whole", &b"whole"[..]));
    bench.mark().await;
    let (second, _kept) = tokio::join!(bench.get(), serve(&service, &more));
    assert_eq!(second.content, b"whole");
}

/// Answers one request and keeps the connection.
async fn serve(service: &RawOrigin, answer: &str) -> Wire {
    let mut wire = service.accept().await;
    wire.request().await;
    wire.write(answer).await;
    wire
}

/// A connection that the gateway keeps.
async fn kept(bench: &mut Bench, service: &RawOrigin) -> Wire {
    let (_, kept) = tokio::join!(bench.prepare("/first"), serve(service, WHOLE));
    bench.mark().await;
    kept
}

/// Closes when the next request is there.
async fn leave(mut kept: Wire) {
    kept.request().await;
}

/// The client goes away once the service has got its request, and it has what the service sent.
async fn hang_up(bench: &Bench, service: &RawOrigin, answer: &str) {
    let (gateway, ask) = (&bench.gateway, Ask::get(PATH));
    let asked = async || {
        let mut wire = service.accept().await;
        wire.request().await;
        wire.write(answer).await;
        wire
    };
    let mut upstream = match bench.play.version {
        Version::Http1 => {
            let mut client = gateway.wire().await;
            client.write(ask.to_h1()).await;
            let upstream = asked().await;
            if !answer.is_empty() {
                client.head().await;
            }
            client.reset();
            upstream
        }
        Version::Http2 => {
            let client = gateway.h2().await;
            let mut stream = client.open(&ask, true).await.expect("a stream");
            let upstream = asked().await;
            if !answer.is_empty() {
                stream.head().await.expect("a head");
            }
            stream.reset(h2::Reason::CANCEL);
            upstream
        }
    };
    upstream.ended().await;
    let status = bench.logged().await["http.response.status_code"].to_string();
    assert!(bench.play.row.gets.contains(&format!("log: {status}")), "{status} in the log: {:?}", bench.play.row);
    bench.counted().await;
}
