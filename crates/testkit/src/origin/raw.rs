//! A service whose every byte is the test's.

use crate::certificates::Certificate;
use crate::folder::Folder;
use crate::socket::Socket;
use crate::tls::acceptor;
use crate::wait::within;
use crate::wire::Wire;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;

/// A listening socket whose connections the test accepts one by one, and then reads and writes by hand.
pub struct RawOrigin {
    place: Place,
    tls: Option<TlsAcceptor>,
}

enum Place {
    Tcp(TcpListener),
    Unix(UnixListener, Folder),
}

impl RawOrigin {
    /// Listens over TCP.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        RawOrigin { place: Place::Tcp(listener), tls: None }
    }

    /// Takes connections of a socket that listens.
    pub(super) fn of(listener: std::net::TcpListener) -> Self {
        let listener = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
        RawOrigin { place: Place::Tcp(listener.unwrap_or_else(|error| panic!("no listener: {error}"))), tls: None }
    }

    /// Listens over TCP with TLS.
    pub async fn tls(certificate: &Certificate, alpn: &[&str]) -> Self {
        RawOrigin { tls: Some(acceptor(certificate, None, alpn)), ..Self::start().await }
    }

    /// Listens on a unix socket.
    pub fn unix() -> Self {
        let folder = Folder::new();
        let listener = UnixListener::bind(folder.at("s")).unwrap_or_else(|error| panic!("no unix socket: {error}"));
        RawOrigin { place: Place::Unix(listener, folder), tls: None }
    }

    /// The origin as the configuration names one.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Tcp(_) if self.tls.is_some() => format!("https://{}", self.address()),
            Place::Tcp(_) => format!("http://{}", self.address()),
            Place::Unix(_, folder) => format!("unix:{}", folder.at("s").display()),
        }
    }

    /// Its address over TCP.
    ///
    /// # Panics
    /// On a unix socket.
    pub fn address(&self) -> SocketAddr {
        match &self.place {
            Place::Tcp(listener) => listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}")),
            Place::Unix(..) => panic!("a unix socket has no address"),
        }
    }

    async fn next(&self) -> io::Result<Wire> {
        match &self.place {
            Place::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                let Some(tls) = &self.tls else { return Ok(Socket::Tcp(stream).into()) };
                Ok(Socket::Tls(Box::new(tls.accept(stream).await?.into())).into())
            }
            Place::Unix(listener, _) => Ok(Socket::Unix(listener.accept().await?.0).into()),
        }
    }

    /// Waits for the next connection, and shakes hands on it where the origin has TLS.
    pub async fn accept(&self) -> Wire {
        let accepted = within("a connection to the origin", self.next()).await;
        accepted.unwrap_or_else(|error| panic!("no connection to the origin: {error}"))
    }

    /// Whether a connection waits to be accepted; it is dropped then. Ask only after an event that would follow it.
    pub async fn was_asked(&self) -> bool {
        tokio::time::timeout(Duration::ZERO, self.next()).await.is_ok()
    }

    /// Accepts connections and plays each by `script`, beside the test. A panic in it shows in the test's output, and
    /// its connection is cut.
    pub fn play<F>(self, script: impl Fn(Wire) -> F + Send + 'static) -> Playing
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let url = self.url();
        let task = tokio::spawn(async move {
            let mut playing = tokio::task::JoinSet::new();
            // Without a limit: who plays has no say in when it is asked.
            while let Ok(wire) = self.next().await {
                playing.spawn(script(wire));
            }
        });
        Playing { url, task }
    }
}

/// An origin that plays by itself until it is dropped.
pub struct Playing {
    url: String,
    task: tokio::task::JoinHandle<()>,
}

impl Playing {
    /// The origin as the configuration names one.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.task.abort();
    }
}
