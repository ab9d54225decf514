//! What is told of certificates that can be read.

use super::compared;
use pintle_testkit::Certificates;

#[test]
fn a_certificate_in_the_place_of_another_tells_what_is_different_in_it() {
    let authority = Certificates::new();
    let old = authority.write("old", &authority.expired(&["shop.example.com", "10.0.0.1"]));
    let new = authority.write("new", &authority.server(&["shop.example.com", "api.example.com"]));
    let text = |files: &str| format!("listeners: [{{address: 127.0.0.1:8443, tls: {{certificates: [{files}]}}}}]\n");
    let said = compared(&text(&old), &text(&new)).to_string();
    assert!(said.contains("no longer for 10.0.0.1\n"), "{said}");
    assert!(said.contains("also for api.example.com\n"), "{said}");
    assert!(said.contains("ends: 2021-01-01 00:00:00 UTC -> "), "{said}");
    assert!(!said.contains("subject"), "both have the same: {said}");
    assert!(!said.contains("BEGIN"), "{said}");

    let other = authority.write("other", &authority.server(&["other.example.com"]));
    let said = compared(&text(&old), &text(&other)).to_string();
    assert!(said.contains("CN=shop.example.com -> ") && said.contains("CN=other.example.com\n"), "{said}");
    let said = compared(&text(&old), &text(&format!("{old}, {other}"))).to_string();
    assert!(said.contains("for other.example.com, ends "), "{said}");
}

#[test]
fn a_file_that_is_no_certificate_tells_nothing() {
    let authority = Certificates::new();
    let good = authority.write("good", &authority.server(&["shop.example.com"]));
    for broken in ["", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "\u{0}"] {
        let cert = authority.folder().write("broken.pem", broken);
        let text =
            |files: &str| format!("listeners: [{{address: 127.0.0.1:8443, tls: {{certificates: [{files}]}}}}]\n");
        let files = format!("{{cert: {}, key: k}}", cert.display());
        let said = compared(&text(&good), &text(&files)).to_string();
        assert!(said.contains("broken.pem cannot be read, so what is in it is not compared"), "{said}");
    }
}
