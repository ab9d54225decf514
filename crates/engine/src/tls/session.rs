//! A handshake, and what is known of a session afterwards.

use super::TlsListener;
use aws_lc_rs::digest;
use pintle_core::certificate::Holder;
use pintle_core::exchange::Tls as Facts;
use pintle_telemetry::metrics::NotMade;
use rustls::{Error, HandshakeKind, ProtocolVersion, ServerConnection};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

/// A connection under TLS.
pub type TlsStream<S> = tokio_rustls::server::TlsStream<S>;

/// A handshake that succeeded.
#[derive(Debug)]
pub struct Accepted<S> {
    /// The connection.
    pub stream: TlsStream<S>,
    /// What is known of the session.
    pub session: Arc<Facts>,
    /// Whether ALPN chose HTTP/2 (RFC 9113 3.2); else it is HTTP/1.1.
    pub http2: bool,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
}

impl TlsListener {
    /// Makes the handshake on a fresh connection. Where it fails the client has got its alert. Cancelling it drops the
    /// connection. The caller bounds the time.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<Accepted<S>> {
        let stream = TlsAcceptor::from(self.server()).accept(stream).await?;
        let connection = stream.get_ref().1;
        let http2 = connection.alpn_protocol() == Some(b"h2");
        let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
        Ok(Accepted { session: Arc::new(facts(connection)), http2, resumed, stream })
    }
}

/// Why there is no session.
pub(crate) fn not_made(error: &io::Error) -> NotMade {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::NoCertificatesPresented | Error::InvalidCertificate(_)) => NotMade::Certificate,
        Some(Error::PeerIncompatible(_)) => NotMade::Incompatible,
        Some(Error::AlertReceived(_)) => NotMade::Alert,
        None if matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe) => {
            NotMade::Closed
        }
        _ => NotMade::Other,
    }
}

fn facts(connection: &ServerConnection) -> Facts {
    let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    let (certificate, above) = match connection.peer_certificates() {
        Some([own, above @ ..]) => (Some(own), above),
        _ => (None, &[][..]),
    };
    Facts {
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "1.2",
            _ => "1.3",
        },
        // rustls tells the suites of TLS 1.3 apart by a name of its own.
        cipher: suite.replacen("TLS13_", "TLS_", 1).into(),
        server_name: connection.server_name().map(Into::into),
        certificate: certificate.map(|der| Box::from(der.as_ref())),
        fingerprint: certificate.map(|der| fingerprint(der)),
        holder: certificate.and_then(|der| Holder::read(der)),
        chain: above.iter().map(|der| Box::from(der.as_ref())).collect(),
        alpn: match connection.alpn_protocol() {
            Some(b"h2") => Some("h2"),
            Some(b"http/1.1") => Some("http/1.1"),
            _ => None,
        },
    }
}

/// The SHA-256 of a certificate.
pub(super) fn fingerprint(der: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, der);
    digest.as_ref().try_into().unwrap_or_default()
}
