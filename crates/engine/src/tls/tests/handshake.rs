//! What a client gets: the certificate, the version, resumption, the demand for a certificate of its own.

use super::peer::{client, meet};
use super::*;
use crate::ListenerProtocol;
use TlsVersion::{V1_2, V1_3};
use rustls::HandshakeKind;

#[tokio::test]
async fn the_certificate_is_chosen_by_name() {
    let directory = Directory::new("names");
    let first = directory.certificate("first", &["first.test"]);
    let wild = directory.certificate("wild", &["*.Shop.test", "shop.test"]);
    let exact = directory.certificate("exact", &["pay.shop.test"]);
    let listener = Tls::new().listener(&directory.config(&["first", "wild", "exact"]), ListenerProtocol::Http).unwrap();
    let client = client(V1_3, &[], None);
    for (name, expected) in [
        ("first.test", &first),
        ("shop.test", &wild),
        ("www.shop.test", &wild),
        ("WWW.SHOP.TEST", &wild),
        ("pay.shop.test", &exact),
        ("a.www.shop.test", &first),
        ("else.test", &first),
        ("127.0.0.1", &first),
    ] {
        assert_eq!(&meet(&listener, &client, name).await.unwrap().certificate, expected, "{name}");
    }
}

#[tokio::test]
async fn the_session_is_told() {
    let directory = Directory::new("facts");
    directory.certificate("a", &["a.test"]);
    let listener = Tls::new().listener(&directory.config(&["a"]), ListenerProtocol::Http).unwrap();
    let met = meet(&listener, &client(V1_3, &["h2", "http/1.1"], None), "A.test").await.unwrap();
    assert!(met.http2);
    assert_eq!((met.session.version, met.session.server_name.as_deref()), ("1.3", Some("a.test")));
    assert!(met.session.cipher.starts_with("TLS_AES_"), "{}", met.session.cipher);
    assert_eq!(met.session.certificate, None);
    let met = meet(&listener, &client(V1_2, &["http/1.1"], None), "127.0.0.1").await.unwrap();
    assert!(!met.http2);
    assert_eq!((met.session.version, met.session.server_name.as_deref()), ("1.2", None));
    assert!(met.session.cipher.starts_with("TLS_ECDHE_"), "{}", met.session.cipher);
    assert!(!meet(&listener, &client(V1_3, &[], None), "a.test").await.unwrap().http2);
}

#[tokio::test]
async fn an_older_version_and_an_unknown_protocol_are_refused() {
    let directory = Directory::new("version");
    directory.certificate("a", &["a.test"]);
    let config = TlsConfig { min_version: V1_3, ..directory.config(&["a"]) };
    let listener = Tls::new().listener(&config, ListenerProtocol::Http).unwrap();
    assert!(meet(&listener, &client(V1_2, &[], None), "a.test").await.is_err());
    assert!(meet(&listener, &client(V1_3, &["h3"], None), "a.test").await.is_err(), "RFC 7301 3.2");
    assert!(meet(&listener, &client(V1_3, &[], None), "a.test").await.is_ok());
}

#[tokio::test]
async fn a_renewed_certificate_serves_the_next_handshake() {
    let directory = Directory::new("next");
    let old = directory.certificate("a", &["a.test"]);
    let listener = Tls::new().listener(&directory.config(&["a"]), ListenerProtocol::Http).unwrap();
    let new = directory.certificate("a", &["a.test"]);
    assert_eq!(meet(&listener, &client(V1_3, &[], None), "a.test").await.unwrap().certificate, old);
    assert!(listener.renew().changed);
    assert_eq!(meet(&listener, &client(V1_3, &[], None), "a.test").await.unwrap().certificate, new);
}

#[tokio::test]
async fn sessions_resume_in_both_versions_and_over_reloads() {
    let directory = Directory::new("resume");
    directory.certificate("a", &["a.test"]);
    let tls = Tls::new();
    let before = tls.listener(&directory.config(&["a"]), ListenerProtocol::Http).unwrap();
    for version in [V1_2, V1_3] {
        let client = client(version, &[], None);
        let full = meet(&before, &client, "a.test").await.unwrap().kind;
        assert_eq!(full, HandshakeKind::Full, "{version:?}");
        let after = tls.listener(&directory.config(&["a"]), ListenerProtocol::Http).unwrap();
        for listener in [&before, &after] {
            let kind = meet(listener, &client, "a.test").await.unwrap().kind;
            assert_eq!(kind, HandshakeKind::Resumed, "{version:?}");
        }
    }
}

fn demanding(directory: &Directory, ca: &str, require: bool) -> TlsConfig {
    let client_auth = Some(ClientAuth { ca: directory.files(ca).cert, require });
    TlsConfig { client_auth, ..directory.config(&["a"]) }
}

#[tokio::test]
async fn a_client_certificate_is_demanded_and_told() {
    let directory = Directory::new("client");
    directory.certificate("a", &["a.test"]);
    let partner = directory.certificate("partner", &["partner.test"]);
    directory.certificate("stranger", &["stranger.test"]);
    let tls = Tls::new();
    let required = tls.listener(&demanding(&directory, "partner", true), ListenerProtocol::Http).unwrap();
    let asked = tls.listener(&demanding(&directory, "partner", false), ListenerProtocol::Http).unwrap();
    for version in [V1_2, V1_3] {
        let with = |name| client(version, &[], Some(&directory.files(name)));
        for listener in [&required, &asked] {
            let met = meet(listener, &with("partner"), "a.test").await.unwrap();
            assert_eq!(met.session.certificate.as_deref(), Some(&partner[..]));
            assert!(meet(listener, &with("stranger"), "a.test").await.is_err());
        }
        let nobody = client(version, &[], None);
        assert!(meet(&required, &nobody, "a.test").await.is_err());
        assert_eq!(meet(&asked, &nobody, "a.test").await.unwrap().session.certificate, None);
    }
}

#[tokio::test]
async fn a_session_does_not_resume_where_more_is_demanded() {
    let directory = Directory::new("demand");
    directory.certificate("a", &["a.test"]);
    directory.certificate("partner", &["partner.test"]);
    let tls = Tls::new();
    let open = tls.listener(&directory.config(&["a"]), ListenerProtocol::Http).unwrap();
    let asked = tls.listener(&demanding(&directory, "partner", false), ListenerProtocol::Http).unwrap();
    let required = tls.listener(&demanding(&directory, "partner", true), ListenerProtocol::Http).unwrap();
    for version in [V1_2, V1_3] {
        let nobody = client(version, &[], None);
        for listener in [&open, &asked] {
            meet(listener, &nobody, "a.test").await.unwrap();
            assert!(meet(&required, &nobody, "a.test").await.is_err(), "{version:?}");
        }
    }
}

#[tokio::test]
async fn new_authorities_end_the_sessions_under_the_old() {
    let directory = Directory::new("authority");
    directory.certificate("a", &["a.test"]);
    directory.certificate("ca", &["old.test"]);
    let listener = Tls::new().listener(&demanding(&directory, "ca", true), ListenerProtocol::Http).unwrap();
    let partner = client(V1_3, &[], Some(&directory.files("ca")));
    meet(&listener, &partner, "a.test").await.unwrap();
    assert_eq!(meet(&listener, &partner, "a.test").await.unwrap().kind, HandshakeKind::Resumed);
    directory.write("ca.pem", "");
    assert_eq!(listener.renew().faults.len(), 1);
    assert_eq!(meet(&listener, &partner, "a.test").await.unwrap().kind, HandshakeKind::Resumed, "the old goes on");
    directory.certificate("ca", &["new.test"]);
    assert!(listener.renew().changed);
    assert!(meet(&listener, &partner, "a.test").await.is_err());
    assert!(meet(&listener, &client(V1_3, &[], Some(&directory.files("ca"))), "a.test").await.is_ok());
}
