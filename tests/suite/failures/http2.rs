//! Services that are spoken to in HTTP/2, frame by frame.

use super::play::{Begun, Case, Given, PATH, Play, case, midway};
use pintle_testkit::{Ask, Frame, RawH2, RawOrigin, Wire, error, kind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const KEYS: &str = "protocol: http2";

pub(super) fn cases() -> Vec<Case> {
    vec![
        frames("says nothing at all (HTTP/2)", async |mut wire: Wire| drop(wire.to_end().await)),
        frames("answers something that is not HTTP/2", async |mut wire: Wire| {
            wire.read(24).await;
            wire.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            wire.to_end().await;
        }),
        frames("closes before an answer (HTTP/2)", async |wire: Wire| drop(asked(wire).await)),
        frames("resets the stream before an answer (RST_STREAM)", async |wire: Wire| {
            let (mut service, stream) = asked(wire).await;
            service.send(Frame::reset(stream, error::INTERNAL_ERROR)).await;
            service.end().await;
        }),
        frames("refuses every stream (REFUSED_STREAM)", async |wire: Wire| {
            let (mut service, mut stream) = asked(wire).await;
            loop {
                service.send(Frame::reset(stream, error::REFUSED_STREAM)).await;
                stream = next(&mut service).await;
            }
        }),
        case("refuses a stream once (REFUSED_STREAM), of a POST without content", |play| async move {
            once(play, Ask::post(PATH, ""), |stream| Frame::reset(stream, error::REFUSED_STREAM)).await;
        }),
        frames("answers with a head that HTTP/2 does not allow", async |wire: Wire| {
            let (mut service, stream) = asked(wire).await;
            let head = [(":status", "200"), ("Connection", "close")];
            service.send(Frame::headers(stream, &head, false)).await;
            service.end().await;
        }),
        frames("stands still within its content (HTTP/2)", async |wire: Wire| {
            let (mut service, stream) = asked(wire).await;
            answer(&mut service, stream, false).await;
            service.end().await;
        }),
        midway("resets the stream within its content (RST_STREAM)", KEYS, async |wire: Wire, begun: Begun| {
            let (mut service, stream) = asked(wire).await;
            answer(&mut service, stream, false).await;
            begun.notified().await;
            service.send(Frame::reset(stream, error::INTERNAL_ERROR)).await;
            service.end().await;
        }),
        midway("ends the stream before all of its content-length", KEYS, async |wire: Wire, begun: Begun| {
            let (mut service, stream) = asked(wire).await;
            let head = [(":status", "200"), ("content-length", "8")];
            service.send(Frame::headers(stream, &head, false)).await;
            begun.notified().await;
            service.send(Frame::data(stream, "half", true)).await;
            service.end().await;
        }),
        midway("goes away (GOAWAY) and closes within its content", KEYS, async |wire: Wire, begun: Begun| {
            let (mut service, stream) = asked(wire).await;
            answer(&mut service, stream, false).await;
            begun.notified().await;
            service.send(goaway(stream)).await;
        }),
        frames("goes away (GOAWAY) and ends what is under way", async |wire: Wire| {
            let (mut service, stream) = asked(wire).await;
            answer(&mut service, stream, false).await;
            service.send(goaway(stream)).await;
            service.send(Frame::data(stream, "more", true)).await;
            service.end().await;
        }),
        case("goes away once (GOAWAY) before it has looked at a stream", |play| async move {
            once(play, Ask::get(PATH), |_| goaway(0)).await;
        }),
        case("sends something that is not HTTP/2 on a kept connection", |play| async move {
            let service = RawOrigin::start().await;
            let mut bench = play.start(Given { keys: KEYS.into(), ..Given::to(service.address()) }).await;
            let (_, mut kept) = tokio::join!(bench.prepare("/first"), serve(&service));
            bench.mark().await;
            let (_, _new) = tokio::join!(bench.get(), async {
                next(&mut kept).await;
                kept.wire.write("HTTP/1.1 400 Bad Request\r\n\r\n").await;
                serve(&service).await
            });
        }),
        frames("sends interim answers without end (HTTP/2)", async |wire: Wire| {
            let (mut service, stream) = asked(wire).await;
            let hints = || Frame::headers(stream, &[(":status", "103"), ("link", "</a.css>")], false);
            while service.send_all((0..100).map(|_| hints())).await {}
        }),
    ]
}

/// A case of a service that does the same on each of its connections, and of a GET to it.
fn frames<F>(fault: &'static str, script: impl Fn(Wire) -> F + Copy + Send + 'static) -> Case
where
    F: Future<Output = ()> + Send + 'static,
{
    super::play::each(fault, KEYS, script)
}

/// Answers the first request of the next connection.
async fn serve(service: &RawOrigin) -> RawH2 {
    let (mut service, stream) = asked(service.accept().await).await;
    answer(&mut service, stream, true).await;
    service
}

/// The first stream that the service sees ends by this frame, each after it is answered.
async fn once(play: Play, ask: Ask, end: fn(u32) -> Frame) {
    let service = RawOrigin::start().await;
    let given = Given { keys: KEYS.into(), ..Given::to(service.address()) };
    let seen = Arc::new(AtomicBool::new(false));
    let _playing = service.play(move |wire| {
        let seen = Arc::clone(&seen);
        async move {
            let (mut service, mut stream) = asked(wire).await;
            if !seen.swap(true, Ordering::Relaxed) {
                service.send(end(stream)).await;
                stream = next(&mut service).await;
            }
            answer(&mut service, stream, true).await;
            service.end().await;
        }
    });
    play.start(given).await.ask(ask).await;
}

/// The service's side of a connection, and the stream of its first request.
async fn asked(mut wire: Wire) -> (RawH2, u32) {
    // The preface (RFC 9113 3.4); the frames are the same from both sides.
    wire.read(24).await;
    let mut service = RawH2 { settings: Frame::settings(&[]), wire };
    service.send(Frame::settings(&[])).await;
    let stream = next(&mut service).await;
    (service, stream)
}

async fn next(service: &mut RawH2) -> u32 {
    service.until(|frame| frame.kind == kind::HEADERS).await.stream
}

/// An answer and four bytes of its content.
async fn answer(service: &mut RawH2, stream: u32, end: bool) {
    service.send(Frame::headers(stream, &[(":status", "200")], false)).await;
    service.send(Frame::data(stream, "half", end)).await;
}

fn goaway(last: u32) -> Frame {
    Frame::new(kind::GOAWAY, 0, 0, [last.to_be_bytes(), error::NO_ERROR.to_be_bytes()].concat())
}
