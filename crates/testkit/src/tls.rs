//! TLS on both sides of the gateway: a client that says what it trusts and offers, and an origin's acceptor.

use crate::certificates::{Certificate, Certificates};
use crate::socket::Socket;
use crate::wait::within;
use crate::wire::Wire;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// How a client speaks TLS. Its copies share one store of sessions, so that a second connection may resume.
#[derive(Clone, Debug)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

fn roots(certificates: &Certificates) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificates.authority_der()).unwrap_or_else(|error| panic!("not an authority: {error}"));
    roots
}

impl TlsClient {
    /// A client that trusts an authority and asks for `name`: TLS 1.2 or 1.3, no ALPN, no certificate.
    pub fn new(certificates: &Certificates, name: &str) -> Self {
        Self::build(certificates, name, rustls::DEFAULT_VERSIONS, None)
    }

    /// The same, with TLS 1.2 alone.
    pub fn tls12(certificates: &Certificates, name: &str) -> Self {
        Self::build(certificates, name, &[&rustls::version::TLS12], None)
    }

    /// The same, with a certificate of its own.
    pub fn with_identity(certificates: &Certificates, name: &str, identity: &Certificate) -> Self {
        Self::build(certificates, name, rustls::DEFAULT_VERSIONS, Some(identity))
    }

    fn build(
        certificates: &Certificates,
        name: &str,
        versions: &[&'static SupportedProtocolVersion],
        identity: Option<&Certificate>,
    ) -> Self {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap_or_else(|error| panic!("no TLS: {error}"))
            .with_root_certificates(roots(certificates));
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder
                .with_client_auth_cert(identity.chain(), identity.private_key())
                .unwrap_or_else(|error| panic!("not a client's certificate: {error}")),
        };
        TlsClient { config: Arc::new(config), name: server_name(name) }
    }

    /// Offers these protocols by ALPN.
    pub fn alpn(mut self, protocols: &[&str]) -> Self {
        let protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::make_mut(&mut self.config).alpn_protocols = protocols;
        self
    }

    /// Sends no server name (SNI), and still expects the certificate of the name.
    pub fn without_sni(mut self) -> Self {
        Arc::make_mut(&mut self.config).enable_sni = false;
        self
    }

    /// Asks for another name, with the same sessions.
    pub fn name(mut self, name: &str) -> Self {
        self.name = server_name(name);
        self
    }

    /// Connects and shakes hands.
    ///
    /// # Errors
    /// Those of the handshake. With TLS 1.3 a refused client certificate shows at the first read instead.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<Wire> {
        let stream = within(format!("a connection to {address}"), TcpStream::connect(address)).await?;
        let _ = stream.set_nodelay(true);
        self.over(stream).await
    }

    pub(crate) async fn over(&self, stream: TcpStream) -> io::Result<Wire> {
        let connecting = TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream);
        let stream = within("a TLS handshake", connecting).await?;
        Ok(Socket::Tls(Box::new(stream.into())).into())
    }
}

fn server_name(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The server's side for an origin.
pub(crate) fn acceptor(certificate: &Certificate, clients: Option<&Certificates>, alpn: &[&str]) -> TlsAcceptor {
    let key: PrivateKeyDer<'static> = certificate.private_key();
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap_or_else(|error| panic!("no TLS: {error}"));
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(certificates) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(certificates)), provider);
            let verifier = verifier.build().unwrap_or_else(|error| panic!("no verifier: {error}"));
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config =
        builder.with_single_cert(certificate.chain(), key).unwrap_or_else(|error| panic!("certificate: {error}"));
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}
