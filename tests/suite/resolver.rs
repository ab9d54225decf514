//! `resolver`: names of services become addresses.

use crate::check::{START, refused};
use pintle_testkit::{Ask, Dns, Gateway, Origin, RawOrigin, Reloaded, until};

/// A gateway's configuration that sends all to `host`, at the port of a service, with a connection for each request.
fn named(host: &str, port: u16, resolver: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
resolver: {resolver}
upstreams: {{shop: {{endpoints: [\"{host}:{port}\"], connections: {{keep: 0}}}}}}
routes: [{{match: /**, proxy: shop}}]
"
    )
}

fn asking(dns: &Dns, rest: &str) -> String {
    format!("{{servers: [\"{}\"], hosts: none{rest}}}", dns.address())
}

// Rule: dns-once
#[tokio::test]
async fn a_name_is_looked_up_once_for_all_who_wait_and_kept_by_its_ttl() {
    let (service, dns) = (Origin::echo().await, Dns::start().await);
    dns.is_silent_on("shop.test");
    let resolver = asking(&dns, ", timeout: 300ms, attempts: 10");
    let gateway = Gateway::start(named("shop.test", service.address().port(), &resolver)).await;
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut client = gateway.h1().await;
        waiting.spawn(async move { client.get("/").await.status });
    }
    dns.wait_asked("shop.test", 1).await;
    dns.says("shop.test", &["127.0.0.1"], 300);
    assert!(waiting.join_all().await.iter().all(|status| *status == 200));
    let asked = dns.asked("shop.test");
    assert!(asked <= 5, "one lookup with its tries, not one a request: {asked}");
    assert_eq!(gateway.get("/1").await.json()["host"], "localhost");
    assert_eq!(gateway.h2().await.get("/2").await.status, 200);
    assert_eq!((dns.asked("shop.test"), service.hits()), (asked, 22));
    gateway.wait_metric("pintle_dns_lookups_total{result=\"found\"}", 1.0).await;
}

// Rule: dns-kept
#[tokio::test]
async fn a_new_address_is_seen_when_the_ttl_runs_out() {
    let (service, dns) = (Origin::echo().await, Dns::start().await);
    // Nobody is there, on any machine where the tests run.
    dns.says("shop.test", &["127.0.0.2"], 0);
    let gateway = Gateway::start(named("shop.test", service.address().port(), &asking(&dns, ""))).await;
    gateway.get("/").await.problem(502, "connect_failed");
    dns.says("shop.test", &["127.0.0.1"], 0);
    until("the new address", async || (gateway.get("/").await.status == 200).then_some(())).await;
    // A TTL of 0 is a second all the same.
    assert!(dns.asked("shop.test") <= 4, "{}", dns.asked("shop.test"));
}

// Rule: dns-kept
#[tokio::test]
async fn the_last_answer_stays_in_use_while_dns_fails_or_is_silent() {
    let (service, dns) = (Origin::echo().await, Dns::start().await);
    dns.says("shop.test", &["127.0.0.1"], 0);
    let resolver = asking(&dns, ", timeout: 1s, attempts: 1");
    let gateway = Gateway::start(named("shop.test", service.address().port(), &resolver)).await;
    assert_eq!(gateway.get("/").await.status, 200);
    let mut asked = dns.asked("shop.test");
    for way in ["servfail", "no such name", "silence"] {
        match way {
            "servfail" => dns.fails("shop.test", 2),
            "no such name" => dns.fails("shop.test", 3),
            _ => dns.is_silent_on("shop.test"),
        }
        until(format!("{way}: two more lookups"), async || {
            assert_eq!(gateway.get("/").await.status, 200, "{way}");
            assert_eq!(gateway.h2().await.get("/").await.status, 200, "{way}");
            (dns.asked("shop.test") >= asked + 2).then_some(())
        })
        .await;
        asked = dns.asked("shop.test");
    }
    gateway.wait_metric("pintle_dns_lookups_total{result=\"failed\"}", 2.0).await;
    gateway.wait_metric("pintle_dns_lookups_total{result=\"no_such_name\"}", 1.0).await;
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_502_and_is_not_asked_for_at_each_request() {
    let (service, dns) = (Origin::echo().await, Dns::start().await);
    let gateway = Gateway::start(named("shop.test", service.address().port(), &asking(&dns, ""))).await;
    let answer = gateway.get("/").await;
    let problem = answer.problem(502, "upstream_unresolved");
    assert!(!problem.to_string().contains("shop.test"), "a client is told no address: {problem}");
    let line = gateway.log_of(&answer).await;
    assert!(
        line["pintle.message"].as_str().is_some_and(|why| why.contains("shop.test: there is no such name")),
        "{line}"
    );
    for _ in 0..20 {
        gateway.h2().await.get("/").await.problem(502, "upstream_unresolved");
    }
    assert!(dns.asked("shop.test") <= 4, "{}", dns.asked("shop.test"));
    // Once it is known, it is found.
    dns.says("shop.test", &["127.0.0.1"], 60);
    until("the name", async || (gateway.get("/").await.status == 200).then_some(())).await;
}

// Rule: dns-addresses
#[tokio::test]
async fn the_next_address_and_the_next_server_are_tried() {
    let (service, silent, dns) = (Origin::echo().await, Dns::start().await, Dns::start().await);
    silent.is_silent_on("shop.test");
    dns.says("shop.test", &["127.0.0.2", "::1", "127.0.0.1"], 60);
    let servers =
        format!("{{servers: [\"{}\", \"{}\"], hosts: none, timeout: 200ms}}", silent.address(), dns.address());
    let gateway = Gateway::start(named("shop.test", service.address().port(), &servers)).await;
    assert_eq!(gateway.get("/").await.status, 200);
    assert_eq!((silent.asked("shop.test"), dns.asked("shop.test")), (1, 1));
}

#[tokio::test]
async fn addresses_of_one_family_do_not_wait_for_a_server_that_is_silent_on_the_other() {
    let (service, dns) = (Origin::echo().await, Dns::start().await);
    dns.says("shop.test", &["127.0.0.1"], 60);
    dns.is_silent_on_ipv6();
    // Waiting for the other answer would take longer than a connection may.
    let config = named("shop.test", service.address().port(), &asking(&dns, ", timeout: 20s"));
    let gateway = Gateway::start(config.replace("{keep: 0}", "{keep: 0}, timeout: {connect: 5s}")).await;
    assert_eq!(gateway.get("/").await.status, 200);
    assert_eq!(gateway.h2().await.get("/").await.status, 200);
    assert_eq!(dns.asked("shop.test"), 1);
}

// Rule: dns-search
#[tokio::test]
async fn short_names_are_searched_for() {
    let (service, dns) = (Origin::echo().await, Dns::start().await);
    dns.says("shop.b.test", &["127.0.0.1"], 60);
    let rest = ", search: [a.test, B.test.], ndots: 2";
    let gateway = Gateway::start(named("shop", service.address().port(), &asking(&dns, rest))).await;
    assert_eq!(gateway.get("/").await.status, 200);
    assert_eq!(dns.names(), ["shop.a.test", "shop.b.test"]);
    // A failure is no "no": the next name might be another's.
    dns.fails("other.a.test", 2);
    dns.says("other.b.test", &["127.0.0.1"], 60);
    gateway.change(named("other", service.address().port(), &asking(&dns, rest))).await;
    gateway.get("/").await.problem(502, "upstream_unresolved");
    assert_eq!(dns.asked("other.b.test"), 0);
    let (port, rest) = (service.address().port(), ", search: [b.test]");
    gateway.change(named("a.name.of.many.dots", port, &asking(&dns, rest))).await;
    gateway.get("/").await.problem(502, "upstream_unresolved");
    let names = dns.names();
    assert_eq!(names[names.len() - 2..], ["a.name.of.many.dots", "a.name.of.many.dots.b.test"]);
}

#[tokio::test]
async fn a_hosts_file_comes_first_and_is_watched() {
    let (service, dns) = (Origin::echo().await, Dns::start().await);
    let resolver = format!("{{servers: [\"{}\"], hosts: names.txt}}", dns.address());
    let config = named("shop.test", service.address().port(), &resolver);
    let setup = Gateway::with(config).file("names.txt", "127.0.0.2 shop.test\n");
    let gateway = setup.start().await;
    gateway.get("/").await.problem(502, "connect_failed");
    gateway.file("names.txt", "127.0.0.1 Shop.test # here\n");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(gateway.get("/").await.status, 200);
    assert_eq!(gateway.h2().await.get("/").await.status, 200);
    assert_eq!(dns.names(), [""; 0]);
}

#[tokio::test]
async fn a_changed_resolver_takes_effect_and_an_unchanged_one_keeps_what_it_knows() {
    let (service, one, two) = (Origin::echo().await, Dns::start().await, Dns::start().await);
    one.says("shop.test", &["127.0.0.1"], 300);
    two.says("shop.test", &["127.0.0.2"], 300);
    let port = service.address().port();
    let gateway = Gateway::start(named("shop.test", port, &asking(&one, ""))).await;
    assert_eq!(gateway.get("/").await.status, 200);
    gateway.change(format!("{}limits: {{streams: 100}}\n", named("shop.test", port, &asking(&one, "")))).await;
    assert_eq!(gateway.get("/").await.status, 200);
    assert_eq!(one.asked("shop.test"), 1);
    gateway.change(named("shop.test", port, &asking(&two, ""))).await;
    gateway.get("/").await.problem(502, "connect_failed");
    assert_eq!((one.asked("shop.test"), two.asked("shop.test")), (1, 1));
}

#[tokio::test]
async fn who_hangs_up_during_a_lookup_leaves_it_to_the_others() {
    let (service, dns) = (RawOrigin::start().await, Dns::start().await);
    dns.is_silent_on("shop.test");
    let resolver = asking(&dns, ", timeout: 300ms, attempts: 10");
    let gateway = Gateway::start(named("shop.test", service.address().port(), &resolver)).await;
    let mut first = gateway.wire().await;
    first.write(Ask::get("/first").to_h1()).await;
    dns.wait_asked("shop.test", 1).await;
    let mut second = gateway.wire().await;
    second.write(Ask::get("/second").to_h1()).await;
    first.reset();
    assert_eq!(gateway.wait_log(|line| line["url.path"] == "/first").await["pintle.reason"], "client_closed");
    dns.says("shop.test", &["127.0.0.1"], 60);
    let mut held = service.accept().await;
    assert_eq!(held.request().await.0.target(), "/second");
    held.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(second.answer().await.text(), "ok");
}

#[tokio::test]
async fn a_silent_server_is_504_in_time_and_never_stops_a_start() {
    let dns = Dns::start().await;
    dns.is_silent_on("shop.test");
    let config = named("shop.test", 9, &asking(&dns, ", attempts: 10"));
    let gateway = Gateway::start(config.replace("{keep: 0}", "{keep: 0}, timeout: {connect: 300ms}")).await;
    gateway.get("/").await.problem(504, "connect_timeout");
    gateway.h2().await.get("/").await.problem(504, "connect_timeout");
}

#[tokio::test]
async fn the_systems_library_and_the_systems_files_are_asked_too() {
    let service = Origin::echo().await;
    for resolver in ["system", "{}"] {
        let gateway = Gateway::start(named("localhost", service.address().port(), resolver)).await;
        assert_eq!(gateway.get("/").await.status, 200, "{resolver}");
        assert_eq!(gateway.h2().await.get("/").await.status, 200, "{resolver}");
    }
}

#[tokio::test]
async fn a_mistake_has_its_place_and_a_remedy() {
    let with = |resolver: &str| format!("{START}resolver: {resolver}\n");
    refused(&with("{servers: [dns.test]}"), &["pintle.yaml:3:22", "nobody could look its name up"]).await;
    refused(&with("{servers: [\"10.0.0.2:0\"]}"), &["pintle.yaml:3:22", "53 needs not be written"]).await;
    refused(&with("{servers: []}"), &["pintle.yaml:3:21", "there is no server to ask"]).await;
    refused(&with("{timeout: 0s}"), &["pintle.yaml:3:21", "a server gets from 1ms to 30s to answer"]).await;
    refused(&with("{attempts: 0}"), &["pintle.yaml:3:22", "a number from 1 to 10"]).await;
    refused(&with("{search: [\"a b\"]}"), &["pintle.yaml:3:21", "expected a domain such as svc.cluster.local"]).await;
    refused(&with("{hosts: gone.txt}"), &["pintle.yaml:3:19", "gone.txt cannot be read"]).await;
    refused(&with("libc"), &["pintle.yaml:3:11", "system"]).await;
    refused(&with("{server: 10.0.0.2}"), &["pintle.yaml:3:12", "did you mean `servers`?"]).await;
}
