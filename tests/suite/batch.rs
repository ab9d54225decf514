//! `batch`: a batch of requests that the client wrote, each by its own route, answered at once.

mod failing;
mod fields;
mod malformed;
mod together;

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Gateway, Origin, Received, Reply};
use serde_json::{Value, json};

/// A configuration with a batch at `/batch` and these routes beside it.
pub(crate) fn with(batch: &str, routes: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nroutes:\n  - {{match: POST /batch, batch: {batch}}}\n{routes}"
    )
}

/// A batch as a client posts it.
pub(crate) fn post(requests: &Value) -> Ask {
    Ask::post("/batch", json!({"requests": requests}).to_string()).header("content-type", "application/json")
}

/// Asks over both protocols.
pub(crate) async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

/// The response objects of a batch that was taken.
pub(crate) fn responses(answer: &Answer) -> Vec<Value> {
    assert_eq!((answer.status, answer.get("content-type")), (200, Some("application/json")), "{answer:?}");
    answer.json()["responses"].as_array().expect("a list").clone()
}

/// The ids and statuses, in the answer's order.
pub(crate) fn statuses(answer: &Answer) -> Vec<(String, u64)> {
    let one = |one: &Value| (one["id"].as_str().expect("a text").to_owned(), one["status"].as_u64().expect("a number"));
    responses(answer).iter().map(one).collect()
}

fn said(statuses: &[(&str, u64)]) -> Vec<(String, u64)> {
    statuses.iter().map(|(id, status)| ((*id).to_owned(), *status)).collect()
}

/// Answers by what the path asks: `/status/404`.
async fn by_path(request: Received) -> Reply {
    match request.target.strip_prefix("/status/").and_then(|status| status.parse().ok()) {
        Some(status) => Reply::new(status),
        None => Reply::echo("it", &request),
    }
}

// Rule: batch-order
#[tokio::test]
async fn each_request_goes_by_its_own_route_and_the_answers_stand_in_their_order() {
    let service = Origin::echo().await;
    let routes = format!(
        "  - {{match: /orders/**, proxy: \"{}\"}}\n  - {{match: \"GET /hello/{{name}}\", respond: {{body: {{hello: \"${{path.name}}\"}}}}}}\n",
        service.url()
    );
    let gateway = Gateway::start(with("{}", &routes)).await;
    let batch = json!([
        {"id": "b", "method": "GET", "url": "/hello/you"},
        {"id": "a", "method": "post", "url": "/orders/1?x=%20y", "headers": {"X-Own": "1"}, "body": {"n": 1}},
        {"id": "c", "method": "Delete", "url": "orders/../orders/2", "body": null},
        {"id": "d", "method": "get", "url": "/nowhere"},
    ]);
    for answer in both(&gateway, post(&batch)).await {
        assert_eq!(statuses(&answer), said(&[("b", 200), ("a", 200), ("c", 200), ("d", 404)]));
        let all = responses(&answer);
        assert_eq!(all[0]["body"], json!({"hello": "you"}));
        let got = &all[1]["body"];
        assert_eq!(
            (&got["method"], &got["target"], &got["body"]),
            (&"POST".into(), &"/orders/1?x=%20y".into(), &"{\"n\":1}".into())
        );
        let field = |name: &str| {
            let fields = got["fields"].as_array().expect("a list");
            let found: Vec<&Value> = fields.iter().filter(|field| field[0] == name).map(|field| &field[1]).collect();
            assert!(found.len() < 2, "{found:?}");
            found.first().and_then(|value| value.as_str()).map(str::to_owned)
        };
        assert_eq!(
            (field("x-own").as_deref(), field("content-type").as_deref()),
            (Some("1"), Some("application/json"))
        );
        assert_eq!(
            (field("accept-encoding").as_deref(), field("content-length").as_deref()),
            (Some("identity"), Some("7"))
        );
        assert_eq!((&all[2]["body"]["method"], &all[2]["body"]["target"]), (&"DELETE".into(), &"/orders/2".into()));
        assert_eq!(
            (&all[3]["body"]["reason"], &all[3]["headers"]["content-type"]),
            (&"no_route".into(), &"application/problem+json".into())
        );
        let length: usize = answer.get("content-length").expect("a length").parse().expect("a number");
        assert_eq!((length, answer.get("cache-control")), (answer.body.len(), Some("no-store")));
        // Each has an id of its own, by which the service and the log know it.
        assert_eq!(all[1]["headers"]["x-request-id"].as_str(), field("x-request-id").as_deref());
    }
    for answer in both(&gateway, post(&json!([]))).await {
        assert_eq!(answer.text(), "{\"responses\":[]}");
    }
}

// Rule: batch-depends
#[tokio::test]
async fn what_depends_on_one_that_did_not_succeed_is_not_run() {
    let service = Origin::start(by_path).await;
    let gateway = Gateway::start(with("{}", &format!("  - {{match: /**, proxy: \"{}\"}}\n", service.url()))).await;
    let batch = json!([
        {"id": "ok", "method": "GET", "url": "/status/201"},
        {"id": "moved", "method": "GET", "url": "/status/302"},
        {"id": "bad", "method": "GET", "url": "/status/404"},
        {"id": "after-ok", "method": "GET", "url": "/status/204", "dependsOn": ["ok"]},
        {"id": "after-moved", "method": "POST", "url": "/never", "dependsOn": ["moved"]},
        {"id": "after-bad", "method": "POST", "url": "/never", "dependsOn": ["ok", "bad"]},
        {"id": "after-all", "method": "POST", "url": "/never", "dependsOn": ["after-bad"]},
        {"id": "refused", "method": "GET", "url": "http://other.test/"},
        {"id": "after-refused", "method": "POST", "url": "/never", "dependsOn": ["refused"]},
        {"id": "if", "method": "POST", "url": "/never", "dependsOn": ["ok"], "if": "$ok/$succeeded"},
        {"id": "alone", "method": "GET", "url": "/status/200"},
    ]);
    for answer in both(&gateway, post(&batch)).await {
        let wanted = [
            ("ok", 201),
            ("moved", 302),
            ("bad", 404),
            ("after-ok", 204),
            ("after-moved", 424),
            ("after-bad", 424),
            ("after-all", 424),
            ("refused", 400),
            ("after-refused", 424),
            ("if", 424),
            ("alone", 200),
        ];
        assert_eq!(statuses(&answer), said(&wanted));
        let all = responses(&answer);
        assert_eq!(
            (&all[5]["body"]["reason"], &all[5]["body"]["title"]),
            (&"failed_dependency".into(), &"This request of a batch was not run".into())
        );
        assert_eq!(all[9]["body"]["detail"], "`if` is not done.");
    }
    assert_eq!(service.received().iter().filter(|one| one.target == "/never").count(), 0);
    gateway.wait_metric("pintle_batch_requests_total{route=\"POST /batch\",result=\"succeeded\"}", 6.0).await;
    gateway.wait_metric("pintle_batch_requests_total{route=\"POST /batch\",result=\"failed\"}", 6.0).await;
    gateway.wait_metric("pintle_batch_requests_total{route=\"POST /batch\",result=\"not_run\"}", 10.0).await;
}

// Rule: batch-errors
#[tokio::test]
async fn who_does_not_want_to_go_on_after_an_error_gets_the_rest_not_run() {
    let service = Origin::start(by_path).await;
    let gateway = Gateway::start(with("{}", &format!("  - {{match: /**, proxy: \"{}\"}}\n", service.url()))).await;
    let batch = json!([
        {"id": "1", "method": "GET", "url": "/status/200"},
        {"id": "2", "method": "GET", "url": "/status/500"},
        {"id": "3", "method": "GET", "url": "/status/200"},
    ]);
    for prefer in
        ["continue-on-error=false", "odata.continue-on-error=\"false\"", "respond-async, Continue-On-Error = false"]
    {
        for answer in both(&gateway, post(&batch).header("prefer", prefer)).await {
            assert_eq!(statuses(&answer), said(&[("1", 200), ("2", 500), ("3", 424)]), "{prefer}");
            assert_eq!(answer.get("preference-applied"), Some("continue-on-error=false"));
        }
    }
    for (prefer, applied) in
        [("continue-on-error", Some("continue-on-error")), ("respond-async", None), ("continue-on-error=maybe", None)]
    {
        for answer in both(&gateway, post(&batch).header("prefer", prefer)).await {
            assert_eq!(statuses(&answer), said(&[("1", 200), ("2", 500), ("3", 200)]), "{prefer}");
            assert_eq!(answer.get("preference-applied"), applied);
        }
    }
}

// Rule: batch-body
#[tokio::test]
async fn content_is_json_text_or_base64url_by_its_type() {
    let service = Origin::start(async |request: Received| match &*request.target {
        "/bytes" => Reply::new(200).header("content-type", "image/png").body(vec![0xff, 0xfe, 0xfb]),
        "/latin" => Reply::new(200).header("content-type", "text/plain; charset=ISO-8859-1").body(vec![b'g', 0xfc]),
        "/coded" => {
            Reply::new(200).header("content-type", "application/json").header("content-encoding", "gzip").body("zz")
        }
        "/numbers" => Reply::new(200)
            .header("content-type", "application/json")
            .body("\n{\"n\":12345678901234567890.10,\"e\":1E40}\n"),
        "/none" => Reply::new(204),
        "/plus" => Reply::new(200).header("content-type", "application/vnd.x+json").body("[1]"),
        _ => {
            let kind = request.get("content-type").unwrap_or_default().to_owned();
            Reply::new(200)
                .header("content-type", &kind)
                .header("x-size", &request.body.len().to_string())
                .body(request.body)
        }
    })
    .await;
    let gateway = Gateway::start(with("{}", &format!("  - {{match: /**, proxy: \"{}\"}}\n", service.url()))).await;
    // Written by hand: what stands in it must come as it stands.
    let batch = r#"{"requests":[
        {"id":"1","method":"post","url":"/a","body":{"n":12345678901234567890.10,"e":1E40,"s":"\u00e9\n"}},
        {"id":"2","method":"post","url":"/a","headers":{"content-type":"text/plain"},"body":"a\nb\u00e9"},
        {"id":"3","method":"post","url":"/a","headers":{"content-type":"application/octet-stream"},"body":"__79"},
        {"id":"4","method":"post","url":"/a","headers":{"content-type":"application/octet-stream"},"body":"_w=="},
        {"id":"5","method":"put","url":"/a","body":"\u0001text"},
        {"id":"6","method":"patch","url":"/a","body":false},
        {"id":"7","method":"get","url":"/bytes"},
        {"id":"8","method":"get","url":"/latin"},
        {"id":"9","method":"get","url":"/coded"},
        {"id":"10","method":"get","url":"/numbers"},
        {"id":"11","method":"get","url":"/none"},
        {"id":"12","method":"get","url":"/plus"}]}"#;
    for answer in
        both(&gateway, Ask::post("/batch", batch).header("content-type", "application/json;odata.metadata=minimal"))
            .await
    {
        let all = responses(&answer);
        let text = answer.text();
        assert!(text.contains(r#""body":{"n":12345678901234567890.10,"e":1E40,"s":"\u00e9\n"}}"#), "{text}");
        assert_eq!(all[1]["body"], "a\nb\u{e9}");
        assert_eq!((&all[2]["body"], &all[2]["headers"]["x-size"]), (&"__79".into(), &"3".into()));
        assert_eq!((&all[3]["body"], &all[3]["headers"]["x-size"]), (&"_w".into(), &"1".into()));
        assert_eq!((&all[4]["body"], &all[5]["body"]), (&"\u{1}text".into(), &false.into()));
        assert_eq!(
            (&all[6]["body"], &all[7]["body"], &all[8]["body"]),
            (&"__77".into(), &"g\u{fc}".into(), &"eno".into())
        );
        assert!(text.contains(r#""body":{"n":12345678901234567890.10,"e":1E40}}"#), "{text}");
        assert_eq!((&all[10]["status"], all[10].get("body")), (&204.into(), None));
        assert_eq!(all[11]["body"], json!([1]));
    }
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| format!("{START}routes:\n  - match: POST /batch\n    batch: {settings}\n");
    refused(&route("{max_requests: 0}"), &["pintle.yaml:5:", "a number of requests from 1 to 1000"]).await;
    refused(&route("{parallel: 65}"), &["pintle.yaml:5:", "a number of requests from 1 to 64"]).await;
    refused(&route("{limits: {depth: 300, total: 0B}}"), &["pintle.yaml:5:", "a depth from 4 to 256"]).await;
    refused(
        &route("{limits: {request: 0B, answer: 2GiB}}"),
        &["`request` lets no batch through", "`answer` is more than the 64MiB"],
    )
    .await;
    refused(&route("{requests: 20}"), &["pintle.yaml:5:", "requests"]).await;
    refused(&route("{}\n    respond: {body: ok}"), &["one action"]).await;
    refused(&route("20"), &["write `batch: {}` for what is usual"]).await;
}
