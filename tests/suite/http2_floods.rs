//! Floods over HTTP/2 end their connection, cost no memory without a bound, and no one else's request.

use pintle_testkit::{Frame, Gateway, Origin, RawH2, block, flag, kind};

const MIB: u64 = 1 << 20;

async fn echo() -> (Gateway, Origin) {
    let service = Origin::echo().await;
    (Gateway::to(service.url()).await, service)
}

fn head() -> [(&'static str, &'static str); 4] {
    [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/")]
}

/// Sends rounds of frames until the gateway ends the connection, `rounds` at most; false when it never did.
async fn ends(raw: &mut RawH2, rounds: u32, mut round: impl FnMut(u32) -> Vec<Frame>) -> bool {
    for number in 0..rounds {
        if !raw.send_all(round(number)).await {
            return true;
        }
    }
    // It may have ended without the last write's seeing it.
    raw.send_all([Frame::ping(*b"are you?")]).await;
    let last = raw.until(|frame| frame.kind == kind::GOAWAY || frame.kind == kind::PING && frame.is(flag::ACK)).await;
    last.kind == kind::GOAWAY
}

#[tokio::test]
async fn a_rapid_reset_is_ended() {
    // CVE-2023-44487.
    let (gateway, service) = echo().await;
    let mut raw = gateway.raw_h2().await;
    let ended = ends(&mut raw, 200, |number| {
        let streams = (0..100).map(|offset| (number * 100 + offset) * 2 + 1);
        streams.flat_map(|stream| [Frame::headers(stream, &head(), true), Frame::reset(stream, 8)]).collect()
    });
    assert!(ended.await, "20,000 streams were opened and reset");
    assert!(service.hits() < 5_000, "{} requests reached the service", service.hits());
    assert_eq!(gateway.get("/").await.status, 200);
}

#[tokio::test]
async fn a_reset_that_the_server_is_made_to_send_is_bounded_too() {
    // CVE-2025-8671: each stream is reset by the server for a wrong WINDOW_UPDATE.
    let (gateway, _service) = echo().await;
    let mut raw = gateway.raw_h2().await;
    let ended = ends(&mut raw, 200, |number| {
        let streams = (0..100).map(|offset| (number * 100 + offset) * 2 + 1);
        streams.flat_map(|stream| [Frame::headers(stream, &head(), false), Frame::window(stream, 0)]).collect()
    });
    assert!(ended.await, "20,000 streams were made to be reset");
    assert_eq!(gateway.get("/").await.status, 200);
}

#[tokio::test]
async fn continuations_without_end_are_ended() {
    // CVE-2024-27316.
    let (gateway, _service) = echo().await;
    let before = gateway.rss();
    let mut raw = gateway.raw_h2().await;
    raw.send(Frame::new(kind::HEADERS, flag::END_STREAM, 1, block(&head()))).await;
    let fill = block(&[("x-fill", &"x".repeat(8_000))]);
    let ended = ends(&mut raw, 2_000, |_| vec![Frame::new(kind::CONTINUATION, 0, 1, fill.clone())]);
    assert!(ended.await, "16 MB of header fields were taken");
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < 8 * MIB, "the gateway holds {grown} bytes more");
}

#[tokio::test]
async fn a_head_has_bounds_here_too() {
    let service = Origin::echo().await;
    let limits = "limits: {header: {size: 2KiB, count: 10}}";
    let gateway = Gateway::plain(format!("{limits}\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url())).await;
    let large = "x".repeat(4_000);
    let mut fields = head().to_vec();
    fields.push(("x-large", &large));
    let mut raw = gateway.raw_h2().await;
    raw.send(Frame::headers(1, &fields, true)).await;
    let ends = |frame: &Frame| matches!(frame.kind, kind::HEADERS | kind::RST_STREAM | kind::GOAWAY);
    let answer = raw.until(ends).await;
    assert!(answer.kind != kind::HEADERS || answer.status() == 431, "{answer:?}");

    let mut fields = head().to_vec();
    fields.extend([("x", "y"); 11]);
    let mut raw = gateway.raw_h2().await;
    raw.send(Frame::headers(1, &fields, true)).await;
    assert_eq!(raw.status(1).await, 431);
    assert_eq!(service.hits(), 0);
}

#[tokio::test]
async fn floods_of_control_frames_cost_no_memory() {
    // CVE-2019-9512, 9515, 9518: pings, settings, empty frames, from a client that reads no answers.
    let (gateway, _service) = echo().await;
    let before = gateway.rss();
    let floods: [fn(u32) -> Frame; 4] = [
        |number| Frame::ping(u64::from(number).to_be_bytes()),
        |number| Frame::settings(&[(3, number)]),
        |_| Frame::new(kind::PRIORITY, 0, 1, [0, 0, 0, 0, 1]),
        |_| Frame::data(1, "", false),
    ];
    for flood in floods {
        let mut raw = gateway.raw_h2().await;
        raw.send(Frame::headers(1, &head(), false)).await;
        let frames: Vec<u8> = (0..100_000).flat_map(|number| flood(number).encode()).collect();
        // It ends, or takes it all, or stops reading: each is a bound.
        let writing = raw.wire.try_write(frames);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), writing).await;
        assert_eq!(gateway.get("/").await.status, 200);
    }
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < 16 * MIB, "the gateway holds {grown} bytes more");
}

#[tokio::test]
async fn no_more_streams_than_announced_are_served_at_a_time() {
    let service = pintle_testkit::RawOrigin::start().await;
    let config = format!("limits: {{streams: 4}}\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url());
    let gateway = Gateway::plain(config).await;
    let mut raw = gateway.raw_h2().await;
    let mut held = Vec::new();
    for stream in [1, 3, 5, 7] {
        raw.get(stream, "/").await;
        let mut upstream = service.accept().await;
        upstream.request().await;
        held.push(upstream);
    }
    raw.get(9, "/").await;
    // RFC 9113 5.1.2: either code will do.
    let code = raw.refused(9).await;
    assert!(matches!(code, 0x1 | 0x7), "{code:#x}");
}
