//! Making a connection to an endpoint: the addresses of its name in turn, TCP or unix socket, TLS with verification.

use crate::reference::Address;
use crate::resolver::Resolver;
use crate::stream::Stream;
use pintle_core::{Reason, Refusal};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// How long an address of several may be silent before the next one is tried beside it.
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// How an endpoint is reached.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) address: Address,
    pub(crate) tls: Option<Tls>,
    pub(crate) timeout: Duration,
    pub(crate) resolver: Arc<Resolver>,
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
    /// Whether its name is looked up by this resolver, or it has none to look up.
    pub(crate) fn looks_up_by(&self, resolver: &Arc<Resolver>) -> bool {
        !self.address.is_name() || Arc::ptr_eq(&self.resolver, resolver)
    }

    /// Connects within the time limit, or until `deadline`.
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
                .internal(format!("no connection to {} within {:?}", self.address, self.timeout))),
        }
    }

    async fn attempt(&self, tls: Option<&Tls>) -> Result<Connected, Refusal> {
        match &self.address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| self.failed(&error))?;
                match tls {
                    None => Ok(Connected { stream: Stream::Unix(stream), http2: false }),
                    Some(tls) => {
                        let stream = self.handshake(tls, stream).await?;
                        Ok(Connected { http2: chose_http2(stream.get_ref().1), stream: Stream::UnixTls(stream.into()) })
                    }
                }
            }
            Address::Host { host, port } => {
                let stream = self.tcp(host, *port).await?;
                match tls {
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
            Err(_) => {
                let unresolved = |why| Refusal::new(Reason::UpstreamUnresolved).internal(format!("{host}: {why}"));
                in_turn(&self.resolver.resolve(host).await.map_err(unresolved)?, port).await
            }
        };
        let stream = stream.map_err(|error| self.failed(&error))?;
        // Requests are written whole: waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        Ok(stream)
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

/// Tries addresses in turn: the next one as soon as one has failed, or was silent for a while (RFC 8305 5). The first
/// that connects is taken, and the others are given up.
async fn in_turn(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    if let [only] = addresses {
        return TcpStream::connect(SocketAddr::new(*only, port)).await;
    }
    let mut left = addresses.iter();
    let mut tries = JoinSet::new();
    let mut last = None;
    loop {
        if let Some(ip) = left.next() {
            tries.spawn(TcpStream::connect(SocketAddr::new(*ip, port)));
        }
        tokio::select! {
            tried = tries.join_next() => match tried {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) => last = Some(error),
                Some(Err(_)) => {}
                None => return Err(last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())),
            },
            () = tokio::time::sleep(NEXT_ADDRESS), if left.len() > 0 => {}
        }
    }
}

fn chose_http2(session: &rustls::ClientConnection) -> bool {
    session.alpn_protocol() == Some(b"h2")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_testkit::Silent;
    use std::net::Ipv4Addr;
    use tokio::net::TcpListener;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

    #[tokio::test]
    async fn an_address_that_refuses_gives_way_to_the_next() {
        let service = TcpListener::bind((THERE, 0)).await.expect("a port");
        let port = service.local_addr().expect("an address").port();
        let stream = in_turn(&[NOWHERE, HERE, THERE], port).await.expect("a connection");
        assert_eq!(stream.peer_addr().expect("an address").ip(), THERE);
        drop((stream, service));
        let error = in_turn(&[NOWHERE, HERE, THERE], port).await.expect_err("nobody is there");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn an_address_that_is_silent_gives_way_too() {
        let silent = Silent::new();
        let port = silent.address().port();
        let _service = TcpListener::bind((THERE, port)).await.expect("a port");
        let stream = in_turn(&[HERE, THERE], port).await.expect("a connection");
        assert_eq!(stream.peer_addr().expect("an address").ip(), THERE);
    }
}
