//! What holds for several routes: `defaults`, named policies with `use`, `none`, and labels.

use crate::check::{START, refused};
use crate::example::nobody;
use pintle_testkit::{Ask, Gateway, H1Client, Origin, RawOrigin, Reloaded};

/// An edit of answers that adds its level to `x-level`.
fn level(name: &str) -> String {
    format!("{{headers: {{response: {{add: {{x-level: {name}}}}}}}}}")
}

/// Defaults, two listeners of which the first has policies, a group and a route in it.
fn all_levels(defaults: &str) -> String {
    format!(
        "defaults: {{policies: [{defaults}]}}
listeners:
  - {{name: a, address: 127.0.0.1:0, policies: [{}]}}
  - {{name: b, address: 127.0.0.1:0}}
routes:
  - match: /g/**
    policies: [{}]
    routes: [{{match: /r, policies: [{}], respond: {{body: ok}}}}]
  - {{match: /plain, respond: {{body: ok}}}}
",
        level("listener"),
        level("group"),
        level("route")
    )
}

// Rule: policy-levels
#[tokio::test]
async fn the_order_of_levels_is_defaults_listener_group_route() {
    let gateway = Gateway::start(all_levels(&level("defaults"))).await;
    let deep = ["defaults", "listener", "group", "route"];
    for answer in [gateway.get("/g/r").await, gateway.h2().await.get("/g/r").await] {
        assert_eq!(answer.fields.all("x-level"), deep);
    }
    assert_eq!(gateway.get("/plain").await.fields.all("x-level"), deep[..2]);
    let mut other = H1Client::tcp(gateway.address(1)).await;
    assert_eq!(other.get("/g/r").await.fields.all("x-level"), ["defaults", "group", "route"]);
    assert_eq!(other.get("/plain").await.fields.all("x-level"), ["defaults"]);
}

// Rule: policy-levels
#[tokio::test]
async fn defaults_hold_for_404_and_405_as_well() {
    let config = all_levels(&level("defaults")).replace("/plain", "POST /plain");
    let gateway = Gateway::start(config).await;
    for (target, status, reason) in [("/nowhere", 404, "no_route"), ("/plain", 405, "method_not_allowed")] {
        for answer in [gateway.get(target).await, gateway.h2().await.get(target).await] {
            answer.problem(status, reason);
            assert_eq!(answer.fields.all("x-level"), ["defaults", "listener"], "{target}");
        }
        let answer = H1Client::tcp(gateway.address(1)).await.get(target).await;
        assert_eq!(answer.fields.all("x-level"), ["defaults"], "{target}");
    }
}

#[tokio::test]
async fn an_inner_level_replaces_or_switches_off_what_defaults_say() {
    let service = RawOrigin::start().await;
    let config = format!(
        "defaults: {{policies: [{{timeout: 100ms}}, short]}}
policies: {{short: {{body_limit: 3B}}}}
listeners: [{{address: 127.0.0.1:0}}]
routes:
  - {{match: /outer, proxy: \"{0}\"}}
  - {{match: /off, policies: [{{timeout: none}}], proxy: \"{0}\"}}
  - {{match: /more, policies: [{{body_limit: 10B}}], respond: {{body: ok}}}}
  - {{match: /less, respond: {{body: ok}}}}
",
        service.url()
    );
    let gateway = Gateway::start(config).await;
    let mut patient = gateway.wire().await;
    patient.write(Ask::get("/off").to_h1()).await;
    let mut held = service.accept().await;
    held.request().await;
    gateway.get("/outer").await.problem(504, "timeout");
    held.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(patient.answer().await.text(), "ok");
    assert_eq!(gateway.ask(Ask::post("/more", "12345")).await.status, 200);
    assert_eq!(gateway.h2().await.ask(Ask::post("/more", "12345")).await.status, 200);
    gateway.ask(Ask::post("/less", "12345")).await.problem(413, "body_too_large");
    gateway.h2().await.ask(Ask::post("/less", "12345")).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn a_named_policy_is_taken_as_it_is_or_with_some_fields_changed() {
    let config = "policies:
  stamp: {headers: {response: {set: {x-stamp: named}}, request: {remove: [x-a]}}}
routes:
  - {match: /named, policies: [stamp], respond: {body: ok}}
  - {match: /changed, policies: [{headers: {use: stamp, response: {set: {x-stamp: changed}}}}], respond: {body: ok}}
  - match: /none/**
    policies: [stamp]
    routes: [{match: /, policies: [{headers: none}], respond: {body: ok}}]
";
    let gateway = Gateway::plain(config).await;
    for (target, stamp) in [("/named", Some("named")), ("/changed", Some("changed")), ("/none/", None)] {
        assert_eq!(gateway.get(target).await.get("x-stamp"), stamp, "{target}");
        assert_eq!(gateway.h2().await.get(target).await.get("x-stamp"), stamp, "{target}");
    }
}

#[tokio::test]
async fn labels_are_inherited_and_stand_in_logs_and_expressions() {
    let team = "{headers: {response: {set: {x-team: \"${route.labels.team}\", x-tier: \"${route.labels.tier}\"}}}}";
    let config = format!(
        "defaults: {{policies: [{team}]}}
listeners: [{{address: 127.0.0.1:0}}]
routes:
  - match: /g/**
    labels: {{team: shop, tier: 1}}
    routes:
      - {{match: /a, labels: {{tier: 2}}, respond: {{body: ok}}}}
      - {{match: /b, respond: {{body: \"${{route.labels.team}}\"}}}}
  - {{match: /bare, respond: {{body: ok}}}}
"
    );
    let gateway = Gateway::start(config).await;
    for answer in [gateway.get("/g/a").await, gateway.h2().await.get("/g/a").await] {
        assert_eq!((answer.get("x-team"), answer.get("x-tier")), (Some("shop"), Some("2")));
        let line = gateway.log_of(&answer).await;
        assert_eq!(line["pintle.labels"], serde_json::json!({"team": "shop", "tier": "2"}));
    }
    assert_eq!(gateway.get("/g/b").await.text(), "shop");
    for target in ["/bare", "/nowhere"] {
        let answer = gateway.get(target).await;
        assert!(!answer.has("x-team"), "{answer:?}");
        assert!(gateway.log_of(&answer).await.get("pintle.labels").is_none());
    }
}

#[tokio::test]
async fn a_reload_changes_what_holds_for_all_and_not_what_is_under_way() {
    let service = RawOrigin::start().await;
    let config = |number: u32| {
        format!(
            "defaults: {{policies: [{{headers: {{response: {{set: {{x-version: {number}}}}}}}}}]}}
listeners: [{{address: 127.0.0.1:0}}]
routes: [{{match: /held, labels: {{v: {number}}}, proxy: \"{}\"}}]
",
            service.url()
        )
    };
    let gateway = Gateway::start(config(1)).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/held").to_h1()).await;
    let mut held = service.accept().await;
    held.request().await;
    gateway.rewrite(config(2));
    assert_eq!(gateway.reload().await, Reloaded::InForce);
    assert_eq!(gateway.get("/nowhere").await.get("x-version"), Some("2"));
    assert_eq!(gateway.h2().await.get("/nowhere").await.get("x-version"), Some("2"));
    held.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = client.answer().await;
    assert_eq!((answer.get("x-version"), answer.text().as_str()), (Some("1"), "ok"));
    assert_eq!(gateway.log_of(&answer).await["pintle.labels"]["v"], "1");
}

#[tokio::test]
async fn who_hangs_up_is_still_logged_with_its_labels() {
    let service = Origin::echo().await;
    let raw = RawOrigin::start().await;
    let routes = format!(
        "routes: [{{match: /held, labels: {{team: shop}}, proxy: \"{}\"}}, {{match: /**, proxy: \"{}\"}}]",
        raw.url(),
        service.url()
    );
    let gateway = Gateway::plain(routes).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/held").to_h1()).await;
    raw.accept().await.request().await;
    client.reset();
    let line = gateway.wait_log(|line| line["url.path"] == "/held").await;
    assert_eq!(line["pintle.labels"]["team"], "shop");
    assert_eq!(gateway.get("/after").await.status, 200);
}

#[tokio::test]
async fn a_mistake_in_defaults_has_its_line_and_is_said_once() {
    let (_nobody, url) = nobody();
    let routes = format!("routes:\n  - {{match: /a, proxy: \"{url}\"}}\n  - {{match: /b, proxy: \"{url}\"}}\n");
    let with = |defaults: &str| format!("{START}{routes}defaults: {defaults}\n");
    refused(&with("{policies: [nope]}"), &["pintle.yaml:6:23", "no policy named `nope`", "1 error,"]).await;
    refused(&with("{policies: [{timeout: 5}]}"), &["pintle.yaml:6:33", "1 error,"]).await;
    refused(&with("{policy: []}"), &["pintle.yaml:6:12", "policies"]).await;
    refused(&with("{policies: [{timeout: 1s}, {timeout: 2s}]}"), &["stands twice in one list", "1 error,"]).await;
}
