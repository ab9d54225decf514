//! What is said about files that cannot be used, and what a renewal keeps.

use super::*;
use crate::ListenerProtocol;

fn faults(config: &TlsConfig, directory: &Directory) -> Vec<String> {
    let found = Tls::new().listener(config, ListenerProtocol::Http).unwrap_err();
    let place = format!("{}/", directory.0.display());
    found.iter().map(|fault| fault.message.replace(&place, "")).collect()
}

#[test]
fn every_fault_is_told_at_once_and_names_its_file() {
    let directory = Directory::new("faults");
    directory.certificate("a", &["a.test"]);
    directory.certificate("b", &["b.test"]);
    directory.write("empty.pem", "");
    directory.write("empty.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    directory.write("broken.pem", "-----BEGIN CERTIFICATE-----\nsecret\n");
    directory.write("broken.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let mut config = directory.config(&["a", "none", "empty", "broken"]);
    config.certificates.push(CertificateFiles { cert: directory.files("a").cert, key: directory.files("b").key });
    config.certificates.push(CertificateFiles { cert: directory.files("a").cert, key: directory.files("a").cert });
    config.certificates.push(CertificateFiles { cert: directory.files("a").cert, key: directory.files("broken").key });
    config.client_auth = Some(ClientAuth { ca: directory.files("empty").cert, require: true });
    assert_eq!(
        faults(&config, &directory),
        [
            "cannot read none.pem: No such file or directory (os error 2)",
            "cannot read none.key: No such file or directory (os error 2)",
            "no certificate in empty.pem: expected PEM, BEGIN CERTIFICATE",
            "the key in empty.key is encrypted: decrypt it, and guard the file instead",
            "broken.pem is broken: no well-formed PEM",
            "the key in b.key does not belong to the certificate in a.pem",
            "no private key in a.pem: expected PEM, BEGIN PRIVATE KEY",
            "the key in broken.key cannot be used: expected RSA of 2048 bits or more, ECDSA P-256, P-384 or P-521, or Ed25519",
            "no certificate in empty.pem: expected PEM, BEGIN CERTIFICATE",
        ]
    );
}

#[test]
fn a_chain_in_the_wrong_order_gets_the_remedy() {
    let directory = Directory::new("order");
    directory.certificate("leaf", &["a.test"]);
    directory.certificate("issuer", &["b.test"]);
    let read = |name| std::fs::read_to_string(&**directory.files(name).cert).unwrap();
    directory.write("leaf.pem", &(read("issuer") + &read("leaf")));
    let expected = "leaf.pem does not begin with the certificate that belongs to leaf.key: put that one first";
    assert_eq!(faults(&directory.config(&["leaf"]), &directory), [expected]);
}

#[test]
fn certificates_out_of_date_or_without_a_name_are_warned_of() {
    let directory = Directory::new("warn");
    directory.signed("old", &["a.test"], |mut params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        params
    });
    directory.certificate("nameless", &[]);
    let listener = Tls::new().listener(&directory.config(&["old", "nameless"]), ListenerProtocol::Http).unwrap();
    let warnings = |now| -> Vec<String> {
        let place = format!("{}/", directory.0.display());
        listener.warnings(at(now)).iter().map(|fault| fault.message.replace(&place, "")).collect()
    };
    let nameless = "the certificate nameless.pem has no DNS name in it, so no client that names a host gets it by name";
    // 1 July 2019, 1 July 2020, 11 January 2021.
    assert_eq!(warnings(1_561_939_200), ["the certificate old.pem is not valid yet: clients will refuse it", nameless]);
    assert_eq!(warnings(1_593_561_600), [nameless]);
    let expired = "the certificate old.pem expired 10 days ago: clients will refuse it";
    assert_eq!(warnings(1_610_323_200), [expired, nameless]);
    assert_eq!(listener.certificates()[0].2, Some(at(1_609_459_200)));
}

// Rule: change-kept
#[test]
fn an_unchanged_file_keeps_its_parsed_form() {
    let directory = Directory::new("keep");
    directory.certificate("a", &["a.test"]);
    directory.certificate("b", &["b.test"]);
    let tls = Tls::new();
    let first = tls.listener(&directory.config(&["a", "b"]), ListenerProtocol::Http).unwrap();
    let a = tls.certificate(&directory.files("a")).unwrap();
    assert_eq!(first.renew(), Renewal::default());
    let second = tls.listener(&directory.config(&["a"]), ListenerProtocol::Http).unwrap();
    assert!(Arc::ptr_eq(&a, &tls.certificate(&directory.files("a")).unwrap()));
    drop((first, second, a));
    drop(tls.certificate(&directory.files("b")).unwrap());
    assert_eq!(tls.certificates.lock().len(), 1, "what nobody uses goes");
}

#[test]
fn a_broken_renewal_is_refused_and_the_others_go_on() {
    let directory = Directory::new("renew");
    directory.certificate("a", &["a.test"]);
    directory.certificate("b", &["b.test"]);
    let listener = Tls::new().listener(&directory.config(&["a", "b"]), ListenerProtocol::Http).unwrap();
    directory.certificate("b", &["b.test", "new.test"]);
    directory.certificate("a", &["a.test"]);
    directory.write("a.key", "");
    let renewal = listener.renew();
    assert!(renewal.changed);
    assert_eq!(renewal.faults.len(), 1);
    assert_eq!(*renewal.faults[0].file, **directory.files("a").key);
    let names: Vec<_> = listener.certificates().into_iter().map(|(_, names, _)| names.join(" ")).collect();
    assert_eq!(names, ["a.test", "b.test new.test"]);
}

#[test]
fn every_file_is_watched() {
    let directory = Directory::new("watch");
    directory.certificate("a", &["a.test"]);
    let mut config = directory.config(&["a"]);
    config.client_auth = Some(ClientAuth { ca: directory.files("a").cert, require: true });
    let files = directory.files("a");
    let listener = Tls::new().listener(&config, ListenerProtocol::Http).unwrap();
    assert_eq!(listener.watched_files(), [&**files.cert, &**files.key, &**files.cert]);
}
