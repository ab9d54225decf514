//! gRPC and gRPC-Web through the gateway, with a service by hand; `peers.rs` has the same with one that is not ours.

pub(crate) mod service;

use pintle_testkit::{Answer, Ask, Gateway, H2Stream, Origin};
use service::Service;

/// A message of gRPC: not compressed, its length, itself.
pub(crate) fn message(text: &str) -> Vec<u8> {
    [&[0][..], &(text.len() as u32).to_be_bytes(), text.as_bytes()].concat()
}

fn call(path: &str) -> Ask {
    Ask::new("POST", path).header("content-type", "application/grpc+proto").header("te", "trailers")
}

async fn to(service: &Service, more: &str) -> Gateway {
    let routes = format!("routes: [{{match: /t.T/**, proxy: rpc}}, {{match: POST /post, respond: {{}}}}{more}]");
    Gateway::plain(format!("upstreams: {{rpc: {}}}\n{routes}", service.upstream())).await
}

/// A call whose head has been answered.
pub(crate) async fn open(gateway: &Gateway, path: &str) -> H2Stream {
    let mut stream = gateway.h2().await.open(&call(path), false).await.expect("a stream");
    stream.write(message("first")).await;
    let head = stream.head().await.expect("a head");
    assert_eq!((head.status, head.get("content-type")), (200, Some("application/grpc+proto")));
    comes_back(&mut stream, "first", false).await;
    stream
}

/// Sends a message, if it has not been sent before, and waits for it to come back.
pub(crate) async fn comes_back(stream: &mut H2Stream, text: &str, send: bool) {
    let message = message(text);
    if send {
        stream.write(&message).await;
    }
    let mut got = Vec::new();
    while got.len() < message.len() {
        got.extend(stream.data().await.expect("a message").expect("no reset"));
    }
    assert_eq!(got, message);
}

fn says(answer: &Answer, status: &str, message: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.get("grpc-status"), Some(status), "{answer:?}");
    assert_eq!(answer.get("grpc-message"), Some(message), "{answer:?}");
    assert!(answer.body.is_empty() && answer.trailers.0.is_empty(), "{answer:?}");
}

// Rule: grpc-trailers
#[tokio::test]
async fn messages_go_both_ways_as_they_come_and_trailers_end_them() {
    let service = Service::start().await;
    let gateway = to(&service, "").await;
    let mut stream = open(&gateway, "/t.T/Both").await;
    for number in 0..20 {
        comes_back(&mut stream, &number.to_string(), true).await;
    }
    stream.finish();
    assert!(stream.data().await.is_none());
    let trailers = stream.trailers().await.expect("trailers");
    assert_eq!((trailers.get("grpc-status"), trailers.get("grpc-message")), (Some("0"), Some("well")));
    let line = gateway.wait_log(|line| line["url.path"] == "/t.T/Both").await;
    assert_eq!(line["rpc.grpc.status_code"], 0);
    assert_eq!(service.last("te").as_deref(), Some("trailers"));
    // An answer that is its trailers alone.
    let answer = gateway.h2().await.ask(call("/t.T/Fails")).await;
    says(&answer, "9", "no");
    assert_eq!(gateway.log_of(&answer).await["rpc.grpc.status_code"], 9);
}

// Rule: grpc-refusal
#[tokio::test]
async fn the_gateways_own_refusals_are_answers_of_grpc() {
    let service = Service::start().await;
    let gateway = to(&service, "").await;
    let client = gateway.h2().await;
    let answer = client.ask(call("/none")).await;
    says(&answer, "12", "Nothing is served here");
    assert_eq!(answer.get("content-type"), Some("application/grpc+proto"));
    let line = gateway.log_of(&answer).await;
    assert_eq!(line["pintle.reason"], "no_route");
    assert_eq!((&line["http.response.status_code"], &line["rpc.grpc.status_code"]), (&200.into(), &12.into()));
    // What else a refusal says is said too.
    let answer = client.ask(Ask::new("PUT", "/post").header("content-type", "application/grpc")).await;
    assert_eq!((answer.get("grpc-status"), answer.get("allow")), (Some("12"), Some("POST")));
    // The detail, percent-encoded.
    let answer = client.ask(call("/t.T/%zz")).await;
    assert_eq!(answer.get("grpc-status"), Some("13"));
    assert!(
        answer.get("grpc-message").is_some_and(|said| said.starts_with("The request's path") && !said.contains("%z"))
    );
    let answer = client.ask(call("/t.T/Both").header("grpc-timeout", "1s")).await;
    says(&answer, "13", "The request is malformed: `grpc-timeout` is malformed.");
    // gRPC is HTTP/2's alone; who asks by HTTP/1.1 is none of its clients.
    gateway.ask(call("/none")).await.problem(404, "no_route");
    // gRPC-Web is not.
    for kind in ["application/grpc-web", "application/grpc-web-text+proto"] {
        let ask = || Ask::post("/none", "").header("content-type", kind);
        for answer in [gateway.ask(ask()).await, client.ask(ask()).await] {
            says(&answer, "12", "Nothing is served here");
            assert_eq!(answer.get("content-type"), Some(kind));
        }
    }
    assert_eq!(service.hits(), 0);
}

// Rule: grpc-http1
#[tokio::test]
async fn a_service_that_is_spoken_to_in_http1_gets_no_grpc() {
    let service = Origin::echo().await;
    let gateway = Gateway::to(service.url()).await;
    let answer = gateway.h2().await.ask(call("/t.T/Unary")).await;
    says(&answer, "12", "The gateway does not do this");
    let line = gateway.log_of(&answer).await;
    assert!(line["pintle.message"].as_str().is_some_and(|why| why.contains("`protocol: http2`")), "{line}");
    // gRPC-Web is HTTP as any other: the service may speak it.
    let ask = Ask::post("/t.T/Unary", message("x")).header("content-type", "application/grpc-web");
    assert_eq!(gateway.ask(ask).await.json()["target"], "/t.T/Unary");
    assert_eq!(service.hits(), 1);
}

// Rule: grpc-timeout
#[tokio::test]
async fn a_call_gives_itself_a_time_and_the_service_gets_what_is_left() {
    let service = Service::start().await;
    let gateway = to(&service, ", {match: /q.T/**, policies: [{timeout: 2s}], proxy: rpc}").await;
    let client = gateway.h2().await;
    let micros = |said: Option<String>| said.and_then(|said| said.strip_suffix('u')?.parse::<u64>().ok());
    for (path, asked, most) in
        [("/t.T/Fails", "5S", 5_000_000), ("/q.T/Fails", "5S", 2_000_000), ("/q.T/Fails", "1S", 1_000_000)]
    {
        client.ask(call(path).header("grpc-timeout", asked)).await;
        let left = micros(service.last("grpc-timeout")).expect("microseconds");
        assert!(left > most / 2 && left <= most, "{path} {asked}: {left}");
    }
    client.ask(call("/q.T/Fails")).await;
    assert_eq!(service.last("grpc-timeout"), None, "the client gave none");
    // Over before the head, and within the answer.
    let answer = client.ask(call("/t.T/Silent").header("grpc-timeout", "200m")).await;
    says(&answer, "4", "The request took too long");
    assert_eq!(gateway.log_of(&answer).await["pintle.reason"], "timeout");
    let mut stream = client.open(&call("/t.T/Both").header("grpc-timeout", "400m"), false).await.expect("a stream");
    stream.write(message("one")).await;
    stream.head().await.expect("a head");
    comes_back(&mut stream, "one", false).await;
    assert!(stream.data().await.is_none(), "no reset, but trailers");
    assert_eq!(stream.trailers().await.expect("trailers").get("grpc-status"), Some("4"));
    let line = gateway.wait_log(|line| line["url.path"] == "/t.T/Both").await;
    assert_eq!((&line["pintle.reason"], &line["rpc.grpc.status_code"]), (&"timeout".into(), &4.into()));
}

// Rule: grpc-cut
#[tokio::test]
async fn an_answer_that_breaks_off_says_so_in_its_trailers() {
    let service = Service::start().await;
    let gateway = to(&service, "").await;
    let mut stream = open(&gateway, "/t.T/Cuts").await;
    stream.write(message("cut now")).await;
    assert!(stream.data().await.is_none());
    assert_eq!(stream.trailers().await.expect("trailers").get("grpc-status"), Some("14"));
    let line = gateway.wait_log(|line| line["url.path"] == "/t.T/Cuts").await;
    assert_eq!((&line["pintle.reason"], &line["rpc.grpc.status_code"]), (&"upstream_closed".into(), &14.into()));
}

// Rule: grpc-silence
#[tokio::test]
async fn a_client_that_has_nothing_to_say_is_no_slow_one() {
    let service = Service::start().await;
    let routes = "routes: [{match: /t.T/**, proxy: rpc}, {match: /q.T/**, policies: [{timeout: 500ms}], proxy: rpc}]";
    let limits = "limits: {timeout: {body: 200ms}}";
    let gateway = Gateway::plain(format!("{limits}\nupstreams: {{rpc: {}}}\n{routes}", service.upstream())).await;
    let mut stream = open(&gateway, "/t.T/Both").await;
    // Meanwhile more time than content may stall.
    says(&gateway.h2().await.ask(call("/q.T/Silent")).await, "4", "The request took too long");
    comes_back(&mut stream, "still here", true).await;
    // One that goes ends its call at the service.
    stream.reset(h2::Reason::CANCEL);
    let line = gateway.wait_log(|line| line["url.path"] == "/t.T/Both").await;
    assert_eq!(line["pintle.reason"], "client_closed");
}

/// What an answer of gRPC-Web holds: each frame's first byte and content.
fn frames(mut content: &[u8]) -> Vec<(u8, String)> {
    let mut frames = Vec::new();
    while let [kind, a, b, c, d, rest @ ..] = content {
        let (frame, after) = rest.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        frames.push((*kind, String::from_utf8_lossy(frame).into_owned()));
        content = after;
    }
    assert!(content.is_empty());
    frames
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64, by hand: what is tested has its own.
fn base64(bytes: &[u8]) -> String {
    let groups = bytes.chunks(3).flat_map(|group| {
        let all = group.iter().chain([&0; 2]).take(3).fold(0, |all, byte| all << 8 | u32::from(*byte));
        (0..4).map(
            move |at| if at > group.len() { '=' } else { char::from(ALPHABET[(all >> (18 - 6 * at)) as usize & 63]) },
        )
    });
    groups.collect()
}

fn from_base64(text: &[u8]) -> Vec<u8> {
    let groups = text.chunks(4).flat_map(|group| {
        let pads = group.iter().filter(|byte| **byte == b'=').count();
        let value = |byte: &u8| ALPHABET.iter().position(|other| other == byte).unwrap_or(0) as u32;
        let all = group.iter().fold(0, |all, byte| all << 6 | value(byte));
        all.to_be_bytes()[1..4 - pads].to_vec()
    });
    groups.collect()
}

// Rule: grpc-web
#[tokio::test]
async fn grpc_web_becomes_grpc_and_back_in_both_forms_and_protocols() {
    let service = Service::start().await;
    let gateway = to(&service, "").await;
    let client = gateway.h2().await;
    let sent = [message("one"), message("two, which is longer")].concat();
    let expected = [
        (0, "one".to_owned()),
        (0, "two, which is longer".to_owned()),
        (0x80, "grpc-status: 0\r\ngrpc-message: well\r\n".to_owned()),
    ];
    for (kind, text) in [("application/grpc-web+proto", false), ("application/grpc-web-text+proto", true)] {
        let content = if text { base64(&sent[..7]) + &base64(&sent[7..]) } else { String::new() };
        let content = if text { content.into_bytes() } else { sent.clone() };
        let ask = || Ask::post("/t.T/Both", &content).header("content-type", kind).header("x-grpc-web", "1");
        let answers = [gateway.ask(ask()).await, gateway.ask(ask().chunked()).await, client.ask(ask()).await];
        for answer in answers {
            assert_eq!((answer.status, answer.get("content-type")), (200, Some(kind)), "{answer:?}");
            assert!(answer.trailers.0.is_empty() && !answer.fields.has("trailer"), "{answer:?}");
            let content = if text { from_base64(&answer.body) } else { answer.body.clone() };
            assert_eq!(frames(&content), expected);
            assert_eq!(service.last("content-type").as_deref(), Some("application/grpc+proto"));
            assert_eq!(service.last("te").as_deref(), Some("trailers"));
            assert_eq!(gateway.log_of(&answer).await["rpc.grpc.status_code"], 0);
        }
        // Trailers alone are the answer's head.
        let answer = gateway.ask(Ask::post("/t.T/Fails", "").header("content-type", kind)).await;
        says(&answer, "9", "no");
        assert_eq!(answer.get("content-type"), Some(kind));
    }
    // What is no base64.
    let ask = Ask::post("/t.T/Both", "no base64 at all").header("content-type", "application/grpc-web-text");
    let answer = gateway.h2().await.try_ask(ask).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.get("grpc-status") == Some("13")));
}
