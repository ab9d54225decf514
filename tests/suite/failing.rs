//! Services that fail: what the client reads (a problem with a reason, never an address), and what is tried again.

use crate::example::nobody;
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin, Reply, Silent, Wire};
use std::net::SocketAddr;

async fn raw() -> (Gateway, RawOrigin) {
    let service = RawOrigin::start().await;
    (Gateway::to(service.url()).await, service)
}

/// A gateway to one endpoint with some more of the upstream's keys.
async fn upstream(address: SocketAddr, keys: &str) -> Gateway {
    let upstream = format!("upstreams: {{service: {{endpoints: [\"{address}\"], {keys}}}}}");
    Gateway::plain(format!("{upstream}\nroutes: [{{match: /**, proxy: service}}]")).await
}

/// Checks that nothing in an answer tells where the service is.
fn tells_no_address(answer: &Answer, address: SocketAddr) {
    let text = format!("{answer:?}");
    assert!(!text.contains(&address.port().to_string()) && !text.contains("127.0.0.1"), "{text}");
}

// Rule: refusal-tells-nothing
#[tokio::test]
async fn a_service_that_is_down_is_502_in_both_protocols() {
    let (nobody, url) = nobody();
    let gateway = Gateway::to(url).await;
    for answer in [gateway.get("/a").await, gateway.h2().await.get("/b").await] {
        answer.problem(502, "connect_failed");
        tells_no_address(&answer, nobody.address());
    }
    // The operator reads more than the client.
    let line = gateway.wait_log(|line| line["url.path"] == "/a").await;
    assert_eq!(line["pintle.reason"], "connect_failed");
    assert_eq!(line["pintle.endpoint"], nobody.address().to_string());
}

#[tokio::test]
async fn a_browser_gets_a_page_to_read() {
    let (nobody, url) = nobody();
    let gateway = Gateway::to(url).await;
    let ask = Ask::get("/").header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    let answer = gateway.ask(ask).await;
    assert_eq!(answer.status, 502);
    assert!(answer.get("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{answer:?}");
    tells_no_address(&answer, nobody.address());
    // What stands in the request does not come back as markup.
    let ask = Ask::get("/%3Cscript%3E?<b>").header("accept", "text/html");
    assert!(!gateway.ask(ask).await.text().contains("<script>"));
}

#[tokio::test]
async fn a_service_that_closes_without_an_answer_is_502_and_asked_once() {
    let (gateway, service) = raw().await;
    for method in ["GET", "POST"] {
        let mut client = gateway.wire().await;
        client.write(Ask::new(method, "/").to_h1()).await;
        let mut upstream = service.accept().await;
        upstream.request().await;
        drop(upstream);
        client.answer_to(method).await.problem(502, "upstream_closed");
        assert!(!service.was_asked().await, "a {method} that was sent was sent again");
    }
}

// Rule: answer-malformed
#[tokio::test]
async fn a_malformed_answer_is_502() {
    let (gateway, service) = raw().await;
    let malformed = [
        "HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\nx: a\ncontent-length: 2\n\nok",
        "HTTP/1.1 99 No\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/2 200\r\ncontent-length: 2\r\n\r\nok",
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
    ];
    for answer in malformed {
        let mut client = gateway.wire().await;
        client.write(Ask::get("/").to_h1()).await;
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write(answer).await;
        let got = client.answer().await;
        assert_eq!(got.status, 502, "{answer:?}");
        got.problem(502, "upstream_malformed");
        upstream.to_end().await;
    }
}

#[tokio::test]
async fn an_answer_with_too_large_a_head_is_502() {
    let (gateway, service) = raw().await;
    let _service = service.play(async |mut wire| {
        wire.request().await;
        let field = format!("x-large: {}\r\n", "x".repeat(1000));
        let _ = wire.try_write(format!("HTTP/1.1 200 OK\r\n{}\r\n", field.repeat(2000))).await;
        wire.to_end().await;
    });
    gateway.get("/").await.problem(502, "upstream_malformed");
}

// Rule: upstream-response
#[tokio::test]
async fn a_service_that_says_nothing_is_504() {
    let service = RawOrigin::start().await;
    let gateway = upstream(service.address(), "timeout: {response: 100ms}").await;
    let (answer, _held) = tokio::join!(gateway.get("/"), service.accept());
    answer.problem(504, "upstream_timeout");
    tells_no_address(&answer, service.address());
}

// Rule: upstream-connect
#[tokio::test]
async fn a_service_that_cannot_be_reached_in_time_is_504() {
    let silent = Silent::new();
    let gateway = upstream(silent.address(), "timeout: {connect: 100ms}").await;
    gateway.get("/").await.problem(504, "connect_timeout");
}

// Rule: upstream-idle
#[tokio::test]
async fn a_service_that_falls_silent_midway_is_cut_off() {
    let service = RawOrigin::start().await;
    let gateway = upstream(service.address(), "timeout: {idle: 100ms}").await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    client.head().await;
    assert_eq!(client.to_end().await.0, "half");
    upstream.ended().await;
}

#[tokio::test]
async fn interim_answers_without_end_are_502() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let _service = service.play(async |mut wire| {
        wire.request().await;
        let _ = wire.try_write("HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n".repeat(10_000)).await;
        wire.to_end().await;
    });
    gateway.get("/").await.problem(502, "upstream_malformed");
    gateway.h2().await.get("/").await.problem(502, "upstream_malformed");
}

// Rule: upstream-queue
#[tokio::test]
async fn more_requests_than_may_wait_are_503() {
    let service = RawOrigin::start().await;
    let gateway = upstream(service.address(), "connections: {max: 1, queue: 1}").await;
    let client = gateway.h2().await;
    let _served = client.open(&Ask::get("/served"), true).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    let waits = client.open(&Ask::get("/waits"), true).await.expect("a stream");
    client.get("/too-many").await.problem(503, "overflow");
    upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    let (head, ..) = upstream.request().await;
    assert_eq!(head.target(), "/waits");
    upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(waits.try_answer().await.expect("an answer").status, 204);
}

/// Serves one request on a connection and keeps it open.
async fn serve_one(service: &RawOrigin) -> Wire {
    let mut wire = service.accept().await;
    wire.request().await;
    wire.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    wire
}

// Rule: retry-unsent
#[tokio::test]
async fn a_kept_connection_that_went_stale_costs_no_request() {
    let (gateway, service) = raw().await;
    let mut client = gateway.h1().await;
    let (first, mut kept) = tokio::join!(client.get("/1"), serve_one(&service));
    assert_eq!(first.status, 200);
    // It closes just as the next request comes, as a service does whose keep-alive time is over.
    let stale = async {
        kept.request().await;
        drop(kept);
        serve_one(&service).await
    };
    let (second, _kept) = tokio::join!(client.get("/2"), stale);
    assert_eq!((second.status, second.text().as_str()), (200, "ok"));
}

#[tokio::test]
async fn behind_a_stale_connection_comes_a_new_one() {
    let (gateway, service) = raw().await;
    // The streams of one connection are one worker's, which keeps what they used.
    let client = gateway.h2().await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        let stream = client.open(&Ask::get("/"), true).await.expect("a stream");
        let mut upstream = service.accept().await;
        upstream.request().await;
        asked.push((stream, upstream));
    }
    let mut kept = Vec::new();
    for (stream, mut upstream) in asked {
        upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(stream.try_answer().await.expect("an answer").status, 204);
        kept.push(upstream);
    }
    let (mut last, mut other) = (kept.pop().expect("two"), kept.pop().expect("two"));
    let stale = async {
        last.request().await;
        drop(last);
        serve_one(&service).await
    };
    let (answer, _new) = tokio::join!(client.get("/again"), stale);
    assert_eq!(answer.status, 200);
    assert!(other.so_far().await.is_empty(), "one more stale connection was tried");
}

// Rule: retry-unsent
#[tokio::test]
async fn what_may_not_be_done_twice_is_not_sent_twice() {
    // RFC 9110 9.2.2.
    let (gateway, service) = raw().await;
    let mut client = gateway.h1().await;
    let (first, mut kept) = tokio::join!(client.get("/1"), serve_one(&service));
    assert_eq!(first.status, 200);
    let stale = async {
        kept.request().await;
        drop(kept);
    };
    let (second, ()) = tokio::join!(client.ask(Ask::post("/2", "x")), stale);
    second.problem(502, "upstream_closed");
    assert!(!service.was_asked().await);
}

#[tokio::test]
async fn a_connection_that_the_service_closed_is_not_used_again() {
    let (gateway, service) = raw().await;
    let mut client = gateway.h1().await;
    for _ in 0..3 {
        let (answer, wire) = tokio::join!(client.ask(Ask::post("/", "x")), serve_one(&service));
        assert_eq!(answer.status, 200);
        drop(wire);
        // Some other request in between gives the close the time to arrive.
        gateway.wire().await.write("GET").await;
    }
}

// Rule: retry-unsent
#[tokio::test]
async fn an_endpoint_that_refuses_is_passed_over() {
    let (nobody, _) = nobody();
    let service = Origin::answering(Reply::text("ok")).await;
    let endpoints = format!("\"{}\", \"{}\"", nobody.address(), service.address());
    let config = format!("upstreams: {{two: {{endpoints: [{endpoints}]}}}}\nroutes: [{{match: /**, proxy: two}}]");
    let gateway = Gateway::plain(config).await;
    for _ in 0..20 {
        assert_eq!(gateway.ask(Ask::post("/", "x")).await.status, 200);
    }
}
