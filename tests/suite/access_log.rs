//! The access log and the policy that leaves requests out of it: what a line tells, what it must never tell, and that
//! nothing that happens to its file or its syslog happens to requests.

use crate::check::{START, refused};
use pintle_testkit::{Ask, Folder, Gateway, Origin, Received, Reply, until};
use serde_json::{Value, json};
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

/// A configuration whose log goes to a file, and whose one route answers by itself.
fn to_file(log: &str) -> String {
    format!("telemetry: {{access_log: {{to: {log}}}}}\nroutes: [{{match: /**, respond: {{status: 204}}}}]\n")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// Sends so many requests, each to a path of its own, on one connection.
async fn ask_many(gateway: &Gateway, paths: std::ops::Range<usize>) {
    let mut client = gateway.h1().await;
    for number in paths {
        assert_eq!(client.get(&format!("/{number}")).await.status, 204);
    }
}

// Rule: log-fields
#[tokio::test]
async fn fields_keep_their_type_and_one_that_fails_is_null() {
    let service = Origin::start(async |_: Received| Reply::text("ok").header("x-cache", "hit")).await;
    let config = format!(
        "admin: {{address: 127.0.0.1:0}}
telemetry:
  access_log:
    fields:
      tenant: request.headers['x-tenant']
      id: path.id
      big: size(request.path) > 3
      length: size(request.path)
      ok: response.status == 200
      cached: response.headers['x-cache']
      all: request.query
      names: '[route.name, client.ip]'
routes: [{{name: things, match: '/things/{{id}}', proxy: '{}'}}]
",
        service.url()
    );
    let gateway = Gateway::plain(config).await;
    let ask = Ask::get("/things/7?a=1&token=hunter2").header("x-tenant", "acme \"1\"");
    for answer in [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await] {
        let line = gateway.log_of(&answer).await;
        for (key, value) in [
            ("tenant", json!("acme \"1\"")),
            ("id", json!("7")),
            ("big", json!(true)),
            ("length", json!(9)),
            ("ok", json!(true)),
            ("cached", json!("hit")),
            ("all", json!({"a": "1", "token": "REDACTED"})),
            ("names", json!(["things", "127.0.0.1"])),
        ] {
            assert_eq!(line[key], value, "{key} in {line}");
        }
    }
    // Nothing to take them from: the keys are there all the same.
    let line = gateway.log_of(&gateway.get("/nowhere").await).await;
    for key in ["tenant", "id", "cached"] {
        assert!(line.get(key).is_some_and(Value::is_null), "{key} in {line}");
    }
    gateway.wait_metric("pintle_log_field_errors_total", 3.0).await;
}

// Rule: log-redaction
#[tokio::test]
async fn no_credential_is_ever_in_a_line() {
    let answered =
        async |_: Received| Reply::text("ok").header("set-cookie", "sid=hunter2").header("location", "/?code=hunter2");
    let service = Origin::start(answered).await;
    let config = |format: &str, fields: &str| {
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]
telemetry: {{access_log: {{to: access.log, format: {format}, redact: [X-Partner-Ref]{fields}}}}}
routes: [{{match: /**, proxy: '{}'}}]
",
            service.url()
        )
    };
    let fields = ", fields: {h: request.headers, c: request.cookies, q: request.query, a: request.query_all, \
                  r: response.headers, one: request.headers.authorization, two: \"request.headers['x-partner-ref']\", \
                  three: request.cookies.sid, four: request.query.key, five: request.headers.cookie, \
                  six: request.headers.referer, seven: \"response.headers['set-cookie']\"}";
    let gateway = Gateway::start(config("json", fields)).await;
    let ask = Ask::get("/?key=hunter2&x_partner_ref=hunter2&page=2")
        .header("authorization", "Bearer hunter2")
        .header("cookie", "sid=hunter2; theme=dark")
        .header("x-partner-ref", "hunter2")
        .header("x-api-key", "hunter2")
        .header("referer", "https://a.example/?access_token=hunter2&x=1");
    let (path, log) =
        (gateway.folder().at("access.log"), || std::fs::read_to_string(gateway.folder().at("access.log")));
    gateway.ask(ask.clone()).await;
    gateway.h2().await.ask(ask.clone()).await;
    until("two lines", async || (lines(&path).len() == 2).then_some(())).await;
    let line = &lines(&path)[1];
    assert_eq!(line["url.query"], "key=REDACTED&x_partner_ref=REDACTED&page=2");
    assert_eq!((&line["q"]["page"], &line["c"]["theme"]), (&json!("2"), &json!("dark")));
    assert_eq!(line["six"], "https://a.example/?access_token=REDACTED&x=1");
    for key in ["one", "two", "three", "four", "five", "seven"] {
        assert_eq!(line[key], "REDACTED", "{key}");
    }
    assert!(!log().expect("a log").contains("hunter2"), "{line}");
    gateway.change(config("combined", "")).await;
    gateway.ask(ask).await;
    until("the third line", async || (log().is_ok_and(|text| text.lines().count() == 3)).then_some(())).await;
    let text = log().expect("a log");
    assert!(text.contains("access_token=REDACTED&x=1") && !text.contains("hunter2"), "{text}");
}

// Rule: log-sample
#[tokio::test]
async fn a_sample_leaves_out_neither_errors_nor_what_the_gateway_refused() {
    let config = "admin: {address: 127.0.0.1:0}
telemetry: {access_log: {to: access.log, sample: 20%}}
routes:
  - {match: /ok/**, respond: {status: 204}}
  - {match: /bad, respond: {status: 500}}
";
    let gateway = Gateway::plain(config).await;
    let mut client = gateway.h1().await;
    for number in 0..300 {
        assert_eq!(client.get(&format!("/ok/{number}")).await.status, 204);
    }
    for _ in 0..5 {
        client.get("/bad").await;
        client.get("/nowhere").await;
    }
    client.get("/end").await;
    let path = gateway.folder().at("access.log");
    let is_end = |line: &Value| line["url.path"] == "/end";
    until("the last line", async || lines(&path).iter().any(is_end).then_some(())).await;
    let lines = lines(&path);
    let of = |status: u16| lines.iter().filter(|line| line["http.response.status_code"] == status).count();
    assert_eq!((of(500), of(404)), (5, 6));
    assert!(lines.iter().all(|line| (line["http.response.status_code"] == 204) == line.get("pintle.sample").is_some()));
    assert!(lines.iter().filter_map(|line| line.get("pintle.sample")).all(|share| *share == 0.2));
    assert!((20..=110).contains(&of(204)), "{} of 300 at 20%", of(204));
    gateway.wait_metric("pintle_requests_total", 300.0).await;
}

// Rule: log-none
#[tokio::test]
async fn a_route_is_left_out_of_the_log_and_counted_all_the_same() {
    let config = "admin: {address: 127.0.0.1:0}
routes:
  - {match: /healthz, policies: [{access_log: none}], respond: {status: 204}}
  - {match: /refused, policies: [{access_log: none}, {body_limit: 1B}], respond: {status: 204}}
  - {match: /**, respond: {status: 200}}
";
    let gateway = Gateway::plain(config).await;
    for _ in 0..3 {
        gateway.get("/healthz").await;
        gateway.h2().await.get("/healthz").await;
    }
    assert_eq!(gateway.ask(Ask::post("/refused", "long")).await.status, 413);
    gateway.log_of(&gateway.get("/last").await).await;
    gateway.wait_metric("pintle_requests_total", 3.0).await;
    let logged: Vec<_> = gateway.log_lines().iter().map(|line| line["url.path"].clone()).collect();
    assert_eq!(logged, ["/last"]);
}

// Rule: log-once
#[tokio::test]
async fn there_is_one_line_a_request_and_none_for_what_is_none() {
    let config = "admin: {address: 127.0.0.1:0}\nroutes: [{match: /**, respond: {status: 204}}]\n";
    let gateway = Gateway::plain(config).await;
    // A connection without a byte, and the admin address.
    drop(gateway.wire().await);
    gateway.wire().await.half_close().await;
    gateway.ask_admin(Ask::get("/readyz")).await;
    gateway.ask_admin(Ask::get("/metrics")).await;
    let mut client = gateway.h1().await;
    let begun = std::time::Instant::now();
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(client.get("/a").await.get("x-request-id").map(str::to_owned).expect("an id"));
    }
    let malformed = gateway.ask(Ask::get("/a").header("host", "twice")).await;
    assert_eq!(malformed.status, 400);
    ids.push(malformed.get("x-request-id").map(str::to_owned).expect("an id"));
    for id in &ids {
        gateway.wait_log(|line| line["pintle.request_id"] == **id).await;
    }
    assert!(begun.elapsed().as_secs() < 10, "within a second, on a machine that has time");
    let logged: Vec<_> = gateway.log_lines().iter().map(|line| line["pintle.request_id"].clone()).collect();
    assert_eq!(logged.len(), ids.len(), "{logged:?}");
}

#[tokio::test]
async fn a_client_that_hangs_up_is_told_of_with_its_fields() {
    let service = Origin::start(async |_: Received| std::future::pending::<Reply>().await).await;
    let config = format!(
        "telemetry: {{access_log: {{fields: {{tenant: \"request.headers['x-tenant']\", sent: response.status}}}}}}
routes: [{{match: /**, proxy: '{}'}}]
",
        service.url()
    );
    let gateway = Gateway::plain(config).await;
    let mut wire = gateway.wire().await;
    wire.write("GET /a HTTP/1.1\r\nhost: a\r\nx-tenant: acme\r\n\r\n").await;
    until("the service to be asked", async || (service.hits() == 1).then_some(())).await;
    drop(wire);
    let line = gateway.wait_log(|line| line["pintle.reason"] == "client_closed").await;
    assert_eq!((&line["tenant"], &line["sent"]), (&json!("acme"), &Value::Null), "{line}");
}

// Rule: log-reload
#[tokio::test]
async fn a_reload_while_a_request_is_under_way_changes_whole_lines() {
    let service = Origin::start(async |_: Received| Reply::text("ok")).await;
    let config = |fields: &str| {
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]
telemetry: {{access_log: {{to: access.log, fields: {{{fields}}}}}}}
routes: [{{match: /**, proxy: '{}'}}]
",
            service.url()
        )
    };
    let gateway = Gateway::start(config("before: request.method, too: route.name")).await;
    let mut under_way = gateway.wire().await;
    under_way.write("POST /late HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\na").await;
    gateway.get("/first").await;
    gateway.change(config("after: request.method")).await;
    gateway.get("/second").await;
    under_way.write("b").await;
    assert_eq!(under_way.head().await.status(), 200);
    let path = gateway.folder().at("access.log");
    until("three lines", async || (lines(&path).len() == 3).then_some(())).await;
    for line in lines(&path) {
        let keys = ["before", "too", "after"].map(|key| line.get(key).is_some());
        let expected = if line["url.path"] == "/first" { [true, true, false] } else { [false, false, true] };
        assert_eq!(keys, expected, "{line}");
    }
}

// Rule: log-rotation
#[tokio::test]
async fn a_rotation_under_load_loses_and_tears_no_line() {
    let gateway = Gateway::plain(to_file("access.log")).await;
    let path = gateway.folder().at("access.log");
    let moved = |turn: usize| gateway.folder().at(&format!("access.log.{turn}"));
    let rotate = async {
        for turn in 0..5 {
            // As logrotate does it: move, and tell.
            until("the file", async || path.exists().then_some(())).await;
            std::fs::rename(&path, moved(turn)).expect("a rotation");
            gateway.reload().await;
        }
    };
    tokio::join!(rotate, ask_many(&gateway, 0..2_000), ask_many(&gateway, 2_000..4_000));
    let all = || {
        let files = (0..5).map(moved).chain([path.clone()]);
        files.flat_map(|path| lines(&path)).map(|line| line["url.path"].to_string()).collect::<Vec<_>>()
    };
    until("every line", async || (all().len() >= 4_000).then_some(())).await;
    let distinct: std::collections::HashSet<String> = all().into_iter().collect();
    assert_eq!((distinct.len(), all().len()), (4_000, 4_000));
}

// Rule: log-rotation
#[tokio::test]
async fn a_file_that_is_copied_and_cut_goes_on_from_its_beginning() {
    let gateway = Gateway::plain(to_file("access.log")).await;
    let path = gateway.folder().at("access.log");
    ask_many(&gateway, 0..10).await;
    until("ten lines", async || (lines(&path).len() == 10).then_some(())).await;
    std::fs::File::options().write(true).open(&path).and_then(|file| file.set_len(0)).expect("it is cut");
    ask_many(&gateway, 10..13).await;
    until("three lines", async || (lines(&path).len() == 3).then_some(())).await;
    assert!(!std::fs::read(&path).expect("a file").contains(&0), "no hole");
}

/// A small disk of its own; none where that is not allowed.
struct Disk(Folder);

impl Disk {
    fn new() -> Option<Self> {
        let folder = Folder::new();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(folder.path());
        mount.output().is_ok_and(|output| output.status.success()).then(|| Disk(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

// Rule: log-failing
#[tokio::test]
async fn a_full_disk_costs_lines_and_no_request_and_tears_none() {
    let Some(disk) = Disk::new() else { return };
    let path = disk.0.at("access.log");
    let log = path.display().to_string();
    let gateway = Gateway::plain(format!("admin: {{address: 127.0.0.1:0}}\n{}", to_file(&log))).await;
    ask_many(&gateway, 0..500).await;
    gateway.wait_metric("pintle_log_records_dropped_total", 1.0).await;
    let said = gateway.wait_stderr("access log: cannot write to").await;
    assert!(said.contains("records lost: No space left on device"), "{said}");
    let full = lines(&path).len();
    // Somebody makes room: what is there is moved away, and what was cut is not half a line.
    std::fs::copy(&path, gateway.folder().at("copy")).expect("a copy");
    std::fs::File::options().write(true).open(&path).and_then(|file| file.set_len(0)).expect("it is cut");
    let mut begun = String::new();
    until("lines again", async || {
        gateway.get("/again").await;
        begun = std::fs::read_to_string(&path).unwrap_or_default();
        (begun.lines().count() > 2).then_some(())
    })
    .await;
    assert!(full > 50, "{full}");
    // The first line may be the end of the one that the full disk cut: together with its beginning it is whole.
    let copy = std::fs::read_to_string(gateway.folder().at("copy")).expect("a copy");
    let cut = copy.rsplit('\n').next().unwrap_or_default();
    let all = format!("{cut}{begun}");
    for line in all.lines().take(all.matches('\n').count()) {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

// Rule: log-failing
#[tokio::test]
async fn a_pipe_that_nobody_reads_is_said_and_holds_nothing_up() {
    let folder = Folder::new();
    let pipe = folder.at("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let log = format!("telemetry: {{access_log: {{to: {}}}}}", pipe.display());
    let long = "x".repeat(1_500);
    let config =
        format!("admin: {{address: 127.0.0.1:0}}\n{log}\nroutes: [{{match: /**, respond: {{status: 204}}}}]\n");
    let gateway = Gateway::plain(config).await;
    let mut client = gateway.h1().await;
    // As many as the log has room for, and more.
    for _ in 0..3_000 {
        assert_eq!(client.get(&format!("/{long}?{long}")).await.status, 204);
    }
    gateway.wait_metric("pintle_log_records_dropped_total", 1.0).await;
    let said = gateway.wait_stderr("does not take records fast enough").await;
    assert!(said.contains("pipe"), "{said}");
    assert_eq!(gateway.stop().await, Some(0));
}

// Rule: log-failing
#[tokio::test]
async fn a_syslog_gets_each_request_and_one_that_is_gone_holds_nothing_up() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(pintle_testkit::LIMIT)).expect("a limit");
    let port = socket.local_addr().expect("an address").port();
    let config = |to: &str| {
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
telemetry: {{access_log: {{to: {to}}}}}
routes: [{{match: /**, respond: {{status: 503}}}}]
"
        )
    };
    let gateway =
        Gateway::start(config(&format!("{{syslog: 'syslog://localhost:{port}', facility: local7, app_name: edge}}")))
            .await;
    let answer = gateway.get("/a").await;
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).expect("a message");
    let message = String::from_utf8_lossy(&buffer[..length]);
    let (head, record) = message.split_once(" - ").expect("no structured data");
    assert!(head.starts_with("<187>1 20") && head.contains(" edge ") && head.ends_with(" access"), "{head}");
    let record: Value = serde_json::from_str(record).expect("JSON");
    assert_eq!(record["pintle.request_id"], answer.get("x-request-id").expect("an id"));
    // Nobody listens there; over TCP that shows.
    let (nobody, url) = crate::example::nobody();
    let host = url.trim_start_matches("http://");
    gateway.change(config(&format!("'syslog+tcp://{host}'"))).await;
    for _ in 0..20 {
        assert_eq!(gateway.get("/a").await.status, 503);
    }
    let said = gateway.wait_stderr("access log: cannot write to syslog+tcp://").await;
    assert!(said.contains("records wait for it"), "{said}");
    drop(nobody);
    gateway.change(config("stdout")).await;
    gateway.log_of(&gateway.get("/b").await).await;
    gateway.wait_metric("pintle_log_records_dropped_total", 20.0).await;
    assert_eq!(gateway.stop().await, Some(0));
}

#[tokio::test]
async fn a_mistake_is_said_where_it_stands() {
    let config = format!(
        "{START}telemetry: {{access_log: {{fields: {{pintle.x: client.ip, a: '${{client.ip}}'}}, sample: 10}}}}
routes: [{{match: /, policies: [{{access_log: {{to: stdout}}}}], respond: {{status: 204}}}}]
"
    );
    let parts = [
        "`pintle.x` is a key of the gateway's own",
        "`${` stands in an expression, which is not a template",
        "a share needs its unit: 10%?",
        "expected `none`, found a map",
        "`to` is said for all requests at once, under `telemetry.access_log`",
        "pintle.yaml:3:",
        "pintle.yaml:4:",
    ];
    refused(&config, &parts).await;
}
