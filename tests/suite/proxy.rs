//! What a service gets of a request, and a client of an answer: fields, interim answers, the forms without content.

use pintle_testkit::{Ask, Gateway, H1Client, Origin, RawOrigin, Received, Reply};

/// A gateway before an echo.
async fn echo() -> (Gateway, Origin) {
    let service = Origin::echo().await;
    (Gateway::to(service.url()).await, service)
}

async fn raw() -> (Gateway, RawOrigin) {
    let service = RawOrigin::start().await;
    (Gateway::to(service.url()).await, service)
}

#[tokio::test]
async fn fields_of_the_connection_stay_on_it() {
    // RFC 9110 7.6.1.
    let (gateway, service) = echo().await;
    let ask = Ask::get("/").header("connection", "x-drop, Keep-Alive").header("x-drop", "1");
    let ask = ask.header("keep-alive", "timeout=5").header("proxy-connection", "close").header("te", "gzip, trailers");
    gateway.ask(ask.header("proxy-authorization", "Basic x").header("x-keep", "1")).await;
    let got = service.last();
    for name in ["x-drop", "keep-alive", "proxy-connection"] {
        assert!(!got.has(name), "{name} in {got:?}");
    }
    // What the next server is told of trailers is for it alone again (RFC 9110 10.1.4).
    assert_eq!((got.get("te"), got.get("connection")), (Some("trailers"), Some("te")), "{got:?}");
    assert_eq!(got.get("x-keep"), Some("1"));

    let (gateway, service) = raw().await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    let fields = "connection: x-inner\r\nx-inner: 1\r\nkeep-alive: timeout=5\r\nx-outer: 1\r\ncontent-length: 0";
    upstream.write(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n")).await;
    let answer = client.answer().await;
    assert!(!answer.has("x-inner") && !answer.has("keep-alive") && answer.has("x-outer"), "{answer:?}");
}

// Rule: upgrade-websocket
#[tokio::test]
async fn an_upgrade_to_anything_but_websocket_is_dropped() {
    let (gateway, service) = echo().await;
    let ask = Ask::get("/").header("connection", "Upgrade, HTTP2-Settings").header("upgrade", "h2c");
    assert_eq!(gateway.ask(ask.header("http2-settings", "AAMAAABkAARAAAAA")).await.status, 200);
    let got = service.last();
    assert!(!got.has("upgrade") && !got.has("http2-settings") && !got.has("connection"), "{got:?}");
}

// Rule: client-untrusted
#[tokio::test]
async fn a_service_learns_who_asks_from_the_gateway_alone() {
    let (gateway, service) = echo().await;
    let ask = Ask::get("/").host("shop.example.com").header("x-forwarded-for", "203.0.113.9");
    let ask = ask.header("forwarded", "for=203.0.113.9").header("x-real-ip", "203.0.113.9");
    let ask = ask.header("x-forwarded-proto", "https").header("x-forwarded-prefix", "/evil");
    let answer = gateway.ask(ask.header("x-request-id", "mine")).await;
    let got = service.last();
    assert_eq!(got.get("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(got.get("x-forwarded-proto"), Some("http"));
    assert_eq!(got.get("x-forwarded-host"), Some("shop.example.com"));
    assert!(!format!("{got:?}").contains("203.0.113.9") && !got.has("x-forwarded-prefix"), "{got:?}");
    assert_ne!(got.get("x-request-id"), Some("mine"));
    assert!(got.has("x-request-id"));
    assert_eq!(got.get("x-request-id"), answer.get("x-request-id"));
}

// Rule: client-trusted
#[tokio::test]
async fn a_trusted_proxy_is_believed() {
    let service = Origin::echo().await;
    let config = format!(
        "listeners: [{{address: 127.0.0.1:0, trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]}}]
routes: [{{match: /**, proxy: \"{}\"}}]",
        service.url()
    );
    let gateway = Gateway::start(config).await;
    // The client is the rightmost address that is not trusted.
    let ask = Ask::get("/").header("x-forwarded-for", "198.51.100.1, 203.0.113.9, 10.1.2.3");
    let answer = gateway.ask(ask.header("x-request-id", "of-the-proxy")).await;
    assert_eq!(answer.get("x-request-id"), Some("of-the-proxy"));
    assert_eq!(gateway.log_of(&answer).await["client.address"], "203.0.113.9");
    let sent = service.last().fields.all("x-forwarded-for").join(", ");
    assert!(sent.contains("203.0.113.9"), "{sent}");

    let ask = Ask::get("/").header("x-forwarded-for", "203.0.113.9").header("forwarded", "for=203.0.113.8");
    gateway.ask(ask).await.problem(400, "bad_forwarded");
}

fn trace(received: &Received) -> Vec<String> {
    received.get("traceparent").unwrap_or_default().split('-').map(str::to_owned).collect()
}

#[tokio::test]
async fn a_trace_goes_on_and_a_new_one_starts_where_there_is_none() {
    let (gateway, service) = echo().await;
    gateway.get("/").await;
    let new = trace(&service.last());
    assert_eq!(new.iter().map(String::len).collect::<Vec<_>>(), [2, 32, 16, 2]);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    gateway.ask(Ask::get("/").header("traceparent", parent)).await;
    assert_eq!(trace(&service.last())[1], "4bf92f3577b34da6a3ce929d0e0e4736");
}

// Rule: via-loop
#[tokio::test]
async fn via_names_the_gateway_and_a_loop_is_found_by_it() {
    // RFC 9110 7.6.3.
    let (gateway, service) = echo().await;
    gateway.ask(Ask::get("/").header("via", "1.0 first")).await;
    let via = service.last().fields.all("via").join(", ");
    assert!(via.starts_with("1.0 first, 1.1 "), "{via}");
    gateway.ask(Ask::get("/").header("via", &via)).await.problem(508, "loop");
    assert_eq!(service.hits(), 1);
    // Two gateways in a row are no loop.
    let outer = Gateway::to(format!("http://{}", gateway.address(0))).await;
    assert_eq!(outer.get("/").await.status, 200);
}

// Rule: proxy-host
#[tokio::test]
async fn the_client_says_the_host_and_an_https_url_its_own() {
    let (gateway, service) = echo().await;
    gateway.ask(Ask::get("/").host("shop.example.com:81")).await;
    assert_eq!(service.last().host, "shop.example.com:81");
}

#[tokio::test]
async fn what_has_no_content_has_none() {
    // RFC 9110 9.3.2, 15.3.5, 15.4.5: the client reads strictly, and the connection goes on.
    let service = Origin::start(async |request: Received| match &*request.target {
        "/204" => Reply::new(204),
        "/304" => Reply::new(304).header("etag", "\"a\""),
        _ => Reply::text("0123456789"),
    });
    let service = service.await;
    let gateway = Gateway::to(service.url()).await;
    let (mut h1, h2) = (gateway.h1().await, gateway.h2().await);
    for (method, target, status) in [("HEAD", "/", 200), ("GET", "/204", 204), ("GET", "/304", 304)] {
        for answer in [h1.ask(Ask::new(method, target)).await, h2.ask(Ask::new(method, target)).await] {
            assert_eq!((answer.status, answer.body.len()), (status, 0), "{method} {target}");
        }
    }
    let head = h1.ask(Ask::new("HEAD", "/")).await;
    assert_eq!(head.get("content-length"), Some("10"));
    assert_eq!(h1.get("/").await.text(), "0123456789");
}

// Rule: interim
#[tokio::test]
async fn early_hints_come_early() {
    // RFC 8297.
    let (gateway, service) = raw().await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write("HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n").await;
    let hints = client.head().await;
    assert_eq!((hints.status(), hints.get("link")), (103, Some("</a.css>; rel=preload")));
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(client.answer().await.text(), "ok");

    // And over HTTP/2; the service's connection is another worker's, perhaps.
    let client = gateway.h2().await;
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </b.css>\r\n\r\n";
    let serve = async {
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write(format!("{hints}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")).await;
        upstream
    };
    drop(upstream);
    let (answer, _upstream) = tokio::join!(client.get("/"), serve);
    assert_eq!((answer.text().as_str(), answer.interim.len()), ("ok", 1));
}

// Rule: interim
#[tokio::test]
async fn a_client_of_http_1_0_gets_no_interim_answer() {
    // RFC 9110 15.2.
    let (gateway, service) = raw().await;
    let mut client = gateway.wire().await;
    client.write("GET / HTTP/1.0\r\n\r\n").await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = client.answer().await;
    assert_eq!((answer.text().as_str(), answer.interim.len()), ("ok", 0));
    client.ended().await;
}

#[tokio::test]
async fn a_client_that_waits_for_100_gets_it_when_its_content_is_wanted() {
    // RFC 9110 10.1.1.
    let (gateway, service) = echo().await;
    let mut client = gateway.wire().await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    client.write(head).await;
    assert_eq!(client.head().await.status(), 100);
    client.write("hello").await;
    assert_eq!(client.answer_to("POST").await.json()["body"], "hello");
    assert_eq!(service.hits(), 1);

    let gateway = Gateway::plain("routes: [{match: /other, respond: {status: 200}}]").await;
    let mut client = gateway.wire().await;
    client.write(head).await;
    let answer = client.answer_to("POST").await;
    assert_eq!((answer.status, answer.interim.len()), (404, 0), "nobody wants it");
}

#[tokio::test]
async fn over_http2_too_100_comes_when_the_content_is_wanted() {
    let (gateway, service) = raw().await;
    let client = gateway.h2().await;
    let ask = Ask::post("/", "hello").header("expect", "100-continue");
    let mut stream = client.open(&ask, false).await.expect("a stream");
    let mut upstream = service.accept().await;
    let head = upstream.head().await;
    assert_eq!((head.get("expect"), head.get("content-length")), (Some("100-continue"), Some("5")));
    upstream.write("HTTP/1.1 100 Continue\r\n\r\n").await;
    assert_eq!(stream.interim().await.status(), 100);
    stream.write("hello").await;
    stream.finish();
    assert_eq!(upstream.content(&head).await.0, b"hello");
    upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(stream.try_answer().await.expect("an answer").status, 204);
}

#[tokio::test]
async fn content_that_the_service_does_not_want_is_not_asked_for() {
    let (gateway, service) = raw().await;
    let mut client = gateway.wire().await;
    client.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n").await;
    let mut upstream = service.accept().await;
    upstream.head().await;
    upstream.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno").await;
    let answer = client.answer_to("POST").await;
    assert_eq!((answer.status, answer.interim.len(), answer.get("connection")), (403, 0, Some("close")));
    // What the service was told would come cannot come any more.
    upstream.ended().await;
}

#[tokio::test]
async fn an_expectation_that_nobody_knows_is_refused() {
    let (gateway, _service) = echo().await;
    gateway.ask(Ask::get("/").header("expect", "miracles")).await.problem(417, "expectation_failed");
}

// Rule: date-added
#[tokio::test]
async fn a_date_is_added_where_there_is_none() {
    // RFC 9110 6.6.1.
    let (gateway, service) = raw().await;
    let _service = service.play(async |mut wire| {
        while wire.head().await.target() == "/" {
            wire.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    });
    assert!(gateway.get("/").await.has("date"));
}

#[tokio::test]
async fn a_service_on_a_unix_socket_is_a_service() {
    let service = Origin::unix(async |request| Reply::echo("unix", &request)).await;
    let gateway = Gateway::to(service.url()).await;
    let mut client = H1Client::tcp(gateway.address(0)).await;
    assert_eq!(client.ask(Ask::post("/a?b", "c")).await.json()["target"], "/a?b");
    assert_eq!(client.get("/again").await.json()["origin"], "unix");
}

#[tokio::test]
async fn cookies_split_by_http2_are_one_field_for_the_service() {
    // RFC 9113 8.2.3.
    let (gateway, service) = echo().await;
    gateway.h2().await.ask(Ask::get("/").header("cookie", "a=1").header("cookie", "b=2")).await;
    assert_eq!(service.last().get("cookie"), Some("a=1; b=2"));
}

// Rule: max-forwards
#[tokio::test]
async fn max_forwards_is_counted_once_and_ends_at_the_gateway() {
    // RFC 9110 7.6.2: of OPTIONS and TRACE alone.
    let (gateway, service) = echo().await;
    let ask = |method: &str, left: &str| Ask::new(method, "/a").header("max-forwards", left);
    let mut clients = (gateway.h1().await, gateway.h2().await);
    for (method, left, arrives) in [("OPTIONS", "3", "2"), ("TRACE", "1", "0"), ("GET", "3", "3")] {
        assert_eq!(clients.0.ask(ask(method, left)).await.status, 200, "{method}");
        assert_eq!(service.last().get("max-forwards"), Some(arrives), "{method} over HTTP/1.1");
        assert_eq!(clients.1.ask(ask(method, left)).await.status, 200, "{method}");
        assert_eq!(service.last().get("max-forwards"), Some(arrives), "{method} over HTTP/2");
    }
    let hits = service.hits();
    assert_eq!(clients.0.ask(ask("OPTIONS", "0")).await.status, 204);
    assert_eq!(clients.1.ask(ask("OPTIONS", "0")).await.status, 204);
    assert_eq!(clients.1.ask(ask("TRACE", "0")).await.status, 501);
    assert_eq!(service.hits(), hits, "what ends here goes no further");
}
