//! What goes wrong with one request of a batch, or around it.

use super::{both, post, responses, statuses, with};
use pintle_testkit::{Gateway, Origin, RawOrigin, Received, Reply, Unreachable};
use serde_json::{Value, json};

fn get(id: &str, url: &str) -> Value {
    json!({"id": id, "method": "get", "url": url})
}

// Rule: batch-alone
#[tokio::test]
async fn one_that_fails_affects_no_other() {
    let service = Origin::start(async |request: Received| match &*request.target {
        "/large" => Reply::text("x".repeat(3000)),
        "/no-json" => Reply::new(200).header("content-type", "application/json").body("{\"a\":1} }, {\"id\":\"evil\""),
        "/twice" => Reply::new(200).header("content-type", "application/json").body("{\"a\":1,\"a\":2}"),
        "/deep" => Reply::new(200).header("content-type", "application/json").body(format!(
            "{}{}",
            "[".repeat(40),
            "]".repeat(40)
        )),
        "/not-utf8" => Reply::new(200).header("content-type", "text/plain").body(vec![0xff]),
        "/utf16" => Reply::new(200).header("content-type", "text/plain; charset=utf-16").body(vec![0, 65]),
        _ => Reply::text("good"),
    })
    .await;
    let (dead, cut, slow) = (Unreachable::new(), RawOrigin::start().await, RawOrigin::start().await);
    let cut = cut.play(|mut wire| async move {
        wire.head().await;
        wire.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\nhalf").await;
    });
    let slow = slow.play(|mut wire| async move {
        wire.head().await;
        wire.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\nhalf").await;
        wire.ended().await;
    });
    let routes = format!(
        "  - {{match: /dead, proxy: \"http://{}\"}}\n  - {{match: /cut, proxy: \"{}\"}}\n  - {{match: /slow, policies: [{{timeout: 200ms}}], proxy: \"{}\"}}\n  - {{match: /**, proxy: \"{}\"}}\n",
        dead.address(),
        cut.url(),
        slow.url(),
        service.url()
    );
    let gateway = Gateway::start(with("{limits: {answer: 2KiB, depth: 32}}", &routes)).await;
    let cases = [
        ("/good", 200, ""),
        ("/large", 502, "answer_too_large"),
        ("/no-json", 502, "upstream_malformed"),
        ("/twice", 502, "upstream_malformed"),
        ("/deep", 502, "upstream_malformed"),
        ("/not-utf8", 502, "upstream_malformed"),
        ("/utf16", 502, "upstream_malformed"),
        ("/dead", 502, "connect_failed"),
        ("/cut", 502, "upstream_closed"),
        ("/slow", 504, "timeout"),
        ("/also-good", 200, ""),
    ];
    let batch: Vec<Value> = cases.iter().enumerate().map(|(at, (url, ..))| get(&at.to_string(), url)).collect();
    for answer in both(&gateway, post(&batch.into())).await {
        for ((url, status, reason), one) in cases.iter().zip(responses(&answer)) {
            assert_eq!(one["status"], *status, "{url}: {one}");
            if *status == 200 {
                assert_eq!(one["body"], "good");
                continue;
            }
            assert_eq!(
                (&one["body"]["reason"], &one["headers"]["content-type"]),
                (&(*reason).into(), &"application/problem+json".into()),
                "{url}"
            );
            let id = one["headers"]["x-request-id"].as_str().expect("an id").to_owned();
            let line = gateway.wait_log(|line| line["pintle.request_id"] == *id).await;
            assert_eq!(
                (&line["http.response.status_code"], &line["pintle.reason"]),
                (&(*status).into(), &(*reason).into()),
                "{line}"
            );
        }
    }
}

// Rule: batch-time
#[tokio::test]
async fn the_batchs_time_is_that_of_all() {
    let service = RawOrigin::start().await;
    let config = with("{}", &format!("  - {{match: GET /a, respond: {{body: a}}}}\n  - {{match: /**, policies: [{{timeout: none}}], proxy: \"{}\"}}\n", service.url()))
        .replace("{match: POST /batch, ", "{match: POST /batch, policies: [{timeout: 200ms}], ");
    let gateway = Gateway::start(config).await;
    let batch = json!([get("1", "/slow"), get("2", "/a")]);
    let playing = service.play(|mut wire| async move {
        wire.head().await;
        wire.ended().await;
    });
    for answer in both(&gateway, post(&batch)).await {
        let came: Vec<_> = statuses(&answer).into_iter().map(|(_, status)| status).collect();
        assert_eq!(came, [504, 200]);
        assert_eq!(responses(&answer)[0]["body"]["reason"], "timeout");
    }
    drop(playing);
}

// Rule: batch-gone
#[tokio::test]
async fn a_client_that_hangs_up_ends_all_that_is_under_way() {
    let service = RawOrigin::start().await;
    let gateway = Gateway::start(with(
        "{parallel: 2}",
        &format!("  - {{match: /**, name: all, proxy: \"{}\"}}\n", service.url()),
    ))
    .await;
    let batch = json!([get("1", "/1"), get("2", "/2"), get("3", "/3")]);
    let mut client = gateway.wire().await;
    client.write(post(&batch).to_h1()).await;
    let (mut one, mut two) = (service.accept().await, service.accept().await);
    one.head().await;
    two.head().await;
    // One of them is in its content already.
    two.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    client.reset();
    one.ended().await;
    two.ended().await;
    let is_gone =
        |path: &'static str| move |line: &Value| line["url.path"] == path && line["http.response.status_code"] == 499;
    let outer = gateway.wait_log(is_gone("/batch")).await;
    for path in ["/1", "/2"] {
        let line = gateway.wait_log(is_gone(path)).await;
        assert_eq!(
            (&line["pintle.batch_request_id"], &line["pintle.route"], &line["pintle.reason"]),
            (&outer["pintle.request_id"], &"all".into(), &"client_closed".into())
        );
    }
    let h2 = gateway.h2().await;
    let stream = h2.send(&post(&batch)).await.expect("a stream");
    let (mut one, mut two) = (service.accept().await, service.accept().await);
    one.head().await;
    two.head().await;
    stream.reset(h2::Reason::CANCEL);
    one.ended().await;
    two.ended().await;
    let count = || gateway.log_lines().iter().filter(|line| line["http.response.status_code"] == 499).count();
    pintle_testkit::until("the records of the second batch", async || (count() == 6).then_some(())).await;
    assert!(!gateway.log_lines().iter().any(|line| line["url.path"] == "/3"), "the third had not begun");
    assert!(!service.was_asked().await);
}

// Rule: batch-reload
#[tokio::test]
async fn over_a_reload_each_goes_by_what_is_in_force_when_it_begins() {
    let service = RawOrigin::start().await;
    let config = |text: &str, batch: &str| {
        format!(
            "listeners: [{{name: main, address: 127.0.0.1:0}}]\nroutes:\n  - {{match: POST /batch, batch: {batch}}}\n  - {{match: /slow, proxy: \"{}\"}}\n  - {{match: /text, respond: {{body: {text}}}}}\n",
            service.url()
        )
    };
    for version in 1..=2 {
        let gateway = Gateway::start(config("before", "{parallel: 2}")).await;
        let mut after = get("3", "/text");
        after["dependsOn"] = json!(["1"]);
        let ask = post(&json!([get("1", "/slow"), get("2", "/text"), after]));
        let answering = async { if version == 1 { gateway.ask(ask).await } else { gateway.h2().await.ask(ask).await } };
        let played = async {
            let mut held = service.accept().await;
            held.head().await;
            // Another listener before it, so that its number is another one.
            let changed = config("after", "{max_requests: 1}")
                .replace("listeners: [", "listeners: [{name: new, address: 127.0.0.1:0}, ");
            let changed = changed.replace(
                "{name: new, address: 127.0.0.1:0}, {name: main, address: 127.0.0.1:0}",
                "{name: main, address: 127.0.0.1:0}, {name: new, address: 127.0.0.1:0}",
            );
            gateway.change(changed).await;
            held.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
        };
        let (answer, ()) = tokio::join!(answering, played);
        let all = responses(&answer);
        assert_eq!(
            (&all[0]["status"], &all[1]["body"], &all[2]["body"]),
            (&200.into(), &"before".into(), &"after".into())
        );
    }
}

#[tokio::test]
async fn what_is_under_way_when_the_gateway_stops_is_ended_with_its_batch() {
    let service = RawOrigin::start().await;
    let config = format!(
        "{}limits: {{timeout: {{drain: 300ms}}}}\n",
        with("{}", &format!("  - {{match: /**, proxy: \"{}\"}}\n", service.url()))
    );
    let gateway = Gateway::start(config).await;
    let mut client = gateway.wire().await;
    client.write(post(&json!([get("1", "/slow")])).to_h1()).await;
    let mut held = service.accept().await;
    held.head().await;
    gateway.terminate();
    held.ended().await;
    client.ended().await;
    let line = gateway.wait_log(|line| line["url.path"] == "/slow").await;
    assert_eq!((&line["http.response.status_code"], &line["pintle.reason"]), (&503.into(), &"unavailable".into()));
    assert_eq!(gateway.ended().await, Some(0));
}
