//! `bandwidth`: how fast an answer may flow. What is measured is that it is no faster: how slow depends on the machine.

use crate::check::{START, refused};
use pintle_testkit::{Ask, Gateway, Origin, Reply};
use std::time::{Duration, Instant};

fn config(policy: &str, url: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nroutes: [{{match: /**, policies: [{{bandwidth: {policy}}}], proxy: \"{url}\"}}]\n"
    )
}

// Rule: bandwidth-each
#[tokio::test]
async fn an_answer_flows_no_faster_than_it_may_in_both_protocols() {
    let content = vec![b'x'; 300_000];
    let service = Origin::answering(Reply::new(200).body(content.clone())).await;
    let gateway = Gateway::start(config("{rate: 400KiB/s, burst: 100KiB}", &service.url())).await;
    let h2 = gateway.h2().await;
    let began = Instant::now();
    let (one, other) = tokio::join!(gateway.get("/"), h2.get("/"));
    let took = began.elapsed();
    assert!(one.body == content && other.body == content);
    // 300,000 bytes less the burst, at 409,600 a second; and each for itself.
    assert!(took >= Duration::from_millis(470), "{took:?}");
}

#[tokio::test]
async fn what_fits_into_the_burst_goes_at_once_and_heads_have_no_content() {
    let service = Origin::answering(Reply::text("small")).await;
    let gateway = Gateway::start(config("{rate: 1B/s, burst: 1KiB}", &service.url())).await;
    assert_eq!(gateway.get("/").await.text(), "small");
    assert_eq!(gateway.ask(Ask::new("HEAD", "/")).await.get("content-length"), Some("5"));
}

#[tokio::test]
async fn a_reload_and_a_client_that_hangs_up_leave_others_alone() {
    let content = vec![b'x'; 200_000];
    let service = Origin::answering(Reply::new(200).body(content.clone())).await;
    let gateway = Gateway::start(config("{rate: 200KiB/s, burst: 20KiB}", &service.url())).await;
    let mut hasty = gateway.wire().await;
    hasty.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    hasty.head().await;
    let mut patient = gateway.wire().await;
    patient.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    patient.head().await;
    hasty.reset();
    gateway.change(config("{rate: 1GiB/s}", &service.url())).await;
    assert_eq!(patient.read(content.len()).await.len(), content.len());
    assert_eq!(gateway.get("/").await.body.len(), content.len());
}

#[tokio::test]
async fn a_mistake_is_said_with_its_line_and_a_remedy() {
    let of = |settings: &str| {
        format!("{START}routes:\n  - match: /**\n    policies: [{{bandwidth: {settings}}}]\n    respond: {{}}\n")
    };
    refused(&of("{rate: 1MiB}"), &["pintle.yaml:5:35", "64KiB/s, 1MiB/s"]).await;
    refused(&of("{rate: 0B/s}"), &["bandwidth: none"]).await;
}
