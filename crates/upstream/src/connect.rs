//! Making a connection to one address: TCP or unix socket, TLS with verification. Which address it is, and what a failure
//! means for others, is not known here.

use crate::stream::{Io, Stream};
use pintle_core::{Reason, Refusal};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

/// Where one endpoint is: what there is nothing left to look up in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum At {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Tcp(address) => address.fmt(f),
            At::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// How an endpoint is reached.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) at: At,
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
    /// Connects within the time limit.
    pub(crate) async fn connect(&self) -> Result<Connected, Refusal> {
        self.connect_with(self.tls.as_ref()).await
    }

    /// As [`Connector::connect`], but offers HTTP/1.1 alone where TLS chooses.
    pub(crate) async fn connect_http1(&self) -> Result<Connected, Refusal> {
        let tls = self.tls.as_ref().map(|tls| {
            let mut config = (*tls.config).clone();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Tls { config: Arc::new(config), name: tls.name.clone() }
        });
        self.connect_with(tls.as_ref()).await
    }

    async fn connect_with(&self, tls: Option<&Tls>) -> Result<Connected, Refusal> {
        match tokio::time::timeout(self.timeout, self.attempt(tls)).await {
            Ok(connected) => connected,
            Err(_) => Err(Refusal::new(Reason::ConnectTimeout)
                .internal(format!("no connection to {} within {:?}", self.at, self.timeout))),
        }
    }

    async fn attempt(&self, tls: Option<&Tls>) -> Result<Connected, Refusal> {
        match &self.at {
            At::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| self.failed(&error))?;
                match tls {
                    None => Ok(Connected { stream: Io::Unix(stream).into(), http2: false }),
                    Some(tls) => {
                        let stream = self.handshake(tls, stream).await?;
                        Ok(Connected {
                            http2: chose_http2(stream.get_ref().1),
                            stream: Io::UnixTls(stream.into()).into(),
                        })
                    }
                }
            }
            At::Tcp(address) => {
                let stream = TcpStream::connect(*address).await.map_err(|error| self.failed(&error))?;
                // Requests are written whole: waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                match tls {
                    None => Ok(Connected { stream: Io::Tcp(stream).into(), http2: false }),
                    Some(tls) => {
                        let stream = self.handshake(tls, stream).await?;
                        Ok(Connected { http2: chose_http2(stream.get_ref().1), stream: Io::Tls(stream.into()).into() })
                    }
                }
            }
        }
    }

    async fn handshake<S>(&self, tls: &Tls, stream: S) -> Result<tokio_rustls::client::TlsStream<S>, Refusal>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsConnector::from(Arc::clone(&tls.config)).connect(tls.name.clone(), stream).await.map_err(|error| {
            Refusal::new(Reason::UpstreamTls).internal(format!("TLS with {} failed: {error}", self.at))
        })
    }

    fn failed(&self, error: &io::Error) -> Refusal {
        Refusal::new(Reason::ConnectFailed).internal(format!("no connection to {}: {error}", self.at))
    }
}

fn chose_http2(session: &rustls::ClientConnection) -> bool {
    session.alpn_protocol() == Some(b"h2")
}
