//! Clients that go away, or stand still.

use super::play::{Case, Incident, PATH, Version, case, start};
use super::services::upstream;
use pintle_testkit::{Ask, Gateway, Origin, RawOrigin, Reply};

const ROUTE: &str = "{name: shop, match: /asked, proxy: orders}";

async fn before(service: &RawOrigin) -> Gateway {
    start(ROUTE, &upstream(&service.address().to_string(), "")).await
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("the client hangs up before the answer", |version| async move {
            let service = RawOrigin::start().await;
            let gateway = before(&service).await;
            let wire = match version {
                Version::Http1 => {
                    let mut client = gateway.wire().await;
                    client.write(Ask::get(PATH).to_h1()).await;
                    let mut wire = service.accept().await;
                    wire.request().await;
                    client.reset();
                    wire
                }
                Version::Http2 => {
                    let client = gateway.h2().await;
                    let stream = client.open(&Ask::get(PATH), true).await.expect("a stream");
                    let mut wire = service.accept().await;
                    wire.request().await;
                    stream.reset(h2::Reason::CANCEL);
                    // Its connection lives until the stream's end has been sent.
                    return Incident::last(gateway, "nothing", &["--path", PATH], (service, wire, client));
                }
            };
            Incident::last(gateway, "nothing", &["--path", PATH], (service, wire))
        }),
        case("the client stops within its content", |version| async move {
            let service = Origin::echo().await;
            let more =
                format!("limits: {{timeout: {{body: 300ms}}}}\n{}", upstream(&service.address().to_string(), ""));
            let gateway = start(ROUTE, &more).await;
            let gets = match version {
                Version::Http1 => {
                    let mut client = gateway.wire().await;
                    client.write("POST /asked HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nonly this").await;
                    client.head().await.status()
                }
                Version::Http2 => {
                    let client = gateway.h2().await;
                    let mut stream = client.open(&Ask::new("POST", PATH), false).await.expect("a stream");
                    stream.write("only this").await;
                    stream.head().await.expect("a head").status
                }
            };
            Incident::last(gateway, &gets.to_string(), &["--path", PATH], service)
        }),
        case("the client takes nothing of the answer", |_| async move {
            let service = Origin::answering(Reply::new(200).body(vec![b'a'; 64 << 20])).await;
            let more =
                format!("limits: {{timeout: {{body: 300ms}}}}\n{}", upstream(&service.address().to_string(), ""));
            let gateway = start(ROUTE, &more).await;
            let mut client = gateway.wire().await;
            client.write(Ask::get(PATH).to_h1()).await;
            let gets = client.head().await.status();
            // Nothing is read until it is over.
            gateway.wait_log(|line| line["url.path"] == PATH).await;
            Incident::last(gateway, &format!("{gets}, cut"), &["--path", PATH], (service, client))
        })
        .only(Version::Http1),
    ]
}
