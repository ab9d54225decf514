//! What services get.

use super::{both, config, service};
use pintle_testkit::{Ask, Certificates, Gateway, Origin, Received, Reply};
use serde_json::json;

// Rule: aggregate-headers
#[tokio::test]
async fn of_the_clients_fields_only_those_go_on_that_are_named() {
    let service = service(&[("/get", "1"), ("/post", "2")]).await;
    let routes = "  - match: /a
    aggregate:
      pass_headers: [Authorization, accept-language, x-own, x-many]
      parts:
        get: {call: GET a:/get}
        post: {call: POST a:/post, body: {a: b}, headers: {X-Own: part, x-none: \"${request.headers['x-none']}\"}, on_failure: {value: 3}}
        sent: {call: POST a:/post, body: hello, headers: {x-own: \"\", content-type: text/x}}
";
    let gateway = Gateway::start(config(&[("a", service.address())], routes)).await;
    let ask = Ask::post("/a", "{}")
        .header("AUTHORIZATION", "Bearer a")
        .header("accept-language", "de")
        .header("x-many", "1")
        .header("x-many", "2")
        .header("x-own", "client")
        .header("x_own", "client")
        .header("accept_language", "xx")
        .header("content-type", "application/json")
        .header("accept", "text/plain")
        .header("accept-encoding", "gzip")
        .header("cookie", "a=b")
        .header("if-none-match", "*")
        .header("range", "bytes=0-0")
        .header("x-forwarded-for", "203.0.113.9")
        .header("forwarded", "for=203.0.113.9")
        .header("x-real-ip", "203.0.113.9")
        .header("x-request-id", "mine")
        .header("x-other", "c");
    // Over HTTP/2 names are in small letters already.
    for (number, ask) in [ask.clone(), ask].into_iter().enumerate() {
        let before = service.hits();
        let answer = match number {
            0 => gateway.ask(ask).await,
            _ => {
                let lower = Ask::post("/a", "{}").header("authorization", "Bearer a").header("accept-language", "de");
                let lower = lower
                    .header("x-many", "1")
                    .header("x-many", "2")
                    .header("x-own", "client")
                    .header("x_own", "client");
                gateway
                    .h2()
                    .await
                    .ask(lower.header("cookie", "a=b").header("accept_language", "xx").header("x-other", "c"))
                    .await
            }
        };
        // The value of a header that cannot be made fails its part.
        assert_eq!((answer.status, &*answer.text()), (200, r#"{"get":1,"post":3,"sent":2}"#), "{answer:?}");
        assert_eq!(answer.get("gateway-partial"), Some("post; reason=expression"));
        let got = service.received().split_off(before);
        assert_eq!(got.len(), 2);
        for request in got {
            let mut names: Vec<&str> = request.fields.0.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            let mut wanted = vec![
                "accept-language",
                "authorization",
                "host",
                "traceparent",
                "via",
                "x-forwarded-for",
                "x-forwarded-host",
                "x-forwarded-proto",
                "x-many",
                "x-many",
                "x-own",
                "x-request-id",
            ];
            if request.method == "POST" {
                wanted.extend(["content-length", "content-type"]);
                wanted.sort_unstable();
                assert_eq!((request.get("content-type"), &request.body[..]), (Some("text/x"), &b"hello"[..]));
            }
            assert_eq!(names, wanted);
            let own = if request.method == "POST" { "" } else { "client" };
            assert_eq!((request.get("x-own"), request.fields.all("x-many")), (Some(own), vec!["1", "2"]));
            assert_eq!((request.get("authorization"), request.get("accept-language")), (Some("Bearer a"), Some("de")));
            assert_eq!(
                (request.get("x-forwarded-for"), request.get("x-request-id")),
                (Some("127.0.0.1"), answer.get("x-request-id"))
            );
            assert_eq!(
                (request.get("host"), request.get("x-forwarded-host")),
                (Some(&*service.address().to_string()), Some("localhost"))
            );
        }
    }
}

// Rule: aggregate-once
#[tokio::test]
async fn a_thousand_items_over_a_hundred_calls_are_a_hundred_calls() {
    let list: Vec<usize> = (0..1000).map(|number| number * 7 % 100).collect();
    let text = json!(list).to_string();
    let items = Origin::start(move |request: Received| {
        std::future::ready(match &*request.target {
            "/list" => Reply::new(200).header("content-type", "application/json").body(text.clone()),
            target => Reply::json(&json!({"n": target.trim_start_matches("/items/")})),
        })
    })
    .await;
    let routes = "  - match: GET /all
    aggregate:
      parts:
        list: {call: GET a:/list}
        items: {for_each: n in parts.list.body, at_most: 1000, call: \"GET a:/items/${n}\"}
      limits: {calls: 1100}
      respond: {body: \"${parts.items.body}\"}
";
    let gateway = Gateway::start(config(&[("a", items.address())], routes)).await;
    let wanted: Vec<_> = list.iter().map(|number| json!({"n": number.to_string()})).collect();
    for (number, answer) in both(&gateway, Ask::get("/all")).await.into_iter().enumerate() {
        assert_eq!((answer.status, answer.json()), (200, json!(wanted)));
        if number == 0 {
            assert_eq!(items.hits() % 101, 0, "{}", items.hits());
        }
    }
    assert_eq!(items.hits(), 2 * 101);
}

#[tokio::test]
async fn what_waits_for_a_change_asks_anew() {
    let service = Origin::start(async |request: Received| Reply::json(&json!({"by": &*request.method}))).await;
    let routes = "  - match: POST /add
    aggregate:
      parts:
        before: {call: GET a:/cart}
        same: {call: GET a:/cart}
        add: {call: POST a:/cart, headers: {x-by: \"${parts.before.body.by}\"}}
        after: {call: GET a:/cart, when: parts.add.state == 'ok'}
";
    let gateway = Gateway::start(config(&[("a", service.address())], routes)).await;
    for answer in both(&gateway, Ask::post("/add", "")).await {
        assert_eq!(answer.status, 200, "{answer:?}");
        let asked: Vec<String> = service.received().iter().rev().take(3).map(|one| one.method.to_string()).collect();
        assert_eq!(asked, ["GET", "POST", "GET"], "{answer:?}");
    }
    assert_eq!(service.hits(), 2 * 3);
}

// Rule: aggregate-content
#[tokio::test]
async fn the_clients_content_can_be_used_where_it_is_json() {
    let service = service(&[("/x", "1")]).await;
    let routes = "  - match: POST /a
    aggregate:
      parts:
        x: {for_each: id in request.body.ids, call: POST a:/x, body: {id: \"${id}\", by: \"${request.body.by}\"}}
      limits: {request: 64B, depth: 3}
  - match: POST /b
    aggregate: {parts: {x: {call: GET a:/x}}}
";
    let gateway = Gateway::start(config(&[("a", service.address())], routes)).await;
    for ask in [Ask::post("/a", r#"{"ids":[1.50],"by":"ü"}"#), Ask::post("/a", r#"{"by":"ü","ids":[1.50]}"#).chunked()]
    {
        for answer in both(&gateway, ask).await {
            assert_eq!((answer.status, &*answer.text()), (200, r#"{"x":[1]}"#));
            assert_eq!(service.last().body, r#"{"id":1.50,"by":"ü"}"#);
        }
    }
    let hits = service.hits();
    for content in ["{", r#"{"ids":[],"ids":[1]}"#, "[[[[1]]]]", "{\"ids\":[\"\u{1}\"]}", "{} {}"] {
        for answer in both(&gateway, Ask::post("/a", content)).await {
            answer.problem(400, "bad_value");
        }
    }
    for ask in [Ask::post("/a", "1".repeat(65)), Ask::post("/a", "1".repeat(65)).chunked()] {
        for answer in both(&gateway, ask).await {
            answer.problem(413, "body_too_large");
        }
    }
    // No content has nothing to name.
    for answer in both(&gateway, Ask::post("/a", "")).await {
        assert_eq!(answer.problem(502, "part_failed")["part_reason"], "expression");
    }
    assert_eq!(service.hits(), hits);
    for answer in both(&gateway, Ask::post("/b", "no JSON at all")).await {
        assert_eq!(answer.status, 200, "nothing reads it");
    }
}

#[tokio::test]
async fn services_are_called_over_tls_and_http2_as_their_upstreams_say() {
    let certificates = Certificates::new();
    let written = certificates.server(&["127.0.0.1"]);
    let answer = async |request: Received| Reply::json(&json!(request.version));
    let secure = Origin::tls(&written, &["h2", "http/1.1"], answer).await;
    let old = Origin::tls(&written, &["http/1.1"], answer).await;
    let plain = Origin::start(answer).await;
    let text = format!(
        "listeners: [{{address: 127.0.0.1:0}}]
upstreams:
  secure: {{endpoints: [\"{}\"], tls: {{ca: CA}}}}
  old: {{endpoints: [\"{}\"], tls: {{ca: CA}}}}
  plain: {{endpoints: [\"{}\"], protocol: http2}}
routes:
  - match: /a
    aggregate: {{parts: {{secure: {{call: GET secure:/}}, old: {{call: GET old:/}}, plain: {{call: GET plain:/}}, url: {{call: \"GET {}/x\"}}}}}}
",
        secure.address(),
        old.address(),
        plain.address(),
        plain.url(),
    );
    let gateway = Gateway::start(text.replace("CA", &certificates.ca())).await;
    for answer in both(&gateway, Ask::get("/a")).await {
        let wanted = json!({"secure": "HTTP/2.0", "old": "HTTP/1.1", "plain": "HTTP/2.0", "url": "HTTP/1.1"});
        assert_eq!((answer.status, answer.json()), (200, wanted));
    }
}

#[tokio::test]
async fn a_call_is_tried_again_as_its_upstream_says() {
    let bad = Origin::answering(Reply::new(503)).await;
    let good = Origin::answering(Reply::json(&json!(1))).await;
    let text = format!(
        "listeners: [{{address: 127.0.0.1:0}}]
upstreams: {{a: {{endpoints: [\"{}\", \"{}\"], balance: round_robin, retry: {{on: [503], attempts: 2, budget: 100%}}}}}}
routes: [{{match: /a, aggregate: {{parts: {{one: {{call: GET a:/1}}, two: {{call: GET a:/2}}}}}}}}]
",
        bad.address(),
        good.address()
    );
    let gateway = Gateway::start(text).await;
    for answer in both(&gateway, Ask::get("/a")).await {
        assert_eq!((answer.status, &*answer.text()), (200, r#"{"one":1,"two":1}"#));
    }
    assert!(bad.hits() > 0 && good.hits() == 4, "{} {}", bad.hits(), good.hits());
}

// Rule: aggregate-states
#[tokio::test]
async fn a_status_that_is_accepted_is_no_failure() {
    let service = service(&[("/x", "1")]).await;
    let routes = "  - match: /a
    aggregate:
      parts:
        one: {call: GET a:/no, accept: [404]}
        class: {call: GET a:/no, accept: [4xx], when: parts.one.status == 404}
      respond: {body: {one: \"${parts.one}\", class: \"${parts.class.body.none}\"}}
  - match: /b
    aggregate: {parts: {one: {call: GET a:/no, accept: [403, 5xx]}}}
";
    let gateway = Gateway::start(config(&[("a", service.address())], routes)).await;
    for answer in both(&gateway, Ask::get("/a")).await {
        let body = answer.json();
        assert_eq!(
            (&body["one"]["state"], &body["one"]["status"], &body["class"]),
            (&json!("ok"), &json!(404), &json!(true))
        );
        assert_eq!((&body["one"]["body"], answer.has("gateway-partial")), (&json!({"none": true}), false));
    }
    for answer in both(&gateway, Ask::get("/b")).await {
        let problem = answer.problem(502, "part_failed");
        assert_eq!((&problem["part_reason"], &problem["part_status"]), (&json!("status"), &json!(404)));
    }
}
