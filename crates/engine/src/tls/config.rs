//! What a listener's `tls` may say.

use pintle_core::config::{ConfigPath, Node, Read, Reader, Spanned};

/// TLS on a listener. Certificates are chosen by the names in them; the first is for clients that name none of those.
///
/// ```yaml
/// listeners:
///   - address: 0.0.0.0:8443
///     tls:
///       certificates:
///         - {cert: certs/shop.pem, key: certs/shop.key}
///         - {cert: certs/own.pem, key: certs/own.key}
///       min_version: 1.3
///       client_auth: {ca: certs/ca.pem, require: false}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(called = "tls", check)]
pub struct TlsConfig {
    /// Certificates with their keys. Files are watched: renewed ones serve without a restart.
    pub certificates: Vec<CertificateFiles>,
    /// The oldest version that is spoken.
    #[read(default = "1.2")]
    pub min_version: TlsVersion,
    /// Clients show certificates. Without it they are not asked for any.
    pub client_auth: Option<ClientAuth>,
}

impl TlsConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.certificates.is_empty() {
            reader.error("no-certificate", "`certificates` is empty: TLS needs one at least", node.span());
            return None;
        }
        Some(self)
    }

    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = &Spanned<ConfigPath>> {
        let certificates = self.certificates.iter().flat_map(|files| [&files.cert, &files.key]);
        certificates.chain(self.client_auth.as_ref().map(|client| &client.ca))
    }

    /// The same without the text that it was written in.
    pub(super) fn detached(&self) -> Self {
        TlsConfig {
            certificates: self.certificates.iter().map(CertificateFiles::detached).collect(),
            min_version: self.min_version,
            client_auth: self
                .client_auth
                .as_ref()
                .map(|client| ClientAuth { ca: client.ca.detached(), require: client.require }),
        }
    }
}

/// A certificate chain and its private key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Read)]
#[read(called = "certificate")]
pub struct CertificateFiles {
    /// The certificate, then those that lead to a certificate authority.
    pub cert: Spanned<ConfigPath>,
    /// The private key, not encrypted.
    pub key: Spanned<ConfigPath>,
}

impl CertificateFiles {
    /// The same without the text that it was written in.
    pub(super) fn detached(&self) -> Self {
        CertificateFiles { cert: self.cert.detached(), key: self.key.detached() }
    }
}

/// Clients show certificates.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Read)]
#[read(called = "client_auth")]
pub struct ClientAuth {
    /// The certificate authorities that may issue them, PEM.
    pub ca: Spanned<ConfigPath>,
    /// Whether a client without one is refused. One with a wrong certificate always is.
    #[read(default = "true")]
    pub require: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Read)]
#[read(word)]
pub enum TlsVersion {
    /// 1.2 (RFC 5246), with forward secrecy and AEAD ciphers alone.
    #[default]
    #[read(key = "1.2")]
    V1_2,
    /// 1.3 (RFC 8446).
    #[read(key = "1.3")]
    V1_3,
}
