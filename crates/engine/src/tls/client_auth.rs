//! Client certificates: the verifier made of a file of certificate authorities.

use super::certificate::{certificates, read, sha256};
use super::{ClientAuth, Digest, Fault};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use std::sync::Arc;

/// What is demanded of a client: the authorities' content, and whether it may come without a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Demand {
    ca: Digest,
    require: bool,
}

/// The verifier, and what it demands.
pub(super) fn load(
    wanted: &ClientAuth,
    provider: &Arc<CryptoProvider>,
) -> Result<(Arc<dyn ClientCertVerifier>, Demand), Fault> {
    let file = &wanted.ca;
    let text = read(file)?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, &text)? {
        roots.add(certificate).map_err(|error| {
            Fault::new(file, format!("a certificate in {} cannot be an authority: {error}", file.display()))
        })?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = if wanted.require { builder } else { builder.allow_unauthenticated() };
    let verifier = builder.build().map_err(|error| Fault::new(file, format!("{}: {error}", file.display())))?;
    Ok((verifier, Demand { ca: sha256(&text), require: wanted.require }))
}
