//! `pintle top` and `/stats`: what a gateway does, seen as text and live at a terminal, through reloads and restarts.

mod live;

use pintle_testkit::{Ask, Finished, Gateway, Origin, Reply, pintle, pintle_with, until};
use serde_json::Value;

const TOKEN: &str = "a-token-of-32-characters-or-more";

/// A gateway with two routes to a service, one of which fails, and its admin address at a unix socket.
async fn gateway(service: &Origin) -> Gateway {
    Gateway::start(config(service, "unix:admin.sock")).await
}

fn config(service: &Origin, admin: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: '{admin}'}}
upstreams: {{shop: {{endpoints: ['{}']}}}}
routes:
  - {{name: orders, match: /orders, proxy: shop}}
  - {{name: failing, match: /failing, respond: {{status: 503}}}}
",
        service.address()
    )
}

/// Requests of all kinds, over HTTP/1.1 and HTTP/2.
async fn ask_all(gateway: &Gateway) {
    let h2 = gateway.h2().await;
    for path in ["/orders", "/failing", "/nowhere"] {
        gateway.get(path).await;
        h2.get(path).await;
    }
}

/// Runs a command while requests are made.
async fn beside_traffic(gateway: &Gateway, args: &[&str]) -> Finished {
    let run = pintle(gateway.folder().path(), args);
    tokio::pin!(run);
    loop {
        tokio::select! {
            ended = &mut run => return ended,
            () = ask_all(gateway) => {}
        }
    }
}

async fn stats(gateway: &Gateway) -> Value {
    let ended = pintle(
        gateway.folder().path(),
        &["top", "--once", "--every", "200ms", "--format", "json", "-c", "pintle.yaml"],
    )
    .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).expect("JSON")
}

fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    list.as_array().and_then(|list| list.iter().find(|one| one["name"] == name)).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn stats_count_requests_of_both_protocols_by_route_and_by_upstream() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config(&service, "127.0.0.1:0")).await;
    for _ in 0..3 {
        ask_all(&gateway).await;
    }
    // Requests are counted when their last byte is out, which a client may see before.
    let stats = until("all requests to be counted", async || {
        let stats = gateway.ask_admin(Ask::get("/stats")).await.json();
        let all = stats["routes"].as_array()?.iter().filter_map(|route| route["requests"].as_u64()).sum::<u64>();
        (all == 18).then_some(stats)
    })
    .await;
    let route = |name| {
        let route = named(&stats["routes"], name);
        let durations: u64 = route["durations"].as_array().into_iter().flatten().filter_map(Value::as_u64).sum();
        assert_eq!(route["requests"], durations, "{route}");
        [&route["requests"], &route["client_errors"], &route["server_errors"]].map(|count| count.as_u64().unwrap_or(99))
    };
    assert_eq!(route("orders"), [6, 0, 0]);
    assert_eq!(route("failing"), [6, 0, 6]);
    assert_eq!(route(""), [6, 6, 0], "requests that no route took");
    let shop = named(&stats["upstreams"], "shop");
    assert_eq!((&shop["attempts"], &shop["endpoints"]["up"]), (&Value::from(6), &Value::from(1)), "{shop}");
    assert!(stats["instance"].is_string() && stats["uptime_us"].as_u64() > Some(0));
    assert!(stats["process"]["memory"].as_u64() > Some(0) && stats["process"]["cpu_us"].as_u64().is_some());
}

#[tokio::test]
async fn without_a_terminal_it_prints_what_was_between_two_looks() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    let args = ["top", "-c", "pintle.yaml", "--every", "500ms", "--sort", "name"];
    let ended = beside_traffic(&gateway, &args).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let lines: Vec<Vec<&str>> = ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let line = |first: &str| {
        lines.iter().find(|line| line.first() == Some(&first)).unwrap_or_else(|| panic!("{first} in {ended:?}"))
    };
    let rate = |of: &[&str], column: usize| of[column].parse::<f64>().unwrap_or_else(|_| panic!("{of:?}"));
    assert_eq!(line("routes")[1..], ["rate/s", "4xx/s", "5xx/s", "5xx", "p50", "p99", "over"]);
    assert!(rate(line("orders"), 1) > 0.0 && line("orders")[3] == "0");
    assert!(rate(line("failing"), 3) > 0.0 && line("failing")[4].ends_with('%'));
    assert_eq!(line("upstreams")[1..4], ["rate/s", "fails/s", "again/s"]);
    assert_eq!(line("shop")[4], "1/1");
    assert!(ended.stdout.contains("(no route)") && ended.stdout.contains(", configuration 1\n"), "{ended:?}");

    let upstreams =
        beside_traffic(&gateway, &["top", "-c", "pintle.yaml", "--every", "200ms", "--once", "--upstreams"]).await;
    assert!(upstreams.stdout.contains("\nupstreams") && !upstreams.stdout.contains("\nroutes"), "{upstreams:?}");
    let filtered = beside_traffic(&gateway, &["top", "-c", "pintle.yaml", "--every", "200ms", "--filter", "ORD"]).await;
    assert!(filtered.stdout.contains("\norders") && !filtered.stdout.contains("\nfailing"), "{filtered:?}");
}

#[tokio::test]
async fn programs_get_numbers() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    let args = ["top", "-c", "pintle.yaml", "--every", "500ms", "--format", "json"];
    let ended = beside_traffic(&gateway, &args).await;
    let told: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let failing = named(&told["routes"], "failing");
    assert!(failing["server_errors_per_second"].as_f64() > Some(0.0), "{told}");
    assert_eq!(failing["server_errors_share"], 1.0, "{told}");
    assert!(failing["p99_seconds"].as_f64() > Some(0.0) && told["all"]["requests_per_second"].as_f64() > Some(0.0));
    assert_eq!(named(&told["upstreams"], "shop")["endpoints_up"], 1, "{told}");
}

#[tokio::test]
async fn a_route_that_a_reload_removed_is_no_row_any_more() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    ask_all(&gateway).await;
    until("the route to be there", async || {
        let told = stats(&gateway).await;
        named(&told["routes"], "failing").is_object().then_some(())
    })
    .await;
    let text = config(&service, "unix:admin.sock");
    gateway.change(text.lines().filter(|line| !line.contains("failing")).collect::<Vec<_>>().join("\n")).await;
    ask_all(&gateway).await;
    let told = until("the route to be gone", async || {
        let told = stats(&gateway).await;
        (!named(&told["routes"], "failing").is_object()).then_some(told)
    })
    .await;
    assert!(told["configuration"].as_u64() > Some(1), "{told}");
    for route in told["routes"].as_array().expect("routes") {
        assert!(route["requests_per_second"].as_f64() >= Some(0.0), "{route}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_as_by_other_commands() {
    let service = Origin::echo().await;
    let written = config(&service, "127.0.0.1:0").replace("127.0.0.1:0'", "0.0.0.0:0', token: {env: TOKEN}");
    let gateway = Gateway::with(written).env("TOKEN", TOKEN).start().await;
    let folder = gateway.folder();
    let address = format!("127.0.0.1:{}", gateway.admin().port());
    folder.write("none.yaml", "listeners: [{address: 127.0.0.1:8080}]\n");
    folder.write("wrong", "another-token-of-32-characters-or-more");
    let bad: [(&[&str], &str); 6] = [
        (&["top", "--admin", &address], "give --token-file, or set PINTLE_ADMIN_TOKEN"),
        (&["top", "--admin", &address, "--token-file", "wrong"], "refuses the token"),
        (&["top", "-c", "none.yaml"], "add `admin: {address: 127.0.0.1:9900}`, or name it by --admin"),
        (&["top", "-c", "absent.yaml"], "absent.yaml"),
        (&["top", "--admin", "unix:absent.sock"], "there is no socket"),
        (&["top", "--admin", &service.address().to_string()], "not as a Pintle does"),
    ];
    for (args, part) in bad {
        let ended = pintle(folder.path(), args).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains(part), "no {part:?} in {ended:?}");
    }
    for (every, part) in [("1", "needs its unit"), ("10ms", "between 200ms and 1h"), ("soon", "a duration such as 1s")]
    {
        let ended = pintle(folder.path(), &["top", "--admin", &address, "--every", every]).await;
        assert!(ended.code == Some(2) && ended.stderr.contains(part), "{ended:?}");
    }
    let args = ["top", "--admin", &address, "--every", "200ms"];
    let ended = pintle_with(folder.path(), &args, &[("PINTLE_ADMIN_TOKEN", TOKEN)], "").await;
    assert!(ended.code == Some(0) && !ended.stdout.contains(TOKEN), "{ended:?}");
}

#[tokio::test]
async fn names_bring_nothing_that_a_terminal_obeys() {
    let answer = r#"{"pintle": "1\u001b[2J", "instance": "a", "uptime_us": NUMBER, "bounds_us": [1000],
        "routes": [{"name": "a\u001b]0;x\u0007b", "requests": 5, "durations": [5]}], "upstreams": []}"#;
    let asked = std::sync::atomic::AtomicU32::new(0);
    let service = Origin::start(move |_| {
        let at = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let text = answer.replace("NUMBER", &format!("{at}000000"));
        async move { Reply::text(text) }
    })
    .await;
    let folder = pintle_testkit::Folder::new();
    let address = service.address().to_string();
    let ended = pintle(folder.path(), &["top", "--admin", &address, "--every", "200ms"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("a\u{fffd}]0;x\u{fffd}b"), "{ended:?}");
    assert!(!ended.stdout.chars().any(|c| c.is_control() && c != '\n'), "{ended:?}");
}
