//! Making a connection to an endpoint: looking its name up, TCP or unix socket, TLS with verification.

use crate::reference::Address;
use crate::stream::Stream;
use pintle_core::{Reason, Refusal};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

/// How an endpoint is reached.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) address: Address,
    pub(crate) tls: Option<Tls>,
    pub(crate) timeout: Duration,
}

/// TLS to an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
}

/// A fresh connection and what was agreed on it.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    pub(crate) http2: bool,
}

impl Connector {
    /// Connects within the time limit, or until `deadline`.
    pub(crate) async fn connect(&self) -> Result<Connected, Refusal> {
        match tokio::time::timeout(self.timeout, self.attempt()).await {
            Ok(connected) => connected,
            Err(_) => Err(Refusal::new(Reason::ConnectTimeout)
                .internal(format!("no connection to {} within {:?}", self.address, self.timeout))),
        }
    }

    async fn attempt(&self) -> Result<Connected, Refusal> {
        match &self.address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| self.failed(&error))?;
                match &self.tls {
                    None => Ok(Connected { stream: Stream::Unix(stream), http2: false }),
                    Some(tls) => {
                        let stream = self.handshake(tls, stream).await?;
                        Ok(Connected { http2: chose_http2(stream.get_ref().1), stream: Stream::UnixTls(stream.into()) })
                    }
                }
            }
            Address::Host { host, port } => {
                let stream = self.tcp(host, *port).await?;
                match &self.tls {
                    None => Ok(Connected { stream: Stream::Tcp(stream), http2: false }),
                    Some(tls) => {
                        let stream = self.handshake(tls, stream).await?;
                        Ok(Connected { http2: chose_http2(stream.get_ref().1), stream: Stream::Tls(stream.into()) })
                    }
                }
            }
        }
    }

    async fn tcp(&self, host: &str, port: u16) -> Result<TcpStream, Refusal> {
        let stream = match host.parse() {
            Ok(ip) => TcpStream::connect(SocketAddr::new(ip, port)).await,
            Err(_) => self.resolved(host, port).await?,
        };
        let stream = stream.map_err(|error| self.failed(&error))?;
        // Requests are written whole: waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Looks the name up and tries its addresses in turn.
    async fn resolved(&self, host: &str, port: u16) -> Result<io::Result<TcpStream>, Refusal> {
        let unresolved = |why: String| Refusal::new(Reason::UpstreamUnresolved).internal(format!("{host}: {why}"));
        let addresses = tokio::net::lookup_host((host, port)).await.map_err(|error| unresolved(error.to_string()))?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(Ok(stream)),
                Err(error) => last = Some(error),
            }
        }
        last.map(Err).ok_or_else(|| unresolved("the name has no address".into()))
    }

    async fn handshake<S>(&self, tls: &Tls, stream: S) -> Result<tokio_rustls::client::TlsStream<S>, Refusal>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        TlsConnector::from(Arc::clone(&tls.config)).connect(tls.name.clone(), stream).await.map_err(|error| {
            Refusal::new(Reason::UpstreamTls).internal(format!("TLS with {} failed: {error}", self.address))
        })
    }

    fn failed(&self, error: &io::Error) -> Refusal {
        Refusal::new(Reason::ConnectFailed).internal(format!("no connection to {}: {error}", self.address))
    }
}

fn chose_http2(session: &rustls::ClientConnection) -> bool {
    session.alpn_protocol() == Some(b"h2")
}
