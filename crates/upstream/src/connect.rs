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
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
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
    /// How long TLS took.
    pub(crate) tls: Duration,
}

/// What a handshake offers by ALPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offers {
    /// The versions of HTTP that the upstream is configured for.
    Http,
    /// HTTP/1.1 alone.
    Http1,
    /// Nothing: the bytes may be of any protocol.
    Nothing,
}

impl Connector {
    /// Connects within the time limit, and sends `header` before all else.
    pub(crate) async fn connect(&self, header: &[u8], offers: Offers) -> Result<Connected, Refusal> {
        match tokio::time::timeout(self.timeout, self.attempt(header, offers)).await {
            Ok(connected) => connected,
            Err(_) => Err(Refusal::new(Reason::ConnectTimeout)
                .internal(format!("no connection to {} within {:?}", self.at, self.timeout))),
        }
    }

    async fn attempt(&self, header: &[u8], offers: Offers) -> Result<Connected, Refusal> {
        match &self.at {
            At::Unix(path) => {
                let mut stream = UnixStream::connect(path).await.map_err(|error| self.failed(&error))?;
                stream.write_all(header).await.map_err(|error| self.failed(&error))?;
                match &self.tls {
                    None => Ok(Connected { stream: Io::Unix(stream).into(), http2: false, tls: Duration::ZERO }),
                    Some(tls) => {
                        let began = Instant::now();
                        let stream = self.handshake(tls, stream, offers).await?;
                        let http2 = chose_http2(stream.get_ref().1);
                        Ok(Connected { http2, stream: Io::UnixTls(stream.into()).into(), tls: began.elapsed() })
                    }
                }
            }
            At::Tcp(address) => {
                let mut stream = TcpStream::connect(*address).await.map_err(|error| self.failed(&error))?;
                // Requests are written whole: waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                stream.write_all(header).await.map_err(|error| self.failed(&error))?;
                match &self.tls {
                    None => Ok(Connected { stream: Io::Tcp(stream).into(), http2: false, tls: Duration::ZERO }),
                    Some(tls) => {
                        let began = Instant::now();
                        let stream = self.handshake(tls, stream, offers).await?;
                        let http2 = chose_http2(stream.get_ref().1);
                        Ok(Connected { http2, stream: Io::Tls(stream.into()).into(), tls: began.elapsed() })
                    }
                }
            }
        }
    }

    async fn handshake<S>(
        &self,
        tls: &Tls,
        stream: S,
        offers: Offers,
    ) -> Result<tokio_rustls::client::TlsStream<S>, Refusal>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (connector, name) = (TlsConnector::from(Arc::clone(&tls.config)), tls.name.clone());
        let connected = match offers {
            Offers::Http => connector.connect(name, stream).await,
            Offers::Http1 => connector.with_alpn(vec![b"http/1.1".to_vec()]).connect(name, stream).await,
            Offers::Nothing => connector.with_alpn(Vec::new()).connect(name, stream).await,
        };
        connected.map_err(|error| {
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
