//! The kit against itself: clients ask origins with no gateway between.

use crate::*;
use serde_json::json;

#[tokio::test]
async fn an_h1_client_asks_an_echo() {
    let origin = Origin::named("orders").await;
    let mut client = H1Client::tcp(origin.address()).await;
    let answer = client.ask(Ask::post("/a?b=c", "hello").host("shop.example.com").header("X-One", "1")).await;
    assert_eq!(answer.status, 200);
    let echo = answer.json();
    assert_eq!(echo["origin"], "orders");
    assert_eq!(echo["target"], "/a?b=c");
    assert_eq!(echo["host"], "shop.example.com");
    assert_eq!(echo["body"], "hello");
    // The connection is kept.
    assert_eq!(client.get("/again").await.json()["target"], "/again");
    assert_eq!(origin.hits(), 2);
    assert_eq!(origin.last().connection, origin.received()[0].connection);
    assert_eq!(origin.received()[0].get("x-one"), Some("1"));
}

#[tokio::test]
async fn trailers_go_both_ways_in_both_protocols() {
    let origin = Origin::answering(Reply::text("body").trailer("x-sum", "9")).await;
    let ask = Ask::post("/", "up").trailer("x-check", "7").header("te", "trailers");

    let answer = H1Client::tcp(origin.address()).await.ask(ask.clone().header("trailer", "x-check")).await;
    assert_eq!((answer.text().as_str(), answer.trailers.get("x-sum")), ("body", Some("9")));
    assert_eq!(origin.last().trailers.get("x-check"), Some("7"));

    let answer = H2Client::tcp(origin.address()).await.ask(ask).await;
    assert_eq!((answer.text().as_str(), answer.trailers.get("x-sum")), ("body", Some("9")));
    assert_eq!(origin.last().trailers.get("x-check"), Some("7"));
    assert_eq!(origin.last().version, "HTTP/2.0");
}

#[tokio::test]
async fn h2_streams_run_beside_each_other_over_tls() {
    let certificates = Certificates::new();
    let certificate = certificates.server(&["shop.example.com"]);
    let origin = Origin::tls(&certificate, &["h2", "http/1.1"], async |request| Reply::echo("shop", &request)).await;
    let tls = TlsClient::new(&certificates, "shop.example.com");
    let client = H2Client::tls(origin.address(), &tls).await;
    let (one, two) = tokio::join!(client.get("/one"), client.get("/two"));
    assert_eq!((one.json()["target"].clone(), two.json()["target"].clone()), (json!("/one"), json!("/two")));

    let wire = Wire::tls(origin.address(), &tls.alpn(&["http/1.1"])).await;
    assert_eq!(wire.certificate(), Some(certificate.der()));
    assert_eq!(wire.alpn().as_deref(), Some("http/1.1"));
    assert_eq!(H1Client { wire }.get("/three").await.status, 200);
}

#[tokio::test]
async fn a_certificate_that_should_not_be_taken_is_not() {
    let certificates = Certificates::new();
    let names = ["shop.example.com"];
    let expired = Origin::tls(&certificates.expired(&names), &[], async |_| Reply::new(200)).await;
    let tls = TlsClient::new(&certificates, names[0]);
    let error = tls.connect(expired.address()).await.expect_err("it ran out");
    assert!(error.to_string().contains("expired"), "{error}");

    let good = Origin::tls(&certificates.server(&names), &[], async |_| Reply::new(200)).await;
    assert!(tls.connect(good.address()).await.is_ok());
    assert!(tls.name("other.example.com").connect(good.address()).await.is_err());
    assert!(TlsClient::new(&Certificates::new(), names[0]).connect(good.address()).await.is_err());
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_wanted() {
    let (servers, clients) = (Certificates::new(), Certificates::new());
    let server = servers.server(&["a.test"]);
    let origin = Origin::mutual_tls(&server, &clients, async |_| Reply::new(204)).await;
    let with = TlsClient::with_identity(&servers, "a.test", &clients.client("ops")).alpn(&["http/1.1"]);
    assert_eq!(H1Client::tls(origin.address(), &with).await.get("/").await.status, 204);
    // With TLS 1.3 the refusal comes after the client's handshake.
    if let Ok(mut wire) = TlsClient::new(&servers, "a.test").connect(origin.address()).await {
        assert_eq!(wire.ended().await, End::Reset);
    }
}

#[tokio::test]
async fn a_session_is_resumed_by_the_same_client() {
    let certificates = Certificates::new();
    let origin = Origin::tls(&certificates.server(&["a.test"]), &[], async |_| Reply::new(204)).await;
    let tls = TlsClient::new(&certificates, "a.test");
    let mut first = H1Client::tls(origin.address(), &tls).await;
    assert!(!first.wire.resumed());
    first.get("/").await;
    assert!(Wire::tls(origin.address(), &tls).await.resumed());
}

#[tokio::test]
async fn a_raw_origin_says_what_the_test_says() {
    let origin = RawOrigin::start().await;
    let mut client = Wire::tcp(origin.address()).await;
    client.write(Ask::post("/x", "abc").chunked().to_h1()).await;
    let mut service = origin.accept().await;
    let (head, body, _) = service.request().await;
    assert_eq!((head.method(), head.target(), body.as_slice()), ("POST", "/x", b"abc".as_slice()));
    service.write("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.text().as_str(), answer.interim.len()), (200, "ok", 1));
    service.reset();
    assert_eq!(client.ended().await, End::Reset);
}

#[tokio::test]
async fn unix_sockets_serve_both_kinds_of_origin() {
    let origin = Origin::unix(async |request| Reply::echo("unix", &request)).await;
    let path = origin.url().trim_start_matches("unix:").to_owned();
    let mut client = H1Client { wire: Wire::unix(path.as_ref()).await };
    assert_eq!(client.get("/").await.json()["origin"], "unix");

    let raw = RawOrigin::unix();
    let path = raw.url().trim_start_matches("unix:").to_owned();
    let mut client = Wire::unix(path.as_ref()).await;
    client.half_close().await;
    assert_eq!(raw.accept().await.ended().await, End::Closed);
}

#[tokio::test]
async fn a_playing_origin_serves_one_after_another() {
    let origin = RawOrigin::start().await;
    let address = origin.address();
    let _playing = origin.play(async |mut wire| {
        wire.request().await;
        wire.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    });
    for _ in 0..2 {
        assert_eq!(H1Client::tcp(address).await.get("/").await.status, 204);
    }
}

#[tokio::test]
async fn raw_frames_reach_an_origin_and_come_back() {
    let origin = Origin::answering(Reply::new(302)).await;
    let mut raw = RawH2::tcp(origin.address()).await;
    raw.get(1, "/").await;
    assert_eq!(raw.status(1).await, 302);
    // RFC 9113 8.3: a pseudo-header after a field.
    let bad = [(":method", "GET"), (":scheme", "http"), ("x", "y"), (":path", "/")];
    raw.send(Frame::headers(3, &bad, true)).await;
    assert_eq!(raw.refused(3).await, error::PROTOCOL_ERROR);
    // RFC 9113 6.5: SETTINGS on a stream.
    raw.send(Frame::new(kind::SETTINGS, 0, 5, [])).await;
    assert_eq!(raw.goaway().await, error::PROTOCOL_ERROR);
}

#[tokio::test]
async fn a_websocket_speaks_with_its_service() {
    let origin = RawOrigin::start().await;
    let wire = Wire::tcp(origin.address()).await;
    let service = async {
        let (socket, head) = WebSocket::accept(origin.accept().await).await;
        assert_eq!(head.target(), "/chat");
        socket.echo().await;
    };
    let client = async {
        let (mut socket, _) = WebSocket::connect(wire, WebSocket::upgrade("/chat")).await;
        socket.say("hello").await;
        assert_eq!(socket.hear_text().await, "hello");
        socket.close().await;
    };
    tokio::join!(service, client);
}

#[tokio::test]
#[should_panic(expected = "ambiguous framing")]
async fn a_client_does_not_take_what_could_be_read_twice() {
    let origin = RawOrigin::start().await;
    let mut client = Wire::tcp(origin.address()).await;
    let mut service = origin.accept().await;
    service.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n").await;
    client.answer().await;
}

#[tokio::test]
async fn a_flood_stops_where_nobody_reads() {
    let origin = RawOrigin::start().await;
    let mut client = Wire::tcp(origin.address()).await;
    let _service = origin.accept().await;
    let most = 64 << 20;
    assert!(client.flood(most).await < most);
}

#[test]
fn a_seed_always_makes_the_same_configuration_and_another_seed_another() {
    use crate::generate::Generator;
    let (one, again, other) = (Generator::new(7).make(), Generator::new(7).make(), Generator::new(8).make());
    assert_eq!((&one.text, &one.requests), (&again.text, &again.requests));
    assert_ne!(one.text, other.text);
    assert_eq!(one.requests.len() % 2, 0);
    assert_ne!(one.tree.write(1), one.tree.write(2));
    assert_ne!(one.tree.shuffled(1), one.tree);
}
