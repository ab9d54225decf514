//! What a handshake would come to, without one. For `explain`.

use super::session::fingerprint;
use super::{TlsListener, client_auth};
use pintle_core::certificate::Holder;
use pintle_core::exchange::Tls as Facts;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::sync::Arc;

impl TlsListener {
    /// The session of a client of today that asks for `name` and shows these certificates, its own first; else why the
    /// handshake would fail. Reads the file of the authorities: not for a worker's thread.
    pub fn rehearse(&self, name: Option<&str>, chain: &[CertificateDer<'_>]) -> Result<Arc<Facts>, String> {
        let shown = match (&self.config().client_auth, chain) {
            // Who is not asked for a certificate shows none.
            (None, _) => None,
            (Some(wanted), []) if wanted.require => {
                return Err("the listener wants a client certificate, and none is shown".into());
            }
            (Some(_), []) => None,
            (Some(wanted), [own, others @ ..]) => {
                let (verifier, _) = client_auth::load(wanted, self.provider()).map_err(|fault| fault.message)?;
                let verified = verifier.verify_client_cert(own, others, UnixTime::now());
                verified.map_err(|error| format!("the listener does not take the client certificate: {error}"))?;
                Some(Box::<[u8]>::from(own.as_ref()))
            }
        };
        Ok(Arc::new(Facts {
            version: "1.3",
            cipher: "TLS_AES_256_GCM_SHA384".into(),
            server_name: name.map(Into::into),
            fingerprint: shown.as_deref().map(fingerprint),
            holder: shown.as_deref().and_then(Holder::read),
            chain: chain.iter().skip(1).map(|der| Box::from(der.as_ref())).collect(),
            alpn: None,
            certificate: shown,
        }))
    }
}
