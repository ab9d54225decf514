//! TLS to an admin address: whom to trust, and the stream that comes of it. A certificate is taken if it is one of those that
//! were given, or issued by one of them for the name that is asked for. What the system trusts means nothing here: a token
//! goes where the operator says, and nowhere else.

use pintle_core::config::{FILE_LIMIT, read_file};
use pintle_engine::socket::Address;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use socket2::Socket;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Whom to trust, and what to show.
#[derive(Debug)]
pub(crate) struct Trust {
    config: Arc<ClientConfig>,
    /// The name that the certificate must have where it is not one of those given.
    name: Option<String>,
}

impl Trust {
    /// Reads the files: certificates to trust, and a certificate with its key to show.
    pub(crate) fn read(ca: &[&Path], name: Option<&str>, own: Option<(&Path, &Path)>) -> Result<Self, String> {
        let mut given = Vec::new();
        for file in ca {
            given.extend(certificates(file)?);
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(given.iter().cloned());
        // None of one that is no authority: then only the very certificate will do.
        let issued = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().ok();
        let verifier = Arc::new(Given { certificates: given, issued, provider: Arc::clone(&provider) });
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot start: {error}"))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some((cert, key)) => {
                let read = PrivateKeyDer::from_pem_slice(&bytes(key)?);
                let secret = read.map_err(|error| format!("no private key in {}: {error}", key.display()))?;
                let shown = builder.with_client_auth_cert(certificates(cert)?, secret);
                shown.map_err(|error| format!("{} and {}: {error}", cert.display(), key.display()))?
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Trust { config: Arc::new(config), name: name.map(str::to_owned) })
    }

    /// The name that is asked for, if one was given.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

fn bytes(file: &Path) -> Result<Vec<u8>, String> {
    read_file(file, FILE_LIMIT).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes(file)?).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(format!("no certificate in {}: expected PEM, BEGIN CERTIFICATE", file.display())),
        Err(error) => Err(format!("{} cannot be read: {error}", file.display())),
    }
}

/// Takes the certificates that were given, and what they have issued.
#[derive(Debug)]
struct Given {
    certificates: Vec<CertificateDer<'static>>,
    issued: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Given {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // That it is the very one says more than that it is in date.
        if self.certificates.iter().any(|given| given == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.issued {
            Some(issued) => issued.verify_server_cert(end_entity, intermediates, name, ocsp, now),
            None => Err(rustls::CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What an exchange reads and writes.
pub(super) enum Stream {
    Plain(Socket),
    Tls(Box<StreamOwned<ClientConnection, Socket>>),
}

impl Stream {
    /// The handshake comes with the first bytes.
    pub(super) fn new(socket: Socket, trust: Option<&Trust>, address: &Address) -> Result<Self, String> {
        let Some(trust) = trust else { return Ok(Stream::Plain(socket)) };
        let name = match (&trust.name, address.reachable()) {
            (Some(name), _) => ServerName::try_from(name.clone()).map_err(|_| format!("`{name}` is no host name"))?,
            (None, Some(tcp)) => ServerName::from(tcp.ip()),
            (None, None) => return Err(format!("{address} is a unix socket, and speaks no TLS")),
        };
        let connection = ClientConnection::new(Arc::clone(&trust.config), name);
        let connection = connection.map_err(|error| format!("TLS cannot start: {error}"))?;
        Ok(Stream::Tls(Box::new(StreamOwned::new(connection, socket))))
    }

    /// Has the next read or write end in that time.
    pub(super) fn within(&self, left: Duration) -> io::Result<()> {
        let socket = match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => &stream.sock,
        };
        socket.set_read_timeout(Some(left))?;
        socket.set_write_timeout(Some(left))
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(bytes),
            Stream::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
