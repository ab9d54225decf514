//! TLS at the client's side: which certificate is shown, what happens when one is renewed, versions and sessions.

use pintle_testkit::{Ask, Certificates, Gateway, H1Client, Reloaded, TlsClient, Wire, until};

const ROUTES: &str = "routes: [{match: /**, respond: {body: ok}}]";

/// A gateway with these certificates, in the configuration's form, and some more of `tls`.
fn config(certificates: &[String], more: &str) -> String {
    let certificates = certificates.join(", ");
    format!("listeners: [{{address: 127.0.0.1:0, tls: {{certificates: [{certificates}]{more}}}}}]\n{ROUTES}")
}

/// The certificate that is shown to who asks for `name`.
async fn shown(gateway: &Gateway, certificates: &Certificates, name: &str) -> Option<Vec<u8>> {
    Wire::tls(gateway.address(0), &TlsClient::new(certificates, name)).await.certificate()
}

// Rule: tls-names
#[tokio::test]
async fn the_certificate_is_chosen_by_name_exact_before_wildcard() {
    let certificates = Certificates::new();
    let wildcard = certificates.server(&["*.example.com"]);
    let exact = certificates.server(&["shop.example.com", "www.example.com"]);
    let other = certificates.server(&["other.test"]);
    let written = [
        certificates.write("wildcard", &wildcard),
        certificates.write("exact", &exact),
        certificates.write("other", &other),
    ];
    let gateway = Gateway::start(config(&written, "")).await;
    let cases = [
        ("shop.example.com", &exact),
        ("SHOP.example.com", &exact),
        ("www.example.com", &exact),
        ("api.example.com", &wildcard),
        ("other.test", &other),
    ];
    for (name, certificate) in cases {
        assert_eq!(shown(&gateway, &certificates, name).await, Some(certificate.der()), "{name}");
    }
    // A wildcard is one label in a certificate (RFC 9525 6.3).
    assert!(TlsClient::new(&certificates, "a.b.example.com").connect(gateway.address(0)).await.is_err());
}

// Rule: tls-names
#[tokio::test]
async fn who_asks_for_no_name_gets_the_first_certificate() {
    let certificates = Certificates::new();
    let first = certificates.server(&["first.test"]);
    let written =
        [certificates.write("first", &first), certificates.write("second", &certificates.server(&["second.test"]))];
    let gateway = Gateway::start(config(&written, "")).await;
    let tls = TlsClient::new(&certificates, "first.test").without_sni();
    assert_eq!(Wire::tls(gateway.address(0), &tls).await.certificate(), Some(first.der()));
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_from_the_next_handshake_on() {
    let certificates = Certificates::new();
    let names = ["shop.example.com"];
    let written = certificates.write("shop", &certificates.server(&names));
    let gateway = Gateway::start(config(&[written], "")).await;
    let tls = TlsClient::new(&certificates, names[0]);
    let mut open = H1Client::tls(gateway.address(0), &tls).await;

    let renewed = certificates.server(&names);
    certificates.write("shop", &renewed);
    until("the renewed certificate", async || {
        (shown(&gateway, &certificates, names[0]).await == Some(renewed.der())).then_some(())
    })
    .await;
    // Who was connected stays so.
    assert_eq!(open.ask(Ask::get("/").host(names[0])).await.text(), "ok");
}

#[tokio::test]
async fn a_broken_renewal_is_told_and_the_old_certificate_stays() {
    let certificates = Certificates::new();
    let names = ["shop.example.com"];
    let good = certificates.server(&names);
    let written = certificates.write("shop", &good);
    let gateway = Gateway::start(config(&[written], "")).await;
    certificates.folder().write("shop.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    gateway.wait_stderr("shop.pem").await;
    assert_eq!(shown(&gateway, &certificates, names[0]).await, Some(good.der()));
    // The key of another one does not fit either.
    certificates.write("shop", &certificates.mismatched(&names));
    gateway.wait_stderr("shop.key").await;
    assert_eq!(shown(&gateway, &certificates, names[0]).await, Some(good.der()));
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_its_key_does_not_start() {
    let certificates = Certificates::new();
    let written = certificates.write("shop", &certificates.mismatched(&["shop.example.com"]));
    let ended = Gateway::with(config(&[written], "")).fails().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("shop.key") || ended.stderr.contains("shop.pem"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("PRIVATE KEY"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_session_is_resumed_whichever_worker_takes_it() {
    let certificates = Certificates::new();
    let written = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let gateway = Gateway::start(config(&[written], "")).await;
    for tls in [TlsClient::new(&certificates, "shop.example.com"), TlsClient::tls12(&certificates, "shop.example.com")]
    {
        let mut first = H1Client::tls(gateway.address(0), &tls).await;
        assert!(!first.wire.resumed());
        first.ask(Ask::get("/").host("shop.example.com")).await;
        for _ in 0..4 {
            let mut again = H1Client::tls(gateway.address(0), &tls).await;
            assert!(again.wire.resumed());
            assert_eq!(again.ask(Ask::get("/").host("shop.example.com")).await.status, 200);
        }
    }
}

#[tokio::test]
async fn an_older_version_than_allowed_is_refused() {
    let certificates = Certificates::new();
    let written = [certificates.write("shop", &certificates.server(&["shop.example.com"]))];
    let gateway = Gateway::start(config(&written, ", min_version: 1.3")).await;
    assert!(TlsClient::tls12(&certificates, "shop.example.com").connect(gateway.address(0)).await.is_err());
    assert!(TlsClient::new(&certificates, "shop.example.com").connect(gateway.address(0)).await.is_ok());
}

#[tokio::test]
async fn cleartext_on_a_tls_port_hurts_nobody() {
    let certificates = Certificates::new();
    let written = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let gateway = Gateway::start(config(&[written], "")).await;
    let mut wire = Wire::tcp(gateway.address(0)).await;
    wire.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let (bytes, _) = wire.to_end().await;
    assert!(!bytes.starts_with(b"HTTP/1.1 200"));
    assert!(shown(&gateway, &certificates, "shop.example.com").await.is_some());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_ended() {
    let certificates = Certificates::new();
    let written = certificates.write("shop", &certificates.server(&["shop.example.com"]));
    let limits = "limits: {timeout: {header: 200ms}}";
    let gateway = Gateway::start(format!("{}\n{limits}", config(&[written], ""))).await;
    Wire::tcp(gateway.address(0)).await.to_end().await;
}

// Rule: change-links
#[tokio::test]
async fn certificates_that_kubernetes_swaps_by_a_link_are_taken() {
    // A secret's volume: tls.crt -> ..data/tls.crt, ..data -> ..1; a change makes ..2 and replaces ..data.
    let certificates = Certificates::new();
    let folder = certificates.folder();
    let name = "shop.example.com";
    let lay = |version: &str| {
        let certificate = certificates.server(&[name]);
        folder.write(&format!("{version}/tls.crt"), &certificate.pem);
        folder.write(&format!("{version}/tls.key"), &certificate.key);
        let (beside, data) = (folder.at("..data_tmp"), folder.at("..data"));
        std::os::unix::fs::symlink(version, &beside).and_then(|()| std::fs::rename(&beside, &data)).expect("a link");
        certificate
    };
    let first = lay("..1");
    for file in ["tls.crt", "tls.key"] {
        std::os::unix::fs::symlink(format!("..data/{file}"), folder.at(file)).expect("a link");
    }
    let written = format!("{{cert: {}, key: {}}}", folder.at("tls.crt").display(), folder.at("tls.key").display());
    let gateway = Gateway::start(config(&[written], "")).await;
    assert_eq!(shown(&gateway, &certificates, name).await, Some(first.der()));
    for version in ["..2", "..3"] {
        let next = lay(version);
        until("the certificate behind the link", async || {
            (shown(&gateway, &certificates, name).await == Some(next.der())).then_some(())
        })
        .await;
    }
    assert!(!gateway.stderr().contains("error"), "{}", gateway.stderr());
}

#[tokio::test]
async fn a_configuration_that_lacks_a_certificate_is_taken_once_it_is_there() {
    let certificates = Certificates::new();
    let names = ["shop.example.com"];
    let (one, two) = (certificates.server(&names), certificates.server(&["two.example.com"]));
    let written = certificates.write("one", &one);
    let gateway = Gateway::start(config(std::slice::from_ref(&written), "")).await;
    let missing = written.replace("/one.", "/two.");
    gateway.rewrite(config(&[written, missing], ""));
    let Reloaded::Refused(said) = gateway.verdict().await else { panic!("it was taken without its certificate") };
    assert!(said.contains("two.pem") && said.contains("two.key") && said.contains("pintle.yaml:1:"), "{said}");
    assert_eq!(shown(&gateway, &certificates, names[0]).await, Some(one.der()));
    certificates.write("two", &two);
    let tls = TlsClient::new(&certificates, "two.example.com");
    let wire = until("the new certificate", async || tls.connect(gateway.address(0)).await.ok()).await;
    assert_eq!(wire.certificate(), Some(two.der()));
}
