//! What a listener's `tls` may say.

use std::path::PathBuf;

/// TLS on a listener. Certificates are chosen by the names in them; the first is for clients that name none of those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// At least one certificate with its key.
    pub certificates: Vec<CertificateFiles>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// Whether clients have to show a certificate.
    pub client_auth: Option<ClientAuth>,
}

/// A certificate chain and its private key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateFiles {
    /// The certificate, then those that lead to a certificate authority.
    pub cert: PathBuf,
    /// The private key, not encrypted.
    pub key: PathBuf,
}

/// Clients show certificates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientAuth {
    /// The certificate authorities that may issue them, PEM.
    pub ca: PathBuf,
    /// Whether a client without one is refused. One with a wrong certificate always is.
    pub require: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// 1.2 (RFC 5246), with forward secrecy and AEAD ciphers alone.
    #[default]
    V1_2,
    /// 1.3 (RFC 8446).
    V1_3,
}
