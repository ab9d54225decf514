//! TLS on listeners: certificates chosen by name and renewed without a restart, client certificates, resumption.
//!
//! Owns rustls' server side and the files that it is made of. Does not watch the files: [`TlsListener::watched_files`]
//! names them, and whoever watches calls [`TlsListener::renew`]. A handshake sees one set of certificates, the newest;
//! connections that are open are never touched.

mod alpn;
mod certificate;
mod client_auth;
mod config;
mod identities;
mod listener;
mod rehearsal;
mod resumption;
mod session;
#[cfg(test)]
mod tests;

pub use alpn::Alpn;
pub use config::{CertificateFiles, ClientAuth, TlsConfig, TlsVersion};
pub use listener::{Renewal, TlsListener};
pub(crate) use session::not_made;
pub use session::{Accepted, TlsStream};

use certificate::Certificate;
use parking_lot::Mutex;
use pintle_core::config::{ConfigPath, Span, Spanned};
use resumption::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

/// SHA-256 of a file's bytes.
type Digest = [u8; 32];

/// Something wrong with a file that TLS is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// Where the configuration names it; none where the fault is no file's.
    pub span: Option<Span>,
    /// What is wrong with it, the file's name in it, with the remedy where there is one. Never holds key material.
    pub message: String,
}

impl Fault {
    fn new(file: &Spanned<ConfigPath>, message: impl Into<String>) -> Self {
        Fault { file: file.to_path_buf(), span: Some(file.span.clone()), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What all TLS listeners of the process share, over reloads too: the cryptography, the keys of session tickets, and
/// the certificates that are loaded.
pub struct Tls {
    provider: Arc<CryptoProvider>,
    /// By the files of a certificate and its key. Those that no listener uses any more go by themselves.
    certificates: Mutex<HashMap<CertificateFiles, Weak<Certificate>>>,
    /// By what a client has to prove: see [`Resumption`].
    resumption: Mutex<HashMap<Option<client_auth::Demand>, Weak<Resumption>>>,
}

impl Tls {
    /// Nothing loaded yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Tls { provider: Arc::new(provider()), certificates: Mutex::default(), resumption: Mutex::default() })
    }

    /// The certificate in these files: the one that is loaded, if their content is the same.
    fn certificate(&self, files: &CertificateFiles) -> Result<Arc<Certificate>, Vec<Fault>> {
        let loaded = self.certificates.lock().get(files).and_then(Weak::upgrade);
        let certificate = Certificate::load(files, loaded, &self.provider)?;
        let mut certificates = self.certificates.lock();
        certificates.retain(|_, certificate| certificate.strong_count() > 0);
        certificates.insert(files.detached(), Arc::downgrade(&certificate));
        Ok(certificate)
    }

    fn resumption(&self, demand: Option<&client_auth::Demand>) -> Result<Arc<Resumption>, rustls::Error> {
        let mut all = self.resumption.lock();
        if let Some(there) = all.get(&demand.cloned()).and_then(Weak::upgrade) {
            return Ok(there);
        }
        let new = Resumption::new()?;
        all.retain(|_, resumption| resumption.strong_count() > 0);
        all.insert(demand.cloned(), Arc::downgrade(&new));
        Ok(new)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// aws-lc-rs. The hybrid key exchange X25519MLKEM768 comes first: who offers it wants to be safe from those who record
/// today and decrypt later, and gets it for about 25 us more than the 100 of a full
/// handshake.
fn provider() -> CryptoProvider {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    CryptoProvider { kx_groups: vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1], ..aws_lc_rs::default_provider() }
}
