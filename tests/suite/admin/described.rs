//! The OpenAPI document, held against what a gateway answers: by a reader of ours that wants every member described, and by
//! `schemathesis` (PyPI), which asks what it says may be asked.

mod schema;

use super::{TOKEN, by_socket, config, reload, start, with_token};
use pintle_testkit::{Answer, Ask, Certificates, Folder, Gateway, Origin, Program, Wire, pintle};
use schema::Document;

async fn document(gateway: &Gateway) -> Document {
    let answer = gateway.ask_admin(Ask::get("/openapi.json")).await;
    assert_eq!(answer.status, 200);
    Document::new(answer.json())
}

#[tokio::test]
async fn every_answer_is_as_it_is_described() {
    let service = Origin::echo().await;
    let certificates = Certificates::new();
    let written = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let text = format!(
        "listeners:
  - {{name: public, address: 127.0.0.1:0}}
  - {{name: secure, address: 127.0.0.1:0, tls: {{certificates: [{written}]}}}}
  - {{name: raw, address: 127.0.0.1:0, protocol: tcp}}
admin: {{address: 127.0.0.1:0, token: {{env: ADMIN_TOKEN}}}}
guard: {{for: 60s, errors: 5%}}
upstreams:
  orders: {{endpoints: ['{0}'], breaker: {{}}}}
  beside: {{endpoints: ['{0}']}}
policies: {{patient: {{timeout: 1m}}}}
routes:
  - {{name: orders, match: GET /orders/**, policies: [patient, {{headers: {{request: {{set: {{x-a: b}}}}}}}}],
     proxy: {{split: {{orders: 90, beside: 10}}, mirror: {{to: beside, share: 5%}}}}}}
  - {{name: two, match: {{path: /orders/two, header: {{x-a: b}}}}, redirect: {{to: /b}}}}
  - {{name: own, match: /own, respond: {{body: own}}}}
  - {{name: both, match: /both, aggregate: {{parts: {{one: {{call: 'GET orders:/1', timeout: 9s, headers: {{x-a: b}}}},
     each: {{for_each: item in parts.one.body.items, call: 'GET orders:/${{item}}', on_failure: {{value: 0}}}}}}}}}}
  - {{listener: raw, match: /**, tunnel: 'tcp://{0}'}}
",
        service.address()
    );
    let gateway = start(&text).await;
    let document = document(&gateway).await;
    let put = |text: &str| with_token(Ask::new("PUT", "/config").body(text));
    let explain = |request: &str| Ask::get(&format!("/explain?listener=public&request={}", request.replace(' ', "+")));
    // What can be told of requests and tunnels.
    let sent = gateway.ask(Ask::get("/orders/1").host("a")).await;
    let why = format!("/why/{}", sent.get("x-request-id").expect("an id"));
    let parts = gateway.get("/both").await;
    let why_parts = format!("/why/{}", parts.get("x-request-id").expect("an id"));
    let unknown = gateway.get("/nothing").await;
    let why_not = format!("/why/{}", unknown.get("x-request-id").expect("an id"));
    let mut tunnel = Wire::tcp(gateway.address(2)).await;
    tunnel.write(Ask::get("/").to_h1()).await;
    assert_eq!(tunnel.answer().await.status, 200);
    drop(tunnel);
    let tunnel = gateway.wait_log(|line| line["network.transport"] == "tcp").await;
    let why_tunnel = format!("/why/{}", tunnel["pintle.request_id"].as_str().expect("an id"));
    let asks = [
        Ask::get(&why).header("accept", "application/json"),
        Ask::get(&why),
        Ask::get(&why_parts).header("accept", "application/json"),
        Ask::get(&why_not).header("accept", "application/json"),
        Ask::get(&why_tunnel).header("accept", "application/json"),
        Ask::get("/why").header("accept", "application/json"),
        Ask::get("/why/00000000000000000000000000000000").header("accept", "application/json"),
        Ask::get("/healthz"),
        Ask::get("/readyz"),
        Ask::get("/status"),
        Ask::get("/status?upstream=orders"),
        Ask::get("/stats"),
        Ask::get("/metrics"),
        Ask::get("/config"),
        Ask::get("/openapi.json"),
        put("routes: 7"),
        put("routes: 7").header("accept", "application/json"),
        put(&text.replace("body: own", "body: other")),
        put(&text).header("if-match", "\"77\"").header("accept", "application/problem+json"),
        with_token(Ask::new("PUT", "/config?dry_run").body(text.replace("/own", "/other"))),
        with_token(Ask::post("/config/rollback", "")),
        with_token(Ask::post("/config/rollback?dry_run=true&to=1", "")),
        Ask::get("/config/history"),
        reload(),
        reload().header("accept", "application/json"),
        Ask::get("/status").header("accept", "application/json"),
        Ask::post("/reload", ""),
        Ask::post("/reload", "").header("accept", "application/json"),
        explain("GET http://a/orders/two"),
        explain("GET http://a/orders/two").header("accept", "application/json"),
        explain("GET http://a/own"),
        explain("GET http://a/both"),
        Ask::get("/explain?request=GET+http://a/both&format=mermaid&listener=public"),
        Ask::get("/explain?request=GET+http://a/own&format=mermaid&listener=public"),
        explain("POST http://a/orders/1"),
        explain("GET http://a/nothing"),
        Ask::get("/explain?listener=public&request=GET+http://a/orders/two&header=x-a:+b&header=cookie:+a=b"),
        Ask::get("/explain?request=GET+http://a/orders/two&format=text&listener=public"),
        Ask::get("/explain?request=GET").header("accept", "application/json"),
    ];
    for ask in asks {
        let (method, target) = (ask.method().to_owned(), ask.target().to_owned());
        let answer = gateway.ask_admin(ask).await;
        document.holds(&method, &target, &answer);
    }
    // What can never be asked of this gateway in a test is still described.
    document.is_used();
}

#[tokio::test]
async fn what_a_socket_and_a_refused_file_add_is_described_too() {
    let text = config("").replace("address: 127.0.0.1:0, token: {env: ADMIN_TOKEN}", "address: 'unix:admin.sock'");
    let gateway = Gateway::start(&text).await;
    let document = Document::new(by_socket(&gateway, Ask::get("/openapi.json")).await.json());
    let reloaded = pintle(gateway.folder().path(), &["reload", "-c", "pintle.yaml"]).await;
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    gateway.rewrite("routes: 7\n");
    gateway.wait_stderr("configuration refused").await;
    for target in ["/status", "/config/history"] {
        let answer: Answer = by_socket(&gateway, Ask::get(target)).await;
        document.holds("GET", target, &answer);
    }
}

#[tokio::test]
async fn schemathesis_finds_nothing() {
    let service = Origin::echo().await;
    let text = config("").replace(
        "respond: {body: first}}]",
        &format!("respond: {{body: first}}}}, {{name: orders, match: /orders, proxy: '{}'}}]", service.url()),
    );
    let gateway = start(&text).await;
    let folder = Folder::new();
    let url = format!("http://{}", gateway.admin());
    let script = include_str!("described/schemathesis.py");
    let Some(program) = Program::python(script, &[&url, TOKEN], &folder) else { return };
    // It takes longer than any single wait, and says each second that it goes on.
    let mut second = 1u32;
    let good = loop {
        let going = format!("second {second}");
        let end = program.told("an end, or a sign of life", |line| match line.trim() {
            "ok" => Some(Some(true)),
            "found something" => Some(Some(false)),
            line => (line == going).then_some(None),
        });
        match end.await {
            Some(good) => break good,
            None => second += 1,
        }
    };
    assert!(good, "{}", program.stderr());
    assert_eq!(gateway.get("/").await.status, 200);
    assert!(!gateway.stderr().contains("panicked"), "{}", gateway.stderr());
}
