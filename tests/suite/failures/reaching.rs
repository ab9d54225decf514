//! Services to which no connection can be made, or none that is safe.

use super::play::{Case, Given, case};
use pintle_testkit::{Certificate, Certificates, Origin, RawOrigin, Received, Reply, Silent, Unreachable};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("refuses connections", |play| async move {
            let nobody = Unreachable::new();
            play.start(Given::to(nobody.address())).await.get().await;
        }),
        case("refuses connections; another endpoint takes them", |play| async move {
            let (nobody, good) = (Unreachable::new(), Origin::answering(Reply::text("ok")).await);
            play.start(Given::two(nobody.address(), good.address(), "")).await.get().await;
        }),
        case("neither takes nor refuses a connection", |play| async move {
            let silent = Silent::new();
            play.start(Given::to(silent.address())).await.get().await;
        }),
        case("says nothing in the TLS handshake", |play| async move {
            let silent = RawOrigin::start().await;
            let bench = play.start(Given { keys: "tls: {}".into(), ..Given::to(silent.address()) }).await;
            let _held = tokio::join!(bench.get(), silent.accept());
        }),
        case("speaks plain HTTP where TLS is expected", |play| async move {
            let plain = Origin::answering(Reply::text("ok")).await;
            play.start(Given { keys: "tls: {}".into(), ..Given::to(plain.address()) }).await.get().await;
        }),
        case("expects TLS where plain HTTP is spoken", |play| async move {
            let certificates = Certificates::new();
            let service = secure(&certificates.server(&["localhost"])).await;
            play.start(Given::to(service.address())).await.get().await;
        }),
        case("shows a certificate for another name", |play| async move {
            let certificates = Certificates::new();
            let service = secure(&certificates.server(&["other.test"])).await;
            play.start(trusting(&certificates, &service)).await.get().await;
        }),
        case("shows a certificate that has run out", |play| async move {
            let certificates = Certificates::new();
            let service = secure(&certificates.expired(&["localhost"])).await;
            play.start(trusting(&certificates, &service)).await.get().await;
        }),
        case("shows a certificate that nobody trusts", |play| async move {
            let service = secure(&Certificates::new().server(&["localhost"])).await;
            play.start(trusting(&Certificates::new(), &service)).await.get().await;
        }),
    ]
}

async fn secure(certificate: &Certificate) -> Origin {
    Origin::tls(certificate, &["http/1.1"], async |_: Received| Reply::text("ok")).await
}

/// The service under the name `localhost`, to be shown a certificate of this authority.
fn trusting(certificates: &Certificates, service: &Origin) -> Given {
    let keys = format!("tls: {{ca: {}, server_name: localhost}}", certificates.ca());
    Given { keys, ..Given::to(service.address()) }
}
