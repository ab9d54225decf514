//! A connection from its acceptance to its protocol: the bound on connections, PROXY protocol, TLS, HTTP/1.1, HTTP/2 or
//! neither.

use crate::gateway::Gateway;
use crate::proxy_protocol::{self, Origin};
use crate::runtime::{Limits, Listener, ListenerProtocol};
use crate::socket::Address;
use crate::stream::{Plain, Socket, Stream};
use crate::tcp::{self, Begun};
use crate::tls::not_made;
use crate::{http1, http2};
use bytes::BytesMut;
use pintle_core::exchange::Tls;
use pintle_telemetry::metrics::NotMade;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// What every HTTP/2 connection begins with (RFC 9113 3.4); its first line is no request of HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a connection may take to begin that was still queued when the gateway began to stop.
const LAST: Duration = Duration::from_secs(1);

/// Who is at the other end of a connection, and how it is protected.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// None on a unix socket.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) tls: Option<Arc<Tls>>,
}

/// A connection that knows its protocol.
enum Ready {
    Http1(pintle_http1::server::Connection<Stream>, Peer),
    Http2(Box<Stream>, Peer),
    Tcp(Box<Begun>),
}

/// Serves one connection that came in at `address`, to its end.
pub(crate) async fn serve(gateway: Arc<Gateway>, socket: Socket, address: Arc<Address>) {
    let Some(listener) = gateway.listener(&address) else { return };
    let limits = gateway.limits();
    let Some(_open) = gateway.count_connection(limits.connections, &listener) else { return };
    // On the heap, so that it does not weigh on the connection while that is idle.
    let ready = Box::pin(prepare_unless_drained(&gateway, &listener, &limits, socket)).await;
    if let Some(Ready::Tcp(begun)) = ready {
        return Box::pin(tcp::serve(&gateway, listener, &address, *begun)).await;
    }
    drop(listener);
    match ready {
        Some(Ready::Http1(connection, peer)) => http1::serve(&gateway, connection, peer, &address).await,
        Some(Ready::Http2(stream, peer)) => Box::pin(http2::serve(&gateway, *stream, peer, &address)).await,
        Some(Ready::Tcp(_)) | None => {}
    }
}

/// A connection that has not begun is idle: it ends as the gateway begins to stop.
async fn prepare_unless_drained(
    gateway: &Gateway,
    listener: &Listener,
    limits: &Limits,
    socket: Socket,
) -> Option<Ready> {
    let (mut drained, mut ready) = (pin!(gateway.drained()), pin!(prepare(gateway, listener, limits, socket)));
    drained.as_mut().enable();
    if gateway.is_draining() {
        return tokio::time::timeout(LAST, ready).await.ok().flatten();
    }
    poll_fn(|cx| match ready.as_mut().poll(cx) {
        Poll::Pending => drained.as_mut().poll(cx).map(|()| None),
        ready => ready,
    })
    .await
}

async fn prepare(gateway: &Gateway, listener: &Listener, limits: &Limits, socket: Socket) -> Option<Ready> {
    let mut peer = match &socket {
        Socket::Tcp(tcp) => Peer { address: tcp.peer_addr().ok(), local: tcp.local_addr().ok(), tls: None },
        Socket::Unix(_) => Peer { address: None, local: None, tls: None },
    };
    read_proxy_header(listener, &socket, &mut peer, limits.header_timeout).await?;
    let plain = Plain { socket, before: BytesMut::new() };
    let is_tcp = listener.protocol == ListenerProtocol::Tcp;
    let begin = async |stream, peer| {
        let by_name = gateway.is_by_name(listener.number);
        Some(Ready::Tcp(Box::new(tcp::begin(stream, peer, by_name, limits).await)))
    };
    let Some(tls) = &listener.tls else {
        return if is_tcp { begin(Stream::Plain(plain), peer).await } else { cleartext(plain, peer, limits).await };
    };
    let accepted = tokio::time::timeout(limits.header_timeout, tls.accept(plain)).await;
    let accepted = match accepted {
        Ok(Ok(accepted)) => accepted,
        Ok(Err(error)) => {
            listener.meter.session_not_made(not_made(&error));
            return None;
        }
        Err(_) => {
            listener.meter.session_not_made(NotMade::Timeout);
            return None;
        }
    };
    listener.meter.session_made(accepted.session.version == "1.3", accepted.resumed);
    peer.tls = Some(accepted.session);
    let stream = Stream::Tls(Box::new(accepted.stream));
    if is_tcp {
        return begin(stream, peer).await;
    }
    Some(if accepted.http2 {
        Ready::Http2(Box::new(stream), peer)
    } else {
        Ready::Http1(http1::connection(stream), peer)
    })
}

/// Looks at the first bytes: HTTP/2 by prior knowledge (RFC 9113 3.3), or HTTP/1.
async fn cleartext(plain: Plain, peer: Peer, limits: &Limits) -> Option<Ready> {
    let connection = http1::connection(Stream::Plain(plain));
    if !connection.begun(limits.idle_timeout, Instant::now()).await {
        return None;
    }
    let deadline = Instant::now() + limits.header_timeout;
    loop {
        let (could_be, is) =
            connection.peek(|read| (PREFACE.starts_with(&read[..read.len().min(PREFACE.len())]), read.len()));
        if !could_be {
            return Some(Ready::Http1(connection, peer));
        }
        if is >= PREFACE.len() {
            let (mut stream, read) = connection.into_parts()?;
            stream.put_back(read);
            return Some(Ready::Http2(Box::new(stream), peer));
        }
        if !connection.more(deadline).await {
            return None;
        }
    }
}

/// Takes the client's address from a PROXY header, where the peer must send one. Others' first bytes are no such header.
async fn read_proxy_header(listener: &Listener, socket: &Socket, peer: &mut Peer, wait: Duration) -> Option<()> {
    let (Some(config), Socket::Tcp(tcp), Some(address)) = (&listener.proxy_protocol, socket, peer.address) else {
        return Some(());
    };
    if !config.expects(address.ip()) {
        return Some(());
    }
    match tokio::time::timeout(wait, proxy_protocol::receive(tcp)).await.ok()?.ok()? {
        Origin::Tcp { source, destination } => (peer.address, peer.local) = (Some(source), Some(destination)),
        Origin::Connection | Origin::Unix => {}
    }
    Some(())
}
