//! What one request may ask for and hold.

use super::{both, config, service};
use pintle_testkit::{Ask, Gateway, Origin, Received, Reply};
use serde_json::json;

/// Answers with a text of as many letters as the path says.
async fn letters() -> Origin {
    Origin::start(async |request: Received| {
        let count: usize = request.target.trim_start_matches('/').parse().expect("a number");
        Reply::new(200).header("content-type", "application/json").body(format!("\"{}\"", "a".repeat(count)))
    })
    .await
}

// Rule: aggregate-limits
#[tokio::test]
async fn content_beyond_its_bound_fails_its_part() {
    let (letters, deep) = (letters().await, service(&[("/3", "[[[1]]]"), ("/4", "[[[[1]]]]")]).await);
    let routes = "  - match: /part/{n}
    aggregate: {parts: {a: {call: \"GET a:/${path.n}\", on_failure: pass}}, limits: {part: 100B}}
  - match: /total/{n}
    aggregate: {parts: {a: {call: GET a:/58}, b: {call: GET a:/57}, c: {call: \"GET a:/${path.n}\", on_failure: {value: none}}}, limits: {total: 122B}}
  - match: /deep/{n}
    aggregate: {parts: {a: {call: \"GET d:/${path.n}\"}}, limits: {depth: 3}}
";
    let gateway = Gateway::start(config(&[("a", letters.address()), ("d", deep.address())], routes)).await;
    for answer in both(&gateway, Ask::get("/part/98")).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    for answer in both(&gateway, Ask::get("/part/99")).await {
        let problem = answer.problem(502, "part_failed");
        assert_eq!((&problem["part_reason"], &problem["part_status"]), (&json!("too_large"), &json!(200)));
    }
    for answer in both(&gateway, Ask::get("/total/1")).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // Whose answer is the one too many depends on who is faster: none is to blame, and none has a value for it.
    for answer in both(&gateway, Ask::get("/total/2")).await {
        assert!(answer.problem(502, "part_failed")["part"].is_null(), "{answer:?}");
    }
    for answer in both(&gateway, Ask::get("/deep/3")).await {
        assert_eq!((answer.status, &*answer.text()), (200, r#"{"a":[[[1]]]}"#));
    }
    for answer in both(&gateway, Ask::get("/deep/4")).await {
        assert_eq!(answer.problem(502, "part_failed")["part_reason"], "decode");
    }
}

#[tokio::test]
async fn a_coding_that_nobody_asked_for_is_not_unpacked() {
    let service = Origin::start(async |request: Received| {
        assert!(!request.has("accept-encoding"), "{request:?}");
        let coding = request.target.trim_start_matches('/').to_owned();
        Reply::json(&json!(1)).header("content-encoding", &coding)
    })
    .await;
    let routes = "  - {match: \"/{coding}\", aggregate: {parts: {a: {call: \"GET a:/${path.coding}\"}}}}\n";
    let gateway = Gateway::start(config(&[("a", service.address())], routes)).await;
    for answer in both(&gateway, Ask::get("/identity").header("accept-encoding", "gzip")).await {
        assert_eq!((answer.status, &*answer.text()), (200, r#"{"a":1}"#));
    }
    for answer in both(&gateway, Ask::get("/gzip").header("accept-encoding", "gzip")).await {
        assert_eq!(answer.problem(502, "part_failed")["part_reason"], "coding");
    }
}

/// Memory of the whole program: what it holds for large answers is a small multiple of what it got.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "figures")]
async fn what_is_held_is_at_most_four_times_the_bodies() {
    const BODY: usize = 160 * 1024;
    const ITEMS: usize = 100;
    /// What a program takes for connections, buffers and pages of its allocator, whatever the bodies.
    const BASE: u64 = 16 << 20;
    let text = json!({"text": "a".repeat(BODY), "n": 1}).to_string();
    let service = Origin::start(move |request: Received| {
        std::future::ready(match &*request.target {
            "/list" => Reply::json(&json!((0..ITEMS).collect::<Vec<_>>())),
            _ => Reply::new(200).header("content-type", "application/json").body(text.clone()),
        })
    })
    .await;
    let routes = "  - match: GET /all
    aggregate:
      parts:
        list: {call: GET a:/list}
        items: {for_each: n in parts.list.body, call: \"GET a:/items/${n}\"}
      limits: {total: 32MiB}
      respond: {body: \"${parts.items.body}\"}
  - match: GET /little
    aggregate: {parts: {list: {call: GET a:/list}}}
";
    let gateway = Gateway::start(config(&[("a", service.address())], routes)).await;
    gateway.get("/little").await;
    let before = gateway.rss();
    let mut most = 0;
    let mut asking = std::pin::pin!(gateway.get("/all"));
    let answer = loop {
        tokio::select! {
            answer = &mut asking => break answer,
            () = tokio::time::sleep(std::time::Duration::from_millis(1)) => most = most.max(gateway.rss()),
        }
    };
    assert_eq!((answer.status, answer.body.len() > ITEMS * BODY), (200, true));
    let (held, bodies) = (most.saturating_sub(before), (ITEMS * BODY) as u64);
    eprintln!("{} KiB for {} KiB of bodies", held / 1024, bodies / 1024);
    assert!(held <= 4 * bodies + BASE, "{held} bytes for {bodies} of bodies");
    // A measure that would see it: more than the answer alone was there.
    assert!(held > bodies / 2, "{held}");
}
