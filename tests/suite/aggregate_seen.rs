//! What operators see of an aggregate: its parts in the access log, in metrics, in traces, in `pintle why` and `pintle explain`.

mod explained;
mod why;

use crate::traces::collector::{Collector, Seen};
use pintle_telemetry::otlp::messages::trace::SpanKind;
use pintle_testkit::{Answer, Ask, Folder, Gateway, Origin, RawOrigin, Received, Reply, pintle};
use serde_json::{Value, json};
use std::future::pending;

/// One service for all: what it answers is in the path.
async fn shop(got: Received) -> Reply {
    let path = got.target.split('?').next().unwrap_or_default().to_owned();
    match &*path {
        "/users/nobody" => Reply::new(404).body("no such user"),
        "/users/poor" => Reply::json(&json!({"name": "Bob", "tier": "none"})),
        "/users/broken" => Reply::json(&json!({"name": "Eve", "tier": "broken"})),
        "/orders" if got.target.contains("user=late") => pending().await,
        "/orders" => Reply::json(&json!({"items": [{"item": 1}, {"item": 2}, {"item": 1}]})),
        "/items/2" => Reply::new(500),
        "/tiers" if got.body.windows(6).any(|part| part == b"broken") => Reply::new(500),
        "/tiers" => Reply::json(&json!("gold plus")),
        _ => Reply::json(&json!({"name": "Alice", "tier": "gold"})),
    }
}

/// A configuration with an aggregate of all kinds of parts.
fn config(service: &Origin, more: &str) -> String {
    let at = service.address();
    format!(
        "listeners: [{{name: main, address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
workers: 1
{more}
upstreams: {{users: {{endpoints: [\"{at}\"]}}, orders: {{endpoints: [\"{at}\"]}}, rewards: {{endpoints: [\"{at}\"]}}}}
routes:
  - name: home
    match: GET /home/{{user}}
    aggregate:
"
    ) + PLAN
        + "  - {name: plain, match: GET /plain, proxy: users}\n"
}

const PLAN: &str = r#"      pass_headers: [accept-language]
      parts:
        profile: {call: "GET users:/users/${path.user}", on_failure: pass}
        orders:
          call: GET orders:/orders?user=${path.user}
          timeout: 300ms
          on_failure: {value: {items: []}}
        items:
          for_each: order in parts.orders.body.items
          at_most: 20
          call: GET orders:/items/${order.item}
          on_failure: {value: null}
        tier:
          when: parts.profile.body.tier != "none"
          call: POST rewards:/tiers
          body: {tier: "${parts.profile.body.tier}"}
      respond:
        body: {name: "${parts.profile.body.name}", items: "${parts.items.body}", tier: "${parts.tier.body}"}
"#;

/// A streamed one beside it, in which an order that is late is none.
const STREAMED: &str = r#"  - name: feed
    match: GET /feed/{user}
    aggregate:
      parts:
        profile: {call: "GET users:/users/${path.user}", on_failure: {value: {name: nobody}}}
        orders: {call: "GET orders:/orders?user=${path.user}", timeout: 300ms, on_failure: {value: {items: []}}}
      respond: {body: {name: "${parts.profile.body.name}", orders: "${parts.orders.body.items}"}}
      stream: true
"#;

async fn started(more: &str) -> (Gateway, Origin) {
    let service = Origin::start(shop).await;
    let gateway = Gateway::start(config(&service, more) + STREAMED).await;
    (gateway, service)
}

/// Asks once over each version of HTTP.
async fn both(gateway: &Gateway, path: &str) -> [Answer; 2] {
    [gateway.get(path).await, gateway.h2().await.get(path).await]
}

/// What the log says of a part, without its time.
fn part(line: &Value, name: &str) -> Value {
    let parts = line["pintle.parts"].as_array().unwrap_or_else(|| panic!("no parts in {line}"));
    let mut part =
        parts.iter().find(|part| part["name"] == name).unwrap_or_else(|| panic!("no {name}: {line}")).clone();
    if let Some(time) = part.as_object_mut().and_then(|part| part.remove("duration_ms")) {
        assert!(time.is_number(), "{line}");
    }
    part
}

#[tokio::test]
async fn a_line_of_the_log_tells_of_each_part() {
    let (gateway, _service) = started("").await;
    for answer in both(&gateway, "/home/alice").await {
        assert_eq!(answer.status, 200, "{answer:?}");
        let line = gateway.log_of(&answer).await;
        let ok = |name: &str, upstream: &str| json!({"name": name, "state": "ok", "upstream": upstream, "calls": 1, "attempts": 1, "status": 200});
        assert_eq!(part(&line, "profile"), ok("profile", "users"));
        assert_eq!(part(&line, "orders"), ok("orders", "orders"));
        assert_eq!(part(&line, "tier"), ok("tier", "rewards"));
        // Of three items two are different, and one of those is not there.
        let items = part(&line, "items");
        assert_eq!((&items["calls"], &items["attempts"]), (&json!(2), &json!(2)), "{line}");
        assert_eq!((&items["state"], &items["reason"]), (&json!("failed"), &json!("status")), "{line}");
        assert_eq!((&line["pintle.failed_part"], &line["http.response.status_code"]), (&Value::Null, &json!(200)));
    }
    for answer in both(&gateway, "/plain").await {
        let line = gateway.log_of(&answer).await;
        assert!(line.get("pintle.parts").is_none() && line.get("pintle.failed_part").is_none(), "{line}");
    }
}

#[tokio::test]
async fn a_line_names_the_part_that_failed_the_whole_and_those_that_were_not_called() {
    let (gateway, _service) = started("").await;
    for answer in both(&gateway, "/home/broken").await {
        answer.problem(502, "part_failed");
        let line = gateway.log_of(&answer).await;
        assert_eq!((&line["pintle.failed_part"], &line["pintle.reason"]), (&json!("tier"), &json!("part_failed")));
        let tier = part(&line, "tier");
        assert_eq!(
            (&tier["state"], &tier["reason"], &tier["status"]),
            (&json!("failed"), &json!("status"), &json!(500))
        );
        assert_eq!(tier["message"], "it answered 500");
    }
    for answer in both(&gateway, "/home/nobody").await {
        assert_eq!((answer.status, answer.text()), (404, "no such user".into()));
        let line = gateway.log_of(&answer).await;
        assert_eq!((&line["pintle.failed_part"], &line["pintle.reason"]), (&json!("profile"), &Value::Null));
        assert_eq!(line["pintle.upstream_status"], 404);
    }
    for answer in both(&gateway, "/home/poor").await {
        assert_eq!(answer.status, 200);
        let line = gateway.log_of(&answer).await;
        assert_eq!(part(&line, "tier"), json!({"name": "tier", "state": "skipped"}));
    }
}

#[tokio::test]
async fn a_streamed_answer_has_its_parts_once_its_last_byte_has_gone() {
    let (gateway, _service) = started("").await;
    for answer in both(&gateway, "/feed/late").await {
        assert_eq!((answer.status, answer.text()), (200, r#"{"name":"Alice","orders":[]}"#.into()));
        let line = gateway.log_of(&answer).await;
        let orders = part(&line, "orders");
        assert_eq!((&orders["state"], &orders["reason"]), (&json!("failed"), &json!("timeout")));
        // The call that was given up is one, and so is its try.
        assert_eq!((&orders["calls"], &orders["attempts"]), (&json!(1), &json!(1)));
        assert_eq!(part(&line, "profile")["state"], "ok");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_what_was_under_way_as_it_was() {
    let service = RawOrigin::start().await;
    let config = |timeout: &str| {
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
upstreams: {{a: {{endpoints: ['{}']}}}}
routes:
  - name: whole
    match: /whole
    aggregate: {{parts: {{one: {{call: GET a:/one, timeout: {timeout}}}}}}}
  - name: stream
    match: /stream
    aggregate: {{parts: {{one: {{call: GET a:/one, timeout: {timeout}, on_failure: {{value: 1}}}}}}, stream: true}}
",
            service.address()
        )
    };
    let gateway = Gateway::start(config("1m")).await;
    for path in ["/whole", "/stream"] {
        let mut client = gateway.wire().await;
        client.write(Ask::get(path).to_h1()).await;
        let mut held = service.accept().await;
        held.head().await;
        drop(client);
        let line = gateway.wait_log(|line| line["url.path"] == path).await;
        assert_eq!(
            (&line["pintle.reason"], &line["network.protocol.version"]),
            (&json!("client_closed"), &json!("1.1"))
        );
        let one = json!({"name": "one", "state": "waiting", "upstream": "a", "calls": 1, "attempts": 1});
        assert_eq!(part(&line, "one"), one, "{path}");

        let stream = gateway.h2().await.send(&Ask::get(path)).await.expect("a stream");
        let mut held = service.accept().await;
        held.head().await;
        drop(stream);
        let is = |line: &Value| line["url.path"] == path && line["network.protocol.version"] == "2";
        assert_eq!(part(&gateway.wait_log(is).await, "one"), one, "{path}");
    }
    gateway
        .wait_metric(
            "pintle_parts_total{route=\"whole\",part=\"one\",upstream=\"a\",state=\"waiting\",reason=\"\"}",
            2.0,
        )
        .await;
    // A request that is under way while the configuration changes is told of by its own plan.
    let mut client = gateway.wire().await;
    client.write(Ask::get("/whole").to_h1()).await;
    let mut held = service.accept().await;
    held.head().await;
    gateway.change(config("2m").replace("parts: {one:", "parts: {two:")).await;
    held.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n1").await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!(part(&gateway.log_of(&answer).await, "one")["state"], "ok");
}

#[tokio::test]
async fn a_streamed_answer_that_cannot_go_on_names_the_part() {
    let service = Origin::start(shop).await;
    let gateway = Gateway::plain(format!(
        "admin: {{address: 127.0.0.1:0}}
upstreams: {{a: {{endpoints: ['{}']}}}}
routes:
  - name: feed
    match: /feed
    aggregate:
      parts: {{one: {{call: GET a:/one, on_failure: {{value: 1}}}}}}
      respond: {{body: {{first: 1, number: '${{int(parts.one.body.name)}}'}}}}
      stream: true
",
        service.address()
    ))
    .await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/feed").to_h1()).await;
    assert_eq!(client.head().await.status(), 200);
    client.to_end().await;
    let mut stream = gateway.h2().await.send(&Ask::get("/feed")).await.expect("a stream");
    // The head may be lost to the reset.
    if stream.head().await.is_ok() {
        while let Some(Ok(_)) = stream.data().await {}
    }
    for version in ["1.1", "2"] {
        let line = gateway.wait_log(|line| line["network.protocol.version"] == version).await;
        assert_eq!(
            (&line["pintle.reason"], &line["pintle.failed_part"]),
            (&json!("part_failed"), &json!("one")),
            "{line}"
        );
        assert_eq!(
            (&part(&line, "one")["state"], &part(&line, "one")["reason"]),
            (&json!("failed"), &json!("expression"))
        );
        assert!(
            line["pintle.message"].as_str().is_some_and(|said| said.starts_with("the part `one` (GET a:/one): ")),
            "{line}"
        );
    }
    gateway.wait_metric("pintle_answers_cut_total{reason=\"part_failed\"}", 2.0).await;
}

#[tokio::test]
async fn parts_are_counted_by_what_became_of_them() {
    let (gateway, _service) = started("").await;
    for path in ["/home/alice", "/home/poor", "/home/late", "/feed/alice"] {
        let [..] = both(&gateway, path).await;
    }
    let of = |route: &str, part: &str, upstream: &str, state: &str, reason: &str| {
        format!("{{route=\"{route}\",part=\"{part}\",upstream=\"{upstream}\",state=\"{state}\",reason=\"{reason}\"}}")
    };
    let rows = [
        (of("home", "profile", "users", "ok", ""), 6.0, Some(6.0)),
        (of("home", "orders", "orders", "failed", "timeout"), 2.0, Some(2.0)),
        (of("home", "items", "orders", "failed", "status"), 4.0, Some(8.0)),
        (of("home", "tier", "rewards", "skipped", ""), 2.0, None),
        (of("feed", "orders", "orders", "ok", ""), 2.0, Some(2.0)),
        (of("home", "tier", "rewards", "failed", "status"), 2.0, Some(2.0)),
    ];
    let last = rows.len() - 1;
    for (at, (labels, parts, calls)) in rows.into_iter().enumerate() {
        if at == last {
            // Which of the others is over before the one that fails the whole is nobody's to say.
            let [..] = both(&gateway, "/home/broken").await;
        }
        gateway.wait_metric(&format!("pintle_parts_total{labels}"), parts).await;
        let text = gateway.ask_admin(Ask::get("/metrics")).await.text();
        let value = |name: &str| {
            let series = format!("{name}{labels} ");
            text.lines().find_map(|line| line.strip_prefix(&series)?.parse::<f64>().ok())
        };
        assert_eq!((value("pintle_parts_total"), value("pintle_part_calls_total")), (Some(parts), calls), "{labels}");
        assert_eq!(value("pintle_part_duration_seconds_count"), calls.map(|_| parts), "{labels}");
    }
}

#[tokio::test]
async fn each_part_is_a_span_and_each_call_one_that_its_service_knows() {
    let collector = Collector::start().await;
    let (gateway, service) = started(&format!("telemetry: {{traces: {{otlp: \"{}\"}}}}", collector.url())).await;
    for (path, version) in [("/home/alice", 1), ("/home/broken", 2), ("/feed/alice", 1), ("/feed/poor", 2)] {
        let before = service.hits();
        let answer = if version == 1 { gateway.get(path).await } else { gateway.h2().await.get(path).await };
        let seen = collector.server(path).await;
        let parts = collector.within(&seen);
        let named = |name: &str| {
            let part = parts.iter().find(|part| part.span.name == name && part.is(SpanKind::Internal));
            part.unwrap_or_else(|| panic!("no {name} in {parts:?}"))
        };
        let profile = named("profile");
        assert_eq!((profile.get("pintle.part.state"), profile.failed()), ("ok".into(), false));
        if path == "/home/broken" {
            let tier = named("tier");
            assert_eq!((tier.get("error.type"), tier.failed(), seen.failed()), ("status".into(), true, true));
        }
        let attempts: Vec<Seen> = parts.iter().flat_map(|part| collector.within(part)).collect();
        assert!(attempts.iter().all(|one| one.is(SpanKind::Client) && one.trace() == seen.trace()));
        // Each call is there under the id that its service was told.
        let mut told: Vec<(String, String)> =
            service.received()[before..].iter().map(|got| (got.method.clone(), crate::traces::told(got).1)).collect();
        let mut there: Vec<(String, String)> =
            attempts.iter().map(|one| (one.get("http.request.method"), one.id())).collect();
        let names: Vec<&str> = attempts.iter().map(|one| &*one.span.name).collect();
        if path == "/home/broken" {
            // What is given up may have begun or not, and may have come to its service or not.
            assert!(names.contains(&"POST tier"), "{names:?}");
            continue;
        }
        told.sort();
        there.sort();
        assert_eq!(told, there, "{path}: {answer:?}");
        assert!(
            !path.starts_with("/home") || names.contains(&"POST tier") && names.contains(&"GET items"),
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn a_change_of_a_part_is_told_by_its_place() {
    let folder = Folder::new();
    let service = Origin::start(shop).await;
    let old = config(&service, "");
    folder.write("old.yaml", &old);
    folder.write(
        "new.yaml",
        old.replace("timeout: 300ms", "timeout: 1s").replace("pass_headers: [accept-language]", "etag: true"),
    );
    let said = pintle(folder.path(), &["diff", "old.yaml", "new.yaml"]).await;
    for part in ["aggregate.parts.orders.timeout", "300ms", "1s", "aggregate.etag", "aggregate.pass_headers"] {
        assert!(said.stdout.contains(part), "no {part} in {said:?}");
    }
    folder.write(
        "none.yaml",
        old.split("  - name: home").next().unwrap_or_default().replace("routes:\n", "routes: []\n"),
    );
    let said = pintle(folder.path(), &["diff", "none.yaml", "old.yaml"]).await;
    assert!(said.stdout.contains("aggregate of items, orders, profile, tier"), "{said:?}");
}
