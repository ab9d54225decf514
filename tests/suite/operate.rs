//! What an operator sees and does: health, status, metrics, the log, reload by request, start and end.

use pintle_testkit::{Ask, Folder, Gateway, Origin, RawOrigin, Reloaded, Signal, Wire, until};
use std::os::unix::net::UnixDatagram;

const TOKEN: &str = "a-token-of-32-characters-or-more";

/// A gateway with an admin API that wants a token, before an echo.
async fn administered() -> (Gateway, Origin) {
    let service = Origin::echo().await;
    let config = format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0, token: {{env: ADMIN_TOKEN}}}}
routes: [{{name: all, match: /**, proxy: \"{}\"}}]",
        service.url()
    );
    (Gateway::with(config).env("ADMIN_TOKEN", TOKEN).start().await, service)
}

fn with_token(ask: Ask) -> Ask {
    ask.header("authorization", &format!("Bearer {TOKEN}"))
}

#[tokio::test]
async fn it_says_that_it_lives_and_is_ready() {
    let (gateway, _service) = administered().await;
    assert_eq!(gateway.ask_admin(Ask::get("/healthz")).await.status, 200);
    assert_eq!(gateway.ask_admin(Ask::get("/readyz")).await.status, 200);
    assert_eq!(gateway.ask_admin(Ask::get("/nothing")).await.status, 404);
}

// Rule: secret-elsewhere
#[tokio::test]
async fn the_status_tells_what_runs_and_no_secret() {
    let (gateway, _service) = administered().await;
    let status = gateway.ask_admin(with_token(Ask::get("/status"))).await;
    assert_eq!(status.status, 200);
    assert!(status.json().is_object(), "{status:?}");
    assert!(!status.text().contains(TOKEN));
}

#[tokio::test]
async fn requests_are_counted() {
    let (gateway, _service) = administered().await;
    for _ in 0..3 {
        gateway.get("/").await;
    }
    gateway.wait_metric("pintle_requests_total", 3.0).await;
    let metrics = gateway.ask_admin(with_token(Ask::get("/metrics"))).await;
    assert!(metrics.get("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{metrics:?}");
    assert!(metrics.text().contains("route=\"all\""), "{metrics:?}");
}

// Rule: admin-token
#[tokio::test]
async fn a_reload_by_request_wants_the_token() {
    let (gateway, _service) = administered().await;
    let reload = || Ask::post("/reload", "");
    assert_eq!(gateway.ask_admin(reload()).await.status, 401);
    assert_eq!(gateway.ask_admin(reload().header("authorization", "Bearer wrong")).await.status, 401);
    let answer = gateway.ask_admin(with_token(reload())).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);

    gateway.rewrite("listeners: none of your business\n");
    let answer = gateway.ask_admin(with_token(reload())).await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert!(answer.text().contains("pintle.yaml:1:"), "{answer:?}");
    assert!(matches!(gateway.verdict().await, Reloaded::Refused(_)));
}

// Rule: admin-token
#[tokio::test]
async fn a_page_in_a_browser_cannot_reach_the_admin_api() {
    // DNS rebinding: the name is the page's, the address is loopback.
    let (gateway, _service) = administered().await;
    let mut wire = Wire::tcp(gateway.admin()).await;
    wire.write(with_token(Ask::get("/status")).host("evil.example.com").to_h1()).await;
    let status = wire.answer().await.status;
    assert!((400..500).contains(&status), "{status}");
}

// Rule: logged-once
#[tokio::test]
async fn each_request_is_one_line_of_json() {
    let (gateway, service) = administered().await;
    let ask = Ask::post("/a%2Fb?q=1&access_token=hidden-1", "12345").host("shop.example.com:81");
    let ask = ask.header("authorization", "Bearer hidden-2").header("cookie", "session=hidden-3");
    let answer = gateway.ask(ask.header("user-agent", "test\"er")).await;
    let line = gateway.log_of(&answer).await;
    let expected: [(&str, serde_json::Value); 12] = [
        ("http.request.method", "POST".into()),
        ("url.scheme", "http".into()),
        ("server.address", "shop.example.com".into()),
        ("url.path", "/a%2Fb".into()),
        ("http.response.status_code", 200.into()),
        ("http.request.body.size", 5.into()),
        ("http.response.body.size", answer.body.len().into()),
        ("client.address", "127.0.0.1".into()),
        ("network.protocol.version", "1.1".into()),
        ("user_agent.original", "test\"er".into()),
        ("pintle.route", "all".into()),
        ("pintle.endpoint", service.address().to_string().into()),
    ];
    for (key, value) in expected {
        assert_eq!(line[key], value, "{key} in {line}");
    }
    assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
    assert!(line["pintle.duration_ms"].is_number(), "{line}");
    assert!(!line.to_string().contains("hidden"), "{line}");
    gateway.stop().await;
    assert_eq!(gateway.log_lines().len(), 1);
    assert!(!gateway.stderr().contains("hidden"));
}

// Rule: logged-once
#[tokio::test]
async fn a_refusal_is_a_line_with_its_reason() {
    let gateway = Gateway::plain("routes: [{match: /a, respond: {status: 200}}]").await;
    gateway.get("/b").await.problem(404, "no_route");
    assert_eq!(gateway.wait_log(|line| line["url.path"] == "/b").await["pintle.reason"], "no_route");
    let mut wire = gateway.wire().await;
    wire.write("GET / HTTP/1.1\r\n\r\n").await;
    wire.answer().await.problem(400, "bad_request");
    gateway.wait_log(|line| line["pintle.reason"] == "bad_request").await;
}

#[tokio::test]
async fn the_log_can_be_switched_off() {
    let routes = "routes: [{match: /**, respond: {status: 204}}]";
    let gateway = Gateway::plain(format!("telemetry: {{access_log: none}}\n{routes}")).await;
    assert_eq!(gateway.get("/").await.status, 204);
    gateway.stop().await;
    assert!(gateway.log_lines().is_empty());
}

// Rule: drain
#[tokio::test]
async fn asked_to_end_it_serves_what_is_under_way_and_nothing_new() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let idle = gateway.h1().await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    gateway.terminate();
    until("the port to be closed", async || {
        tokio::net::TcpStream::connect(gateway.address(0)).await.is_err().then_some(())
    })
    .await;
    let mut wire = idle.wire;
    wire.ended().await;
    assert!(gateway.runs());
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = client.answer().await;
    assert_eq!((answer.text().as_str(), answer.get("connection")), ("ok", Some("close")));
    assert_eq!(gateway.ended().await, Some(0));
    assert_eq!(gateway.log_lines().len(), 1, "what was served last is logged too");
}

#[tokio::test]
async fn asked_twice_it_ends_at_once() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    gateway.terminate();
    until("the port to be closed", async || {
        tokio::net::TcpStream::connect(gateway.address(0)).await.is_err().then_some(())
    })
    .await;
    gateway.terminate();
    gateway.ended().await;
    assert!(client.to_end().await.0.is_empty());
}

// Rule: drain
#[tokio::test]
async fn the_time_to_drain_is_bounded() {
    let service = RawOrigin::start().await;
    let limits = "limits: {timeout: {drain: 200ms}}";
    let gateway = Gateway::plain(format!("{limits}\nroutes: [{{match: /**, proxy: \"{}\"}}]", service.url())).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    gateway.stop().await;
    upstream.ended().await;
}

#[tokio::test]
async fn a_port_that_another_program_has_is_told_before_anything_starts() {
    let routes = "routes: [{match: /**, respond: {body: first}}]";
    let first = Gateway::plain(routes).await;
    let config = format!("listeners: [{{address: 127.0.0.1:0}}, {{address: {}}}]\n{routes}", first.address(0));
    let second = Gateway::with(config).fails().await;
    assert_eq!(second.code, Some(1), "{second:?}");
    let told = format!("{} is taken by another program", first.address(0));
    assert!(second.stderr.contains(&told), "{}", second.stderr);
    assert!(!second.stderr.contains("ready"), "{}", second.stderr);
    // The first one did not lose a request to it.
    for _ in 0..10 {
        assert_eq!(first.get("/").await.text(), "first");
    }
}

// Rule: upstream-down
#[tokio::test]
async fn a_service_that_is_down_does_not_stop_a_start() {
    let (_nobody, url) = crate::example::nobody();
    let gateway = Gateway::to(url).await;
    assert_eq!(gateway.get("/").await.status, 502);
    let gateway = Gateway::to("http://no-such-host.invalid:80").await;
    gateway.get("/").await.problem(502, "upstream_unresolved");
}

#[tokio::test]
async fn the_log_is_opened_anew_on_sighup() {
    let telemetry = "telemetry: {access_log: {to: access.log}}";
    let gateway = Gateway::plain(format!("{telemetry}\nroutes: [{{match: /**, respond: {{status: 204}}}}]")).await;
    let lines = |name: &str| {
        let log = std::fs::read_to_string(gateway.folder().at(name)).unwrap_or_default();
        log.lines().count()
    };
    gateway.get("/").await;
    until("the first line", async || (lines("access.log") == 1).then_some(())).await;
    std::fs::rename(gateway.folder().at("access.log"), gateway.folder().at("access.log.1")).expect("a rotation");
    gateway.reload().await;
    until("the new file", async || gateway.folder().at("access.log").exists().then_some(())).await;
    gateway.get("/").await;
    until("a line in the new file", async || (lines("access.log") == 1).then_some(())).await;
    assert_eq!(lines("access.log.1"), 1);
}

#[tokio::test]
async fn the_service_manager_hears_of_start_reload_and_end() {
    let folder = Folder::new();
    let socket = UnixDatagram::bind(folder.at("notify")).expect("a socket");
    let _ = socket.set_read_timeout(Some(pintle_testkit::LIMIT));
    let config = "listeners: [{address: 127.0.0.1:0}]\nroutes: [{match: /**, respond: {status: 204}}]";
    let path = folder.at("notify").display().to_string();
    let gateway = Gateway::with(config).env("NOTIFY_SOCKET", &path).start().await;
    let hear = || {
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    assert_eq!(hear().trim(), "READY=1");
    assert_eq!(gateway.reload().await, Reloaded::InForce);
    // Type=notify-reload: the time tells systemd which reload this belongs to.
    let reloading = hear();
    assert!(reloading.contains("RELOADING=1") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
    assert_eq!(hear().trim(), "READY=1");
    gateway.rewrite("broken: [");
    assert!(matches!(gateway.reload().await, Reloaded::Refused(_)));
    loop {
        // The change is seen by itself as well.
        let said = hear();
        assert!(said.contains("RELOADING=1") || said.contains("READY=1"), "{said}");
        if said.contains("READY=1") {
            break;
        }
    }
    gateway.terminate();
    while !hear().contains("STOPPING=1") {}
    assert_eq!(gateway.ended().await, Some(0));
}

// Rule: admin-token
#[tokio::test]
async fn the_admin_api_may_be_a_unix_socket() {
    let config = "listeners: [{address: 127.0.0.1:0}]
admin: {address: 'unix:admin.sock'}
routes: [{match: /**, respond: {status: 204}}]
";
    let gateway = Gateway::start(config).await;
    let path = gateway.folder().at("admin.sock");
    let ask = async |method: &str, target: &str| {
        let mut wire = Wire::unix(&path).await;
        wire.write(Ask::new(method, target).host("anything").to_h1()).await;
        wire.answer_to(method).await
    };
    assert_eq!(ask("GET", "/readyz").await.status, 200);
    assert_eq!(ask("GET", "/status").await.status, 200);
    // The file's permissions say who may.
    assert_eq!(ask("POST", "/reload").await.status, 200);
    assert_eq!(gateway.stop().await, Some(0));
    assert!(!path.exists(), "the socket is left behind");
}

#[tokio::test]
async fn a_new_token_counts_at_once_and_the_old_one_no_more() {
    let config = "listeners: [{address: 127.0.0.1:0}]
admin: {address: 127.0.0.1:0, token: {file: token}}
routes: [{match: /**, respond: {status: 204}}]
";
    let gateway = Gateway::with(config).file("token", "the-first-token\n").start().await;
    let status = async |token: &str| {
        let ask = Ask::post("/reload", "").header("authorization", &format!("Bearer {token}"));
        gateway.ask_admin(ask).await.status
    };
    assert_eq!((status("the-first-token").await, status("the-second-token").await), (200, 401));
    gateway.file("token", "the-second-token\n");
    until("the second token to count", async || (status("the-second-token").await == 200).then_some(())).await;
    assert_eq!(status("the-first-token").await, 401);
    // Without one nobody could ask: that is refused as a whole.
    gateway.folder().remove("token");
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("a missing token was taken") };
    assert!(said.contains("pintle.yaml:2:") && said.contains("token"), "{said}");
    assert_eq!(status("the-second-token").await, 422, "it still counts, and hears why");
}

#[tokio::test]
async fn sighup_while_draining_changes_nothing() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    gateway.terminate();
    gateway.wait_stderr("draining").await;
    gateway.signal(Signal::HUP);
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(client.answer().await.text(), "ok");
    drop(client);
    assert_eq!(gateway.ended().await, Some(0));
}

#[tokio::test]
async fn it_lives_and_drains_when_nobody_reads_what_it_says() {
    let (gateway, _service) = administered().await;
    gateway.close_stderr().await;
    let reload = || gateway.ask_admin(with_token(Ask::post("/reload", "")));
    assert_eq!(reload().await.status, 200);
    gateway.rewrite("listeners: none of your business\n");
    assert_eq!(reload().await.status, 422);
    assert_eq!(gateway.get("/").await.status, 200);
    assert_eq!(gateway.stop().await, Some(0));
}
