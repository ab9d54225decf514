//! Services that cannot be reached, give no answer, or a wrong one.

use super::play::{Case, Incident, PATH, Version, ask, case, start};
use pintle_testkit::{Ask, Certificates, Dns, Gateway, Origin, RawOrigin, Received, Reply, Silent, Unreachable, Wire};
use std::net::SocketAddr;

const ROUTE: &str = "{name: shop, match: /asked, proxy: orders}";

/// A gateway before one endpoint.
async fn before(endpoint: SocketAddr, keys: &str) -> Gateway {
    start(ROUTE, &upstream(&endpoint.to_string(), keys)).await
}

pub(super) fn upstream(endpoint: &str, keys: &str) -> String {
    format!("upstreams: {{orders: {{endpoints: ['{endpoint}'], balance: round_robin{keys}}}}}")
}

/// A service that does this on each of its connections.
fn each<F>(incident: &'static str, keys: &'static str, script: impl Fn(Wire) -> F + Copy + Send + 'static) -> Case
where
    F: Future<Output = ()> + Send + 'static,
{
    case(incident, move |version| async move {
        let service = RawOrigin::start().await;
        let gateway = before(service.address(), keys).await;
        let playing = service.play(script);
        let answer = ask(&gateway, version, Ask::get(PATH)).await;
        Incident::answered(gateway, &answer, playing)
    })
}

/// A service with this certificate, that is to be `localhost` by these authorities.
async fn secured(version: Version, certificate: pintle_testkit::Certificate, trusted: &Certificates) -> Incident {
    let service = Origin::tls(&certificate, &["http/1.1"], async |_: Received| Reply::text("ok")).await;
    let keys = format!(", tls: {{ca: {}, server_name: localhost}}", trusted.ca());
    let gateway = before(service.address(), &keys).await;
    let answer = ask(&gateway, version, Ask::get(PATH)).await;
    Incident::answered(gateway, &answer, service)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("nobody listens at the endpoint", |version| async move {
            let nobody = Unreachable::new();
            let gateway = before(nobody.address(), "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, nobody)
        }),
        case("the endpoint does not take connections in time", |version| async move {
            let silent = Silent::new();
            let gateway = before(silent.address(), ", timeout: {connect: 300ms}").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, silent)
        }),
        case("the service's certificate is for another name", |version| async move {
            let certificates = Certificates::new();
            secured(version, certificates.server(&["other.test"]), &certificates).await
        }),
        case("the service's certificate has run out", |version| async move {
            let certificates = Certificates::new();
            secured(version, certificates.expired(&["localhost"]), &certificates).await
        }),
        case("the service's certificate is of an authority that is not trusted", |version| async move {
            secured(version, Certificates::new().server(&["localhost"]), &Certificates::new()).await
        }),
        case("the service's name is gone from DNS", |version| async move {
            let dns = Dns::start().await;
            let more = format!("resolver: {{servers: ['{}'], hosts: none}}\n", dns.address());
            let gateway = start(ROUTE, &(more + &upstream("orders.test:9", ""))).await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, dns)
        }),
        each("the service says nothing", ", timeout: {response: 300ms}", async |mut wire: Wire| {
            wire.request().await;
            wire.to_end().await;
        }),
        case("the service takes longer than the policy `timeout` lets it", |version| async move {
            let service = RawOrigin::start().await;
            let route = "{name: shop, match: /asked, policies: [{timeout: 300ms}], proxy: orders}";
            let gateway = start(route, &upstream(&service.address().to_string(), "")).await;
            let playing = service.play(async |mut wire: Wire| {
                wire.request().await;
                wire.to_end().await;
            });
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, playing)
        }),
        case("a gRPC client's own deadline is over", |version| async move {
            let service = RawOrigin::start().await;
            let gateway = before(service.address(), ", protocol: http2").await;
            let playing = service.play(async |mut wire: Wire| {
                wire.to_end().await;
            });
            let call = Ask::new("POST", PATH).header("content-type", "application/grpc").header("te", "trailers");
            let answer = ask(&gateway, version, call.header("grpc-timeout", "300m")).await;
            Incident::answered(gateway, &answer, playing)
        })
        .only(Version::Http2),
        case("a gRPC call goes to a service that is not asked over HTTP/2", |version| async move {
            let service = Origin::echo().await;
            let gateway = before(service.address(), "").await;
            let call = Ask::new("POST", PATH).header("content-type", "application/grpc").header("te", "trailers");
            let answer = ask(&gateway, version, call).await;
            Incident::answered(gateway, &answer, service)
        })
        .only(Version::Http2),
        each("the service closes before its answer", "", async |mut wire: Wire| {
            wire.request().await;
        }),
        each("the service answers what is no HTTP", "", async |mut wire: Wire| {
            wire.request().await;
            wire.write("SSH-2.0-OpenSSH_9.2\r\n\r\n").await;
            wire.to_end().await;
        }),
        case("the service breaks off within its answer", |version| async move {
            let service = RawOrigin::start().await;
            let gateway = before(service.address(), "").await;
            let playing = service.play(async |mut wire: Wire| {
                wire.request().await;
                wire.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this").await;
            });
            cut(gateway, version, playing).await
        }),
        case("the service stands still within its answer", |version| async move {
            let service = RawOrigin::start().await;
            let gateway = before(service.address(), ", timeout: {idle: 300ms}").await;
            let playing = service.play(async |mut wire: Wire| {
                wire.request().await;
                wire.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this").await;
                wire.to_end().await;
            });
            cut(gateway, version, playing).await
        }),
        case("the service itself answers 500", |version| async move {
            let service = Origin::answering(Reply::new(500)).await;
            let gateway = before(service.address(), "").await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, service)
        }),
        case("the service answers 503 to each of three tries", |version| async move {
            let service = Origin::answering(Reply::new(503)).await;
            let keys = ", retry: {on: [503], attempts: 3, backoff: 1ms, budget: 100%}";
            let gateway = before(service.address(), keys).await;
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, service)
        }),
        case("the service answers 503, and the budget for retries is spent", |version| async move {
            let service = Origin::answering(Reply::new(503)).await;
            let gateway =
                before(service.address(), ", retry: {on: [503], attempts: 10, backoff: 1ms, budget: 0%}").await;
            // There is always a little.
            for _ in 0..10 {
                ask(&gateway, version, Ask::get(PATH)).await;
            }
            let answer = ask(&gateway, version, Ask::get(PATH)).await;
            Incident::answered(gateway, &answer, service)
        }),
    ]
}

/// A request whose answer does not come whole.
async fn cut(gateway: Gateway, version: Version, held: impl std::any::Any) -> Incident {
    let gets = match version {
        Version::Http1 => {
            let mut client = gateway.wire().await;
            client.write(Ask::get(PATH).to_h1()).await;
            let head = client.head().await;
            client.to_end().await;
            head.status()
        }
        Version::Http2 => {
            let client = gateway.h2().await;
            let mut stream = client.send(&Ask::get(PATH)).await.expect("a stream");
            // The head may be lost to the reset.
            match stream.head().await {
                Ok(head) => {
                    while let Some(Ok(_)) = stream.data().await {}
                    head.status
                }
                Err(_) => 200,
            }
        }
    };
    Incident::last(gateway, &format!("{gets}, cut"), &["--path", PATH], held)
}
