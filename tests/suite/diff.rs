//! `pintle diff`: what changes from one configuration to another, and what becomes of logged requests. The recorded set
//! is in `diff/recorded.rs`.

mod recorded;

use pintle_testkit::{Finished, Folder, Gateway, pintle};
use serde_json::Value;

const OLD: &str = "listeners: [{name: public, address: 127.0.0.1:8080}]
upstreams:
  orders: {endpoints: [127.0.0.1:9001]}
  next: {endpoints: [127.0.0.1:9002]}
routes:
  - {name: orders, match: shop.example.com/orders/**, proxy: orders}
  - {name: old, match: /old, respond: {body: old}}
";

async fn diff(old: &str, new: &str, log: Option<&str>, more: &[&str]) -> Finished {
    let folder = Folder::new();
    folder.write("old.yaml", old);
    folder.write("new.yaml", new);
    let mut arguments = vec!["diff", "old.yaml", "new.yaml"];
    if let Some(log) = log {
        folder.write("access.log", log);
        arguments.extend(["--requests", "access.log"]);
    }
    arguments.extend(more);
    pintle(folder.path(), &arguments).await
}

fn line(method: &str, host: &str, path: &str, end: &str) -> String {
    format!(
        "{{\"client.address\":\"203.0.113.9\",\"http.request.method\":\"{method}\",\"url.scheme\":\"http\",\
         \"server.address\":\"{host}\",\"url.path\":\"{path}\",\"http.response.status_code\":200,\
         \"http.request.body.size\":0,\"pintle.listener\":\"public\",{end}}}\n"
    )
}

#[tokio::test]
async fn the_exit_code_is_0_for_no_change_1_for_a_change_2_for_trouble() {
    let same = diff(OLD, &format!("# remark\n{OLD}"), None, &[]).await;
    assert_eq!((same.code, &*same.stdout), (Some(0), "no change"), "{same:?}");

    let changed = diff(OLD, &OLD.replace("proxy: orders", "proxy: next"), None, &[]).await;
    assert_eq!(changed.code, Some(1), "{changed:?}");
    let wanted = "routes\n  ~ orders  [new.yaml:6:27]\n      proxy.to: orders -> next  [new.yaml:6:62]\n";
    assert_eq!(changed.stdout, format!("{wanted}routes: 1 changed"));

    let broken = diff(&OLD.replace("match:", "mtch:"), &OLD.replace("proxy: orders", "proxy: nxt"), None, &[]).await;
    assert_eq!((broken.code, &*broken.stdout), (Some(2), ""), "{broken:?}");
    assert!(broken.stderr.contains("old.yaml:6:20") && broken.stderr.contains("unknown-upstream"), "{broken:?}");

    let no_log = diff(OLD, OLD, None, &["--requests", "no.log"]).await;
    assert_eq!(no_log.code, Some(2), "{no_log:?}");
    assert!(no_log.stderr.contains("cannot read no.log"), "{no_log:?}");
}

#[tokio::test]
async fn json_has_the_same_for_programs() {
    let changed = diff(OLD, &OLD.replace("name: old", "name: older"), None, &["--format", "json"]).await;
    assert_eq!(changed.code, Some(1), "{changed:?}");
    let value: Value = serde_json::from_str(&changed.stdout).expect("JSON");
    assert_eq!(value["changes"], true);
    assert_eq!(value["routes"][0]["change"], "renamed");
    assert_eq!(value["routes"][0]["was"], "old");
    let same = diff(OLD, OLD, None, &["--format", "json"]).await;
    let value: Value = serde_json::from_str(&same.stdout).expect("JSON");
    assert_eq!((same.code, &value["changes"]), (Some(0), &Value::Bool(false)));
}

#[tokio::test]
async fn logged_requests_are_told_by_what_becomes_of_them() {
    let new = OLD
        .replace("  - {name: old, match: /old, respond: {body: old}}\n", "")
        .replace("orders/**, proxy: orders", "orders/**, proxy: {to: next, path: \"/v2/${path.rest}\"}")
        + "  - {name: canary, match: {host: shop.example.com, path: /orders/7, header: {x-canary: \"1\"}}, proxy: next}
  - {name: found, match: /found, respond: {body: found}}
";
    let by = |route: &str| format!("\"pintle.route\":\"{route}\"");
    let log = [
        line("GET", "shop.example.com", "/orders/1", &by("orders")),
        line("GET", "shop.example.com", "/orders/7", &by("orders")),
        line("GET", "any.example.com", "/old", &by("old")),
        line("GET", "any.example.com", "/old", &by("old")),
        line("GET", "any.example.com", "/found", "\"pintle.reason\":\"no_route\""),
        line("GET", "any.example.com", "/nowhere", "\"pintle.reason\":\"no_route\""),
        line("GET", "any.example.com", "/nowhere", &by("another")),
        "no log\n".into(),
    ];
    let ended = diff(OLD, &new, Some(&log.concat()), &[]).await;
    let said = ended.stdout.split_once("requests: ").expect("the requests").1;
    let wanted = "7, 1 as before, 4 changed, 1 may change
  now refused
    2 × `old` (respond 200) -> 404 no_route
        line 3: GET any.example.com/old
  now let in
    1 × 404 no_route -> `found` (respond 200)
        line 5: GET any.example.com/found
  now elsewhere
    1 × `orders` (proxy orders) -> `orders` (proxy next)
        line 1: GET shop.example.com/orders/1, asks for /orders/1 as the client's host -> /v2/1 as the client's host
  may change
    1 × `orders` (proxy orders) -> `canary` (proxy next) or `orders` (proxy next): depends on header x-canary
        line 2: GET shop.example.com/orders/7
  1 not of the old configuration, the first in line 7: the log says that `another` took it
  1 lines not read, the first is line 8: it is neither JSON nor the combined format";
    assert_eq!(said, wanted);
}

#[tokio::test]
async fn a_combined_log_is_enough_where_hosts_make_no_difference() {
    let log = "203.0.113.9 - - [23/Nov/2026:22:00:00 +0000] \"GET /old HTTP/1.1\" 200 3 \"-\" \"curl/8\"\n";
    let plain = OLD.replace("shop.example.com/orders", "/orders");
    let ended = diff(&plain, &plain.replace("match: /old", "match: /older"), Some(log), &[]).await;
    assert!(ended.stdout.contains("1 × `old` (respond 200) -> 404 no_route"), "{ended:?}");
    let ended = diff(OLD, &OLD.replace("match: /old", "match: /older"), Some(log), &[]).await;
    assert!(ended.stdout.contains("1 × not known: depends on the host, which this log does not have"), "{ended:?}");
}

#[tokio::test]
async fn a_running_gateway_is_compared_with_what_it_has_in_force() {
    let config = "admin: {address: 127.0.0.1:0}
listeners: [{address: 127.0.0.1:0}]
include: [more/*.yaml]
";
    let more = "routes: [{name: a, match: /a, respond: {body: a}}]\n";
    let gateway = Gateway::with(config).file("more/a.yaml", more).start().await;
    let admin = gateway.admin().to_string();
    let diff = async |more: &[&str]| pintle(gateway.folder().path(), &[&["diff", "pintle.yaml"], more].concat()).await;
    let same = diff(&["--admin", &admin]).await;
    assert_eq!((same.code, &*same.stdout), (Some(0), "no change"), "{same:?}");

    gateway
        .file("new.yaml", format!("{}{}", config.replace("include: [more/*.yaml]\n", ""), more.replace("/a,", "/b,")));
    let folder = gateway.folder().path();
    let changed = pintle(folder, &["diff", "new.yaml", "--admin", &admin, "--format", "json"]).await;
    assert_eq!(changed.code, Some(1), "{changed:?}");
    let value: Value = serde_json::from_str(&changed.stdout).expect("JSON");
    assert_eq!((&value["summary"], &value["routes"][0]["name"]), (&"routes: 1 changed".into(), &"a".into()));

    for (arguments, why) in [
        (&["diff", "new.yaml"][..], "name two configurations"),
        (&["diff", "new.yaml", "pintle.yaml", "--admin", &admin][..], "name the new one alone"),
        (&["diff", "new.yaml", "--admin", "127.0.0.1:1"][..], "127.0.0.1:1"),
    ] {
        let ended = pintle(folder, arguments).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(why), "{ended:?}");
    }
}
