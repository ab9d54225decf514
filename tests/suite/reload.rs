//! A change is taken whole or not at all, and nobody on the way notices.

use pintle_testkit::{Ask, Gateway, Origin, RawOrigin, Reloaded, Wire};

fn says(text: &str) -> String {
    format!("listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{{match: /**, respond: {{body: {text}}}}}]\n")
}

#[tokio::test]
async fn a_change_is_swapped_in() {
    let gateway = Gateway::start(says("before")).await;
    let mut open = gateway.h1().await;
    assert_eq!(open.get("/").await.text(), "before");
    gateway.rewrite(says("after"));
    assert_eq!(gateway.reload().await, Reloaded::InForce);
    assert_eq!(gateway.get("/").await.text(), "after");
    // A kept connection's next request is a new one; the listener's port stays.
    assert_eq!(open.get("/").await.text(), "after");
}

#[tokio::test]
async fn a_change_is_seen_without_being_told() {
    let gateway = Gateway::start(says("before")).await;
    gateway.rewrite(says("after"));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(gateway.get("/").await.text(), "after");
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_says_where() {
    let gateway = Gateway::start(says("before")).await;
    gateway.rewrite("listeners:\n  - address: 127.0.0.1:0\nroutes:\n  - match: /**\n    respnd: {body: after}\n");
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("a broken file was taken") };
    assert!(said.contains("pintle.yaml:5:5"), "{said}");
    assert!(said.contains("respond"), "the remedy is missing: {said}");
    assert_eq!(gateway.get("/").await.text(), "before");
    // Mended, it goes on.
    gateway.change(says("after")).await;
    assert_eq!(gateway.get("/").await.text(), "after");
}

#[tokio::test]
async fn a_file_that_is_gone_or_half_written_changes_nothing() {
    let gateway = Gateway::start(says("before")).await;
    gateway.rewrite("");
    assert!(matches!(gateway.reload().await, Reloaded::Refused(_)));
    gateway.rewrite("listeners: [{address: 127.0");
    assert!(matches!(gateway.reload().await, Reloaded::Refused(_)));
    gateway.folder().remove("pintle.yaml");
    assert!(matches!(gateway.reload().await, Reloaded::Refused(_)));
    assert_eq!(gateway.get("/").await.text(), "before");
}

// Rule: change-whole
#[tokio::test]
async fn a_file_set_with_one_error_changes_nothing() {
    let main = "include: [routes.d/*.yaml]\nlisteners: [{address: 127.0.0.1:0}]\n";
    let route = |path: &str, body: &str| format!("routes: [{{match: {path}, respond: {{body: {body}}}}}]\n");
    let setup =
        Gateway::with(main).file("routes.d/a.yaml", route("/a", "one")).file("routes.d/b.yaml", route("/b", "one"));
    let gateway = setup.start().await;
    assert_eq!(gateway.get("/b").await.text(), "one");
    gateway.folder().write("routes.d/a.yaml", route("/a", "two"));
    gateway.file("routes.d/b.yaml", "routes: [{match: /b, respond: {body: two, colour: red}}]\n");
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("a broken file was taken") };
    assert!(said.contains("b.yaml:1:"), "{said}");
    assert_eq!((gateway.get("/a").await.text(), gateway.get("/b").await.text()), ("one".into(), "one".into()));
    gateway.file("routes.d/b.yaml", route("/b", "two"));
    assert_eq!(gateway.reload().await, Reloaded::InForce);
    assert_eq!((gateway.get("/a").await.text(), gateway.get("/b").await.text()), ("two".into(), "two".into()));
}

// Rule: change-streams
#[tokio::test]
async fn an_open_download_lives_on_when_its_route_is_gone() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let mut client: Wire = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.request().await;
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf").await;
    assert_eq!(client.head().await.status(), 200);
    gateway.change(says("after")).await;
    upstream.write("half").await;
    assert_eq!(client.read(8).await, "halfhalf");
    assert_eq!(gateway.get("/").await.text(), "after");
}

// Rule: change-streams
#[tokio::test]
async fn an_open_upload_lives_on() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::to(service.url()).await;
    let mut client: Wire = gateway.wire().await;
    client.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nhalf").await;
    let mut upstream = service.accept().await;
    upstream.head().await;
    assert_eq!(upstream.read(4).await, "half");
    gateway.change(says("after")).await;
    client.write("half").await;
    assert_eq!(upstream.read(4).await, "half");
    upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(client.answer_to("POST").await.status, 204);
}

// Rule: change-kept
#[tokio::test]
async fn connections_to_services_are_kept() {
    let service = Origin::echo().await;
    let config = |more: &str| {
        let route = format!("{{match: /**, proxy: \"{}\"}}", service.url());
        format!("listeners: [{{address: 127.0.0.1:0}}]\nroutes:\n  - {route}\n{more}")
    };
    let gateway = Gateway::start(config("")).await;
    let mut client = gateway.h1().await;
    client.get("/before").await;
    gateway.change(config("  - {match: /more, respond: {status: 204}}\n")).await;
    client.get("/after").await;
    let connections: Vec<usize> = service.received().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0]);
}

#[tokio::test]
async fn a_listener_that_is_gone_takes_no_one_new() {
    let two = "listeners: [{address: 127.0.0.1:0}, {name: second, address: 127.0.0.1:0}]\n";
    let rest = "routes: [{match: /**, respond: {body: ok}}]\n";
    let gateway = Gateway::start(format!("{two}{rest}")).await;
    let second = gateway.address(1);
    assert_eq!(pintle_testkit::H1Client::tcp(second).await.get("/").await.text(), "ok");
    gateway.change(format!("listeners: [{{address: 127.0.0.1:0}}]\n{rest}")).await;
    pintle_testkit::until("the port to be closed", async || {
        tokio::net::TcpStream::connect(second).await.is_err().then_some(())
    })
    .await;
    assert_eq!(gateway.get("/").await.text(), "ok");
}

#[tokio::test]
async fn many_changes_cost_no_memory_and_no_request() {
    let gateway = Gateway::start(says("0")).await;
    let mut client = gateway.h1().await;
    for number in 1..=60 {
        gateway.change(says(&number.to_string())).await;
        assert_eq!(client.get("/").await.text(), number.to_string());
    }
    let before = gateway.rss();
    for number in 61..=360 {
        gateway.change(says(&number.to_string())).await;
        assert_eq!(client.get("/").await.text(), number.to_string());
    }
    let grown = gateway.rss().saturating_sub(before);
    // 40 KiB a change: a thread more that reloads keeps some MiB for itself, so few changes would show nothing.
    assert!(grown < 12 << 20, "the gateway holds {grown} bytes more");
}

// Rule: change-whole
#[tokio::test]
async fn what_cannot_be_had_changes_nothing_at_all() {
    let config = |listeners: &str, log: &str, body: &str| {
        format!(
            "listeners: [{{address: 127.0.0.1:0}}{listeners}]\ntelemetry: {{access_log: {log}}}\nroutes: [{{match: /**, respond: {{body: {body}}}}}]\n"
        )
    };
    let gateway = Gateway::start(config("", "{to: stdout}", "before")).await;
    let other = Gateway::start(says("other")).await;
    // Another program's address, and a log that could be opened.
    let taken = other.address(0);
    gateway.rewrite(config(&format!(", {{address: 127.0.0.1:0, name: b}}, {{address: {taken}}}"), "none", "after"));
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("another program's address was taken") };
    assert!(said.contains(&format!("{taken} is taken by another program")), "{said}");
    assert!(said.contains("pintle.yaml:1:"), "{said}");
    // A log that can't be opened.
    gateway.rewrite(config("", "{to: no/such/folder/access.log}", "after"));
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("a log that cannot be was taken") };
    assert!(said.contains("pintle.yaml:2:") && said.contains("access log"), "{said}");
    let answer = gateway.get("/").await;
    assert_eq!(answer.text(), "before");
    gateway.log_of(&answer).await;
    assert_eq!(other.get("/").await.text(), "other");
}

#[tokio::test]
async fn what_waits_for_a_restart_is_said() {
    let config = |workers: usize, admin: &str| {
        format!(
            "workers: {workers}\nlisteners: [{{address: 127.0.0.1:0}}]\n{admin}\nroutes: [{{match: /**, respond: {{status: 204}}}}]\n"
        )
    };
    let gateway = Gateway::start(config(1, "admin: {address: 127.0.0.1:0}")).await;
    gateway.change(config(1, "admin: {address: 127.0.0.1:0}")).await;
    assert!(!gateway.stderr().contains("next start"), "{}", gateway.stderr());
    gateway.change(config(3, "admin: {address: 'unix:admin.sock'}")).await;
    gateway.wait_stderr("workers: 3 are asked for and 1 run until the next start").await;
    let admin = gateway.wait_stderr("admin.address: ").await;
    assert!(admin.contains("admin.sock is asked for and 127.0.0.1:0 serves until the next start"), "{admin}");
    assert_eq!(gateway.ask_admin(Ask::get("/readyz")).await.status, 200);
}

// Rule: change-kept
#[tokio::test]
async fn what_a_reload_keeps_goes_on_counting() {
    let config = |more: &str| {
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nroutes:\n  - {{name: kept, match: /**, respond: {{status: 204}}}}\n{more}"
        )
    };
    let gateway = Gateway::start(config("")).await;
    gateway.get("/").await;
    gateway.wait_metric("pintle_requests_total", 1.0).await;
    gateway.change(config("  - {match: /more, respond: {status: 204}}\n")).await;
    gateway.get("/").await;
    gateway.wait_metric("pintle_requests_total", 2.0).await;
    let status = gateway.ask_admin(Ask::get("/status")).await.json();
    // It may have been seen by itself before it was asked for.
    assert!(status["configuration"]["version"].as_u64().is_some_and(|version| version >= 2), "{status}");
    assert_eq!(status["configuration"]["by"], "signal", "{status}");
}

#[tokio::test]
async fn an_older_text_never_comes_after_a_newer() {
    // Seen by itself and asked for, at once, again and again: the last one written is what is served.
    let gateway = Gateway::start(says("0")).await;
    for number in 1..=30 {
        gateway.rewrite(says(&number.to_string()));
        gateway.signal(pintle_testkit::Signal::HUP);
    }
    pintle_testkit::until("the last text", async || (gateway.get("/").await.text() == "30").then_some(())).await;
    gateway.reload().await;
    assert_eq!(gateway.get("/").await.text(), "30");
}

#[tokio::test]
async fn a_log_beside_the_configuration_is_no_change() {
    let config = "listeners: [{address: 127.0.0.1:0}]
admin: {address: 127.0.0.1:0}
telemetry: {access_log: {to: access.log}}
routes: [{match: /**, respond: {body: ok}}]
";
    let gateway = Gateway::start(config).await;
    for _ in 0..20 {
        gateway.get("/").await;
    }
    pintle_testkit::until("the log", async || {
        let log = std::fs::read_to_string(gateway.folder().at("access.log")).unwrap_or_default();
        (log.lines().count() == 20).then_some(())
    })
    .await;
    assert_eq!(gateway.ask_admin(Ask::get("/status")).await.json()["configuration"]["version"], 1);
}
