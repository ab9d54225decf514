//! What requests of a batch share and what each has of its own: records, limits, traces, time, and the order of answers.

use super::{both, post, responses, statuses, with};
use crate::traces::collector::Collector;
use pintle_telemetry::otlp::messages::trace::SpanKind;
use pintle_testkit::{Ask, Gateway, Origin, RawOrigin, Received, Reply, until};
use serde_json::{Value, json};

fn get(id: &str, url: &str) -> Value {
    json!({"id": id, "method": "get", "url": url})
}

// Rule: batch-record
#[tokio::test]
async fn each_has_its_own_line_of_the_log_which_names_the_batch() {
    let service = Origin::echo().await;
    let gateway =
        Gateway::start(with("{}", &format!("  - {{match: GET /a/**, name: a, proxy: \"{}\"}}\n", service.url()))).await;
    let mut dependent = get("3", "/a/never?token=hidden");
    dependent["dependsOn"] = json!(["2"]);
    let batch = json!([get("1", "/a/b?c=d"), get("2", "/nowhere"), dependent, get("4", "http://other.test/")]);
    for (answer, version) in both(&gateway, post(&batch)).await.iter().zip(["1.1", "2"]) {
        let outer = answer.get("x-request-id").expect("an id");
        let line = gateway.log_of(answer).await;
        assert_eq!((&line["pintle.route"], line.get("pintle.batch_request_id")), (&"POST /batch".into(), None));
        let mut lines = Vec::new();
        for one in responses(answer) {
            let id = one["headers"]["x-request-id"].as_str().expect("an id").to_owned();
            assert_ne!(id, outer);
            let line = gateway.wait_log(|line| line["pintle.request_id"] == *id).await;
            assert_eq!(
                (&line["pintle.batch_request_id"], &line["trace_id"]),
                (&outer.into(), &gateway.log_of(answer).await["trace_id"])
            );
            assert_eq!(
                (&line["http.response.status_code"], &line["network.protocol.version"]),
                (&one["status"], &version.into())
            );
            lines.push(line);
        }
        assert_eq!(
            (&lines[0]["pintle.route"], &lines[0]["url.path"], &lines[0]["url.query"]),
            (&"a".into(), &"/a/b".into(), &"c=d".into())
        );
        assert_eq!((&lines[1]["pintle.reason"], &lines[1]["url.path"]), (&"no_route".into(), &"/nowhere".into()));
        assert_eq!(
            (&lines[2]["pintle.reason"], &lines[2]["url.path"], &lines[2]["url.query"]),
            (&"failed_dependency".into(), &"/a/never".into(), &"token=REDACTED".into())
        );
        assert_eq!(lines[3]["pintle.reason"], "bad_request");
        // Who asks why learns of each.
        let id = lines[0]["pintle.request_id"].as_str().expect("an id");
        let why = until("the request to be kept", async || {
            let answer = gateway.ask_admin(Ask::get(&format!("/why/{id}")).header("accept", "application/json")).await;
            (answer.status == 200).then(|| answer.json())
        })
        .await;
        assert_eq!((&why["route"], &why["outcome"]["batch_request_id"]), (&"a".into(), &outer.into()), "{why}");
    }
    assert_eq!(service.hits(), 2);
    gateway.wait_metric("pintle_requests_total", 10.0).await;
}

// Rule: batch-limits
#[tokio::test]
async fn each_counts_against_limits_by_itself() {
    let service = Origin::echo().await;
    let routes = format!(
        "  - {{match: GET /a, policies: [{{rate_limit: {{rate: 1/h, burst: 3}}}}], proxy: \"{}\"}}\n",
        service.url()
    );
    let gateway = Gateway::start(with("{parallel: 1}", &routes)).await;
    let batch = json!([get("1", "/a"), get("2", "/a")]);
    let [first, second] = both(&gateway, post(&batch)).await;
    let wanted = |two: u64| vec![("1".to_owned(), 200), ("2".to_owned(), two)];
    assert_eq!((statuses(&first), statuses(&second)), (wanted(200), wanted(429)));
    let refused = &responses(&second)[1];
    assert_eq!(refused["body"]["reason"], "rate_limited");
    assert!(refused["headers"]["retry-after"].is_string(), "{refused}");
    assert_eq!(service.hits(), 3);
}

// Rule: batch-trace
#[tokio::test]
async fn each_is_a_span_within_that_of_the_batch() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    let config = format!(
        "{}telemetry: {{traces: {{otlp: {{url: \"{}\"}}}}}}\n",
        with("{}", &format!("  - {{match: GET /a/**, name: a, proxy: \"{}\"}}\n", service.url())),
        collector.url()
    );
    let gateway = Gateway::start(config).await;
    let parent = format!("00-{}-{}-01", crate::traces::TRACE, crate::traces::PARENT);
    for (at, path) in ["/a/1", "/a/2"].into_iter().enumerate() {
        let ask = post(&json!([get("1", path)])).header("traceparent", &parent).header("tracestate", "a=b");
        let _ = if at == 0 { gateway.ask(ask).await } else { gateway.h2().await.ask(ask).await };
        let inner =
            collector.wait("the request's", |seen| seen.is(SpanKind::Server) && seen.get("url.path") == path).await;
        let outer = collector
            .wait("the batch's", |seen| {
                seen.is(SpanKind::Server) && seen.get("url.path") == "/batch" && seen.id() == inner.parent()
            })
            .await;
        assert_eq!(
            (inner.trace(), outer.trace(), outer.parent()),
            (crate::traces::TRACE.into(), crate::traces::TRACE.into(), crate::traces::PARENT.into())
        );
        let got = service.received().into_iter().find(|got| got.target == path).expect("it got there");
        assert_eq!(got.get("tracestate"), Some("a=b"));
        assert!(got.get("traceparent").is_some_and(|told| told.contains(crate::traces::TRACE)));
    }
}

#[tokio::test]
async fn no_more_run_at_once_than_may_and_who_waits_for_nobody_is_beside_the_others() {
    let service = RawOrigin::start().await;
    let gateway =
        Gateway::start(with("{parallel: 2}", &format!("  - {{match: /**, proxy: \"{}\"}}\n", service.url()))).await;
    let mut third = get("3", "/3");
    third["dependsOn"] = json!(["1"]);
    let batch = json!([get("1", "/1"), get("2", "/2"), third, get("4", "/4")]);
    for version in 1..=2 {
        let ask = post(&batch);
        let answering = async { if version == 1 { gateway.ask(ask).await } else { gateway.h2().await.ask(ask).await } };
        let played = async {
            let (mut one, mut two) = (service.accept().await, service.accept().await);
            let first = [one.head().await.target().to_owned(), two.head().await.target().to_owned()];
            assert!(first.contains(&"/1".into()) && first.contains(&"/2".into()), "{first:?}");
            // A third would have come by a connection of its own.
            assert!(!service.was_asked().await);
            let (mut one, mut two) = if first[0] == "/1" { (one, two) } else { (two, one) };
            // The last of the batch may go before the third, which waits for the first.
            two.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            assert_eq!(two.head().await.target(), "/4");
            two.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
            one.write("HTTP/1.1 204 No Content\r\n\r\n").await;
            assert_eq!(one.head().await.target(), "/3");
            one.write("HTTP/1.1 201 Created\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
        };
        let (answer, ()) = tokio::join!(answering, played);
        let came: Vec<_> = statuses(&answer).into_iter().map(|(_, status)| status).collect();
        assert_eq!(came, [204, 200, 201, 200]);
    }
}

/// Whatever comes first: the answer is the same, byte for byte but for ids and dates.
// Rule: batch-total
#[tokio::test]
async fn an_answer_never_depends_on_who_came_first() {
    let plain = |answer: &pintle_testkit::Answer| {
        let mut all = responses(answer);
        for one in &mut all {
            let headers = one["headers"].as_object_mut().expect("an object");
            headers.remove("x-request-id");
            headers.remove("date");
            if let Some(body) = one.get_mut("body").and_then(Value::as_object_mut) {
                body.remove("request_id");
            }
        }
        Value::from(all).to_string()
    };
    let mut seen: Option<String> = None;
    // Orders in which four requests are answered.
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
        let service = RawOrigin::start().await;
        // Two fit, the third does not, and the fourth then does not either, although it is small.
        let config = with("{limits: {total: 2KiB}}", &format!("  - {{match: /**, proxy: \"{}\"}}\n", service.url()));
        let gateway = Gateway::start(config).await;
        let batch = json!([get("0", "/0"), get("1", "/1"), get("2", "/2"), get("3", "/3")]);
        let played = async {
            let mut held: [Option<pintle_testkit::Wire>; 4] = Default::default();
            for _ in 0..4 {
                let mut wire = service.accept().await;
                let at: usize = wire.head().await.target()[1..].parse().expect("a number");
                held[at] = Some(wire);
            }
            for at in order {
                let body = "x".repeat([600, 600, 1500, 10][at]);
                let wire = held[at].as_mut().expect("it came");
                wire.write(format!("HTTP/1.1 200 OK\r\nconnection: close\r\nset-cookie: n={at}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
                wire.ended().await;
            }
        };
        let (answer, ()) = tokio::join!(gateway.ask(post(&batch)), played);
        let came: Vec<_> = statuses(&answer).into_iter().map(|(_, status)| status).collect();
        assert_eq!(came, [200, 200, 502, 502], "{order:?}");
        let all = responses(&answer);
        assert_eq!(
            (&all[3]["body"]["reason"], &all[3]["body"]["request_id"]),
            (&"answer_too_large".into(), &all[3]["headers"]["x-request-id"])
        );
        assert_eq!(answer.fields.all("set-cookie"), ["n=0; Path=/", "n=1; Path=/", "n=2; Path=/", "n=3; Path=/"]);
        let plain = plain(&answer);
        assert_eq!(*seen.get_or_insert_with(|| plain.clone()), plain, "{order:?}");
    }
}

#[tokio::test]
async fn a_batch_that_never_waits_is_done_however_many_it_holds() {
    let gateway = Gateway::start(with(
        "{max_requests: 1000, parallel: 64, limits: {request: 4MiB}}",
        "  - {match: GET /a, respond: {body: a}}\n",
    ))
    .await;
    let batch: Vec<Value> = (0..1000).map(|at| get(&at.to_string(), "/a")).collect();
    for answer in both(&gateway, post(&batch.into())).await {
        let all = responses(&answer);
        assert!(
            all.len() == 1000
                && all
                    .iter()
                    .enumerate()
                    .all(|(at, one)| one["id"].as_str() == Some(&*at.to_string()) && one["body"] == "a")
        );
    }
}

#[tokio::test]
async fn compression_and_pages_hold_for_the_batch_as_for_any_answer() {
    let service = Origin::start(async |request: Received| {
        // Nobody asks for a coding.
        Reply::text("x".repeat(5000)).header("x-asked", request.get("accept-encoding").unwrap_or_default())
    })
    .await;
    let config =
        with("{}", &format!("  - {{match: /**, policies: [{{compress: {{}}}}], proxy: \"{}\"}}\n", service.url()))
            .replace("{match: POST /batch, ", "{match: POST /batch, policies: [{compress: {}}], ");
    let gateway = Gateway::start(config).await;
    let batch = json!([get("1", "/a")]);
    for answer in both(&gateway, post(&batch).header("accept-encoding", "gzip")).await {
        assert_eq!((answer.status, answer.get("content-encoding")), (200, Some("gzip")), "{answer:?}");
        assert!(answer.body.len() < 2000);
    }
    for answer in both(&gateway, post(&batch)).await {
        let one = &responses(&answer)[0];
        assert_eq!((&one["headers"]["x-asked"], one["body"].as_str().map(str::len)), (&"identity".into(), Some(5000)));
    }
}

#[tokio::test]
async fn explain_tells_what_a_batch_comes_to() {
    let gateway = Gateway::start(with("{max_requests: 7}", "  - {match: GET /a, respond: {body: a}}\n")).await;
    let explained = gateway
        .ask_admin(Ask::get("/explain?request=POST+http://a/batch&header=content-type:%20application/json"))
        .await;
    assert_eq!(explained.status, 200, "{explained:?}");
    let explained = explained.text();
    assert!(explained.contains("batch") && explained.contains("max_requests: 7"), "{explained}");
}

#[tokio::test]
async fn an_aggregate_is_a_request_like_any_other_and_a_batch_may_be_closed_for_maintenance() {
    let service = Origin::answering(Reply::json(&json!({"name": "Ada"}))).await;
    let routes = format!(
        "  - match: GET /both\n    aggregate: {{parts: {{one: {{call: \"GET users:/1\"}}, two: {{call: \"GET users:/2\"}}}}}}\nupstreams: {{users: {{endpoints: [\"{}\"]}}}}\n",
        service.address()
    );
    let config = with("{}", &routes).replace(
        "{match: POST /batch, ",
        "{match: POST /batch, maintenance: {unless: \"'x-in' in request.headers\"}, ",
    );
    let gateway = Gateway::start(config).await;
    for answer in both(&gateway, post(&json!([get("1", "/both")])).header("x-in", "1")).await {
        let one = &responses(&answer)[0];
        assert_eq!(
            (&one["status"], &one["body"]),
            (&200.into(), &json!({"one": {"name": "Ada"}, "two": {"name": "Ada"}}))
        );
    }
    for answer in both(&gateway, post(&json!([get("1", "/both")]))).await {
        answer.problem(503, "maintenance");
    }
}
