//! A client that takes any certificate, and one handshake with it in memory.

use super::*;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, HandshakeKind, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A client; `own` is its certificate.
pub(super) fn client(version: TlsVersion, alpn: &[&str], own: Option<&CertificateFiles>) -> Arc<ClientConfig> {
    let version = match version {
        TlsVersion::V1_2 => &rustls::version::TLS12,
        TlsVersion::V1_3 => &rustls::version::TLS13,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate));
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some(files) => {
            let chain = CertificateDer::pem_file_iter(&**files.cert).unwrap().collect::<Result<_, _>>().unwrap();
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&**files.key).unwrap()).unwrap()
        }
    };
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config.resumption = Resumption::in_memory_sessions(8);
    Arc::new(config)
}

/// What a client saw of a handshake, and what we know of it.
pub(super) struct Met {
    pub(super) certificate: Vec<u8>,
    pub(super) kind: HandshakeKind,
    pub(super) session: Arc<pintle_core::exchange::Tls>,
    pub(super) http2: bool,
}

/// A handshake and a byte both ways; the error is ours.
pub(super) async fn meet(listener: &TlsListener, client: &Arc<ClientConfig>, name: &str) -> io::Result<Met> {
    let (near, far) = duplex(64 * 1024);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let ask = async {
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(client));
        let mut stream = connector.connect(name, near).await?;
        stream.write_all(b"?").await?;
        stream.read_exact(&mut [0]).await?;
        let connection: &ClientConnection = stream.get_ref().1;
        let certificate = connection.peer_certificates().unwrap()[0].to_vec();
        io::Result::Ok((certificate, connection.handshake_kind().unwrap()))
    };
    let answer = async {
        let mut accepted = listener.accept(far).await?;
        accepted.stream.read_exact(&mut [0]).await?;
        accepted.stream.write_all(b"!").await?;
        io::Result::Ok((accepted.session, accepted.http2))
    };
    let (asked, answered) = tokio::join!(ask, answer);
    let (session, http2) = answered?;
    let (certificate, kind) = asked?;
    Ok(Met { certificate, kind, session, http2 })
}
