//! `headers`: fields set, added and removed on the way to the service and on the way to the client.

use crate::check::{START, refused};
use crate::example::nobody;
use pintle_testkit::{Ask, Gateway, Origin, RawOrigin, Received, Reply};

/// A configuration whose one route writes a version into requests and answers.
fn version(number: u32, url: &str) -> String {
    let edits =
        format!("headers: {{request: {{set: {{x-version: {number}}}}}, response: {{set: {{x-version: {number}}}}}}}");
    let route = format!("{{match: /**, policies: [{{{edits}}}], proxy: \"{url}\"}}");
    format!("listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{route}]\n")
}

#[tokio::test]
async fn fields_are_set_added_and_removed_both_ways() {
    let service =
        async |_: Received| Reply::text("ok").header("x-set", "theirs").header("x-add", "1").header("server", "s");
    let service = Origin::start(service).await;
    let config = format!(
        "routes:
  - match: /u/{{id}}
    policies:
      - headers:
          request: {{set: {{x-set: 'user ${{path.id}}'}}, add: {{x-add: [\"2\", \"3\"]}}, remove: x-gone}}
          response: {{set: {{x-set: ours}}, add: {{x-add: 'was ${{response.status}}'}}, remove: [server]}}
    proxy: \"{}\"
",
        service.url()
    );
    let gateway = Gateway::plain(config).await;
    let ask = Ask::get("/u/a%20b").header("x-set", "mine").header("x-add", "1").header("x-gone", "1");
    for answer in [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await] {
        assert_eq!((answer.get("x-set"), answer.has("server")), (Some("ours"), false), "{answer:?}");
        assert_eq!(answer.fields.all("x-add"), ["1", "was 200"]);
        let got = service.last();
        assert_eq!((got.get("x-set"), got.has("x-gone")), (Some("user a b"), false), "{got:?}");
        assert_eq!(got.fields.all("x-add").join(", "), "1, 2, 3");
    }
    assert_eq!(service.hits(), 2);
}

// Rule: fails-header
#[tokio::test]
async fn a_value_that_fails_takes_the_clients_own_with_it() {
    let service = Origin::echo().await;
    let edits = "headers: {request: {set: {x-user: '${request.query.user}'}}}";
    let route = format!("{{match: /**, policies: [{{{edits}}}], proxy: \"{}\"}}", service.url());
    let gateway = Gateway::plain(format!("routes: [{route}]")).await;
    let h2 = gateway.h2().await;
    let forged = |target: &str| Ask::get(target).header("x-user", "admin");
    for target in ["/", "/?user=%0d%0ax-admin:%201"] {
        gateway.ask(forged(target)).await;
        assert!(!service.last().has("x-user") && !service.last().has("x-admin"), "{target}");
        h2.ask(forged(target)).await;
        assert!(!service.last().has("x-user") && !service.last().has("x-admin"), "{target}");
    }
    gateway.ask(forged("/?user=me")).await;
    assert_eq!(service.last().get("x-user"), Some("me"));
}

// Rule: policies-around-all
#[tokio::test]
async fn the_gateways_own_answers_are_edited_too() {
    let (_held, url) = nobody();
    let config = format!(
        "listeners:
  - address: 127.0.0.1:0
    policies: [{{headers: {{response: {{set: {{x-frame-options: DENY}}}}}}}}]
routes:
  - {{match: GET /down, proxy: \"{url}\"}}
  - {{match: /own, respond: {{status: 418}}}}
  - match: /inner
    policies: [{{headers: {{response: {{set: {{x-frame-options: SAMEORIGIN}}}}}}}}]
    redirect: {{to: /own}}
"
    );
    let gateway = Gateway::start(config).await;
    let h2 = gateway.h2().await;
    let cases = [
        ("GET", "/down", 502, "DENY"),
        ("POST", "/down", 405, "DENY"),
        ("GET", "/nowhere", 404, "DENY"),
        ("GET", "/own", 418, "DENY"),
        ("GET", "/inner", 308, "SAMEORIGIN"),
    ];
    for (method, target, status, value) in cases {
        for answer in [gateway.ask(Ask::new(method, target)).await, h2.ask(Ask::new(method, target)).await] {
            assert_eq!((answer.status, answer.get("x-frame-options")), (status, Some(value)), "{method} {target}");
        }
    }
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |edits: &str| {
        format!(
            "{START}routes:\n  - match: /**\n    policies:\n      - headers:\n          {edits}\n    respond: {{body: ok}}\n"
        )
    };
    let twice = "response: {set: {x-a: b}, remove: [x-a]}";
    refused(&route(twice), &["pintle.yaml:7:", "`x-a` is removed and given a value at once", "`set` alone"]).await;
    refused(&route("request: {set: {content-length: 5}}"), &["pintle.yaml:7:", "belongs to the connection"]).await;
    refused(&route("request: {set: {host: a}}"), &["pintle.yaml:7:", "`host` of `proxy`"]).await;
    refused(&route("request: {set: {x-a: '${path.id}'}}"), &["pintle.yaml:7:", "id"]).await;
    refused(&route("request: {put: {x-a: b}}"), &["pintle.yaml:7:21", "put"]).await;
}

#[tokio::test]
async fn a_request_under_way_keeps_its_edits_over_a_reload() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(version(1, &service.url())).await;
    let mut h1 = gateway.wire().await;
    h1.write(Ask::get("/").to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/"), true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;

    gateway.change(version(2, &service.url())).await;
    for held in [&mut first, &mut second] {
        held.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    }
    assert_eq!(h1.answer().await.get("x-version"), Some("1"));
    assert_eq!(stream.try_answer().await.expect("an answer").get("x-version"), Some("1"));
    let serve = async {
        let mut third = service.accept().await;
        let head = third.request().await.0;
        third.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        (head, third)
    };
    let (answer, (head, _third)) = tokio::join!(gateway.get("/"), serve);
    assert_eq!((answer.get("x-version"), head.get("x-version")), (Some("2"), Some("2")));
}

#[tokio::test]
async fn a_client_that_hangs_up_takes_no_edit_from_the_next() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(version(1, &service.url())).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/by-1").to_h1()).await;
    let mut upstream = service.accept().await;
    assert_eq!(upstream.request().await.0.get("x-version"), Some("1"));
    drop(client);
    upstream.ended().await;

    let client = gateway.h2().await;
    let stream = client.open(&Ask::get("/by-2"), true).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.request().await;
    stream.reset(h2::Reason::CANCEL);
    upstream.ended().await;
    let serve = async {
        let mut upstream = service.accept().await;
        upstream.request().await;
        upstream.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        upstream
    };
    let (answer, _upstream) = tokio::join!(client.get("/stays"), serve);
    assert_eq!((answer.status, answer.get("x-version")), (204, Some("1")));
}
