//! `quota`: how many requests may be made in a time of the calendar. No test runs over a month's end: it would see a
//! quota begin anew, which the tests beside the code hold on a clock of their own.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Folder, Gateway, Origin, RawOrigin, until};

fn config(settings: &str, folder: &Folder, url: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nstate: {}\npolicies: {{plan: {{quota: {settings}}}}}\nroutes: [{{match: /**, policies: [plan], proxy: \"{url}\"}}]\n",
        folder.at("state").display()
    )
}

fn left(answer: &Answer) -> Option<&str> {
    answer.get("ratelimit")?.split(';').nth(1)
}

// Rule: quota-period, quota-kept
#[tokio::test]
async fn what_is_used_up_is_used_up_after_a_restart_too() {
    let (service, folder) = (Origin::echo().await, Folder::new());
    let config = config("{limit: 3, per: month, zone: Europe/Berlin, key: '\"k\"'}", &folder, &service.url());
    let gateway = Gateway::start(&config).await;
    let first = gateway.get("/").await;
    assert_eq!((first.status, left(&first)), (200, Some("r=2")));
    assert_eq!(first.get("ratelimit-policy"), Some("\"plan\";q=3;w=2592000"));
    assert_eq!(left(&gateway.h2().await.get("/").await), Some("r=1"));
    gateway.change(config.replace("limit: 3", "limit: 4")).await;
    assert_eq!(left(&gateway.get("/").await), Some("r=1"));
    gateway.change(config.clone()).await;
    let refused = gateway.get("/").await;
    refused.problem(429, "quota_exceeded");
    assert!(
        refused
            .get("retry-after")
            .and_then(|wait| wait.parse::<u64>().ok())
            .is_some_and(|wait| wait <= 31 * 86_400 + 3600)
    );
    // Each is told within a tenth of a second or so; then even a crash loses nothing.
    let path = folder.at("state").join("quota.redb");
    until("it is kept", async || path.exists().then_some(())).await;
    gateway.stop().await;
    let again = Gateway::start(&config).await;
    until("it is known", async || (again.get("/").await.status == 429).then_some(())).await;
    assert!(service.hits() < 3 + 100, "{}", service.hits());
}

#[tokio::test]
async fn whoever_hangs_up_has_used_it() {
    let (service, folder) = (RawOrigin::start().await, Folder::new());
    let gateway = Gateway::start(config("{limit: 1, per: month}", &folder, &service.url())).await;
    let mut hasty = gateway.wire().await;
    hasty.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    service.accept().await.head().await;
    hasty.reset();
    gateway.get("/").await.problem(429, "quota_exceeded");
}

#[tokio::test]
async fn a_mistake_is_said_with_its_line_and_a_remedy() {
    let of = |settings: &str| {
        format!("{START}state: s\nroutes:\n  - match: /**\n    policies: [{{quota: {settings}}}]\n    respond: {{}}\n")
    };
    refused(&of("{limit: 0, per: day}"), &["pintle.yaml:6:", "expected more than 0"]).await;
    refused(&of("{limit: 1, per: week}"), &["pintle.yaml:6:", "`hour`, `day`"]).await;
    refused(&of("{limit: 1, per: day, zone: Berlin!}"), &["pintle.yaml:6:", "Europe/Berlin"]).await;
    refused(&of("{limit: 1, per: day}").replace("state: s\n", ""), &["state: /var/lib/pintle"]).await;
}
