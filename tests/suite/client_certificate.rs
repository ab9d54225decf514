//! `client_certificate`: who showed a certificate, which of them may come in, and what the service is told of it.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Certificates, Gateway, H1Client, H2Client, Origin, TlsClient};

const NAME: &str = "shop.example.com";

struct Doors {
    servers: Certificates,
    clients: Certificates,
    service: Origin,
    gateway: Gateway,
}

impl Doors {
    async fn open(policy: &str) -> Self {
        let (servers, clients, service) = (Certificates::new(), Certificates::new(), Origin::echo().await);
        let certificate = servers.write("shop", &servers.server(&[NAME]));
        let config = format!(
            "listeners: [{{address: 127.0.0.1:0, tls: {{certificates: [{certificate}], client_auth: {{ca: {}, require: false}}}}}}]
consumers: [{{name: operations, groups: [staff], client_certificate: {{san: ops.example.com}}}}]
routes: [{{match: /**, policies: [{policy}], proxy: \"{}\"}}]
",
            clients.ca(),
            service.url()
        );
        let gateway = Gateway::start(config).await;
        Doors { servers, clients, service, gateway }
    }

    /// Asks over both protocols, with a certificate of that name or without one.
    async fn ask(&self, name: Option<&str>, ask: Ask) -> [Answer; 2] {
        let tls = match name {
            Some(name) => TlsClient::with_identity(&self.servers, NAME, &self.clients.client(name)),
            None => TlsClient::new(&self.servers, NAME),
        };
        let address = self.gateway.address(0);
        let ask = ask.host(NAME);
        let h1 = H1Client::tls(address, &tls).await.ask(ask.clone()).await;
        let h2 = H2Client::tls(address, &tls.alpn(&["h2"])).await.ask(ask).await;
        [h1, h2]
    }
}

// Rule: certificate-kinds
#[tokio::test]
async fn the_certificate_that_is_named_passes_and_makes_its_consumer() {
    let forward = "forward: {x-who: '${consumer.name}', x-subject: '${client.tls.subject}', x-san: '${client.tls.san[0]}', x-print: '${client.tls.fingerprint}'}";
    let doors = Doors::open(&format!("{{client_certificate: {{san: [ops.example.com], {forward}}}}}")).await;
    for answer in doors.ask(Some("ops.example.com"), Ask::get("/").header("x-who", "root")).await {
        assert_eq!(answer.status, 200, "{answer:?}");
        let got = doors.service.last();
        assert_eq!((got.get("x-who"), got.get("x-san")), (Some("operations"), Some("ops.example.com")), "{got:?}");
        assert!(got.get("x-subject").is_some_and(|subject| subject.contains("CN=ops.example.com")), "{got:?}");
        assert!(got.get("x-print").is_some_and(|print| print.len() == 64), "{got:?}");
        assert!(!got.has("client-cert"));
        assert_eq!(doors.gateway.log_of(&answer).await["pintle.consumer"], "operations");
    }
    for name in [Some("other.example.com"), None] {
        for answer in doors.ask(name, Ask::get("/")).await {
            answer.problem(403, "certificate_required");
        }
    }
    assert_eq!(doors.service.hits(), 2);
}

#[tokio::test]
async fn the_service_gets_it_as_rfc_9440_has_it_and_never_what_a_client_says_itself() {
    let doors = Doors::open("{client_certificate: {optional: true, send: certificate}}").await;
    let forged = Ask::get("/")
        .header("client-cert", ":Zm9yZ2Vk:")
        .header("Client_Cert", ":Zm9yZ2Vk:")
        .header("client-cert-chain", ":Zm9yZ2Vk:");
    for answer in doors.ask(Some("any.example.com"), forged.clone()).await {
        assert_eq!(answer.status, 200);
        let got = doors.service.last();
        let all = got.fields.all("client-cert");
        assert!(all.len() == 1 && all[0].starts_with(":MII") && all[0].ends_with(':'), "{got:?}");
        assert!(!got.has("client_cert") && !got.has("client-cert-chain"), "{got:?}");
    }
    for answer in doors.ask(None, forged).await {
        assert_eq!(answer.status, 200);
        let got = doors.service.last();
        assert!(!got.has("client-cert") && !got.has("client_cert") && !got.has("client-cert-chain"), "{got:?}");
    }
}

#[tokio::test]
async fn without_tls_nobody_has_a_certificate() {
    let service = Origin::echo().await;
    let route =
        format!("routes: [{{match: /**, policies: [{{client_certificate: {{}}}}], proxy: \"{}\"}}]", service.url());
    let gateway = Gateway::plain(route).await;
    for answer in [gateway.get("/").await, gateway.h2().await.get("/").await] {
        answer.problem(403, "certificate_required");
    }
}

#[tokio::test]
async fn a_mistake_has_its_line_and_a_remedy() {
    let route = |settings: &str| {
        format!(
            "{START}routes:\n  - match: /**\n    policies:\n      - client_certificate: {settings}\n    respond: {{body: ok}}\n"
        )
    };
    refused(&route("{subject: /CN=ops}"), &["pintle.yaml:6:", "a subject such as", "RFC2253"]).await;
    refused(&route("{san: 'DNS:ops.example.com'}"), &["pintle.yaml:6:", "write `ops.example.com`"]).await;
    refused(&route("{fingerprint: abc}"), &["pintle.yaml:6:", "SHA-256", "-fingerprint -sha256"]).await;
    refused(&route("{send: all}"), &["pintle.yaml:6:", "all"]).await;
}
