//! How the command is asked, and what it says where there is nothing to tell.

use super::play::{Version, ask, config, start, why};
use crate::check::refused;
use pintle_testkit::{Answer, Ask, Certificates, Gateway, Origin, TlsClient, until};
use serde_json::Value;

fn id(answer: &Answer) -> String {
    answer.get("x-request-id").expect("an id").to_owned()
}

/// Waits until the ring has a request.
async fn kept(gateway: &Gateway, id: &str) -> Value {
    until("the request to be kept", async || {
        let answer = gateway.ask_admin(Ask::get(&format!("/why/{id}")).header("accept", "application/json")).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await
}

// Rule: why-ids
#[tokio::test]
async fn a_request_is_found_by_its_id_its_trace_and_the_beginning_of_either() {
    let service = Origin::echo().await;
    let gateway = start(&format!("{{name: shop, match: /**, proxy: '{}'}}", service.url()), "").await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let answer = gateway.ask(Ask::get("/a?b=c").header("traceparent", &parent)).await;
    let id = id(&answer);
    kept(&gateway, &id).await;
    for asked in [&*id, &id[..8], trace, &trace[..12]] {
        let said = why(&gateway, &[asked]).await;
        assert_eq!(said.code, Some(0), "{asked}: {said:?}");
        assert!(said.stdout.contains(&format!("request   {id}")) && said.stdout.contains(trace), "{said:?}");
        assert!(said.stdout.contains("GET http://localhost/a?b=c"), "{said:?}");
    }
    let json: Value = serde_json::from_str(&why(&gateway, &[&id, "--format", "json"]).await.stdout).expect("JSON");
    let outcome = &json["outcome"];
    assert_eq!((&json["route"], &outcome["status"]), (&"shop".into(), &200.into()), "{json:#}");
    assert_eq!(outcome["tries"][0]["status"], 200);
    assert_eq!(json["candidates"][0]["verdict"], "takes");
    assert!(json["sentence"].as_str().is_some_and(|said| said.starts_with("200: `shop` sent it to ")), "{json:#}");
}

// Rule: why-ids
#[tokio::test]
async fn an_id_that_is_not_there_says_where_else_it_may_be() {
    let gateway = start("{name: shop, match: /**, respond: {}}", "").await;
    let nothing = why(&gateway, &["0af7651916cd43dd8448eb211c80319c"]).await;
    assert_eq!(nothing.code, Some(1));
    for part in ["none is kept yet", "another replica", "still under way", "access log"] {
        assert!(nothing.stderr.contains(part), "{part}: {nothing:?}");
    }
    let id = id(&gateway.get("/a").await);
    kept(&gateway, &id).await;
    let nothing = why(&gateway, &["0af7651916cd43dd8448eb211c80319c"]).await;
    assert!(nothing.stderr.contains("1 are kept, the oldest of 2"), "{nothing:?}");
    let short = why(&gateway, &[&id[..7]]).await;
    assert!(short.code == Some(1) && short.stderr.contains("8 characters"), "{short:?}");
    let none = why(&gateway, &["--last-error", "--route", "other"]).await;
    assert!(none.code == Some(1) && none.stderr.contains("none of the 1 requests"), "{none:?}");
    for wrong in [&["--list", "--status", "12"][..], &["--list", "--reason", "nothing"]] {
        let said = why(&gateway, wrong).await;
        assert!(said.code == Some(2) && said.stderr.contains(wrong[2]), "{said:?}");
    }
    for wrong in [&["--last-error", "--list"][..], &[&*id, "--route", "a"], &[]] {
        assert_eq!(why(&gateway, wrong).await.code, Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn the_last_ones_are_listed_as_they_are_wanted() {
    let gateway =
        start("{name: a, match: GET /a/**, respond: {}}, {name: b, match: /b, respond: {status: 503}}", "").await;
    let mut last = String::new();
    for (method, target) in [("GET", "/a/1"), ("GET", "/b"), ("DELETE", "/a/2"), ("GET", "/c"), ("GET", "/a/3")] {
        last = id(&ask(&gateway, Version::Http2, Ask::new(method, target)).await);
    }
    kept(&gateway, &last).await;
    for (asked, expected) in [
        (&["--list"][..], &["/a/3", "/c", "/a/2", "/b", "/a/1"][..]),
        (&["--list", "2"], &["/a/3", "/c"]),
        (&["--list", "--errors"], &["/c", "/a/2", "/b"]),
        (&["--list", "--route", "a"], &["/a/3", "/a/1"]),
        (&["--list", "--status", "4xx"], &["/c", "/a/2"]),
        (&["--list", "--status", "503"], &["/b"]),
        (&["--list", "--reason", "method_not_allowed"], &["/a/2"]),
        (&["--list", "--path", "/a/"], &["/a/3", "/a/2", "/a/1"]),
        (&["--list", "--client", "127.0.0.1", "--errors"], &["/c", "/a/2", "/b"]),
    ] {
        let said = why(&gateway, asked).await;
        let lines: Vec<&str> = said.stdout.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{asked:?}: {said:?}");
        assert!(lines.iter().zip(expected).all(|(line, path)| line.contains(&format!("localhost{path} "))), "{said:?}");
    }
    let said = why(&gateway, &["--list", "--client", "203.0.113.9"]).await;
    assert!(said.code == Some(0) && said.stdout.starts_with("none of the kept requests"), "{said:?}");
    let error = why(&gateway, &["--last-error"]).await;
    assert!(error.stdout.starts_with("404 no_route: "), "{error:?}");
    let list = gateway.ask_admin(Ask::get("/why?last=1&format=json")).await.json();
    assert_eq!((&list["kept"], &list["requests"][0]["request_id"]), (&5.into(), &last.into()), "{list:#}");
}

#[tokio::test]
async fn who_may_not_read_the_configuration_may_not_read_this() {
    let text = config("{name: shop, match: /**, respond: {}}", "")
        .replace("admin: {address: 127.0.0.1:0}", "admin: {address: 'unix:admin.sock'}");
    let gateway = Gateway::start(text).await;
    let id = id(&gateway.get("/a").await);
    let said = until("the request to be kept", async || {
        let said = pintle_testkit::pintle(gateway.folder().path(), &["why", &id, "-c", "pintle.yaml"]).await;
        (said.code == Some(0)).then_some(said)
    })
    .await;
    assert!(said.stdout.starts_with("200: `shop` answers by itself"), "{said:?}");
}

#[tokio::test]
async fn none_are_kept_where_none_are_wanted() {
    let gateway = start("{name: shop, match: /**, respond: {}}", "telemetry: {why: none}").await;
    let id = id(&gateway.get("/a").await);
    let said = why(&gateway, &[&id]).await;
    assert!(said.code == Some(1) && said.stderr.contains("`telemetry.why` is `none`"), "{said:?}");
    let text = config("{name: shop, match: /**, respond: {}}", "telemetry: {why: {requests: 100, memory: 1MiB}}");
    gateway.change(&text).await;
    let id = self::id(&gateway.get("/a").await);
    kept(&gateway, &id).await;
    // Some hundred more push it out: none of them went wrong.
    let mut client = gateway.h1().await;
    for _ in 0..300 {
        client.get("/b").await;
    }
    let said = why(&gateway, &[&id]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
}

#[tokio::test]
async fn a_mistake_in_its_settings_is_told() {
    let text = |why: &str| config("{match: /**, respond: {}}", &format!("telemetry: {{why: {why}}}"));
    refused(&text("{memory: 10KiB}"), &["pintle.yaml:4:27", "from 1MiB to 4GiB", "why: none"]).await;
    refused(&text("{requests: 5}"), &["pintle.yaml:4:29", "a whole number from 100"]).await;
    refused(&text("off"), &["`none` or a map"]).await;
}

#[tokio::test]
async fn a_tunnel_is_told_too() {
    let certificates = Certificates::new();
    let certificate = certificates.server(&["shop.test"]);
    let service = Origin::tls(&certificate, &["http/1.1"], async |_| pintle_testkit::Reply::text("ok")).await;
    let text = format!(
        "listeners: [{{name: raw, address: 127.0.0.1:0, protocol: tcp}}]
admin: {{address: 127.0.0.1:0}}
upstreams: {{shop: {{endpoints: ['{}']}}}}
routes: [{{name: shop, listener: raw, match: shop.test/**, tunnel: shop}}]
",
        service.address()
    );
    let gateway = Gateway::start(text).await;
    let mut client =
        pintle_testkit::H1Client::tls(gateway.address(0), &TlsClient::new(&certificates, "shop.test")).await;
    assert_eq!(client.get("/").await.status, 200);
    drop(client);
    let said = until("the tunnel to be over", async || {
        let said = why(&gateway, &["--list"]).await;
        said.stdout.contains("a connection for shop.test").then_some(said)
    })
    .await;
    assert!(said.stdout.contains("of `shop` had got"), "{said:?}");
    let mut wire = gateway.wire().await;
    wire.write("GET / HTTP/1.1\r\n\r\n").await;
    wire.to_end().await;
    let said = until("the refused one to be over", async || {
        let said = why(&gateway, &["--last-error"]).await;
        (said.code == Some(0)).then_some(said)
    })
    .await;
    assert!(said.stdout.starts_with("no_route: no route of `raw` is for no server name"), "{said:?}");
}
