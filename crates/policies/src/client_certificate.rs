//! `client_certificate: {san: […]}`: the connection has a client certificate that the listener's `client_auth` took, and it
//! is one of those that are named here. It is decided by the handshake; nothing is read for it.
//!
//! A certificate that a consumer has makes the request that consumer's. None, or another one, is 403 with the reason
//! `certificate_required`: another answer to the same request cannot change what a connection has. What a client says itself in
//! `Client-Cert` and `Client-Cert-Chain` (RFC 9440 2.4) is dropped, whether they are written or not.

#[cfg(test)]
mod tests;

use crate::Consumers;
use crate::authenticate::{Authenticate, Credentials, Verdict};
use crate::build::Building;
use crate::consumers::{AlternativeName, Fingerprint, Subject};
use crate::digest::Digest;
use crate::layers::{Levels, Origin};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pintle_core::config::{Map, Node, OneOrMany, Read, Reader, TemplateText};
use pintle_core::exchange::Tls;
use pintle_core::step::Outcome;
use pintle_core::{Exchange, Identity, Reason, Refusal};
use std::sync::Arc;

pub(crate) const LEVELS: Levels = Levels::Authentication;

/// Wants a client certificate, which the listener asks for by `tls: {client_auth: …}`. With nothing more any that the
/// listener takes will do. Where several kinds of names are given, the certificate must have one of each.
///
/// ```yaml
/// routes:
///   - match: /internal/**
///     policies: [{client_certificate: {san: [ops.example.com], send: certificate}}]
///     proxy: orders
///   - {match: /any/**, policies: [{client_certificate: {optional: true, forward: {x-holder: "${client.tls.subject}"}}}], proxy: orders}
///   - match: /two/**
///     policies:
///       - client_certificate:
///           subject: "CN=ops, O=Example"
///           fingerprint: 4f2d5cb01ef1e0fbb8f4f7c2b1a3a0b5e8a4fbd47b54a7f2f80a7c6d2f7b1a9e
///     proxy: orders
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "client certificate's description", check)]
pub struct ClientCertificate {
    /// Subjects, as `CN=ops,O=Example` (RFC 4514), the last part first: one of them.
    #[read(default)]
    pub subject: OneOrMany<Subject>,
    /// Alternative names (hosts, URIs, addresses of mail, IP addresses): one of them.
    #[read(default)]
    pub san: OneOrMany<AlternativeName>,
    /// SHA-256 of certificates, in hexadecimal digits: one of them.
    #[read(default)]
    pub fingerprint: OneOrMany<Fingerprint>,
    /// What of it the service gets (RFC 9440), as `client-cert` and `client-cert-chain`.
    #[read(default = "none")]
    pub send: Sent,
    /// Lets a request without a certificate through, as nobody. Another one than those named here is refused all the same.
    #[read(default = "false")]
    pub optional: bool,
    /// Fields for the service, with values that may name `client.tls` and `consumer`. A client's own of those names are
    /// dropped, in whatever spelling.
    #[read(default)]
    pub forward: Map<TemplateText>,
}

/// What of a client certificate a service gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Sent {
    /// Nothing.
    None,
    /// The certificate, as `client-cert`.
    Certificate,
    /// The certificate, and as `client-cert-chain` those that the client sent with it.
    Chain,
}

impl ClientCertificate {
    /// A list without an entry would let any certificate in.
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let named = ["subject", "san", "fingerprint"].into_iter().filter_map(|key| node.get(key));
        let empty: Vec<&Node> = named.filter(|list| list.as_list().is_some_and(<[_]>::is_empty)).collect();
        for list in &empty {
            reader.expected("at least one", list, "for any certificate of the listener's authorities leave it out");
        }
        empty.is_empty().then_some(self)
    }
}

impl Credentials for ClientCertificate {
    fn optional(&self) -> bool {
        self.optional
    }

    fn forward(&self) -> &Map<TemplateText> {
        &self.forward
    }
}

/// Builds the policy.
pub(crate) fn make(
    config: &ClientCertificate,
    _: Origin<'_>,
    building: &mut Building<'_, '_>,
) -> Option<Arc<dyn Authenticate>> {
    Some(Arc::new(Certificates {
        subjects: config.subject.iter().map(|subject| subject.0.clone()).collect(),
        names: config.san.iter().map(|name| name.0.clone()).collect(),
        fingerprints: config.fingerprint.iter().map(|print| print.0).collect(),
        send: config.send,
        consumers: Arc::clone(&building.around.consumers),
    }))
}

struct Certificates {
    subjects: Box<[Box<str>]>,
    names: Box<[Box<str>]>,
    fingerprints: Box<[Digest]>,
    send: Sent,
    consumers: Arc<Consumers>,
}

const CERTIFICATE: &str = "client-cert";
const CHAIN: &str = "client-cert-chain";

impl Authenticate for Certificates {
    fn now(&self, exchange: &mut Exchange) -> Option<Verdict> {
        let Exchange { client, request, .. } = exchange;
        let Some((tls, der)) = client.tls.as_deref().and_then(|tls| Some((tls, tls.certificate.as_deref()?))) else {
            return Some(Verdict::Nobody);
        };
        if let Err(why) = self.is_one(tls) {
            return Some(Verdict::Refused(Refusal::new(Reason::CertificateRequired).internal(why)));
        }
        if self.send != Sent::None {
            let fields = &mut request.fields;
            fields.append(CERTIFICATE, item(der));
            if self.send == Sent::Chain && !tls.chain.is_empty() {
                let chain: Vec<String> = tls.chain.iter().map(|der| item(der)).collect();
                fields.append(CHAIN, chain.join(", "));
            }
        }
        let consumer = self.consumers.of_certificate(tls).cloned();
        Some(Verdict::Somebody(Identity { consumer, claims: None }))
    }

    fn writes(&self) -> Vec<Box<str>> {
        vec![CERTIFICATE.into(), CHAIN.into()]
    }

    fn reads(&self, _: &str) -> bool {
        false
    }

    fn nobody(&self, exchange: &Exchange) -> Outcome {
        let why = if exchange.client.tls.is_some() { "the client showed no certificate" } else { "there is no TLS" };
        Err(Refusal::new(Reason::CertificateRequired).internal(why))
    }
}

impl Certificates {
    /// Whether the certificate is one of those that are named.
    fn is_one(&self, tls: &Tls) -> Result<(), String> {
        let holder = tls.holder.as_ref();
        let subject = holder.map_or("", |holder| &*holder.subject);
        if !self.subjects.is_empty() && !self.subjects.iter().any(|one| **one == *subject) {
            return Err(format!("the certificate's subject is none of those named: {subject}"));
        }
        if !self.names.is_empty() && !self.names.iter().any(|name| holder.is_some_and(|holder| holder.has_name(name))) {
            return Err(format!("the certificate has none of the names: {subject}"));
        }
        let print = tls.fingerprint.map(Digest::new);
        if !self.fingerprints.is_empty() && !print.is_some_and(|print| self.fingerprints.contains(&print)) {
            return Err(format!("the certificate's fingerprint is none of those named: {subject}"));
        }
        Ok(())
    }
}

/// A certificate as a byte sequence (RFC 9440 2.1).
fn item(der: &[u8]) -> String {
    let mut out = String::with_capacity(der.len() * 4 / 3 + 6);
    out.push(':');
    STANDARD.encode_string(der, &mut out);
    out.push(':');
    out
}
