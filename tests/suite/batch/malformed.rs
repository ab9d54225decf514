//! Batches that break their format, and requests in them that no request may be: each with its status and its words.

use super::{both, post, responses, with};
use pintle_testkit::{Ask, Gateway, Origin};
use serde_json::json;

/// What is wrong with the whole: its text, and what is said.
const WHOLE: &[(&str, &str)] = &[
    ("", "it is no JSON at byte 0"),
    ("{", "it is no JSON at byte 1"),
    ("[]", "The batch is no JSON object."),
    ("null", "The batch is no JSON object."),
    ("{}", "The batch has no `requests`."),
    ("{\"requests\":{}}", "`requests` is no list."),
    ("{\"requests\":null}", "`requests` is no list."),
    ("{\"requests\":[]} x", "it is no JSON at byte 16"),
    ("{\"requests\":[],\"requests\":[]}", "an object has a name twice"),
    ("{\"requests\":[],\"request\":[]}", "The batch has a member that the format does not know."),
    ("{\"requests\":[1]}", "`requests[0]` is no object."),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\"},[]]}", "`requests[1]` is no object."),
    ("{\"requests\":[{\"method\":\"get\",\"url\":\"/\"}]}", "`requests[0]` has no `id`."),
    ("{\"requests\":[{\"id\":1,\"method\":\"get\",\"url\":\"/\"}]}", "`requests[0].id` is no text."),
    ("{\"requests\":[{\"id\":\"\",\"method\":\"get\",\"url\":\"/\"}]}", "`requests[0].id` is 1 to 128 letters"),
    ("{\"requests\":[{\"id\":\"a b\",\"method\":\"get\",\"url\":\"/\"}]}", "`requests[0].id` is 1 to 128 letters"),
    ("{\"requests\":[{\"id\":\"\\u00e9\",\"method\":\"get\",\"url\":\"/\"}]}", "`requests[0].id` is 1 to 128 letters"),
    ("{\"requests\":[{\"id\":\"1\",\"url\":\"/\"}]}", "`requests[0]` has no `method`."),
    ("{\"requests\":[{\"id\":\"1\",\"method\":null,\"url\":\"/\"}]}", "`requests[0].method` is no text."),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"head\",\"url\":\"/\"}]}", "`requests[0].method` is none of"),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"CONNECT\",\"url\":\"/\"}]}", "`requests[0].method` is none of"),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"get \",\"url\":\"/\"}]}", "`requests[0].method` is none of"),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"get\"}]}", "`requests[0]` has no `url`."),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":[]}]}", "`requests[0].url` is no text."),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"uri\":\"/\"}]}",
        "`requests[0]` has a member that the format does not know.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"headers\":[]}]}",
        "`requests[0].headers` is no object.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"headers\":{\"a\":1}}]}",
        "`requests[0].headers` holds something else than texts.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"headers\":{\"a\":[\"1\"]}}]}",
        "`requests[0].headers` holds something else than texts.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"headers\":{\"a\":\"1\",\"A\":\"2\"}}]}",
        "`requests[0].headers` has a name twice.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"headers\":{\"a\":\"1\",\"a\":\"2\"}}]}",
        "an object has a name twice",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"dependsOn\":\"0\"}]}",
        "`requests[0].dependsOn` is no list.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"dependsOn\":[0]}]}",
        "`requests[0].dependsOn` holds something else than texts.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"dependsOn\":[\"1\"]}]}",
        "`requests[0].dependsOn[0]` names its own request.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"dependsOn\":[\"9\"]}]}",
        "`requests[0].dependsOn[0]` names no request that stands before this one.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"dependsOn\":[\"2\"]},{\"id\":\"2\",\"method\":\"get\",\"url\":\"/\",\"dependsOn\":[\"1\"]}]}",
        "`requests[0].dependsOn[0]` names no request",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\"},{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\"}]}",
        "`requests[1].id` is also that of `requests[0]`.",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"atomicityGroup\":\"g\"}]}",
        "`requests[0].atomicityGroup` is not done",
    ),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\",\"if\":true}]}", "`requests[0].if` is no text."),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"\\ud800\"}]}", "a string has half of a surrogate pair"),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"post\",\"url\":\"/\",\"body\":[[[[[[1]]]]]]}]}",
        "nested more deeply than allowed",
    ),
    (
        "{\"requests\":[{\"id\":\"1\",\"method\":\"post\",\"url\":\"/\",\"body\":{\"a\":1,\"a\":2}}]}",
        "an object has a name twice",
    ),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"post\",\"url\":\"/\",\"body\":01}]}", "it is no JSON"),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"post\",\"url\":\"/\",\"body\":NaN}]}", "it is no JSON"),
    ("{\"requests\":[{\"id\":\"1\",\"method\":\"get\",\"url\":\"/\"},]}", "it is no JSON"),
    ("{\"requests\":[]}\u{0}", "it is no JSON"),
    ("\u{feff}{\"requests\":[]}", "it is no JSON"),
];

#[tokio::test]
async fn a_batch_that_breaks_its_format_is_refused_with_the_place_before_anything_runs() {
    let service = Origin::echo().await;
    let gateway =
        Gateway::start(with("{limits: {depth: 8}}", &format!("  - {{match: /**, proxy: \"{}\"}}\n", service.url())))
            .await;
    let h2 = gateway.h2().await;
    let mut h1 = gateway.h1().await;
    for (text, said) in WHOLE {
        let ask = Ask::post("/batch", text).header("content-type", "application/json");
        // The connection stays: nothing of its framing is in doubt.
        for answer in [h1.ask(ask.clone()).await, h2.ask(ask).await] {
            let problem = answer.problem(400, "bad_batch");
            let detail = problem["detail"].as_str().unwrap_or_default();
            assert!(detail.contains(said), "{text}\n{detail}");
        }
    }
    let latin = [b"{\"requests\":[\"".as_slice(), &[0xe9], b"\"]}"].concat();
    let answer = h1.ask(Ask::post("/batch", latin).header("content-type", "application/json")).await;
    assert_eq!(answer.problem(400, "bad_batch")["detail"], "The batch cannot be read: it is no UTF-8 at byte 14.");
    assert_eq!(service.hits(), 0);
    // What is beside the format, and known to it, is passed over.
    let annotated = r#"{"@context":"x","requests":[{"id":"1","method":"get","url":"/","@x.y":1,"headers":null}]}"#;
    let answer = h1.ask(Ask::post("/batch", annotated).header("content-type", "application/json")).await;
    assert_eq!(responses(&answer)[0]["status"], 200);
}

// Rule: batch-own
#[tokio::test]
async fn a_request_that_may_not_be_is_refused_alone() {
    let service = Origin::echo().await;
    let gateway =
        Gateway::start(with("{max_requests: 100}", &format!("  - {{match: /**, proxy: \"{}\"}}\n", service.url())))
            .await;
    let get = |url: &str| json!({"method": "get", "url": url});
    let post_of = |kind: &str, body: serde_json::Value| json!({"method": "post", "url": "/", "headers": {"content-type": kind}, "body": body});
    let cases = [
        (get("http://other.test/a"), "its own scheme, host and port"),
        (get("https://localhost/a"), "its own scheme, host and port"),
        (get("http://localhost:81/a"), "its own scheme, host and port"),
        (get("http://user@localhost/a"), "its own scheme, host and port"),
        (get("http://localhost.other.test/"), "its own scheme, host and port"),
        (get("http://localhost@other.test/"), "its own scheme, host and port"),
        (get("http://localhost\\@other.test/"), "its own scheme, host and port"),
        (get("ftp://localhost/a"), "its own scheme, host and port"),
        (get("http:/a"), "neither one of this host nor a path"),
        (get("mailto:a"), "neither one of this host nor a path"),
        (get("//localhost/a"), "names a host alone"),
        (get("/a#b"), "no fragment"),
        (get("/a b"), "visible ASCII alone"),
        (get("/\u{e9}"), "visible ASCII alone"),
        (get("/a\r\nx: y"), "visible ASCII alone"),
        (get("/a HTTP/1.1\r\nhost: other\r\n\r\n"), "visible ASCII alone"),
        (get("/a\u{0}"), "visible ASCII alone"),
        (get("$1"), "References to other requests"),
        (get("$1/Orders"), "References to other requests"),
        (json!({"method": "get", "url": "/", "body": {}}), "has no body"),
        (json!({"method": "delete", "url": "/", "body": 0}), "has no body"),
        (
            json!({"method": "patch", "url": "/", "headers": {"if-match": "$1"}, "body": 0}),
            "References to other requests",
        ),
        (post_of("application/octet-stream", json!("a+b")), "base64url"),
        (post_of("application/octet-stream", json!("a")), "base64url"),
        (post_of("application/octet-stream", json!({"a": 1})), "is a text"),
        (post_of("text/plain", json!(1)), "is a text"),
        (post_of("text/plain; charset=utf-16", json!("a")), "another charset"),
        (post_of("application/grpc", json!("AAAA")), "gRPC"),
    ];
    let requests: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(at, (request, _))| {
            let mut request = request.clone();
            request["id"] = at.to_string().into();
            request
        })
        .chain([json!({"id": "last", "method": "get", "url": "/good"})])
        .collect();
    for answer in both(&gateway, post(&requests.into())).await {
        let all = responses(&answer);
        for ((request, said), one) in cases.iter().zip(&all) {
            assert_eq!(
                (&one["status"], &one["body"]["reason"]),
                (&400.into(), &"bad_request".into()),
                "{request}\n{one}"
            );
            assert!(one["body"]["detail"].as_str().unwrap_or_default().contains(said), "{request}\n{one}");
            assert_eq!(one["body"]["request_id"], one["headers"]["x-request-id"]);
        }
        assert_eq!(all[cases.len()]["status"], 200);
    }
    assert_eq!(service.hits(), 2, "the good one alone");
    // Paths are what any request's are.
    let paths = json!([
        {"id": "1", "method": "get", "url": "/a/%2e%2e/b"},
        {"id": "2", "method": "get", "url": "/a%00b"},
        {"id": "3", "method": "get", "url": "HTTP://LOCALHOST:80/c?d"},
        {"id": "4", "method": "get", "url": "http://localhost"},
        {"id": "5", "method": "get", "url": "./e:f"},
        {"id": "6", "method": "get", "url": "$metadata"},
        {"id": "7", "method": "get", "url": "Products('a:b')?$select=x"},
        {"id": "8", "method": "get", "url": "http://localhost?q"},
    ]);
    for answer in both(&gateway, post(&paths)).await {
        let all = responses(&answer);
        let came: Vec<_> = all
            .iter()
            .map(|one| {
                one["body"]["target"].as_str().unwrap_or_else(|| one["body"]["reason"].as_str().expect("a text"))
            })
            .collect();
        assert_eq!(came, ["/b", "bad_path", "/c?d", "/", "/e:f", "/$metadata", "/Products('a:b')?$select=x", "/?q"]);
    }
}

// Rule: batch-nested
#[tokio::test]
async fn a_batch_holds_no_batch() {
    let gateway = Gateway::start(with("{}", "  - {match: GET /a, respond: {body: a}}\n")).await;
    let inner = json!({"requests": [{"id": "x", "method": "get", "url": "/a"}]});
    let batch = json!([
        {"id": "1", "method": "post", "url": "/batch", "body": inner},
        {"id": "2", "method": "post", "url": "?a=b", "body": inner},
        {"id": "3", "method": "get", "url": "/a"},
        {"id": "4", "method": "post", "url": "", "body": inner},
    ]);
    for answer in both(&gateway, post(&batch)).await {
        let all = responses(&answer);
        for at in [0, 1, 3] {
            assert_eq!((&all[at]["status"], &all[at]["body"]["reason"]), (&400.into(), &"bad_batch".into()));
            assert_eq!(all[at]["body"]["detail"], "A request of a batch is no batch itself.");
        }
        assert_eq!(all[2]["body"], "a");
    }
}

#[tokio::test]
async fn what_is_no_batch_or_too_large_is_refused_by_name() {
    let gateway = Gateway::start(with(
        "{max_requests: 2, limits: {request: 1KiB}}",
        "  - {match: GET /a, respond: {body: a}}\n  - {match: /any, batch: {}}\n",
    ))
    .await;
    let asked = |kind: &str| Ask::post("/batch", "{\"requests\":[]}").header("content-type", kind);
    for answer in both(&gateway, asked("multipart/mixed; boundary=x")).await {
        let problem = answer.problem(415, "unsupported_content");
        assert!(problem["detail"].as_str().unwrap_or_default().contains("multipart/mixed"), "{problem}");
        assert_eq!(answer.get("accept"), Some("application/json"));
    }
    for kind in ["text/plain", "application/json; charset=utf-16", "application/problem+json", ""] {
        for answer in both(&gateway, asked(kind)).await {
            answer.problem(415, "unsupported_content");
        }
    }
    for answer in both(&gateway, asked("application/json").header("content-encoding", "gzip")).await {
        answer.problem(415, "unsupported_content");
    }
    for answer in both(&gateway, Ask::get("/any")).await {
        assert_eq!(answer.get("allow"), Some("POST"));
        answer.problem(405, "method_not_allowed");
    }
    let get = |id: u32| json!({"id": id.to_string(), "method": "get", "url": "/a"});
    for answer in both(&gateway, post(&json!([get(1), get(2), get(3)]))).await {
        assert_eq!(answer.problem(413, "body_too_large")["detail"], "The batch has 3 requests; the limit is 2.");
    }
    let large = json!([{"id": "1", "method": "get", "url": format!("/a?{}", "x".repeat(1024))}]);
    for answer in both(&gateway, post(&large)).await {
        assert_eq!(answer.problem(413, "body_too_large")["detail"], "The limit is 1KiB.");
    }
    for answer in both(&gateway, post(&large).chunked()).await {
        answer.problem(413, "body_too_large");
    }
    for answer in both(&gateway, post(&json!([get(1)])).chunked()).await {
        assert_eq!(responses(&answer)[0]["body"], "a");
    }
}
