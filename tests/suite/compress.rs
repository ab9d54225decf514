//! `compress`: answers are compressed for who accepts it, as they flow, and what a service compressed is undone for who
//! cannot read it.

use crate::check::{START, refused};
use flate2::read::MultiGzDecoder;
use pintle_testkit::{
    Answer, Ask, End, Folder, Gateway, H2Client, Origin, Program, RawOrigin, Received, Reply, Wire, until,
};
use std::fmt::Write;
use std::io::Read;
use zstd_safe::{DCtx, InBuffer, OutBuffer};

const CODINGS: [&str; 3] = ["gzip", "br", "zstd"];

/// A configuration whose one route compresses by these settings.
fn by(settings: &str, url: &str) -> String {
    let route = format!("{{match: /**, policies: [{{compress: {settings}}}], proxy: \"{url}\"}}");
    format!("listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nroutes: [{route}]\n")
}

/// What can be read of the bytes that came so far, and whether they are whole.
fn readable(coding: &str, bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    let whole = match coding {
        "gzip" => MultiGzDecoder::new(bytes).read_to_end(&mut all).is_ok(),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut all).is_ok(),
        "zstd" => {
            let mut decoder = DCtx::create();
            let mut input = InBuffer::around(bytes);
            let mut part = [0; 4096];
            loop {
                let mut output = OutBuffer::around(&mut part[..]);
                let hint = decoder.decompress_stream(&mut output, &mut input).expect("it is sound");
                let written = output.pos();
                all.extend_from_slice(&part[..written]);
                if written < part.len() && input.pos() == bytes.len() {
                    break hint == 0;
                }
            }
        }
        other => panic!("no decoder for {other}"),
    };
    (all, whole)
}

/// The content of an answer as its client reads it.
fn read(answer: &Answer) -> String {
    let Some(coding) = answer.get("content-encoding") else { return answer.text() };
    let (all, whole) = readable(coding, &answer.body);
    assert!(whole, "it is cut: {answer:?}");
    String::from_utf8(all).expect("it is text")
}

/// Some 20 KB of JSON.
fn json() -> String {
    let mut all = String::from("[");
    for id in 0..400 {
        let _ = write!(all, "{{\"id\":{id},\"name\":\"order number {id}\",\"sum\":{}}},", id * 7919 % 10_007);
    }
    all + "null]"
}

fn accepting(target: &str, codings: &str) -> Ask {
    Ask::get(target).header("accept-encoding", codings)
}

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

// Rule: compress-accepted
#[tokio::test]
async fn an_answer_is_compressed_by_what_its_client_likes_best() {
    let reply = Reply::text(json()).header("etag", "\"v1\"").header("accept-ranges", "bytes");
    let service = Origin::answering(reply).await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    for (accepted, coding) in [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br", "br"),
        ("zstd;q=0.5, gzip;q=0.6", "gzip"),
        ("*;q=0.1", "zstd"),
    ] {
        for answer in both(&gateway, accepting("/", accepted)).await {
            assert_eq!(answer.get("content-encoding"), Some(coding), "{accepted}");
            assert_eq!(answer.get("vary"), Some("accept-encoding"));
            assert_eq!(answer.get("etag"), Some(&*format!("\"v1~{coding}\"")));
            assert!(!answer.has("accept-ranges") && answer.body.len() < json().len() / 3, "{answer:?}");
            let length = answer.get("content-length").map(|length| length.parse());
            assert!(length.is_none_or(|length| length == Ok(answer.body.len())), "{answer:?}");
            assert!(read(&answer) == json());
        }
        // What the client says goes on to the service.
        assert_eq!(service.last().get("accept-encoding"), Some(accepted));
    }
    for accepted in ["identity", "gzip;q=0, br;q=0, zstd;q=0", "deflate", ""] {
        for answer in both(&gateway, accepting("/", accepted)).await {
            assert!(!answer.has("content-encoding") && answer.text() == json(), "{accepted}");
            assert_eq!((answer.get("vary"), answer.get("etag")), (Some("accept-encoding"), Some("\"v1\"")));
        }
    }
    gateway.wait_metric("pintle_compress_answers_total{algorithm=\"zstd\",direction=\"compress\"}", 4.0).await;
    gateway.wait_metric("pintle_compress_left_total{reason=\"not_accepted\"}", 8.0).await;
}

// Rule: compress-left
#[tokio::test]
async fn what_is_small_or_of_another_type_or_not_to_be_changed_is_left_alone() {
    let service = Origin::start(async |request: Received| match &*request.target {
        "/small" => Reply::text("small"),
        "/image" => Reply::new(200).header("content-type", "image/png").body(json()),
        "/no-transform" => Reply::text(json()).header("cache-control", "public, no-transform"),
        "/part" => Reply::text(json()).header("content-range", "bytes 0-19/20"),
        "/grpc" => Reply::new(200).header("content-type", "application/grpc+proto").body(json()),
        _ => Reply::text(json()),
    });
    let service = service.await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    for target in ["/small", "/image", "/no-transform", "/part", "/grpc"] {
        for answer in both(&gateway, accepting(target, "gzip")).await {
            assert!(!answer.has("content-encoding"), "{target}");
        }
    }
    let asked = accepting("/", "gzip").header("cache-control", "no-transform");
    assert!(!gateway.ask(asked).await.has("content-encoding"));
    assert!(gateway.ask(accepting("/", "gzip")).await.has("content-encoding"));
}

// Rule: compress-undone
#[tokio::test]
async fn what_a_service_compressed_is_undone_for_who_cannot_read_it() {
    let service = Origin::start(async |request: Received| {
        let coding = &request.target[1..];
        let made = match coding {
            "gzip" => {
                let mut made = Vec::new();
                let content = json();
                let mut encoder = flate2::read::GzEncoder::new(content.as_bytes(), flate2::Compression::fast());
                encoder.read_to_end(&mut made).expect("it is compressed");
                made
            }
            "br" => {
                let mut made = Vec::new();
                let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
                brotli::BrotliCompress(&mut json().as_bytes(), &mut made, &params).expect("it is compressed");
                made
            }
            _ => {
                let mut made = vec![0; zstd_safe::compress_bound(json().len())];
                let length = zstd_safe::compress(&mut made[..], json().as_bytes(), 3).expect("it is compressed");
                made.truncate(length);
                made
            }
        };
        let reply = Reply::new(200).header("content-type", "application/json").header("content-encoding", coding);
        reply.header("etag", "\"v1\"").trailer("x-sum", "9").body(made)
    });
    let service = service.await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    for coding in CODINGS {
        let target = format!("/{coding}");
        for answer in both(&gateway, accepting(&target, coding).header("te", "trailers")).await {
            assert_eq!((answer.get("content-encoding"), answer.get("etag")), (Some(coding), Some("\"v1\"")));
            assert!(read(&answer) == json());
        }
        for answer in both(&gateway, Ask::get(&target).header("te", "trailers")).await {
            assert_eq!((answer.get("content-encoding"), answer.get("etag")), (None, Some("\"v1~identity\"")));
            assert_eq!(answer.get("vary"), Some("accept-encoding"));
            assert!(answer.text() == json());
            assert_eq!(answer.trailers.get("x-sum"), Some("9"));
        }
    }
    gateway.wait_metric("pintle_compress_answers_total{algorithm=\"br\",direction=\"undo\"}", 2.0).await;
}

#[tokio::test]
async fn what_cannot_be_undone_is_cut_and_never_looks_whole() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    let _playing = service.play(async |mut wire: Wire| {
        wire.request().await;
        wire.write("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2000\r\n\r\n").await;
        wire.write([b'x'; 2000]).await;
    });
    let mut client = gateway.wire().await;
    client.write(Ask::get("/by-1").to_h1()).await;
    assert_eq!(client.to_end().await.1, End::Reset);
    assert!(gateway.h2().await.try_ask(Ask::get("/by-2")).await.is_err());
    for path in ["/by-1", "/by-2"] {
        assert_eq!(gateway.wait_log(|line| line["url.path"] == path).await["pintle.reason"], "upstream_malformed");
    }
    gateway.wait_metric("pintle_compress_cut_total", 2.0).await;
}

/// A service that knows its version by an entity tag.
async fn versioned() -> Origin {
    Origin::start(async |request: Received| {
        let reply = |status| Reply::new(status).header("etag", "\"v,1\"").header("content-type", "text/plain");
        let (is, none) = (request.get("if-match").map(ToOwned::to_owned), request.get("if-none-match"));
        match (&*request.method, is.as_deref(), none) {
            ("PUT", Some("\"v,1\""), _) => reply(204),
            ("PUT", ..) => reply(412),
            // An If-Range is to match by the byte (RFC 9110 13.1.5).
            (..) if request.has("range") && request.get("if-range") == Some("\"v,1\"") => {
                reply(206).header("content-range", "bytes 0-0/20000").body("[")
            }
            (.., Some("\"v,1\"")) => reply(304),
            _ => reply(200).body(json()),
        }
    })
    .await
}

// Rule: compress-tag
#[tokio::test]
async fn an_entity_tag_goes_there_and_back() {
    let service = versioned().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    for coding in CODINGS {
        let ask = || accepting("/", coding);
        let [answer, _] = both(&gateway, ask()).await;
        let tag = answer.get("etag").expect("a tag").to_owned();
        assert_eq!(tag, format!("\"v,1~{coding}\""));
        for again in both(&gateway, ask().header("if-none-match", &tag)).await {
            assert_eq!((again.status, again.get("etag")), (304, Some(&*tag)));
            assert_eq!(again.get("vary"), Some("accept-encoding"));
        }
        // Who keeps it compressed and asks for it in another way has another representation.
        let [other, _] = both(&gateway, Ask::get("/").header("if-none-match", &tag)).await;
        assert_eq!((other.status, other.get("etag")), (200, Some("\"v,1\"")));
        for put in both(&gateway, Ask::new("PUT", "/").header("if-match", &tag)).await {
            assert_eq!(put.status, 204);
        }
        let changed = Ask::new("PUT", "/").header("if-match", &tag.replace("v,1", "v,0"));
        assert_eq!(gateway.ask(changed).await.status, 412);
        // A part of what is not compressed must not be put together with the rest of what is.
        for whole in both(&gateway, ask().header("range", "bytes=0-0").header("if-range", &tag)).await {
            assert_eq!((whole.status, whole.get("etag")), (200, Some(&*tag)));
            assert!(read(&whole) == json());
        }
    }
    let part = accepting("/", "gzip").header("range", "bytes=0-0").header("if-range", "\"v,1\"");
    let part = gateway.ask(part).await;
    assert_eq!((part.status, part.text().as_str(), part.get("etag")), (206, "[", Some("\"v,1\"")));
}

#[tokio::test]
async fn head_says_what_get_would() {
    let service = versioned().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    for codings in ["gzip", "identity"] {
        let get = gateway.ask(accepting("/", codings)).await;
        for answer in both(&gateway, Ask::new("HEAD", "/").header("accept-encoding", codings)).await {
            for name in ["content-encoding", "vary", "etag", "content-type"] {
                assert_eq!(answer.get(name), get.get(name), "{name}");
            }
            assert!(answer.body.is_empty());
            assert!(codings == "identity" || !answer.has("content-length"), "{answer:?}");
        }
    }
}

/// A stream of events, played by hand: a client that sees each before the next one is sent.
#[tokio::test]
async fn events_arrive_one_by_one_in_both_protocols() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let events = ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"];
    for coding in CODINGS {
        let mut client = gateway.wire().await;
        client.write(accepting("/", coding).to_h1()).await;
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write(head).await;
        assert_eq!(client.head().await.get("content-encoding"), Some(coding));
        let (mut came, mut sent) = (Vec::new(), String::new());
        for event in events {
            upstream.write(format!("{:x}\r\n{event}\r\n", event.len())).await;
            sent += event;
            while readable(coding, &came).0 != sent.as_bytes() {
                came.extend(client.chunk().await.expect("more of it"));
            }
        }
        upstream.write("0\r\n\r\n").await;
        while let Some(rest) = client.chunk().await {
            came.extend(rest);
        }
        assert_eq!(readable(coding, &came), (sent.clone().into_bytes(), true));
        drop((client, upstream));

        let client = gateway.h2().await;
        let mut stream = client.open(&accepting("/", coding), true).await.expect("a stream");
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write(head).await;
        stream.head().await.expect("a head");
        let (mut came, mut sent) = (Vec::new(), String::new());
        for event in events {
            upstream.write(format!("{:x}\r\n{event}\r\n", event.len())).await;
            sent += event;
            while readable(coding, &came).0 != sent.as_bytes() {
                came.extend(stream.data().await.expect("more of it").expect("data"));
            }
        }
        drop(upstream);
        while let Some(Ok(data)) = stream.data().await {
            came.extend(data);
        }
        assert!(!readable(coding, &came).1, "it was cut and looks whole");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_never_looks_whole() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    let half = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 90000\r\n\r\n{}", json());
    let cut = async || {
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write(&half).await;
        upstream
    };
    for coding in CODINGS {
        for (line, end_of_head) in [("HTTP/1.1\r\nhost: a", "chunked"), ("HTTP/1.0", "close")] {
            let mut client = gateway.wire().await;
            client.write(format!("GET /by-1 {line}\r\naccept-encoding: {coding}\r\n\r\n")).await;
            let upstream = cut().await;
            let head = client.head().await;
            assert!(head.fields.0.iter().any(|(_, value)| value == end_of_head), "{head:?}");
            drop(upstream);
            let (rest, end) = client.to_end().await;
            assert_eq!(end, End::Reset);
            assert!(!rest.ends_with(b"0\r\n\r\n"));
            // One of HTTP/1.0 has no sign but the reset, and the coding's own end that is missing.
            assert!(end_of_head == "chunked" || !readable(coding, &rest).1, "it looks whole");
        }
        let client = gateway.h2().await;
        let mut stream = client.open(&accepting("/by-2", coding), true).await.expect("a stream");
        let upstream = cut().await;
        stream.head().await.expect("a head");
        drop(upstream);
        let end = loop {
            match stream.data().await {
                Some(Ok(_)) => {}
                end => break end,
            }
        };
        assert!(end.is_some_and(|end| end.is_err()), "it looks whole");
    }
    gateway.wait_log(|line| line["url.path"] == "/by-2" && line["pintle.reason"] == "upstream_closed").await;
}

#[tokio::test]
async fn a_client_of_http_1_0_reads_to_the_end_of_its_connection() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    let _playing = service.play(async |mut wire: Wire| {
        wire.request().await;
        wire.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n").await;
        wire.write(format!("{:x}\r\n{}\r\n0\r\n\r\n", json().len(), json())).await;
    });
    for coding in CODINGS {
        let mut client = gateway.wire().await;
        client.write(format!("GET / HTTP/1.0\r\naccept-encoding: {coding}\r\n\r\n")).await;
        let head = client.head().await;
        assert!(!head.has("transfer-encoding") && !head.has("content-length"), "{head:?}");
        assert_eq!(head.get("content-encoding"), Some(coding));
        let (rest, _) = client.to_end().await;
        assert!(readable(coding, &rest) == (json().into_bytes(), true));
    }
}

#[tokio::test]
async fn a_slow_client_holds_back_its_service_and_a_gone_one_leaves_nothing() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    let before = gateway.rss();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4000000000\r\n\r\n";
    // What cannot be made small, so that what the service sends and what the client gets are about as much.
    let random: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(1 << 20).collect();
    for coding in CODINGS {
        let mut client = gateway.wire().await;
        client.write(accepting("/by-1", coding).to_h1()).await;
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write(head).await;
        assert_eq!(client.head().await.get("content-encoding"), Some(coding));
        let sent = upstream.flood_of(&random, 200 << 20).await;
        assert!(sent < 64 << 20, "{sent} bytes were taken");
        drop(client);
        upstream.ended().await;

        let client = gateway.h2().await;
        let mut stream = client.open(&accepting("/by-2", coding), true).await.expect("a stream");
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write(head).await;
        upstream.write(&random[..10_000]).await;
        stream.head().await.expect("a head");
        stream.data().await.expect("some of it").expect("data");
        stream.reset(h2::Reason::CANCEL);
        upstream.ended().await;
    }
    for path in ["/by-1", "/by-2"] {
        let gone = |line: &serde_json::Value| line["url.path"] == path && line["pintle.reason"] == "client_closed";
        gateway.wait_log(gone).await;
    }
    let grown = gateway.rss().saturating_sub(before);
    // Encoders that are kept for the next, and what the allocator keeps; it does not grow with their number.
    assert!(grown < 64 << 20, "the gateway holds {grown} bytes more");
}

// Rule: compress-memory
#[tokio::test]
async fn past_what_may_be_held_answers_go_out_as_they_are() {
    let service = RawOrigin::start().await;
    let limits = "limits: {streams: 500}\n";
    let gateway = Gateway::start(by("{algorithms: [br]}", &service.url()) + limits).await;
    // Each holds half a MiB of 128.
    let _playing = service.play(async |mut wire: Wire| {
        wire.request().await;
        wire.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n").await;
        let _ = wire.to_end().await;
    });
    let client = gateway.h2().await;
    let (mut streams, mut compressed) = (Vec::new(), 0);
    for _ in 0..260 {
        let mut stream = client.open(&accepting("/", "br"), true).await.expect("a stream");
        compressed += usize::from(stream.head().await.expect("a head").has("content-encoding"));
        assert!(!stream.data().await.expect("an event").expect("data").is_empty());
        streams.push(stream);
    }
    assert_eq!(compressed, 256);
    gateway.wait_metric("pintle_compress_left_total{reason=\"busy\"}", 4.0).await;
    // What is given back is there for others.
    drop(streams.drain(..10));
    let gone = |line: &serde_json::Value| line["pintle.reason"] == "client_closed";
    until("ten that are gone", async || {
        (gateway.log_lines().iter().filter(|line| gone(line)).count() == 10).then_some(())
    })
    .await;
    let mut stream = client.open(&accepting("/", "br"), true).await.expect("a stream");
    assert!(stream.head().await.expect("a head").has("content-encoding"));
}

#[tokio::test]
async fn an_answer_under_way_stays_what_it_is_over_a_reload() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let head = format!("{head}1\r\na\r\n");
    let mut h1 = gateway.wire().await;
    h1.write(accepting("/", "gzip").to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    first.write(&head).await;
    let said = h1.head().await;
    let h2: H2Client = gateway.h2().await;
    let mut stream = h2.open(&accepting("/", "zstd"), true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;
    second.write(&head).await;
    let over_h2 = stream.head().await.expect("a head");

    gateway.change(by("none", &service.url())).await;
    for upstream in [&mut first, &mut second] {
        upstream.write("1\r\nb\r\n0\r\n\r\n").await;
    }
    let (body, _) = h1.content(&said).await;
    assert_eq!(readable("gzip", &body), (b"ab".to_vec(), true));
    let mut body = Vec::new();
    while let Some(data) = stream.data().await {
        body.extend(data.expect("data"));
    }
    assert_eq!(over_h2.get("content-encoding"), Some("zstd"));
    assert_eq!(readable("zstd", &body), (b"ab".to_vec(), true));

    let ask = accepting("/", "gzip").to_h1();
    let mut new = gateway.wire().await;
    new.write(ask).await;
    let mut third = service.accept().await;
    third.request().await;
    third.write(&head).await;
    assert!(!new.head().await.has("content-encoding"));
}

#[tokio::test]
async fn other_policies_keep_their_places_around_it() {
    let service = Origin::answering(Reply::text(json())).await;
    let edits = "{request: {remove: accept-encoding}, response: {set: {cache-control: no-transform}}}";
    let config = format!(
        "defaults: {{policies: [{{compress: {{}}}}]}}
errors: {{404: {{json: {{said: {}}}}}}}
routes:
  - {{match: /off, policies: [{{compress: none}}], proxy: \"{1}\"}}
  - {{match: /edited, policies: [{{headers: {edits}}}], proxy: \"{1}\"}}
  - {{match: /own, respond: {{body: {2}}}}}
",
        "a".repeat(2000),
        service.url(),
        "b".repeat(2000),
    );
    let gateway = Gateway::plain(config).await;
    let coding = async |target: &str| {
        let answer = gateway.ask(accepting(target, "gzip")).await;
        (answer.status, answer.get("content-encoding").map(ToOwned::to_owned), read(&answer).len())
    };
    let gzip = || Some("gzip".to_owned());
    assert_eq!(coding("/off").await, (200, None, json().len()));
    // What is taken away for the service was said by the client; what is set on the way out is for those beyond.
    assert_eq!(coding("/edited").await, (200, gzip(), json().len()));
    assert!(!service.last().has("accept-encoding"));
    assert_eq!(coding("/own").await, (200, gzip(), 2000));
    let (status, coded, _) = coding("/nowhere").await;
    assert_eq!((status, coded), (404, gzip()));
    // A problem in the gateway's own words is too small.
    let (status, coded, _) = {
        let gateway =
            Gateway::plain("defaults: {policies: [{compress: {}}]}\nroutes: [{match: /a, respond: {}}]").await;
        let answer = gateway.ask(accepting("/b", "gzip")).await;
        (answer.status, answer.get("content-encoding").map(ToOwned::to_owned), 0)
    };
    assert_eq!((status, coded), (404, None));
}

#[tokio::test]
async fn curl_reads_every_coding() {
    let service = Origin::answering(Reply::text(json())).await;
    let gateway = Gateway::start(by("{}", &service.url())).await;
    let url = format!("http://{}/", gateway.address(0));
    for coding in CODINGS {
        let folder = Folder::new();
        let field = format!("accept-encoding: {coding}");
        let args = ["-sS", "--compressed", "-H", &field, "-D", "head", "-o", "content", &url];
        let Some(curl) = Program::start("curl", "curl", &args, &folder) else { return };
        assert_eq!(curl.ended().await, "");
        let head = std::fs::read_to_string(folder.at("head")).expect("a head");
        assert!(head.contains(&format!("content-encoding: {coding}\r\n")), "{head}");
        assert!(std::fs::read_to_string(folder.at("content")).expect("content") == json());
    }
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| {
        format!("{START}routes:\n  - match: /**\n    policies: [{{compress: {settings}}}]\n    respond: {{body: ok}}\n")
    };
    refused(&route("{algorithms: [gzip, gzip]}"), &["pintle.yaml:5:47", "`gzip` is there twice", "leave this one out"])
        .await;
    refused(&route("{algorithms: [deflate]}"), &["pintle.yaml:5:41", "`deflate`", "gzip"]).await;
    refused(&route("{algorithms: []}"), &["pintle.yaml:5:40", "`compress: none`"]).await;
    refused(&route("{types: [\"*.js\"]}"), &["pintle.yaml:5:36", "no media type", "application/json"]).await;
    refused(&route("{min_size: 1000}"), &["pintle.yaml:5:38", "1000B"]).await;
    refused(&route("gzip"), &["pintle.yaml:5:27"]).await;
}
