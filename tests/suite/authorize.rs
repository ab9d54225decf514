//! `authorize`: what is allowed, by rules over the request and who asks.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, Origin, RawOrigin, pintle};

fn by(settings: &str, url: &str) -> String {
    format!(
        "admin: {{address: 127.0.0.1:0}}
listeners: [{{address: 127.0.0.1:0, trusted_proxies: [127.0.0.0/8]}}]
routes:
  - match: /o/{{id}}/**
    policies:
      - authorize:
          {settings}
    proxy: \"{url}\"
"
    )
}

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

// Rule: authorize-rules
#[tokio::test]
async fn one_rule_of_allow_holds_and_none_of_deny() {
    let service = Origin::echo().await;
    let settings = "allow: {reads: 'request.method == \"GET\"', own: 'request.headers[\"x-user\"] == path.id'}
          deny: {far: '!client.ip.startsWith(\"192.0.2.\")', frozen: 'request.path.endsWith(\"/frozen\")'}";
    let gateway = Gateway::start(by(settings, &service.url())).await;
    let near = |method: &str, target: &str| Ask::new(method, target).header("x-forwarded-for", "192.0.2.1");
    for (ask, status) in [
        (near("GET", "/o/me/x"), 200),
        (near("DELETE", "/o/me/x").header("x-user", "me"), 200),
        (near("DELETE", "/o/me/x").header("x-user", "you"), 403),
        (near("GET", "/o/me/frozen"), 403),
        (Ask::get("/o/me/x"), 403),
        // A rule about a header that is not there gives no value.
        (near("DELETE", "/o/me/x"), 403),
    ] {
        for answer in both(&gateway, ask.clone()).await {
            match status {
                200 => assert_eq!(answer.status, 200, "{ask:?}"),
                _ => drop(answer.problem(403, "forbidden")),
            }
            for word in ["frozen", "far", "reads", "own"] {
                assert!(!answer.text().contains(&format!("`{word}`")), "{answer:?}");
            }
        }
    }
    gateway.wait_metric("pintle_authorize_failed_total", 2.0).await;
    let answer = gateway.ask(near("GET", "/o/me/frozen").header("x-request-id", "which-rule")).await;
    let line = gateway.log_of(&answer).await;
    assert_eq!((&line["pintle.reason"], &line["pintle.policy"]), (&"forbidden".into(), &"authorize".into()));
    assert_eq!(line["pintle.message"], "rule `frozen` of `deny` holds");
}

// Rule: authorize-levels
#[tokio::test]
async fn outer_levels_must_allow_as_well() {
    let config = "defaults: {policies: [{authorize: {deny: 'request.method == \"TRACE\"'}}]}
routes:
  - {match: /a, policies: [{authorize: {allow: 'request.query.k == \"1\"'}}], respond: {body: ok}}
  - {match: /off, policies: [{authorize: none}], respond: {body: ok}}
";
    let gateway = Gateway::plain(config).await;
    for (method, target, status) in [
        ("GET", "/a?k=1", 200),
        ("GET", "/a?k=2", 403),
        ("GET", "/a", 403),
        ("TRACE", "/a?k=1", 403),
        ("TRACE", "/off", 200),
        ("TRACE", "/nowhere", 403),
        ("GET", "/nowhere", 404),
    ] {
        for answer in both(&gateway, Ask::new(method, target)).await {
            assert_eq!(answer.status, status, "{method} {target}");
        }
    }
}

#[tokio::test]
async fn a_request_under_way_stays_allowed_over_a_reload() {
    let service = RawOrigin::start().await;
    let config = |allow: &str| by(&format!("allow: '{allow}'"), &service.url());
    let gateway = Gateway::start(config("request.method == \"GET\"")).await;
    let mut h1 = gateway.wire().await;
    h1.write(Ask::get("/o/1/").to_h1()).await;
    let mut first = service.accept().await;
    first.request().await;
    let h2 = gateway.h2().await;
    let stream = h2.open(&Ask::get("/o/1/"), true).await.expect("a stream");
    let mut second = service.accept().await;
    second.request().await;
    gateway.change(config("request.method == \"POST\"")).await;
    for held in [&mut first, &mut second] {
        held.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    }
    assert_eq!(h1.answer().await.status, 200);
    assert_eq!(stream.try_answer().await.expect("an answer").status, 200);
    h1.write(Ask::get("/o/1/").to_h1()).await;
    h1.answer().await.problem(403, "forbidden");
    h2.ask(Ask::get("/o/1/")).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_next_alone() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(by("allow: 'request.method == \"GET\"'", &service.url())).await;
    let mut client = gateway.wire().await;
    client.write("POST /o/1/ HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nsome").await;
    drop(client);
    let client = gateway.h2().await;
    let stream = client.open(&Ask::post("/o/2/", ""), false).await.expect("a stream");
    stream.reset(h2::Reason::CANCEL);
    assert_eq!(client.ask(Ask::get("/o/3/")).await.status, 200);
    gateway.wait_log(|line| line["url.path"] == "/o/1/" && line["pintle.policy"] == "authorize").await;
    assert_eq!(service.hits(), 1);
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| {
        format!(
            "{START}routes:\n  - match: /a/{{id}}\n    policies: [{{authorize: {settings}}}]\n    respond: {{body: ok}}\n"
        )
    };
    refused(&route("{allow: claim.sub == path.id}"), &["pintle.yaml:5:36", "unknown name `claim`", "claims"]).await;
    refused(&route("{allow: path.idd == 'a'}"), &["pintle.yaml:5:36", "idd", "id"]).await;
    refused(&route("{allow: request.path}"), &["pintle.yaml:5:36", "true or false is wanted"]).await;
    refused(&route("{deny: {x: request.port == 1}}"), &["pintle.yaml:5:47", "port"]).await;
    refused(&route("{allow: '${claims.sub}'}"), &["pintle.yaml:5:37", "without"]).await;
    refused(&route("{}"), &["pintle.yaml:5:28", "authorize: none"]).await;
}

#[tokio::test]
async fn explain_says_what_is_known_beforehand() {
    let gateway = Gateway::start(by("allow: 'request.method == \"GET\"'", "http://127.0.0.1:9")).await;
    let explained =
        async |request: &str| pintle(gateway.folder().path(), &["explain", "-c", "pintle.yaml", request]).await.stdout;
    assert!(explained("POST http://a.test/o/1/").await.contains("403"));
    assert!(!explained("GET http://a.test/o/1/").await.contains("403"));
}
