//! What a part that fails makes of the whole.

use super::{both, config, service};
use pintle_testkit::{Ask, Gateway, Origin, RawOrigin, Received, Reply};
use serde_json::json;

// Rule: aggregate-fails
#[tokio::test]
async fn the_problem_names_the_part_its_reason_and_its_status_and_no_address() {
    let service = service(&[("/x", "1")]).await;
    let routes = "  - match: /status
    aggregate: {parts: {x: {call: GET a:/x}, broken: {call: GET a:/no}}}
  - match: /needs
    aggregate: {parts: {x: {call: \"GET a:/${parts.broken.body}\"}, broken: {call: GET a:/no}}}
  - match: /order
    aggregate: {parts: {first: {call: \"GET a:/${parts.x.body}\"}, x: {call: GET a:/x}, second: {call: GET a:/second}}}
";
    let gateway = Gateway::start(config(&[("a", service.address())], routes)).await;
    for (path, part) in [("/status", "broken"), ("/needs", "broken"), ("/order", "first")] {
        for answer in both(&gateway, Ask::get(path)).await {
            let problem = answer.problem(502, "part_failed");
            let told = (&problem["part"], &problem["part_reason"], &problem["part_status"]);
            assert_eq!(told, (&json!(part), &json!("status"), &json!(404)), "{path}");
            assert_eq!(problem["detail"], format!("The part `{part}` failed: status with status 404."));
            assert!(!answer.text().contains("127.0.0.1") && !answer.has("gateway-partial"), "{answer:?}");
            let line = gateway.log_of(&answer).await;
            assert_eq!(
                (&line["pintle.reason"], &line["http.response.status_code"]),
                (&json!("part_failed"), &json!(502))
            );
        }
    }
}

// Rule: aggregate-pass
#[tokio::test]
async fn pass_hands_on_a_services_own_status_fields_and_content() {
    let service = Origin::start(async |request: Received| match &*request.target {
        "/x" => Reply::json(&json!(1)),
        "/teapot" => Reply::new(418)
            .header("content-type", "text/x")
            .header("x-a", "b")
            .header("set-cookie", "c=d")
            .body("short\0"),
        "/moved" => Reply::new(302).header("location", "/there"),
        _ => Reply::new(200).header("content-type", "application/json").body("no"),
    })
    .await;
    let routes = "  - match: /{name}
    aggregate: {parts: {x: {call: GET a:/x}, one: {call: \"GET a:/${path.name}\", on_failure: pass}}, respond: {headers: {x-own: e}}}
";
    let gateway = Gateway::start(config(&[("a", service.address())], routes)).await;
    for answer in both(&gateway, Ask::get("/teapot")).await {
        assert_eq!((answer.status, answer.text(), answer.get("content-type")), (418, "short\0".into(), Some("text/x")));
        assert_eq!((answer.get("x-a"), answer.get("set-cookie"), answer.has("x-own")), (Some("b"), Some("c=d"), false));
    }
    for answer in both(&gateway, Ask::get("/moved")).await {
        assert_eq!((answer.status, answer.get("location")), (302, Some("/there")));
    }
    for answer in both(&gateway, Ask::get("/garbage")).await {
        assert_eq!(answer.problem(502, "part_failed")["part_reason"], "decode");
    }
    for answer in both(&gateway, Ask::new("HEAD", "/teapot")).await {
        assert_eq!((answer.status, answer.body.len()), (418, 0));
    }
}

// Rule: aggregate-unavailable
#[tokio::test]
async fn a_service_that_is_left_alone_is_503() {
    let broken = Origin::answering(Reply::new(500)).await;
    let service = service(&[("/x", "1")]).await;
    let text = config(&[("a", service.address()), ("b", broken.address())], "").replace(
        &format!("b: {{endpoints: [\"{}\"]", broken.address()),
        &format!("b: {{endpoints: [\"{}\"], breaker: {{open_at: 50%, of: 3, for: 1h}}", broken.address()),
    ) + "  - match: /fail
    aggregate: {parts: {x: {call: GET a:/x}, b: {call: GET b:/}}}
  - match: /pass
    aggregate: {parts: {x: {call: GET a:/x}, b: {call: GET b:/, on_failure: pass}}}
  - match: /value
    aggregate: {parts: {x: {call: GET a:/x}, b: {call: GET b:/, on_failure: {value: 0}}}}
";
    let gateway = Gateway::start(text).await;
    for _ in 0..3 {
        gateway.get("/fail").await.problem(502, "part_failed");
    }
    let hits = broken.hits();
    for path in ["/fail", "/pass"] {
        for answer in both(&gateway, Ask::get(path)).await {
            let problem = answer.problem(503, "part_unavailable");
            assert_eq!((&problem["part"], &problem["part_reason"]), (&json!("b"), &json!("breaker_open")));
        }
    }
    for answer in both(&gateway, Ask::get("/value")).await {
        assert_eq!((answer.status, answer.get("gateway-partial")), (200, Some("b; reason=breaker_open")));
    }
    assert_eq!(broken.hits(), hits);
}

// Rule: aggregate-unavailable
#[tokio::test]
async fn a_full_queue_is_503() {
    let slow = RawOrigin::start().await;
    let text = format!(
        "listeners: [{{address: 127.0.0.1:0}}]
upstreams: {{a: {{endpoints: [\"{}\"], connections: {{max: 1, queue: 0}}}}}}
routes:
  - {{match: /held, proxy: a}}
  - {{match: /a, aggregate: {{parts: {{x: {{call: GET a:/x}}}}}}}}
",
        slow.address()
    );
    let gateway = Gateway::start(text).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/held").to_h1()).await;
    let mut held = slow.accept().await;
    held.request().await;
    for answer in both(&gateway, Ask::get("/a")).await {
        let problem = answer.problem(503, "part_unavailable");
        assert_eq!((&problem["part"], &problem["part_reason"]), (&json!("x"), &json!("overflow")));
    }
}

// Rule: aggregate-deadline
#[tokio::test]
async fn a_part_has_its_own_time_and_what_is_left_of_the_whole() {
    let (service, slow) = (service(&[("/x", "1")]).await, RawOrigin::start().await);
    let routes = "  - match: /own
    aggregate: {parts: {x: {call: GET a:/x}, s: {call: GET s:/, timeout: 100ms, on_failure: {value: late}}}}
  - match: /whole
    policies: [{timeout: 600ms}]
    aggregate: {parts: {x: {call: GET a:/x}, s: {call: GET s:/, timeout: 1h, on_failure: {value: late}}}}
  - match: /fail
    policies: [{timeout: 300ms}]
    aggregate: {parts: {x: {call: GET a:/x}, s: {call: GET s:/}}}
  - match: /after
    policies: [{timeout: 300ms}]
    aggregate: {parts: {s: {call: GET s:/, on_failure: {value: 1}}, x: {call: \"GET a:/x?${parts.s.body}\", on_failure: {value: 2}}}}
";
    let gateway = Gateway::start(config(&[("a", service.address()), ("s", slow.address())], routes)).await;
    for (path, partial) in [("/own", "s; reason=timeout"), ("/whole", "s; reason=timeout")] {
        for http2 in [false, true] {
            let ask = async { if http2 { gateway.h2().await.get(path).await } else { gateway.get(path).await } };
            let (answer, mut held) = tokio::join!(ask, slow.accept());
            assert_eq!((answer.status, &*answer.text()), (200, r#"{"x":1,"s":"late"}"#), "{path}");
            assert_eq!(answer.get("gateway-partial"), Some(partial));
            held.request().await;
            held.ended().await;
        }
    }
    for http2 in [false, true] {
        let ask = async { if http2 { gateway.h2().await.get("/fail").await } else { gateway.get("/fail").await } };
        let (answer, mut held) = tokio::join!(ask, slow.accept());
        let problem = answer.problem(504, "part_timeout");
        assert_eq!((&problem["part"], &problem["part_reason"]), (&json!("s"), &json!("timeout")));
        held.request().await;
        held.ended().await;
    }
    // What begins when nothing is left is over at once, and the answer goes out all the same.
    let (answer, _held) = tokio::join!(gateway.get("/after"), slow.accept());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.get("gateway-partial").is_some_and(|partial| partial.starts_with("s; reason=timeout")),
        "{answer:?}"
    );
}
