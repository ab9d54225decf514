//! `rate_limit`: how many requests may come in a time. Rates here are so slow that no test waits for what comes back.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, H2Client, Origin, RawOrigin, until};

fn config(policies: &str, url: &str) -> String {
    let listener = "{address: 127.0.0.1:0, trusted_proxies: [127.0.0.1]}";
    let route = format!("{{name: r, match: /**, policies: [{policies}], proxy: \"{url}\"}}");
    format!("listeners: [{listener}]\nadmin: {{address: 127.0.0.1:0}}\nroutes: [{route}]\n")
}

fn from(client: &str) -> Ask {
    Ask::get("/").header("x-forwarded-for", client)
}

/// What is told, but for the seconds until all may come again: those pass while a test runs.
fn told(answer: &Answer) -> (Option<&str>, Option<&str>) {
    let left = answer.get("ratelimit").and_then(|told| told.rsplit_once(";t="));
    (answer.get("ratelimit-policy"), left.map(|(left, _)| left))
}

/// Whether a field tells of so many seconds, or of a minute less.
fn tells_seconds(answer: &Answer, field: &str, wanted: u64) -> bool {
    let told = answer.get(field).and_then(|told| told.rsplit('=').next()).and_then(|told| told.parse::<u64>().ok());
    told.is_some_and(|told| (wanted - 60..=wanted).contains(&told))
}

// Rule: rate-limit-burst, rate-limit-told
#[tokio::test]
async fn a_burst_passes_and_the_next_is_refused_with_what_to_wait_for() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{rate_limit: {rate: 1/h, burst: 2}}", &service.url())).await;
    let h2 = gateway.h2().await;
    let first = gateway.get("/").await;
    assert_eq!(told(&first), (Some("\"1/h\";q=2;w=7200"), Some("\"1/h\";r=1")));
    assert_eq!(told(&h2.get("/").await).1, Some("\"1/h\";r=0"));
    for answer in [gateway.get("/").await, h2.get("/").await] {
        answer.problem(429, "rate_limited");
        assert!(tells_seconds(&answer, "retry-after", 3600) && tells_seconds(&answer, "ratelimit", 7200), "{answer:?}");
        assert_eq!(told(&answer), (Some("\"1/h\";q=2;w=7200"), Some("\"1/h\";r=0")));
        let line = gateway.log_of(&answer).await;
        assert_eq!(line["pintle.policy"].as_str(), Some("rate_limit.request"), "{line}");
    }
    assert_eq!(service.hits(), 2);
    gateway.wait_metric("pintle_rate_limit_requests_total{policy=\"route r\",decision=\"refused\"}", 2.0).await;
}

// Rule: rate-limit-key
#[tokio::test]
async fn each_client_has_a_bucket_and_an_ipv6_network_one() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{rate_limit: {rate: 1/h}}", &service.url())).await;
    let mut statuses = Vec::new();
    for client in ["192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"] {
        statuses.push(gateway.ask(from(client)).await.status);
    }
    assert_eq!(statuses, [200, 200, 429, 200, 429, 200]);
}

// Rule: rate-limit-fails
#[tokio::test]
async fn a_key_that_fails_is_the_clients_address_and_is_counted() {
    let service = Origin::echo().await;
    let settings = "{rate_limit: {rate: 1/h, key: 'request.headers[\"x-key\"]'}}";
    let gateway = Gateway::start(config(settings, &service.url())).await;
    let with = |key: &str| from("192.0.2.1").header("x-key", key);
    assert_eq!(gateway.ask(with("a")).await.status, 200);
    assert_eq!(gateway.ask(with("a")).await.status, 429);
    assert_eq!(gateway.ask(from("192.0.2.1")).await.status, 200);
    assert_eq!(gateway.ask(from("192.0.2.1")).await.status, 429);
    gateway.wait_metric("pintle_rate_limit_key_failures_total{policy=\"route r\"}", 2.0).await;
}

// Rule: rate-limit-levels
#[tokio::test]
async fn all_levels_hold_and_what_one_refuses_counts_for_none() {
    let service = Origin::echo().await;
    let listener = "{address: 127.0.0.1:0, policies: [{rate_limit: {rate: 4/h}}]}";
    let tight = format!("{{match: /tight, policies: [{{rate_limit: {{rate: 1/h}}}}], proxy: \"{}\"}}", service.url());
    let wide = format!("{{match: /wide, proxy: \"{}\"}}", service.url());
    let free = format!("{{match: /free, policies: [{{rate_limit: none}}], proxy: \"{}\"}}", service.url());
    let config = format!("listeners: [{listener}]\nroutes: [{tight}, {wide}, {free}]\n");
    let gateway = Gateway::start(config).await;
    let first = gateway.get("/tight").await;
    assert_eq!(told(&first).0, Some("\"4/h\";q=4;w=3600, \"1/h\";q=1;w=3600"));
    assert_eq!(told(&first).1, Some("\"1/h\";r=0"), "the tightest");
    for _ in 0..5 {
        gateway.get("/tight").await.problem(429, "rate_limited");
    }
    for left in ["2", "1", "0"] {
        assert_eq!(told(&gateway.get("/wide").await).1.and_then(|told| told.get(8..9)), Some(left));
    }
    gateway.get("/wide").await.problem(429, "rate_limited");
    assert_eq!(told(&gateway.get("/free").await), (None, None));
    // Where no route takes it, too.
    gateway.get("/nowhere").await.problem(429, "rate_limited");
}

// Rule: rate-limit-named
#[tokio::test]
async fn a_named_one_is_shared_by_its_routes_and_lives_on_over_reloads() {
    let service = Origin::echo().await;
    let url = service.url();
    let config = |rate: &str, more: &str| {
        format!(
            "listeners: [{{address: 127.0.0.1:0}}]\npolicies: {{few: {{rate_limit: {{rate: {rate}}}}}}}\nroutes:\n  - {{match: /a, policies: [few], proxy: \"{url}\"}}\n  - {{match: /b, policies: [few], proxy: \"{url}\"}}\n{more}"
        )
    };
    let gateway = Gateway::start(config("2/h", "")).await;
    assert_eq!(gateway.get("/a").await.status, 200);
    gateway.change(config("2/h", "  - {match: /c, respond: {body: c}}\n")).await;
    assert_eq!(gateway.get("/b").await.status, 200);
    gateway.get("/a").await.problem(429, "rate_limited");
    gateway.change(config("2/h, burst: 3", "")).await;
    let answer = gateway.get("/a").await;
    assert_eq!((answer.status, told(&answer).1), (200, Some("\"few\";r=0")), "{answer:?}");
    gateway.get("/b").await.problem(429, "rate_limited");
}

// Rule: rate-limit-report
#[tokio::test]
async fn what_is_only_reported_passes_and_is_counted() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{rate_limit: {rate: 1/h, mode: report}}", &service.url())).await;
    for _ in 0..3 {
        let answer = gateway.get("/").await;
        assert_eq!((answer.status, told(&answer)), (200, (None, None)));
    }
    gateway.wait_metric("pintle_rate_limit_requests_total{policy=\"route r\",decision=\"reported\"}", 2.0).await;
}

#[tokio::test]
async fn what_a_service_says_of_its_own_limits_stays_beside_ours() {
    let service = Origin::answering(pintle_testkit::Reply::text("ok").header("ratelimit", "\"theirs\";r=7;t=1")).await;
    let gateway = Gateway::start(config("{rate_limit: {rate: 2/h}}", &service.url())).await;
    let answer = gateway.get("/").await;
    let both = answer.fields.all("ratelimit").join(", ");
    assert!(both.starts_with("\"theirs\";r=7;t=1, \"2/h\";r=1;t="), "{both}");
    let gateway = Gateway::start(config("{rate_limit: {rate: 2/h, headers: false}}", &service.url())).await;
    assert_eq!(gateway.get("/").await.fields.all("ratelimit"), ["\"theirs\";r=7;t=1"]);
}

/// How many requests of a client pass, of those that come one after another.
async fn passing(h2: &H2Client, client: &str, asked: usize) -> usize {
    let mut passed = 0;
    for _ in 0..asked {
        passed += usize::from(h2.ask(from(client)).await.status == 200);
    }
    passed
}

#[tokio::test]
async fn whoever_hangs_up_has_been_counted_and_a_reload_cuts_nothing() {
    let service = RawOrigin::start().await;
    let policies = "{rate_limit: {rate: 3/h}}";
    let gateway = Gateway::start(config(policies, &service.url())).await;
    // One hangs up while the service is asked.
    let mut hasty = gateway.wire().await;
    hasty.write("GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 192.0.2.1\r\n\r\n").await;
    let mut left = service.accept().await;
    left.head().await;
    hasty.reset();
    // One is under way while the configuration changes.
    let mut patient = gateway.wire().await;
    patient.write("GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 192.0.2.1\r\n\r\n").await;
    let mut held = service.accept().await;
    held.head().await;
    gateway.change(config("{rate_limit: {rate: 3/h}}, {timeout: 30s}", &service.url())).await;
    // The next request gets a connection of its own.
    held.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
    let head = patient.head().await;
    assert!(head.status() == 200 && head.get("ratelimit").is_some_and(|told| told.starts_with("\"3/h\";r=1;t=")));
    let playing = service.play(async |mut wire| {
        loop {
            wire.head().await;
            wire.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    assert_eq!(passing(&gateway.h2().await, "192.0.2.1", 3).await, 1);
    drop(playing);
}

#[tokio::test]
async fn workers_count_together() {
    let service = Origin::echo().await;
    let config = format!("workers: 2\n{}", config("{rate_limit: {rate: 100/h}}", &service.url()));
    let gateway = Gateway::start(config).await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut client = gateway.h1().await;
        asking.spawn(async move {
            let mut passed = 0;
            for _ in 0..50 {
                passed += usize::from(client.get("/").await.status == 200);
            }
            passed
        });
    }
    let passed: usize = asking.join_all().await.into_iter().sum();
    assert_eq!(passed, 100);
}

#[tokio::test]
async fn a_mistake_is_said_with_its_line_and_a_remedy() {
    let of = |settings: &str| {
        format!("{START}routes:\n  - match: /**\n    policies: [{{rate_limit: {settings}}}]\n    respond: {{}}\n")
    };
    refused(&of("{rate: 100}"), &["pintle.yaml:5:", "100/s, 100/min, 100/h or 100/d"]).await;
    refused(&of("{rate: 5/s, burst: 0}"), &["pintle.yaml:5:", "expected more than 0"]).await;
    refused(&of("{rate: 5/s, key: '${client.ip}'}"), &["pintle.yaml:5:", "client.ip"]).await;
    refused(&of("{rate: 5/s, shared: true}"), &["pintle.yaml:5:", "stores: {shared: redis://HOST}"]).await;
    refused(&of("{rate: 5/s, exact: true}"), &["pintle.yaml:5:", "shared: true"]).await;
}

// Rule: rate-limit-rehearsed
#[tokio::test]
async fn an_explanation_takes_nothing() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(config("{rate_limit: {rate: 1/h}}", &service.url())).await;
    for _ in 0..3 {
        let told = gateway.ask_admin(Ask::get("/explain?request=GET+http://a/")).await;
        assert_eq!(told.status, 200, "{told:?}");
    }
    until("one passes", async || (gateway.get("/").await.status == 200).then_some(())).await;
}
