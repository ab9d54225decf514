//! Content flows as it comes, both ways, and no faster than it is taken; an end is never made up.

use pintle_testkit::{Ask, Certificates, End, Gateway, H1Client, Origin, RawOrigin, Reply, TlsClient, Wire};

const MIB: usize = 1 << 20;

/// Bytes that are not the same everywhere, so that a piece lost or doubled shows.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 251 + at) as u8).collect()
}

/// A gateway before a service played by hand.
async fn raw() -> (Gateway, RawOrigin) {
    let service = RawOrigin::start().await;
    (Gateway::to(service.url()).await, service)
}

/// A client and the service's end of the request that it has sent.
async fn under_way(gateway: &Gateway, service: &RawOrigin, ask: impl AsRef<[u8]>) -> (Wire, Wire) {
    let mut client = gateway.wire().await;
    client.write(ask).await;
    (client, service.accept().await)
}

#[tokio::test]
async fn large_content_arrives_whole_in_both_protocols() {
    let service = Origin::start(async |request: pintle_testkit::Received| Reply::new(200).body(request.body));
    let service = service.await;
    let gateway = Gateway::to(service.url()).await;
    let sent = bytes(8 * MIB);
    let by_h1 = gateway.ask(Ask::post("/", &sent)).await;
    let chunked = gateway.ask(Ask::post("/", &sent).chunked()).await;
    let by_h2 = gateway.h2().await.ask(Ask::post("/", &sent)).await;
    assert!(by_h1.body == sent && chunked.body == sent && by_h2.body == sent);
}

#[tokio::test]
async fn an_answer_goes_on_piece_by_piece() {
    let (gateway, service) = raw().await;
    let (mut client, mut upstream) = under_way(&gateway, &service, Ask::get("/events").to_h1()).await;
    upstream.request().await;
    upstream.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    assert_eq!(client.head().await.get("content-type"), Some("text/event-stream"));
    for event in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
        upstream.write(format!("{:x}\r\n{event}\r\n", event.len())).await;
        assert_eq!(client.chunk().await.as_deref(), Some(event.as_bytes()));
    }
    upstream.write("0\r\n\r\n").await;
    assert_eq!(client.chunk().await, None);
}

// Rule: streams-at-once
#[tokio::test]
async fn pieces_go_on_at_once_both_ways_in_all_four_ways() {
    let old = RawOrigin::start().await.play(|mut wire| async move {
        wire.head().await;
        wire.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
        while let Some(chunk) = wire.chunk().await {
            let text = String::from_utf8_lossy(&chunk).into_owned();
            wire.write(format!("{:x}\r\n{text}\r\n", text.len())).await;
        }
        wire.write("0\r\n\r\n").await;
    });
    let new = super::grpc::service::Service::start().await;
    let routes = format!("routes: [{{match: /1, proxy: \"{}\"}}, {{match: /2, proxy: new}}]", old.url());
    let gateway = Gateway::plain(format!("upstreams: {{new: {}}}\n{routes}", new.upstream())).await;
    for path in ["/1", "/2"] {
        let mut client = gateway.wire().await;
        client.write(format!("POST {path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")).await;
        client.write("7\r\ndata: x\r\n").await;
        assert_eq!(client.head().await.status(), 200);
        assert_eq!(client.chunk().await.as_deref(), Some(&b"data: x"[..]), "1 to {path}");
        client.write("7\r\ndata: y\r\n").await;
        assert_eq!(client.chunk().await.as_deref(), Some(&b"data: y"[..]));
        client.write("0\r\n\r\n").await;
        assert_eq!(client.chunk().await, None);

        let mut stream = gateway.h2().await.open(&Ask::new("POST", path), false).await.expect("a stream");
        stream.write("data: x").await;
        assert_eq!(stream.head().await.expect("a head").status, 200);
        assert_eq!(stream.data().await.expect("data").expect("data"), "data: x", "2 to {path}");
        stream.write("data: y").await;
        assert_eq!(stream.data().await.expect("data").expect("data"), "data: y");
        stream.finish();
        while let Some(data) = stream.data().await {
            assert!(data.expect("no reset").is_empty());
        }
    }
}

#[tokio::test]
async fn a_request_goes_on_piece_by_piece() {
    let (gateway, service) = raw().await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    let (mut client, mut upstream) = under_way(&gateway, &service, format!("{head}3\r\none\r\n")).await;
    let got = upstream.head().await;
    assert_eq!(got.get("transfer-encoding"), Some("chunked"));
    assert_eq!(upstream.chunk().await.as_deref(), Some(&b"one"[..]));
    client.write("3\r\ntwo\r\n0\r\n\r\n").await;
    assert_eq!(upstream.chunk().await.as_deref(), Some(&b"two"[..]));
    assert_eq!(upstream.chunk().await, None);
}

#[tokio::test]
async fn an_answer_may_come_before_the_request_is_over() {
    let (gateway, service) = raw().await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nsome";
    let (mut client, mut upstream) = under_way(&gateway, &service, head).await;
    upstream.head().await;
    upstream.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno").await;
    assert_eq!(client.answer_to("POST").await.text(), "no");
}

#[tokio::test]
async fn an_upload_that_nobody_reads_stops() {
    let service = RawOrigin::start().await;
    let config = format!("limits: {{body: 10GiB}}\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url());
    let gateway = Gateway::plain(config).await;
    let before = gateway.rss();
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n";
    let (mut client, _upstream) = under_way(&gateway, &service, head).await;
    // What the kernel keeps on two connections, and a little of the gateway's own.
    let sent = client.flood(200 * MIB).await;
    assert!(sent < 64 * MIB, "{sent} bytes were taken");
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < 8 * MIB as u64, "the gateway holds {grown} bytes more");
}

#[tokio::test]
async fn a_download_that_nobody_reads_stops_in_both_protocols() {
    let (gateway, service) = raw().await;
    let before = gateway.rss();
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
    let (_client, mut upstream) = under_way(&gateway, &service, Ask::get("/").to_h1()).await;
    upstream.request().await;
    upstream.write(head).await;
    let sent = upstream.flood(200 * MIB).await;
    assert!(sent < 64 * MIB, "{sent} bytes were taken for HTTP/1");

    let client = gateway.h2().await;
    let _stream = client.open(&Ask::get("/"), true).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write(head).await;
    let sent = upstream.flood(200 * MIB).await;
    assert!(sent < 64 * MIB, "{sent} bytes were taken for HTTP/2");
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < 16 * MIB as u64, "the gateway holds {grown} bytes more");
}

/// RFC 9110 6.5.1: what says who asks, or how content is taken, comes too late after the content.
#[tokio::test]
async fn fields_that_no_trailer_may_hold_are_dropped_in_both_versions() {
    let reply = Reply::text("body").trailer("x-sum", "9").trailer("set-cookie", "a=b");
    let origin = Origin::answering(reply).await;
    for protocol in ["http1", "http2"] {
        let gateway = Gateway::start(format!(
            "listeners: [{{address: 127.0.0.1:0}}]\nupstreams: {{a: {{endpoints: [\"{}\"], protocol: {}}}}}\nroutes: [{{match: /, proxy: a}}]\n",
            origin.address(),
            protocol,
        ))
        .await;
        let ask = Ask::post("/", "up").header("te", "trailers").trailer("x-check", "7");
        let ask =
            ask.trailer("authorization", "Bearer x").trailer("cookie", "a=b").trailer("x-forwarded-for", "1.1.1.1");
        for answer in [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask.clone()).await] {
            assert_eq!((answer.status, answer.trailers.get("x-sum")), (200, Some("9")), "{answer:?}");
            assert_eq!(answer.trailers.get("set-cookie"), None, "{answer:?}");
            let got = origin.last().trailers;
            assert_eq!((got.get("x-check"), got.0.len()), (Some("7"), 1), "{got:?}");
        }
    }
}

#[tokio::test]
async fn trailers_go_both_ways() {
    // RFC 9110 6.5, RFC 9112 7.1.2.
    let (gateway, service) = raw().await;
    let ask = Ask::post("/", "up").header("te", "trailers").header("trailer", "x-check").trailer("x-check", "7");
    let answer =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 9\r\n\r\n";
    let _service = service.play(move |mut wire| async move {
        loop {
            let (_, body, trailers) = wire.request().await;
            assert_eq!((body.as_slice(), trailers.get("x-check")), (&b"up"[..], Some("7")));
            wire.write(answer).await;
        }
    });
    for answer in [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await] {
        assert_eq!((answer.text().as_str(), answer.trailers.get("x-sum")), ("ok", Some("9")), "{answer:?}");
    }
}

#[tokio::test]
async fn a_request_whose_client_goes_away_is_cancelled() {
    let (gateway, service) = raw().await;
    let (client, mut upstream) = under_way(&gateway, &service, Ask::get("/").to_h1()).await;
    upstream.request().await;
    drop(client);
    upstream.ended().await;
    gateway.wait_log(|line| line["http.response.status_code"] == 499).await;

    // A stream goes, its connection and its siblings stay.
    let client = gateway.h2().await;
    let stream = client.open(&Ask::get("/gone"), true).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.request().await;
    stream.reset(h2::Reason::CANCEL);
    upstream.ended().await;
    let serve = async {
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        upstream
    };
    let (answer, _upstream) = tokio::join!(client.get("/stays"), serve);
    assert_eq!(answer.status, 204);
}

#[tokio::test]
async fn a_download_whose_client_goes_away_is_cancelled() {
    let (gateway, service) = raw().await;
    let (mut client, mut upstream) = under_way(&gateway, &service, Ask::get("/").to_h1()).await;
    upstream.request().await;
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\nstart").await;
    client.head().await;
    client.reset();
    // Either the next bytes find the connection gone, or its end has come already.
    upstream.flood(200 * MIB).await;
    upstream.ended().await;
}

// Rule: answer-whole
#[tokio::test]
async fn an_answer_that_breaks_off_never_looks_whole() {
    let (gateway, service) = raw().await;
    let broken = [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
    ];
    for answer in broken {
        for reset in [false, true] {
            let (mut client, mut upstream) = under_way(&gateway, &service, Ask::get("/").to_h1()).await;
            upstream.request().await;
            upstream.write(answer).await;
            let head = client.head().await;
            if reset {
                upstream.reset();
            } else {
                drop(upstream);
            }
            let (rest, end) = client.to_end().await;
            assert!(
                head.has("content-length") || !rest.ends_with(b"0\r\n\r\n"),
                "{answer:?} ended as if it were whole"
            );
            assert_eq!(end, End::Reset, "{answer:?}");

            // A client of HTTP/1.0 knows the end of chunked content by the connection's alone.
            let (mut client, mut upstream) = under_way(&gateway, &service, "GET / HTTP/1.0\r\n\r\n").await;
            upstream.request().await;
            upstream.write(answer).await;
            client.head().await;
            drop(upstream);
            assert_eq!(client.to_end().await.1, End::Reset, "{answer:?} ended as if it were whole");

            let client = gateway.h2().await;
            let stream = client.open(&Ask::get("/"), true).await.expect("a stream");
            let mut upstream = service.accept().await;
            upstream.request().await;
            upstream.write(answer).await;
            drop(upstream);
            assert!(stream.try_answer().await.is_err(), "{answer:?} ended as if it were whole");
        }
    }
}

#[tokio::test]
async fn over_tls_the_end_of_what_broke_off_is_no_end() {
    // RFC 8446 6.1: without close_notify a client knows that it was cut off.
    let service = RawOrigin::start().await;
    let certificates = Certificates::new();
    let certificate = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let listener = format!("{{address: 127.0.0.1:0, tls: {{certificates: [{certificate}]}}}}");
    let routes = format!("routes: [{{match: /**, proxy: \"{}\"}}]", service.url());
    let gateway = Gateway::start(format!("listeners: [{listener}]\n{routes}")).await;
    let tls = TlsClient::new(&certificates, "shop.example.com").alpn(&["http/1.1"]);
    for (drops, expected) in [(true, End::Reset), (false, End::Closed)] {
        let mut client = Wire::tls(gateway.address(0), &tls).await;
        client.write("GET / HTTP/1.0\r\nhost: shop.example.com\r\n\r\n").await;
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n").await;
        client.head().await;
        if drops {
            drop(upstream);
        } else {
            upstream.write("0\r\n\r\n").await;
        }
        assert_eq!(client.to_end().await.1, expected);
    }
    // A connection that was idle for too long, or that is closed for a drain, ends in order as well.
    let mut client = H1Client::tls(gateway.address(0), &tls).await;
    let serve = async {
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        upstream
    };
    let (answer, _kept) = tokio::join!(client.ask(Ask::get("/").host("shop.example.com")), serve);
    assert_eq!(answer.status, 204);
    gateway.terminate();
    assert_eq!(client.wire.ended().await, End::Closed);
}

#[tokio::test]
async fn an_answer_without_length_ends_with_its_connection() {
    // RFC 9112 6.3, the last case.
    let (gateway, service) = raw().await;
    let (mut client, mut upstream) = under_way(&gateway, &service, Ask::get("/").to_h1()).await;
    upstream.request().await;
    upstream.write("HTTP/1.0 200 OK\r\n\r\nall of it").await;
    drop(upstream);
    assert_eq!(client.answer().await.text(), "all of it");

    // Cut off, it is not whole.
    for ask in ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
        let (mut client, mut upstream) = under_way(&gateway, &service, ask).await;
        upstream.request().await;
        upstream.write("HTTP/1.0 200 OK\r\n\r\nhalf").await;
        client.head().await;
        upstream.reset();
        let (rest, end) = client.to_end().await;
        assert!(end == End::Reset && !rest.ends_with(b"0\r\n\r\n"), "{ask:?} {end:?}");
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let service = RawOrigin::start().await;
    let limits = "limits: {timeout: {body: 200ms}}";
    let gateway = Gateway::plain(format!("{limits}\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url())).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
    let (_client, mut upstream) = under_way(&gateway, &service, Ask::get("/").to_h1()).await;
    upstream.request().await;
    upstream.write(head).await;
    upstream.flood(200 * MIB).await;
    upstream.ended().await;

    let client = gateway.h2().await;
    let mut stream = client.open(&Ask::get("/"), true).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write(head).await;
    upstream.flood(200 * MIB).await;
    upstream.ended().await;
    assert!(stream.was_reset().await.is_ok());
}

#[tokio::test]
async fn a_service_keeps_its_connection_for_the_next_request() {
    let service = Origin::echo().await;
    let gateway = Gateway::to(service.url()).await;
    let mut client = H1Client::tcp(gateway.address(0)).await;
    for _ in 0..3 {
        client.ask(Ask::post("/", "x")).await;
    }
    let connections: Vec<usize> = service.received().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 0]);
}
