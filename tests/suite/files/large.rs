//! Large files: whole by every way, never in memory, and cut so that it shows.

use pintle_testkit::{Ask, Certificates, End, Gateway, H1Client, H2Client, H2Stream, TlsClient, Wire, until};
use std::fs::{self, File};
use std::time::Duration;

const MIB: usize = 1 << 20;
/// Far more than two sockets hold.
const LONG: u64 = 64 << 20;

/// Bytes that are not the same everywhere, so that a piece lost or doubled shows.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 251 + at) as u8).collect()
}

const CONFIG: &str = "listeners: [{address: 127.0.0.1:0}]\nroutes: [{match: /**, files: public}]\n";

/// A gateway with a file of holes that is larger than what is under way of it.
async fn long(config: &str) -> Gateway {
    let gateway = Gateway::with(config).file("public/long", "").file("public/short", "short").start().await;
    set_length(&gateway, LONG);
    gateway
}

fn set_length(gateway: &Gateway, length: u64) {
    let file = File::options().write(true).open(gateway.folder().at("public/long")).expect("a file");
    file.set_len(length).expect("another length");
}

/// Reads the content of the long file, which is nothing but zeros.
async fn zeros(wire: &mut Wire) {
    for _ in 0..LONG as usize / MIB {
        assert!(wire.read(MIB).await.iter().all(|byte| *byte == 0));
    }
}

/// How much still comes of an answer, to its end.
async fn rest(stream: &mut H2Stream) -> u64 {
    let mut got = 0;
    while let Some(data) = stream.data().await {
        got += data.expect("data").len() as u64;
    }
    got
}

#[tokio::test]
async fn a_large_file_arrives_whole_by_every_way() {
    let certificates = Certificates::new();
    let certificate = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let config = format!(
        "listeners:
  - {{address: 127.0.0.1:0, name: plain}}
  - {{address: 127.0.0.1:0, name: tls, tls: {{certificates: [{certificate}]}}}}
routes:
  - {{match: /**, files: public}}
"
    );
    let content = bytes(3 * MIB / 2 + 7);
    let gateway = Gateway::with(config).file("public/large", &content).start().await;
    let tls = TlsClient::new(&certificates, "shop.example.com");
    let mut h1 = gateway.h1().await;
    let mut over_tls = H1Client::tls(gateway.address(1), &tls).await;
    let h2 = gateway.h2().await;
    let h2_over_tls = H2Client::tls(gateway.address(1), &tls).await;
    for (range, wanted) in [
        (None, &content[..]),
        (Some("bytes=0-"), &content[..]),
        (Some("bytes=100000-1354321"), &content[100_000..=1_354_321]),
        (Some("bytes=-65537"), &content[content.len() - 65_537..]),
    ] {
        let ask = Ask::get("/large").host("shop.example.com");
        let ask = range.map_or(ask.clone(), |range| ask.header("range", range));
        let answers = [
            h1.ask(ask.clone()).await,
            over_tls.ask(ask.clone()).await,
            h2.ask(ask.clone()).await,
            h2_over_tls.ask(ask).await,
        ];
        for (way, answer) in answers.iter().enumerate() {
            assert_eq!(answer.status, if range.is_some() { 206 } else { 200 });
            assert!(answer.body == wanted, "{range:?} by way {way}: {} bytes", answer.body.len());
            assert_eq!(gateway.log_of(answer).await["http.response.body.size"], wanted.len());
        }
    }
    // Parts far apart, with text of ours between them.
    let ask = Ask::get("/large").host("shop.example.com").header("range", "bytes=900000-1499999, 100-799999");
    for answer in [h1.ask(ask.clone()).await, h2.ask(ask).await] {
        let holds = |part: &[u8]| answer.body.windows(64).any(|window| window == &part[..64]);
        assert!(holds(&content[900_000..]) && holds(&content[100..]), "{} bytes", answer.body.len());
        assert_eq!(answer.get("content-length"), Some(&*answer.body.len().to_string()));
        assert!(answer.body.len() > 1_399_900);
    }
    // The connection is as it was.
    assert_eq!(h1.ask(Ask::get("/none").host("shop.example.com")).await.status, 404);
}

#[tokio::test]
async fn a_large_file_is_never_in_memory() {
    let gateway = long(CONFIG).await;
    set_length(&gateway, 1 << 30);
    let before = gateway.rss();
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut wire = gateway.wire().await;
        wire.write(Ask::get("/long").to_h1()).await;
        assert_eq!(wire.head().await.get("content-length"), Some("1073741824"));
        wire.read(4 * MIB).await;
        clients.push(wire);
        let client = gateway.h2().await;
        let mut stream = client.open(&Ask::get("/long"), true).await.expect("a stream");
        stream.head().await.expect("a head");
        let mut got = 0;
        while got < 4 * MIB {
            got += stream.data().await.expect("more").expect("data").len();
        }
    }
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
}

#[tokio::test]
async fn a_file_that_becomes_shorter_midway_never_looks_whole() {
    let gateway = long(CONFIG).await;
    let mut wire = gateway.wire().await;
    wire.write(Ask::get("/long?h1").to_h1()).await;
    wire.head().await;
    let client = gateway.h2().await;
    let mut stream = client.open(&Ask::get("/long?h2"), true).await.expect("a stream");
    assert_eq!(stream.head().await.expect("a head").status, 200);
    set_length(&gateway, 1024 * 1024);
    let (got, end) = wire.to_end().await;
    assert!((got.len() as u64) < LONG && end == End::Reset, "{} bytes, {end:?}", got.len());
    let failed = loop {
        match stream.data().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("it looks whole"),
        }
    };
    assert_eq!(failed.reason(), Some(h2::Reason::INTERNAL_ERROR));
    for query in ["h1", "h2"] {
        let line = gateway.wait_log(|line| line["url.query"] == query).await;
        assert_eq!(
            (line["pintle.reason"].as_str(), line["http.response.status_code"].as_u64()),
            (Some("file_failed"), Some(200))
        );
        assert!(line["http.response.body.size"].as_u64().expect("a number") < LONG, "{line}");
    }
    assert_eq!(gateway.get("/short").await.text(), "short");
}

#[tokio::test]
async fn a_file_that_is_replaced_midway_is_sent_as_it_was() {
    let gateway = long(CONFIG).await;
    let mut wire = gateway.wire().await;
    wire.write(Ask::get("/long").to_h1()).await;
    wire.head().await;
    gateway.folder().write("public/long", "new");
    zeros(&mut wire).await;
    assert_eq!(gateway.get("/long").await.text(), "new");
    // One that is removed as well.
    set_length(&gateway, LONG);
    let mut stream = gateway.h2().await.open(&Ask::get("/long"), true).await.expect("a stream");
    stream.head().await.expect("a head");
    fs::remove_file(gateway.folder().at("public/long")).expect("it goes");
    assert_eq!(rest(&mut stream).await, LONG);
}

#[tokio::test]
async fn a_download_lives_on_over_a_reload() {
    let gateway = long(CONFIG).await;
    let mut wire = gateway.wire().await;
    wire.write(Ask::get("/long").to_h1()).await;
    wire.head().await;
    let mut stream = gateway.h2().await.open(&Ask::get("/long"), true).await.expect("a stream");
    stream.head().await.expect("a head");
    gateway.change("listeners: [{address: 127.0.0.1:0}]\nroutes: [{match: /other, respond: {body: other}}]\n").await;
    assert_eq!(gateway.get("/long").await.status, 404);
    zeros(&mut wire).await;
    assert_eq!(rest(&mut stream).await, LONG);
}

#[tokio::test]
async fn a_client_that_hangs_up_midway_disturbs_nobody() {
    let gateway = long(CONFIG).await;
    let open = gateway.open_files();
    let mut wire = gateway.wire().await;
    wire.write(Ask::get("/long?h1").to_h1()).await;
    wire.head().await;
    wire.reset();
    let client = gateway.h2().await;
    let mut stream = client.open(&Ask::get("/long?h2"), true).await.expect("a stream");
    stream.head().await.expect("a head");
    stream.reset(h2::Reason::CANCEL);
    for query in ["h1", "h2"] {
        let line = gateway.wait_log(|line| line["url.query"] == query).await;
        assert_eq!(line["pintle.reason"], "client_closed");
        assert!(line["http.response.body.size"].as_u64().expect("a number") < LONG, "{line}");
    }
    assert_eq!(client.get("/short").await.text(), "short");
    drop(client);
    // Every file is closed again but for the root, of each worker one.
    until("files to be closed", async || (gateway.open_files() <= open + 8).then_some(())).await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_has_its_time_limits() {
    let limits = "limits: {timeout: {body: 300ms}}\n";
    let gateway = long(&format!("{CONFIG}{limits}")).await;
    let mut wire = gateway.wire().await;
    wire.write(Ask::get("/long").to_h1()).await;
    wire.head().await;
    let line = gateway.wait_log(|line| line["url.path"] == "/long").await;
    assert_eq!(line["pintle.reason"], "client_closed", "{line}");

    let timed = CONFIG.replace("files: public", "policies: [{timeout: 300ms}], files: public");
    let gateway = long(&timed).await;
    let mut wire = gateway.wire().await;
    wire.write(Ask::get("/long").to_h1()).await;
    wire.head().await;
    let line = gateway.wait_log(|line| line["url.path"] == "/long").await;
    assert_eq!(line["pintle.reason"], "timeout", "{line}");
    assert!(line["pintle.duration_ms"].as_f64().expect("a number") < Duration::from_secs(20).as_millis() as f64);
}
