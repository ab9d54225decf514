use crate::digest::Digest;
use crate::testing::{Service, chain_of, exchange, lines, now};
use pintle_core::certificate::Holder;
use pintle_core::exchange::Tls;
use pintle_core::{Exchange, Reason};
use std::sync::Arc;

const CONSUMERS: &str =
    "[{name: ops, client_certificate: {san: ops.example.com}}, {name: two, client_certificate: {subject: 'CN=both'}}]";

fn with(subject: &str, name: &str) -> Exchange {
    let mut exchange = exchange(&[("client-cert", ":forged:"), ("client_cert_chain", ":forged:")]);
    exchange.client.tls = Some(Arc::new(Tls {
        certificate: Some(b"der".as_slice().into()),
        fingerprint: Some(Digest::of(b"der").bytes()),
        holder: Some(Holder { subject: subject.into(), names: [name.into()].into() }),
        chain: [b"above".as_slice().into()].into(),
        ..Tls::default()
    }));
    exchange
}

fn run(policy: &str, mut exchange: Exchange) -> (Result<Vec<String>, Reason>, Option<String>) {
    let service = Arc::new(Service::default());
    let chain = chain_of(&[&format!("[{{client_certificate: {policy}}}]")], "{}", CONSUMERS, &service);
    let outcome = now(chain.run(&mut exchange)).map_err(|refusal| refusal.reason);
    (outcome.map(|_| lines(&service.got.lock())), exchange.identity.name().map(str::to_owned))
}

#[test]
fn one_of_each_kind_that_is_named_must_be_there() {
    let print: String = Digest::of(b"der").bytes().iter().map(|byte| format!("{byte:02X}:")).collect();
    let print = print.trim_end_matches(':');
    for (policy, passes) in [
        ("{}".to_owned(), true),
        ("{san: [x.example.com, OPS.example.com]}".into(), true),
        ("{san: x.example.com}".into(), false),
        ("{subject: 'CN=ops, O=Example'}".into(), true),
        ("{subject: 'CN=ops'}".into(), false),
        ("{subject: 'CN=ops,O=Example', san: x.example.com}".into(), false),
        (format!("{{fingerprint: '{print}'}}"), true),
        (format!("{{fingerprint: {}}}", "0".repeat(64)), false),
    ] {
        let (outcome, name) = run(&policy, with("CN=ops,O=Example", "ops.example.com"));
        assert_eq!(outcome.is_ok(), passes, "{policy}");
        assert_eq!(name.as_deref(), passes.then_some("ops"), "{policy}");
    }
}

#[test]
fn none_is_refused_unless_that_is_said_and_one_of_two_people_is_nobodys() {
    assert_eq!(run("{}", exchange(&[])).0, Err(Reason::CertificateRequired));
    assert_eq!(run("{optional: true}", exchange(&[("client-cert", ":forged:")])).0, Ok(vec![]));
    let wrong = run("{optional: true, san: x.example.com}", with("CN=ops", "ops.example.com"));
    assert_eq!(wrong.0, Err(Reason::CertificateRequired));
    assert_eq!(run("{}", with("CN=both", "ops.example.com")), (Ok(vec![]), None));
}

#[test]
fn it_goes_on_as_rfc_9440_has_it_and_a_clients_own_does_not() {
    let got = |send: &str| run(&format!("{{send: {send}}}"), with("CN=ops", "ops.example.com")).0;
    assert_eq!(got("none"), Ok(vec![]));
    assert_eq!(got("certificate"), Ok(vec!["client-cert: :ZGVy:".to_owned()]));
    assert_eq!(got("chain"), Ok(vec!["client-cert: :ZGVy:".to_owned(), "client-cert-chain: :YWJvdmU=:".into()]));
}
