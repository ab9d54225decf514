//! What a configuration says.

use super::*;
use pintle_core::config::{Read, Reader, Sources};

fn read(text: &str) -> Result<TlsConfig, Vec<String>> {
    let mut reader = Reader::new();
    let sources = Sources::from_text("gateway.yaml", text, &mut reader);
    let value = TlsConfig::read(&sources.root, &mut reader);
    let said = |one: &pintle_core::config::Diagnostic| format!("{}: {}", one.span.position().line, one.message);
    value.ok_or_else(|| reader.diagnostics.iter().map(said).collect())
}

#[test]
fn what_is_left_out_is_safe() {
    let config = read("certificates: [{cert: a.pem, key: a.key}]\nclient_auth: {ca: ca.pem}\n").unwrap();
    assert_eq!(config.min_version, TlsVersion::V1_2);
    assert!(config.client_auth.unwrap().require);
    let config = read("certificates: [{cert: a.pem, key: a.key}]\nmin_version: 1.3\n").unwrap();
    assert_eq!((config.min_version, config.client_auth), (TlsVersion::V1_3, None));
}

#[test]
fn mistakes_are_told_at_their_place() {
    assert_eq!(read("certificates: []").unwrap_err(), ["1: `certificates` is empty: TLS needs one at least"]);
    let said = read("certificates:\n  - {cert: a.pem}\nmin_version: 1.1\n").unwrap_err();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("2: ") && line.contains("`key`")), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("3: ") && line.contains("1.2")), "{said:?}");
}
