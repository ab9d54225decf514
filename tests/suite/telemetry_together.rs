//! All that takes what the gateway tells of requests fails at once: the log's disk is full, the collector takes what it is
//! sent and never answers, a scraper reads its answer byte by byte. Requests know nothing of it.

use crate::state::Disk;
use pintle_testkit::{Ask, Gateway, H1Client, Origin, Silent, Wire};
use tokio::task::{JoinSet, LocalSet};

/// Clients of HTTP/1.1, and streams beside each other of HTTP/2.
const CLIENTS: usize = 4;
/// Requests of each.
const REQUESTS: usize = 1_500;

async fn one_after_another(mut client: H1Client) -> usize {
    let mut good = 0;
    for _ in 0..REQUESTS {
        good += usize::from(client.ask(Ask::get("/a?token=secret")).await.status == 200);
    }
    good
}

#[tokio::test]
async fn a_full_disk_a_hanging_collector_and_a_slow_scraper_fail_no_request() {
    let Some(disk) = Disk::new() else { return };
    let (service, collector) = (Origin::echo().await, Silent::new());
    let gateway = Gateway::start(format!(
        "workers: 2
listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
telemetry:
  access_log: {{to: {}}}
  traces: {{otlp: {{url: 'http://{}', protocol: http}}, sample: 100%}}
routes: [{{match: /**, proxy: '{}'}}]
",
        disk.0.at("access.log").display(),
        collector.address(),
        service.url()
    ))
    .await;
    let mut scraper = Wire::tcp(gateway.admin()).await;
    scraper.write(format!("GET /metrics HTTP/1.1\r\nhost: {}\r\n\r\n", gateway.admin())).await;
    assert_eq!(&scraper.read(1).await[..], b"H");

    let good = LocalSet::new()
        .run_until(async {
            let mut clients = JoinSet::new();
            for _ in 0..CLIENTS {
                clients.spawn_local(one_after_another(gateway.h1().await));
                let client = gateway.h2().await;
                clients.spawn_local(async move {
                    let mut good = 0;
                    for _ in 0..REQUESTS {
                        good += usize::from(client.get("/b").await.status == 200);
                    }
                    good
                });
            }
            clients.join_all().await.into_iter().sum::<usize>()
        })
        .await;
    assert_eq!(good, 2 * CLIENTS * REQUESTS);
    assert_eq!(&scraper.read(1).await[..], b"T", "the scraper still has its answer");

    gateway.wait_stderr("No space left on device").await;
    gateway.wait_metric("pintle_log_records_dropped_total", 1.0).await;
    let rss = gateway.rss();
    assert!(rss < 200 << 20, "what nobody takes is not kept: {rss} bytes");
}
