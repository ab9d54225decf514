//! Metrics as a scraper sees them: what is counted, in which form it is told, what goes away, and what nobody can make grow.

mod push;

use flate2::read::MultiGzDecoder;
use pintle_testkit::{Answer, Ask, Certificates, Gateway, Origin, RawOrigin, TlsClient, Wire, until};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ADMIN: &str = "listeners: [{name: door, address: 127.0.0.1:0}]\nadmin: {address: 127.0.0.1:0}\n";

/// Prometheus' tool, as `make needs` puts it beside the build or as it is installed.
#[expect(clippy::print_stderr, reason = "what a test leaves out must be seen")]
fn promtool() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap_or_default();
    let beside = test.ancestors().map(|folder| folder.join("prometheus/usr/bin/promtool"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed: Vec<_> = std::env::split_paths(&path).map(|folder| folder.join("promtool")).collect();
    let found = beside.chain(installed).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: there is no promtool: run `make needs`");
    }
    found
}

fn run(tool: &Path, arguments: &[&str], input: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/prometheus");
    let mut command = Command::new(tool);
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("promtool runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
    // What it would have otherwise, it says and goes on.
    assert!(arguments[1] != "metrics" || said.is_empty(), "promtool {arguments:?}: {said}");
}

async fn scrape(gateway: &Gateway) -> String {
    gateway.ask_admin(Ask::get("/metrics")).await.text()
}

fn series(text: &str) -> BTreeMap<&str, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.rsplit_once(' ')).map(|(id, value)| (id, value.parse().expect("a number"))).collect()
}

/// Requests by their labels, as far as `part` is in these.
fn requests(text: &str, part: &str) -> f64 {
    let of = |(id, _): &(&&str, &f64)| id.starts_with("pintle_requests_total{") && id.contains(part);
    series(text).iter().filter(of).map(|(_, count)| count).sum()
}

/// A gateway that has had traffic of all kinds.
async fn busy() -> (Gateway, Origin, RawOrigin, Certificates) {
    let certificates = Certificates::new();
    let identity = certificates.write("door", &certificates.server(&["shop.example"]));
    let (service, closing) = (Origin::echo().await, RawOrigin::start().await);
    let config = format!(
        "listeners:
  - {{name: door, address: 127.0.0.1:0}}
  - {{name: secure, address: 127.0.0.1:0, tls: {{certificates: [{identity}]}}}}
admin: {{address: 127.0.0.1:0}}
telemetry: {{metrics: {{labels: {{team: route.labels.team}}}}}}
upstreams:
  echo: {{endpoints: [\"{}\"], breaker: {{}}}}
  closing: {{endpoints: [\"{}\"]}}
routes:
  - {{name: 'a \"quoted\" name', match: /echo/**, labels: {{team: shop}}, policies: [{{compress: {{}}}}, {{body_limit: 10B}}], proxy: echo}}
  - {{name: closing, match: /closing, proxy: closing}}
  - {{name: own, match: /own, respond: {{body: hello}}}}",
        service.address(),
        closing.address()
    );
    let gateway = Gateway::start(config).await;
    for target in ["/echo/a", "/own", "/nothing"] {
        gateway.get(target).await;
        gateway.h2().await.get(target).await;
    }
    gateway.ask(Ask::post("/echo/b", "12345")).await;
    gateway.ask(Ask::post("/echo/b", "12345678901")).await.problem(413, "body_too_large");
    let mut client = gateway.wire().await;
    client.write(Ask::get("/closing").to_h1()).await;
    closing.accept().await.request().await;
    client.answer().await.problem(502, "upstream_closed");
    let tls = TlsClient::new(&certificates, "shop.example");
    let mut secure = tls.connect(gateway.address(1)).await.expect("a handshake");
    secure.write(Ask::get("/own").host("shop.example").to_h1()).await;
    assert_eq!(secure.answer().await.status, 200);
    gateway.wait_metric("pintle_requests_total", 10.0).await;
    (gateway, service, closing, certificates)
}

#[tokio::test]
async fn a_real_scrape_is_clean_to_promtool() {
    let Some(tool) = promtool() else { return };
    let (gateway, ..) = busy().await;
    let text = scrape(&gateway).await;
    run(&tool, &["check", "metrics"], &text);
}

#[tokio::test]
async fn alerts_are_clean_to_promtool_and_fire_on_what_they_are_for() {
    let Some(tool) = promtool() else { return };
    run(&tool, &["check", "rules", "alerts.yaml"], "");
    run(&tool, &["test", "rules", "alerts_test.yaml"], "");
    run(&tool, &["check", "config", "scrape.yaml"], "");
}

#[tokio::test]
async fn every_series_is_of_a_metric_that_the_page_has() {
    let (gateway, ..) = busy().await;
    let text = scrape(&gateway).await;
    let known: BTreeMap<_, _> = pintle_config::metrics().map(|family| (family.name, family)).collect();
    for line in text.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
        let (name, help) = line.split_once(' ').expect("a text");
        assert_eq!(known.get(name).map(|family| family.help), Some(help), "{name}");
    }
    let tls = series(&text);
    for (id, value) in [
        ("pintle_tls_sessions_total{listener=\"secure\",version=\"1.3\",resumed=\"false\"}", 1.0),
        ("pintle_refusals_total{policy=\"body_limit\",reason=\"body_too_large\"}", 1.0),
        ("pintle_upstream_attempts_total{upstream=\"closing\"}", 1.0),
        ("pintle_config_version", 1.0),
        ("pintle_config_routes", 3.0),
    ] {
        assert_eq!(tls.get(id), Some(&value), "{id} in {text}");
    }
    let (id, ends) = tls.iter().find(|(id, _)| id.starts_with("pintle_certificate_not_after")).expect("a certificate");
    assert!(id.contains("listener=\"secure\"") && id.contains("name=\"shop.example\"") && *ends > 1.7e9, "{id} {ends}");
    // Both versions of HTTP count alike; the route has a label of its own, and what no route took has none.
    assert_eq!(requests(&text, "route=\"own\",upstream=\"\",method=\"GET\",status=\"2xx\"}"), 3.0);
    assert_eq!(requests(&text, "listener=\"door\",route=\"\",upstream=\"\",method=\"GET\",status=\"4xx\"}"), 2.0);
    let echo = "route=\"a \\\"quoted\\\" name\",upstream=\"echo\",method=\"POST\",status=\"2xx\",team=\"shop\"";
    assert_eq!(requests(&text, echo), 1.0, "{text}");
    let content = tls.iter().find(|(id, _)| id.starts_with("pintle_request_content_bytes_sum") && id.contains(echo));
    assert_eq!(content.map(|(_, sum)| *sum), Some(5.0));
}

#[tokio::test]
async fn a_scraper_gets_the_form_that_it_asks_for() {
    let gateway = Gateway::start(format!("{ADMIN}routes: [{{name: own, match: /**, respond: {{}}}}]")).await;
    gateway.get("/").await;
    gateway.wait_metric("pintle_requests_total", 1.0).await;
    let ask = async |headers: &[(&str, &str)]| -> Answer {
        let ask = headers.iter().fold(Ask::get("/metrics"), |ask, (name, value)| ask.header(name, value));
        gateway.ask_admin(ask).await
    };
    let plain = ask(&[]).await;
    assert_eq!(plain.get("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(!plain.has("content-encoding") && plain.text().contains("# TYPE pintle_requests_total counter\n"));
    let open = ask(&[("accept", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1")]).await;
    assert_eq!(open.get("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(open.text().contains("# TYPE pintle_requests counter\n") && open.text().ends_with("\n# EOF\n"));
    let packed = ask(&[("accept-encoding", "gzip"), ("accept", "application/openmetrics-text")]).await;
    assert_eq!((packed.get("content-encoding"), packed.get("vary")), (Some("gzip"), Some("accept, accept-encoding")));
    let mut text = String::new();
    MultiGzDecoder::new(&*packed.body).read_to_string(&mut text).expect("gzip");
    assert!(text.ends_with("\n# EOF\n") && text.contains("pintle_requests_total{"), "{text}");
    // HTTP/1.0 has no chunks (RFC 9112 6.1).
    let mut old = Wire::tcp(gateway.admin()).await;
    old.write("GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").await;
    let (answer, _) = old.to_end().await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        !answer.to_ascii_lowercase().contains("transfer-encoding") && answer.contains("\r\n\r\n# HELP "),
        "{answer}"
    );
}

// Rule: metric-labels
#[tokio::test]
async fn series_go_with_what_they_are_of_and_stay_over_reloads() {
    let (first, second) = (Origin::echo().await, Origin::echo().await);
    let config = |url: &str, routes: &str, team: &str| {
        let labels = format!("telemetry: {{metrics: {{labels: {{team: \"'{team}'\"}}}}}}\n");
        format!("{ADMIN}{labels}routes:\n  - {{name: kept, match: /kept, proxy: \"{url}\"}}\n{routes}")
    };
    let more = "  - {name: gone, match: /gone, respond: {}}\n";
    let gateway = Gateway::start(config(&first.url(), more, "a")).await;
    gateway.get("/kept").await;
    gateway.get("/gone").await;
    gateway.wait_metric("pintle_requests_total", 2.0).await;
    gateway.change(config(&first.url(), "", "a")).await;
    let kept = |url: &str, team: &str| {
        format!("route=\"kept\",upstream=\"{url}\",method=\"GET\",status=\"2xx\",team=\"{team}\"")
    };
    // What was in force is taken apart once nobody looks into it any more.
    until("the route's series to go", async || (!scrape(&gateway).await.contains("route=\"gone\"")).then_some(()))
        .await;
    assert_eq!(requests(&scrape(&gateway).await, &kept(&first.url(), "a")), 1.0, "the other one's stay");
    gateway.change(config(&second.url(), "", "a")).await;
    gateway.get("/kept").await;
    let gone = async || (!scrape(&gateway).await.contains(&format!("upstream=\"{}\"", first.url()))).then_some(());
    until("the upstream's series to go", gone).await;
    until("the new one's to come", async || {
        (requests(&scrape(&gateway).await, &kept(&second.url(), "a")) == 1.0).then_some(())
    })
    .await;
    gateway.change(config(&second.url(), "", "b")).await;
    gateway.get("/kept").await;
    until("the other label's to go", async || (!scrape(&gateway).await.contains("team=\"a\"")).then_some(())).await;
    gateway.wait_metric(&format!("pintle_requests_total{{listener=\"door\",{}}}", kept(&second.url(), "b")), 1.0).await;
    let text = scrape(&gateway).await;
    let told = series(&text);
    // A change that the watch has taken before the signal came is in force twice.
    let status = gateway.ask_admin(Ask::get("/status")).await.json();
    let version = status["configuration"]["version"].as_f64().expect("a version");
    assert!(version >= 4.0, "{status}");
    assert_eq!(
        (told["pintle_config_version"], told["pintle_reload_duration_seconds_count{result=\"ok\"}"]),
        (version, version)
    );
    gateway.rewrite("routes: nonsense\n");
    assert!(matches!(gateway.reload().await, pintle_testkit::Reloaded::Refused(_)));
    gateway.wait_metric("pintle_reload_duration_seconds_count{result=\"failed\"}", 1.0).await;
    assert_eq!(series(&scrape(&gateway).await)["pintle_config_last_reload_successful"], 0.0);
}

#[tokio::test]
async fn a_request_that_lives_through_a_reload_and_one_whose_client_hangs_up_count_once() {
    let service = RawOrigin::start().await;
    let config = |team: &str| {
        format!(
            "{ADMIN}telemetry: {{metrics: {{labels: {{team: \"'{team}'\"}}}}}}\nroutes: [{{name: r, match: /**, proxy: \"{}\"}}]",
            service.url()
        )
    };
    let gateway = Gateway::start(config("old")).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    let mut gone = gateway.wire().await;
    gone.write(Ask::get("/gone").to_h1()).await;
    let mut silent = service.accept().await;
    silent.request().await;
    gateway.change(config("new")).await;
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 200);
    drop(gone);
    let by_team = async |team: &str| requests(&scrape(&gateway).await, &format!("team=\"{team}\""));
    // Its route is the old one's, and with the last request of that the series go.
    until("the old route's series to go", async || (by_team("old").await == 0.0).then_some(())).await;
    client.write(Ask::get("/").to_h1()).await;
    upstream.request().await;
    drop(client);
    until("the new route's series", async || (by_team("new").await == 1.0).then_some(())).await;
}

#[tokio::test]
async fn what_clients_send_makes_no_series_and_takes_no_memory() {
    const CONNECTIONS: usize = 4;
    const BATCHES: usize = 85;
    const BATCH: usize = 100;
    let gateway = Gateway::start(format!(
        "{ADMIN}workers: 1\ntelemetry: {{access_log: none}}\nroutes: [{{name: all, match: /**, respond: {{status: 204}}}}]"
    ))
    .await;
    // Each with a path, a host and a method that nobody had before: three times as many names as requests.
    let attack = async |connection: usize, from: usize, to: usize| {
        let mut wire = gateway.wire().await;
        for batch in from..to {
            let requests: String = (0..BATCH)
                .map(|number| {
                    let id = (connection * BATCHES + batch) * BATCH + number;
                    format!("M{id} /p{id}?q={id} HTTP/1.1\r\nHost: h{id}.example\r\n\r\n")
                })
                .collect();
            wire.write(requests).await;
            for _ in 0..BATCH {
                assert_eq!(wire.head().await.status(), 204);
            }
        }
    };
    for connection in 0..CONNECTIONS {
        attack(connection, 0, 5).await;
    }
    gateway.wait_metric("pintle_requests_total", (CONNECTIONS * 5 * BATCH) as f64).await;
    let (lines, memory) = (scrape(&gateway).await.lines().count(), gateway.rss());
    let all: Vec<_> = (0..CONNECTIONS).map(|connection| attack(connection, 5, BATCHES)).collect();
    for one in all {
        one.await;
    }
    gateway.wait_metric("pintle_requests_total", (CONNECTIONS * BATCHES * BATCH) as f64).await;
    let text = scrape(&gateway).await;
    assert_eq!(text.lines().count(), lines, "{text}");
    assert_eq!(requests(&text, "method=\"_OTHER\",status=\"2xx\""), (CONNECTIONS * BATCHES * BATCH) as f64);
    let grown = gateway.rss().saturating_sub(memory);
    assert!(grown < 4 << 20, "{grown} bytes");
}

// Rule: metric-overflow
#[tokio::test]
async fn past_the_bound_all_is_one_series_and_the_log_says_so() {
    let routes: String =
        (0..5).map(|number| format!("  - {{name: r{number}, match: /{number}, respond: {{}}}}\n")).collect();
    let config = |most: usize| format!("{ADMIN}telemetry: {{metrics: {{max_series: {most}}}}}\nroutes:\n{routes}");
    let gateway = Gateway::start(config(60)).await;
    for number in 0..5 {
        gateway.get(&format!("/{number}")).await;
    }
    gateway.wait_metric("pintle_requests_total", 5.0).await;
    let text = scrape(&gateway).await;
    let other = "listener=\"_OTHER\",route=\"_OTHER\",upstream=\"_OTHER\",method=\"_OTHER\",status=\"_OTHER\"";
    assert_eq!((requests(&text, other), requests(&text, "listener=\"door\"")), (3.0, 2.0), "{text}");
    let told = series(&text);
    assert!(told["pintle_metrics_series"] <= 60.0 && told["pintle_metrics_overflow_total"] >= 3.0, "{text}");
    gateway.wait_stderr("telemetry.metrics.max_series: there are 60 series").await;
    // The bound is another one from the reload on.
    gateway.change(config(1000)).await;
    gateway.get("/4").await;
    gateway
        .wait_metric(
            "pintle_requests_total{listener=\"door\",route=\"r4\",upstream=\"\",method=\"GET\",status=\"2xx\"}",
            1.0,
        )
        .await;
}

#[tokio::test]
async fn slow_scrapers_hold_a_piece_each_and_nobody_up() {
    const ROUTES: usize = 1500;
    const SCRAPERS: usize = 20;
    let routes: String = (0..ROUTES)
        .map(|number| {
            format!("  - {{name: 'a-route-with-a-name-of-some-length/{number}', match: /{number}, respond: {{}}}}\n")
        })
        .collect();
    let gateway = Gateway::start(format!("{ADMIN}telemetry: {{access_log: none}}\nroutes:\n{routes}")).await;
    let mut wire = gateway.wire().await;
    let requests: String = (0..ROUTES).map(|number| format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    wire.write(requests).await;
    for _ in 0..ROUTES {
        assert_eq!(wire.head().await.status(), 200);
    }
    let all = ROUTES as f64;
    gateway.wait_metric("pintle_requests_total", all).await;
    let (whole, before) = (scrape(&gateway).await.len() as u64, gateway.rss());
    assert!(whole > 4 << 20, "more than sockets hold: {whole}");
    let mut slow = Vec::new();
    for _ in 0..SCRAPERS {
        let mut wire = Wire::tcp(gateway.admin()).await;
        wire.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        wire.head().await;
        for _ in 0..20 {
            wire.read(1).await;
        }
        slow.push(wire);
    }
    // While they all wait, requests and other scrapers are served.
    assert_eq!(gateway.get("/1").await.status, 200);
    gateway.wait_metric("pintle_requests_total", all + 1.0).await;
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < SCRAPERS as u64 * 512 * 1024 + whole, "{grown} bytes by {SCRAPERS} scrapers of {whole} each");
}
