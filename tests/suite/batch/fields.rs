//! Whose a field of a request in a batch is: its own, the batch's, or nobody's.

use super::{both, post, responses, statuses, with};
use pintle_testkit::{Gateway, Origin, Received, Reply};
use serde_json::{Value, json};

/// `U*U` by bcrypt at its least cost, and who says it.
const QUICK: &str = "{bcrypt: \"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\"}";
const ALICE: &str = "Basic YWxpY2U6VSpV";
const BOB: &str = "Basic Ym9iOlUqVQ==";

fn proxied(service: &Origin) -> String {
    with("{max_requests: 100}", &format!("  - {{match: /**, proxy: \"{}\"}}\n", service.url()))
}

/// What the service got under a name, of an answer of an echo.
fn got<'a>(response: &'a Value, name: &str) -> Vec<&'a str> {
    let fields = response["body"]["fields"].as_array().unwrap_or_else(|| panic!("no echo: {response}"));
    let named = fields.iter().filter(|field| field[0] == name);
    named.map(|field| field[1].as_str().expect("a text")).collect()
}

// Rule: batch-fields
#[tokio::test]
async fn what_is_of_the_connection_the_way_or_the_page_is_not_for_a_request_to_say() {
    let service = Origin::echo().await;
    let gateway = Gateway::start(proxied(&service)).await;
    let names = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "Transfer-Encoding",
        "upgrade",
        "http2-settings",
        "host",
        "content-length",
        "expect",
        "max-forwards",
        "range",
        "if-range",
        "from",
        "forwarded",
        "x-forwarded-for",
        "X-Forwarded-Host",
        "x_forwarded_for",
        "x-forwarded_proto",
        "x-forwarded-anything",
        "x-real-ip",
        "x_real_ip",
        "x-request-id",
        "via",
        "origin",
        "referer",
        "sec-fetch-site",
        "sec-websocket-key",
        "early-data",
        "traceparent",
        "tracestate",
        "b3",
        "x-b3-traceid",
        "accept-encoding",
        "access-control-request-method",
    ];
    let mut requests: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(at, name)| json!({"id": at.to_string(), "method": "get", "url": "/", "headers": {*name: "1"}}))
        .collect();
    // What would be another field, another request, or a line of another one.
    let broken = [
        ("a", "b\r\nhost: other.test"),
        ("a", "b\nc: d"),
        ("a", "b\rc: d"),
        ("a", "b\u{0}"),
        ("a", "\u{7f}"),
        ("a\r\nhost", "other.test"),
        ("a b", "c"),
        ("a:", "c"),
        ("", "c"),
        (" a", "c"),
        ("a ", "c"),
        ("\u{e9}", "c"),
        (":path", "/x"),
        (":authority", "other.test"),
        ("a\tb", "c"),
        ("transfer-encoding\u{0}", "chunked"),
    ];
    for (at, (name, value)) in broken.iter().enumerate() {
        requests
            .push(json!({"id": format!("x{at}"), "method": "post", "url": "/", "headers": {*name: value}, "body": 1}));
    }
    requests.push(json!({"id": "good", "method": "get", "url": "/", "headers": {"x-tab": "a\tb", "x-high": "\u{e9}"}}));
    for answer in both(&gateway, post(&Value::from(requests.clone()))).await {
        let all = responses(&answer);
        for (request, one) in requests.iter().zip(&all).take(requests.len() - 1) {
            assert_eq!(
                (&one["status"], &one["body"]["reason"]),
                (&400.into(), &"bad_request".into()),
                "{request}\n{one}"
            );
        }
        let good = all.last().expect("the last");
        assert_eq!((got(good, "x-tab"), good["status"].as_u64()), (vec!["a\tb"], Some(200)));
    }
    assert_eq!(service.hits(), 2);
}

#[tokio::test]
async fn a_head_has_the_bounds_of_any_head() {
    let service = Origin::echo().await;
    let config = format!("{}limits: {{header: {{size: 2KiB, count: 20}}}}\n", proxied(&service));
    let gateway = Gateway::start(config).await;
    let many: serde_json::Map<String, Value> = (0..21).map(|at| (format!("x-{at}"), Value::from("1"))).collect();
    let batch = json!([
        {"id": "1", "method": "get", "url": "/", "headers": {"x-long": "x".repeat(2048)}},
        {"id": "2", "method": "get", "url": "/", "headers": many},
        {"id": "3", "method": "get", "url": format!("/{}", "x".repeat(2048))},
        {"id": "4", "method": "get", "url": "/"},
    ]);
    for answer in both(&gateway, post(&batch)).await {
        let statuses: Vec<u64> = statuses(&answer).into_iter().map(|(_, status)| status).collect();
        assert_eq!(statuses, [431, 431, 414, 200]);
    }
}

// Rule: batch-credentials
#[tokio::test]
async fn the_batchs_credentials_are_each_requests_unless_it_has_its_own() {
    let service = Origin::echo().await;
    let person = |name: &str| format!("  - {{name: {name}, basic_auth: {{username: {name}, password: {QUICK}}}}}\n");
    let routes = format!(
        "  - {{match: GET /open, proxy: \"{0}\"}}\n  - {{match: GET /shut, policies: [{{basic_auth: {{}}}}], respond: {{body: \"${{consumer.name}}\"}}}}\n",
        service.url()
    );
    // The batch's own route may want credentials too, and takes them off.
    for own in ["", "policies: [{basic_auth: {optional: true}}], "] {
        let config = format!("{}consumers:\n{}{}", with("{}", &routes), person("alice"), person("bob"))
            .replace("{match: POST /batch, ", &format!("{{match: POST /batch, {own}"));
        let gateway = Gateway::start(config).await;
        let batch = json!([
            {"id": "1", "method": "get", "url": "/shut"},
            {"id": "2", "method": "get", "url": "/shut", "headers": {"authorization": BOB}},
            {"id": "3", "method": "get", "url": "/shut", "headers": {"Authorization": "Basic bm9ib2R5OlUqVQ=="}},
            {"id": "4", "method": "get", "url": "/open"},
            {"id": "5", "method": "get", "url": "/open", "headers": {"cookie": "mine=1", "user-agent": "own", "accept-language": "de"}},
        ]);
        let ask = post(&batch)
            .header("authorization", ALICE)
            .header("cookie", "a=b; c=d")
            .header("user-agent", "outer")
            .header("accept-language", "fr")
            .header("accept", "application/json")
            .header("x-other", "outer")
            .header("prefer", "return=minimal")
            .header("if-match", "\"x\"");
        for answer in both(&gateway, ask).await {
            let all = responses(&answer);
            assert_eq!((&all[0]["body"], &all[1]["body"]), (&"alice".into(), &"bob".into()));
            assert_eq!((&all[2]["status"], &all[2]["body"]["reason"]), (&401.into(), &"bad_credentials".into()));
            assert!(all[2]["headers"]["www-authenticate"].is_string(), "{}", all[2]);
            assert_eq!(got(&all[3], "authorization"), [ALICE]);
            assert_eq!((got(&all[3], "cookie"), got(&all[4], "cookie")), (vec!["a=b; c=d"], vec!["mine=1"]));
            assert_eq!((got(&all[3], "user-agent"), got(&all[4], "user-agent")), (vec!["outer"], vec!["own"]));
            assert_eq!((got(&all[3], "accept-language"), got(&all[4], "accept-language")), (vec!["fr"], vec!["de"]));
            for name in ["accept", "x-other", "prefer", "if-match", "content-type", "content-length"] {
                assert!(got(&all[3], name).is_empty(), "{name}");
            }
        }
        // Without any the routes decide as ever.
        for answer in both(&gateway, post(&batch)).await {
            let statuses: Vec<u64> = statuses(&answer).into_iter().map(|(_, status)| status).collect();
            assert_eq!(statuses, [401, 200, 401, 200, 200]);
        }
    }
}

// Rule: batch-client
#[tokio::test]
async fn the_client_and_the_page_that_sends_are_those_of_the_batch() {
    let service = Origin::echo().await;
    let config = with(
        "{}",
        &format!(
            "  - {{match: GET /in, proxy: \"{0}\"}}\n  - {{match: POST /safe, policies: [{{csrf: {{}}}}], proxy: \"{0}\"}}\n  - {{match: GET /inside, policies: [{{ip_filter: {{allow: [192.0.2.0/24]}}}}], proxy: \"{0}\"}}\n",
            service.url()
        ),
    )
    .replace("{address: 127.0.0.1:0}]", "{address: 127.0.0.1:0, trusted_proxies: [127.0.0.1]}, {name: other, address: 127.0.0.1:0}]");
    let gateway = Gateway::start(config).await;
    let batch = json!([
        {"id": "1", "method": "get", "url": "/in"},
        {"id": "2", "method": "post", "url": "/safe", "body": 1},
        {"id": "3", "method": "get", "url": "/inside"},
        {"id": "4", "method": "get", "url": "https://shop.test/in"},
    ]);
    let ask = post(&batch)
        .header("x-forwarded-for", "192.0.2.9")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "shop.test")
        .header("x-request-id", "outer-id");
    for answer in both(&gateway, ask.clone()).await {
        let all = responses(&answer);
        assert_eq!(answer.get("x-request-id"), Some("outer-id"));
        assert_eq!(got(&all[0], "x-forwarded-for"), ["192.0.2.9, 127.0.0.1"]);
        assert_eq!(
            (got(&all[0], "x-forwarded-proto"), got(&all[0], "x-forwarded-host")),
            (vec!["https"], vec!["shop.test"])
        );
        assert_ne!(got(&all[0], "x-request-id"), ["outer-id"]);
        let statuses: Vec<u64> = statuses(&answer).into_iter().map(|(_, status)| status).collect();
        assert_eq!(statuses, [200, 200, 200, 200]);
    }
    // A page of another site cannot hide behind a batch.
    for answer in both(&gateway, ask.header("origin", "https://evil.test").header("sec-fetch-site", "cross-site")).await
    {
        let all = responses(&answer);
        assert_eq!((&all[1]["status"], &all[1]["body"]["reason"]), (&403.into(), &"cross_site".into()));
    }
    // Nor a client behind fields that nobody trusted sent.
    let mut other = pintle_testkit::H1Client::tcp(gateway.address(1)).await;
    let answer =
        other.ask(post(&batch).header("x-forwarded-for", "192.0.2.9").header("x-forwarded-host", "shop.test")).await;
    let all = responses(&answer);
    assert_eq!(got(&all[0], "x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!((&all[2]["status"], &all[3]["status"]), (&403.into(), &400.into()));
}

// Rule: batch-cookies
#[tokio::test]
async fn cookies_of_the_answers_are_the_batchs_own_in_the_requests_order() {
    let service = Origin::start(async |request: Received| match &*request.target {
        "/shop/a" => Reply::new(200)
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2; Path=/x; Secure")
            .header("x-a", "1")
            .header("x-a", "2"),
        _ => Reply::new(404).header("set-cookie", "a=3; path=; HttpOnly"),
    })
    .await;
    let gateway = Gateway::start(proxied(&service)).await;
    let batch = json!([
        {"id": "2", "method": "get", "url": "/shop/a"},
        {"id": "1", "method": "get", "url": "/b"},
    ]);
    for answer in both(&gateway, post(&batch)).await {
        let all = responses(&answer);
        assert_eq!(
            answer.fields.all("set-cookie"),
            ["a=1; Path=/shop", "b=2; Path=/x; Secure", "a=3; path=; HttpOnly; Path=/"]
        );
        assert_eq!(all[0]["headers"]["x-a"], "1, 2");
        assert_eq!((all[0]["headers"].get("set-cookie"), all[1]["headers"].get("set-cookie")), (None, None));
    }
}

#[tokio::test]
async fn over_http_1_0_without_a_host_a_batch_works_too() {
    let gateway = Gateway::start(with("{}", "  - {match: GET /a, respond: {body: a}}\n")).await;
    let body = json!({"requests": [{"id": "1", "method": "get", "url": "/a"}]}).to_string();
    let mut wire = gateway.wire().await;
    wire.write(format!(
        "POST /batch HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    let (bytes, _) = wire.to_end().await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("\"status\":200") && text.contains("\"body\":\"a\""), "{text}");
}
