//! Metrics that a collector is sent.

use crate::traces::collector::{message, taken};
use pintle_telemetry::otlp::messages::metrics::{Data, MetricsRequest, Number, Temporality};
use pintle_telemetry::otlp::messages::{KeyValue, Value};
use pintle_testkit::{Gateway, Origin, Reply, Silent, until};
use prost::Message;

fn config(metrics: &str) -> String {
    format!(
        "listeners: [{{name: door, address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
telemetry: {{metrics: {metrics}}}
routes: [{{name: all, match: /**, respond: {{body: hello}}}}]
"
    )
}

fn has(attributes: &[KeyValue], key: &str, value: &str) -> bool {
    let is =
        |one: &KeyValue| one.key == key && one.value.clone().and_then(|v| v.value) == Some(Value::Text(value.into()));
    attributes.iter().any(is)
}

/// How many requests of the route a collector was told of last, and whose they were.
fn requests(collector: &Origin, service: &str) -> Option<i64> {
    let mut last = None;
    for received in collector.received() {
        let request = MetricsRequest::decode(&*message(&received)).expect("a request");
        for resource in request.resource_metrics {
            assert!(has(&resource.resource.expect("whose they are").attributes, "service.name", service));
            for metric in resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
                let (true, Some(Data::Sum(sum))) = (metric.name == "pintle_requests_total", metric.data) else {
                    continue;
                };
                assert!(sum.is_monotonic && sum.aggregation_temporality == i32::from(Temporality::Cumulative));
                let of_all = sum.data_points.iter().filter(|point| has(&point.attributes, "route", "all"));
                last = of_all
                    .map(|point| match point.value {
                        Some(Number::Int(count)) => count,
                        _ => panic!("no whole number"),
                    })
                    .next_back()
                    .or(last);
            }
        }
    }
    last
}

#[tokio::test]
async fn all_series_are_sent_again_and_again_and_once_more_at_the_end() {
    for protocol in ["grpc", "http"] {
        let collector = Origin::start(async |request| taken(&request)).await;
        let otlp = format!("{{url: '{}', protocol: {protocol}}}", collector.url());
        let gateway = Gateway::start(config(&format!("{{otlp: {otlp}, every: 50ms, service: edge}}"))).await;
        assert_eq!(gateway.get("/a").await.status, 200);
        until("the request to be told", async || (requests(&collector, "edge") == Some(1)).then_some(())).await;
        assert_eq!(gateway.h2().await.get("/b").await.status, 200);
        until("the sum to be told", async || (requests(&collector, "edge") == Some(2)).then_some(())).await;
        gateway.wait_metric("pintle_otlp_exports_total{signal=\"metrics\",result=\"ok\"}", 2.0).await;

        // Seldom now: the last one is told by the end.
        gateway.change(config(&format!("{{otlp: {otlp}, every: 1h, service: edge}}"))).await;
        assert_eq!(gateway.get("/c").await.status, 200);
        gateway.stop().await;
        assert_eq!(requests(&collector, "edge"), Some(3), "{protocol}");
    }
}

#[tokio::test]
async fn a_collector_that_hangs_or_refuses_costs_requests_nothing_and_is_left_at_a_reload() {
    let silent = Silent::new();
    let refusing = Origin::start(async |_| Reply::new(503)).await;
    for address in [silent.address(), refusing.address()] {
        let otlp = format!("{{url: 'http://{address}', protocol: http, timeout: 100ms}}");
        let gateway = Gateway::start(config(&format!("{{otlp: {otlp}, every: 50ms}}"))).await;
        for _ in 0..100 {
            assert_eq!(gateway.get("/").await.status, 200);
        }
        gateway.wait_metric("pintle_otlp_exports_total{signal=\"metrics\",result=\"failed\"}", 1.0).await;
        gateway.wait_metric("pintle_otlp_dropped_total{signal=\"metrics\"}", 1.0).await;
        gateway.change(config("{}")).await;
        assert_eq!(gateway.get("/").await.status, 200);
        assert_eq!(gateway.stop().await, Some(0));
    }
}
