//! Two gateways in a row, and a collector that is not ours.

use super::collector::{Collector, Seen};
use super::{config, to, told};
use pintle_telemetry::otlp::messages::trace::SpanKind;
use pintle_testkit::{Ask, Folder, Gateway, Origin, Program, Unreachable};

/// What the spans of a request through both gateways must be: each one within the one before.
async fn join_up(collector: &Collector, service: &Origin, path: &str) {
    let outer = collector.wait("the first gateway's", |seen| is_of(seen, "edge", path)).await;
    let inner = collector.wait("the second gateway's", |seen| is_of(seen, "inside", path)).await;
    assert_eq!(outer.parent(), "");
    let [first] = &*collector.within(&outer) else { panic!("{:?}", collector.within(&outer)) };
    let [second] = &*collector.within(&inner) else { panic!("{:?}", collector.within(&inner)) };
    assert_eq!(inner.parent(), first.id());
    assert_eq!(inner.span.flags & 0x300, 0x300, "the parent is another program's");
    let got = service.received().into_iter().find(|got| got.target == path).expect("the request");
    assert_eq!(told(&got), (outer.trace(), second.id(), "01".into()));
    for seen in [&inner, first, second] {
        assert_eq!(seen.trace(), outer.trace());
    }
    assert_eq!((first.of("service.name"), second.of("service.name")), ("edge".into(), "inside".into()));
}

fn is_of(seen: &Seen, service: &str, path: &str) -> bool {
    seen.is(SpanKind::Server) && seen.of("service.name") == service && seen.get("url.path") == path
}

/// Both gateways, which tell that collector.
async fn gateways(otlp: &str, service: &Origin, protocol: &str) -> (Gateway, Gateway) {
    let inside = format!("otlp: \"{otlp}\", service: inside, sample: 0%");
    let trusting = config(&inside, &to(service)).replace(":0}]", ":0, trusted_proxies: [127.0.0.1]}]");
    let inside = Gateway::start(trusting).await;
    let rest = format!(
        "upstreams: {{next: {{endpoints: [\"{}\"], protocol: {protocol}}}}}\nroutes: [{{match: /**, proxy: next}}]",
        inside.address(0)
    );
    let edge = Gateway::start(config(&format!("otlp: \"{otlp}\", service: edge"), &rest)).await;
    (edge, inside)
}

#[tokio::test]
async fn the_spans_of_two_gateways_join_up() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    for protocol in ["http1", "http2"] {
        let (edge, _inside) = gateways(&collector.url(), &service, protocol).await;
        for (path, version) in [("a", 1), ("b", 2)] {
            let path = format!("/{protocol}/{path}");
            let answer = match version {
                1 => edge.get(&path).await,
                _ => edge.h2().await.get(&path).await,
            };
            assert_eq!(answer.status, 200);
            join_up(&collector, &service, &path).await;
        }
    }
}

/// Rotel reads what the gateways send, and writes it anew for the collector here: what it could not read would be missing.
#[tokio::test]
async fn they_join_up_in_rotel_over_grpc_and_http() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    for protocol in ["grpc", "http"] {
        let folder = Folder::new();
        let arguments = [protocol, &collector.url()];
        let Some(rotel) = Program::python(include_str!("rotel.py"), &arguments, &folder) else { return };
        let port = rotel.told("a port", |line| line.trim().parse::<u16>().ok()).await;
        let otlp = format!("http://127.0.0.1:{port}");
        // The port tells nothing of the protocol here.
        let otlp = match protocol {
            "http" => format!("{otlp}/v1/traces"),
            _ => otlp,
        };
        let (edge, _inside) = gateways(&otlp, &service, "http1").await;
        let path = format!("/{protocol}");
        assert_eq!(edge.get(&path).await.status, 200);
        join_up(&collector, &service, &path).await;
        assert!(rotel.runs(), "{}", rotel.stderr());
    }
}

#[tokio::test]
async fn what_is_left_at_the_end_is_sent() {
    let (service, collector) = (Origin::echo().await, Collector::start().await);
    let gateway = Gateway::start(config(&format!("otlp: \"{}\"", collector.url()), &to(&service))).await;
    assert_eq!(gateway.ask(Ask::get("/last")).await.status, 200);
    assert_eq!(gateway.stop().await, Some(0));
    assert_eq!(collector.spans().len(), 2);
    // A collector that is away does not hold the end up for long.
    let otlp = format!("otlp: \"http://{}\"", Unreachable::new().address());
    let gateway = Gateway::start(config(&otlp, &to(&service))).await;
    assert_eq!(gateway.get("/lost").await.status, 200);
    assert_eq!(gateway.stop().await, Some(0));
}
