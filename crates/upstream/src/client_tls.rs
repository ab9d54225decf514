//! TLS towards upstreams: whom to trust, what to show, what to offer.

use crate::settings::{ProtocolChoice, TlsConfig};
use crate::upstream::UpstreamFault;
use pintle_core::config::{ConfigPath, FILE_LIMIT, Spanned, read_file};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::{Arc, OnceLock};

/// The client side of TLS as configured. What is wrong is told at the place that names the file.
pub(crate) fn client_config(config: &TlsConfig, protocol: ProtocolChoice) -> Result<Arc<ClientConfig>, UpstreamFault> {
    let roots = match &config.ca {
        Some(path) => Arc::new(read_roots(path)?),
        None => system_roots(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| UpstreamFault { message: error.to_string(), help: None, span: None })?
        .with_root_certificates(roots);
    let mut client = match &config.certificate {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let chain = certificates(&own.cert)?;
            let key = PrivateKeyDer::from_pem_slice(&read(&own.key)?).map_err(|error| {
                fault(&own.key, format!("no private key can be read from {}: {error}", own.key.display()))
            })?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let (cert, key) = (own.cert.display(), own.key.display());
                let message = match error {
                    rustls::Error::InconsistentKeys(_) => {
                        format!("the key in {key} does not belong to the certificate in {cert}")
                    }
                    error => format!("{cert} and {key} do not fit together: {error}"),
                };
                fault(&own.key, message)
            })?
        }
    };
    client.alpn_protocols = match protocol {
        ProtocolChoice::Http1 => vec![b"http/1.1".to_vec()],
        ProtocolChoice::Http2 => vec![b"h2".to_vec()],
        ProtocolChoice::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    Ok(Arc::new(client))
}

fn fault(file: &Spanned<ConfigPath>, message: String) -> UpstreamFault {
    UpstreamFault { message, help: None, span: Some(file.span.clone()) }
}

fn read(path: &Spanned<ConfigPath>) -> Result<Vec<u8>, UpstreamFault> {
    read_file(path, FILE_LIMIT).map_err(|error| fault(path, format!("cannot read {}: {error}", path.display())))
}

fn certificates(path: &Spanned<ConfigPath>) -> Result<Vec<CertificateDer<'static>>, UpstreamFault> {
    let text = read(path)?;
    let all: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| fault(path, format!("{} cannot be read: {error}", path.display())))?;
    match all.is_empty() {
        true => Err(fault(path, format!("there is no certificate in {}", path.display()))),
        false => Ok(all),
    }
}

fn read_roots(path: &Spanned<ConfigPath>) -> Result<RootCertStore, UpstreamFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| fault(path, format!("a certificate in {} cannot be trusted: {error}", path.display())))?;
    }
    Ok(roots)
}

/// What the operating system trusts, read once. What cannot be read is left out, as everywhere.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    Arc::clone(ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    }))
}
