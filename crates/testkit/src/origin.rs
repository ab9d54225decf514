//! A service behind the gateway, on hyper: HTTP/1.1 and HTTP/2, in cleartext (prior knowledge) or over TLS (ALPN). It
//! answers by a closure and keeps what it got. Where a test needs the bytes, or a service that misbehaves, there is
//! [`raw::RawOrigin`].

pub(crate) mod dead;
pub(crate) mod raw;
pub(crate) mod reply;

use crate::certificates::{Certificate, Certificates};
use crate::folder::Folder;
use crate::origin::reply::{Body, Received, Reply};
use crate::tls::acceptor;
use crate::wait::{until, within};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

type Handled = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Handler = Arc<dyn Fn(Received) -> Handled + Send + Sync>;
type Log = watch::Sender<Vec<Received>>;

/// A running origin; it ends when dropped.
pub struct Origin {
    place: Place,
    secure: bool,
    received: Log,
    accepting: AbortHandle,
}

enum Place {
    Tcp(SocketAddr),
    Unix(Folder),
}

enum Listener {
    Tcp(TcpListener, Option<TlsAcceptor>),
    Unix(UnixListener),
}

impl Origin {
    /// An origin over TCP, in cleartext.
    pub async fn start<F>(handler: impl Fn(Received) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::listen(None, boxed(handler)).await
    }

    /// An origin where another one was that has ended.
    pub async fn start_again<F>(address: SocketAddr, handler: impl Fn(Received) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::listen_at(address, None, boxed(handler)).await
    }

    /// An origin over TCP with TLS; `alpn` is what it takes (`h2`, `http/1.1`).
    pub async fn tls<F>(
        certificate: &Certificate,
        alpn: &[&str],
        handler: impl Fn(Received) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::listen(Some(acceptor(certificate, None, alpn)), boxed(handler)).await
    }

    /// An origin over TCP with TLS that wants its clients' certificates to be signed by `clients`.
    pub async fn mutual_tls<F>(
        certificate: &Certificate,
        clients: &Certificates,
        handler: impl Fn(Received) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::listen(Some(acceptor(certificate, Some(clients), &["h2", "http/1.1"])), boxed(handler)).await
    }

    /// An origin on a unix socket.
    pub async fn unix<F>(handler: impl Fn(Received) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let folder = Folder::new();
        let listener = UnixListener::bind(folder.at("s")).unwrap_or_else(|error| panic!("no unix socket: {error}"));
        Self::run(Place::Unix(folder), Listener::Unix(listener), false, boxed(handler))
    }

    /// An origin that answers 200 with a description of what it got, see [`Received::describe`].
    pub async fn echo() -> Self {
        Self::named("echo").await
    }

    /// An echo that says its name under `origin`, to tell one origin from another.
    pub async fn named(name: &'static str) -> Self {
        Self::start(async move |request: Received| Reply::echo(name, &request)).await
    }

    /// An origin that gives everyone the same answer.
    pub async fn answering(reply: Reply) -> Self {
        Self::start(move |_| std::future::ready(reply.clone())).await
    }

    async fn listen(tls: Option<TlsAcceptor>, handler: Handler) -> Self {
        Self::listen_at(SocketAddr::from(([127, 0, 0, 1], 0)), tls, handler).await
    }

    async fn listen_at(address: SocketAddr, tls: Option<TlsAcceptor>, handler: Handler) -> Self {
        // The one before it may take a moment to be gone.
        let bind = async || TcpListener::bind(address).await.ok();
        let listener = until(format!("{address} to be free"), bind).await;
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let secure = tls.is_some();
        Self::run(Place::Tcp(address), Listener::Tcp(listener, tls), secure, handler)
    }

    fn run(place: Place, listener: Listener, secure: bool, handler: Handler) -> Self {
        let received = Log::default();
        let log = received.clone();
        let accepting = tokio::spawn(async move {
            // Dropped with this task, and ends all connections then.
            let mut connections = JoinSet::new();
            for number in 0.. {
                match &listener {
                    Listener::Unix(listener) => {
                        let Ok((stream, _)) = listener.accept().await else { return };
                        connections.spawn(serve(stream, number, log.clone(), Arc::clone(&handler)));
                    }
                    Listener::Tcp(listener, tls) => {
                        let Ok((stream, _)) = listener.accept().await else { return };
                        let _ = stream.set_nodelay(true);
                        let (log, handler, tls) = (log.clone(), Arc::clone(&handler), tls.clone());
                        connections.spawn(async move {
                            match tls {
                                None => serve(stream, number, log, handler).await,
                                Some(tls) => {
                                    // A handshake that fails is for its client's test to see.
                                    if let Ok(stream) = tls.accept(stream).await {
                                        serve(stream, number, log, handler).await;
                                    }
                                }
                            }
                        });
                    }
                }
            }
        });
        Origin { place, secure, received, accepting: accepting.abort_handle() }
    }

    /// The origin as the configuration names one: `http://…`, `https://…` or `unix:…`.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Tcp(address) if self.secure => format!("https://{address}"),
            Place::Tcp(address) => format!("http://{address}"),
            Place::Unix(folder) => format!("unix:{}", folder.at("s").display()),
        }
    }

    /// Its address over TCP.
    ///
    /// # Panics
    /// On a unix socket.
    pub fn address(&self) -> SocketAddr {
        match &self.place {
            Place::Tcp(address) => *address,
            Place::Unix(_) => panic!("a unix socket has no address"),
        }
    }

    /// How many requests it got.
    pub fn hits(&self) -> usize {
        self.received.borrow().len()
    }

    /// All requests that it got.
    pub fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// The request that it got last.
    ///
    /// # Panics
    /// When it got none.
    pub fn last(&self) -> Received {
        self.received.borrow().last().cloned().unwrap_or_else(|| panic!("the origin got no request"))
    }

    /// Waits until it has got so many requests, for those that nobody waits for (a mirror's).
    pub async fn wait_hits(&self, count: usize) {
        let mut received = self.received.subscribe();
        let enough = received.wait_for(|received| received.len() >= count);
        let _ = within(format!("{count} requests at the origin"), enough).await;
    }

    /// Ends it: no port, no connections.
    pub fn stop(self) {}
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn boxed<F>(handler: impl Fn(Received) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = Reply> + Send + 'static,
{
    Arc::new(move |received| Box::pin(handler(received)))
}

async fn serve<S>(stream: S, connection: usize, log: Log, handler: Handler)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, connection, log.clone(), Arc::clone(&handler)));
    // A connection that breaks is for the test to see, from its own side.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    connection: usize,
    log: Log,
    handler: Handler,
) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    let collected = body.collect().await?;
    let received = Received::new(&head, collected, connection);
    log.send_modify(|all| all.push(received.clone()));
    Ok(handler(received).await.into_http())
}
