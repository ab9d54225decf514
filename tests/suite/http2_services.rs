//! Services that speak HTTP/2, stream by stream: what of a stream's life its client learns, and what of the client's the
//! stream.

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use pintle_testkit::{Ask, End, Gateway, Origin, Received, Reply, within};
use std::future::poll_fn;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A service whose streams the test answers one by one.
struct Service {
    address: SocketAddr,
    streams: mpsc::Receiver<Stream>,
    connections: usize,
}

/// A request on a stream, and the way to answer it.
struct Stream {
    head: http::request::Parts,
    content: RecvStream,
    respond: SendResponse<Bytes>,
    /// The number of its connection, from 0 on.
    connection: usize,
    /// Has the connection say GOAWAY.
    leave: mpsc::Sender<()>,
}

impl Service {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (send, streams) = mpsc::channel(16);
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((socket, _)) = listener.accept().await else { return };
                tokio::spawn(serve(socket, connection, send.clone()));
            }
        });
        Service { address, streams, connections: 0 }
    }

    async fn next(&mut self) -> Stream {
        let stream = within("a stream at the service", self.streams.recv()).await.expect("the service runs");
        self.connections = self.connections.max(stream.connection + 1);
        stream
    }

    /// A gateway that sends everything to it; `keys` are the upstream's.
    async fn gateway(&self, keys: &str) -> Gateway {
        let upstream = format!("upstreams: {{h2: {{endpoints: [\"{}\"], protocol: http2{keys}}}}}", self.address);
        Gateway::plain(format!("{upstream}\nroutes: [{{match: /**, proxy: h2}}]")).await
    }
}

async fn serve(socket: tokio::net::TcpStream, connection: usize, send: mpsc::Sender<Stream>) {
    let Ok(mut served) = h2::server::handshake(socket).await else { return };
    let (leave, mut leaving) = mpsc::channel(16);
    loop {
        tokio::select! {
            accepted = served.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                let (head, content) = request.into_parts();
                let _ = send.try_send(Stream { head, content, respond, connection, leave: leave.clone() });
            }
            Some(()) = leaving.recv() => served.graceful_shutdown(),
        }
    }
}

impl Stream {
    fn answer(&mut self, status: u16, text: &str) {
        let response = http::Response::builder().status(status).body(()).expect("a response");
        let mut body = self.respond.send_response(response, false).expect("a stream");
        body.send_data(Bytes::from(text.to_owned()), true).expect("a stream");
    }

    async fn whole_content(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(data) = within("content", self.content.data()).await {
            let data = data.expect("content");
            let _ = self.content.flow_control().release_capacity(data.len());
            all.extend(data);
        }
        all
    }

    async fn was_reset(&mut self) -> Reason {
        within("a reset", poll_fn(|cx| self.respond.poll_reset(cx))).await.expect("a connection")
    }
}

#[tokio::test]
async fn large_content_goes_both_ways() {
    let service = Origin::start(async |request: Received| Reply::new(200).body(request.body)).await;
    let upstream = format!("upstreams: {{h2: {{endpoints: [\"{}\"], protocol: http2}}}}", service.address());
    let gateway = Gateway::plain(format!("{upstream}\nroutes: [{{match: /**, proxy: h2}}]")).await;
    let sent: Vec<u8> = (0..8 << 20).map(|at: usize| (at / 251 + at) as u8).collect();
    let known = gateway.ask(Ask::post("/", &sent)).await;
    assert!(known.body == sent && service.last().get("content-length") == Some("8388608"));
    let unknown = gateway.h2().await.ask(Ask::post("/", &sent).chunked()).await;
    assert!(unknown.body == sent && !service.last().has("content-length"));
}

#[tokio::test]
async fn a_refused_stream_is_tried_again_whatever_it_asks() {
    // RFC 9113 8.7: it has certainly not been worked on.
    let mut service = Service::start().await;
    let gateway = service.gateway("").await;
    let serve = async {
        service.next().await.respond.send_reset(Reason::REFUSED_STREAM);
        service.next().await.answer(200, "second");
    };
    let (answer, ()) = tokio::join!(gateway.ask(Ask::post("/", "x")), serve);
    assert_eq!((answer.status, answer.text().as_str()), (200, "second"));
}

#[tokio::test]
async fn a_stream_that_is_reset_before_its_answer_is_502() {
    let mut service = Service::start().await;
    let gateway = service.gateway("").await;
    let serve = async { service.next().await.respond.send_reset(Reason::INTERNAL_ERROR) };
    let (answer, ()) = tokio::join!(gateway.ask(Ask::post("/", "x")), serve);
    answer.problem(502, "upstream_closed");
    assert!(service.streams.try_recv().is_err(), "it was sent again");
}

#[tokio::test]
async fn an_answer_that_breaks_off_never_looks_whole() {
    let mut service = Service::start().await;
    let gateway = service.gateway("").await;
    let half = |stream: &mut Stream| {
        let mut body = stream.respond.send_response(http::Response::new(()), false).expect("a stream");
        body.send_data(Bytes::from_static(b"half"), false).expect("a stream");
        body
    };
    for head in ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
        let mut client = gateway.wire().await;
        client.write(head).await;
        let mut stream = service.next().await;
        let mut body = half(&mut stream);
        client.head().await;
        body.send_reset(Reason::INTERNAL_ERROR);
        let (rest, end) = client.to_end().await;
        assert!(end == End::Reset && !rest.ends_with(b"0\r\n\r\n"), "{rest:?} {end:?}");
    }
    let client = gateway.h2().await;
    let mut stream = client.open(&Ask::get("/"), true).await.expect("a stream");
    let mut served = service.next().await;
    let mut body = half(&mut served);
    stream.head().await.expect("a head");
    body.send_reset(Reason::INTERNAL_ERROR);
    while let Some(Ok(_)) = stream.data().await {}
    assert!(stream.was_reset().await.is_ok());
}

#[tokio::test]
async fn a_client_that_goes_away_resets_its_stream_alone() {
    let mut service = Service::start().await;
    let gateway = service.gateway("").await;
    let client = gateway.h2().await;
    let gone = client.open(&Ask::get("/gone"), true).await.expect("a stream");
    let mut first = service.next().await;
    gone.reset(Reason::CANCEL);
    assert_eq!(first.was_reset().await, Reason::CANCEL);
    // Within the answer too.
    let mut gone = client.open(&Ask::get("/gone"), true).await.expect("a stream");
    let mut second = service.next().await;
    let mut body = second.respond.send_response(http::Response::new(()), false).expect("a stream");
    gone.head().await.expect("a head");
    gone.reset(Reason::CANCEL);
    assert_eq!(within("a reset", poll_fn(|cx| body.poll_reset(cx))).await.expect("a connection"), Reason::CANCEL);
    let (answer, ()) = tokio::join!(client.get("/stays"), async { service.next().await.answer(200, "here") });
    assert_eq!(answer.text(), "here");
    assert_eq!(service.connections, 1);

    let mut wire = gateway.wire().await;
    wire.write(Ask::get("/gone").to_h1()).await;
    let mut third = service.next().await;
    drop(wire);
    assert_eq!(third.was_reset().await, Reason::CANCEL);
}

#[tokio::test]
async fn an_answer_before_the_content_is_over_is_whole() {
    // RFC 9113 8.1: a reset with NO_ERROR behind a whole answer asks to stop sending; `h2` sends it for a dropped stream.
    let mut service = Service::start().await;
    let gateway = service.gateway("").await;
    let mut client = gateway.wire().await;
    client.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nsome").await;
    let mut stream = service.next().await;
    stream.answer(403, "no");
    drop(stream);
    let answer = client.answer_to("POST").await;
    assert_eq!((answer.status, answer.text().as_str()), (403, "no"));

    let client = gateway.h2().await;
    let mut sending = client.open(&Ask::new("POST", "/"), false).await.expect("a stream");
    assert!(sending.try_write(b"some", false).await);
    let mut stream = service.next().await;
    stream.answer(403, "no");
    drop(stream);
    assert_eq!(sending.try_answer().await.expect("an answer").text(), "no");
}

#[tokio::test]
async fn interim_answers_and_trailers_go_through() {
    let mut service = Service::start().await;
    let gateway = service.gateway("").await;
    let ask = Ask::post("/", "up").header("te", "trailers").trailer("x-check", "7");
    for by_h2 in [false, true] {
        let asking =
            async { if by_h2 { gateway.h2().await.ask(ask.clone()).await } else { gateway.ask(ask.clone()).await } };
        let serve = async {
            let mut stream = service.next().await;
            assert_eq!(stream.whole_content().await, b"up");
            let trailers = within("trailers", stream.content.trailers()).await.expect("trailers").expect("some");
            assert_eq!(trailers["x-check"], "7");
            let hints = http::Response::builder().status(103).header("link", "</a.css>").body(()).expect("hints");
            stream.respond.send_informational(hints).expect("a stream");
            let mut body = stream.respond.send_response(http::Response::new(()), false).expect("a stream");
            body.send_data(Bytes::from_static(b"down"), false).expect("a stream");
            let sum = [(http::HeaderName::from_static("x-sum"), http::HeaderValue::from_static("9"))];
            body.send_trailers(sum.into_iter().collect()).expect("a stream");
        };
        let (answer, ()) = tokio::join!(asking, serve);
        assert_eq!((answer.text().as_str(), answer.trailers.get("x-sum")), ("down", Some("9")), "{answer:?}");
        let hints: Vec<_> = answer.interim.iter().map(|head| head.get("link")).collect();
        assert_eq!(hints, [Some("</a.css>")], "{answer:?}");
    }
}

#[tokio::test]
async fn content_waits_for_the_100_of_the_service() {
    // RFC 9110 10.1.1.
    let mut service = Service::start().await;
    let gateway = service.gateway("").await;
    let mut client = gateway.wire().await;
    client.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n").await;
    let mut stream = service.next().await;
    assert_eq!(stream.head.headers["expect"], "100-continue");
    assert!(client.so_far().await.is_empty(), "asked for before the service did");
    stream.respond.send_informational(http::Response::builder().status(100).body(()).expect("100")).expect("a stream");
    assert_eq!(client.head().await.status(), 100);
    client.write("hello").await;
    assert_eq!(stream.whole_content().await, b"hello");
    stream.answer(200, "ok");
    assert_eq!(client.answer_to("POST").await.text(), "ok");

    client.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n").await;
    service.next().await.answer(403, "no");
    let answer = client.answer_to("POST").await;
    assert_eq!((answer.status, answer.interim.len()), (403, 0));
}

#[tokio::test]
async fn a_service_that_is_too_slow_is_504_or_cut_off() {
    let mut service = Service::start().await;
    let gateway = service.gateway(", timeout: {response: 200ms, idle: 200ms}").await;
    let serve = async { service.next().await.was_reset().await };
    let (answer, reason) = tokio::join!(gateway.get("/"), serve);
    answer.problem(504, "upstream_timeout");
    assert_eq!(reason, Reason::CANCEL);

    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut stream = service.next().await;
    let mut body = stream.respond.send_response(http::Response::new(()), false).expect("a stream");
    body.send_data(Bytes::from_static(b"half"), false).expect("a stream");
    client.head().await;
    assert_eq!(client.to_end().await.1, End::Reset);

    // A service that is gone without a word keeps no connection from then on.
    let client = gateway.h2().await;
    let (answer, silent) = tokio::join!(client.get("/"), service.next());
    answer.problem(504, "upstream_timeout");
    let asked_again = async {
        let mut stream = service.next().await;
        stream.answer(200, "here");
        stream.connection
    };
    let (answer, connection) = tokio::join!(client.get("/"), asked_again);
    assert_eq!(answer.text(), "here");
    assert_ne!(connection, silent.connection);
}

#[tokio::test]
async fn a_connection_that_says_goaway_gets_no_more_streams() {
    // RFC 9113 6.8.
    let mut service = Service::start().await;
    let gateway = service.gateway("").await;
    let client = gateway.h2().await;
    let slow = client.open(&Ask::get("/slow"), true).await.expect("a stream");
    let mut first = service.next().await;
    first.leave.send(()).await.expect("a connection");
    // Whether GOAWAY has come before the next request or is on its way: no request is lost.
    for _ in 0..10 {
        let (answer, ()) =
            tokio::join!(client.ask(Ask::post("/", "x")), async { service.next().await.answer(200, "new") });
        assert_eq!(answer.text(), "new");
    }
    assert_eq!(service.connections, 2);
    first.answer(200, "slow");
    assert_eq!(slow.try_answer().await.expect("an answer").text(), "slow");
}
