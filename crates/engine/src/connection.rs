//! A connection from its acceptance to its protocol: the bound on connections, PROXY protocol, TLS, HTTP/1.1 or HTTP/2.

use crate::gateway::Gateway;
use crate::proxy_protocol::{self, Origin, Parsed};
use crate::runtime::{Limits, Listener};
use crate::socket::Address;
use crate::stream::{Plain, Socket, Stream};
use crate::{http1, http2};
use bytes::{Buf, BytesMut};
use pintle_core::exchange::Tls;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

/// What every HTTP/2 connection begins with (RFC 9113 3.4); its first line is no request of HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

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
}

/// Serves one connection that came in at `address`, to its end.
pub(crate) async fn serve(gateway: Arc<Gateway>, socket: Socket, address: Arc<Address>) {
    let Some(listener) = gateway.listener(&address) else { return };
    let limits = gateway.limits();
    let Some(_open) = gateway.count_connection(limits.connections, &listener) else { return };
    // On the heap, so that it does not weigh on the connection while that is idle.
    let ready = Box::pin(prepare(&listener, &limits, socket)).await;
    drop(listener);
    match ready {
        Some(Ready::Http1(connection, peer)) => http1::serve(&gateway, connection, peer, &address).await,
        Some(Ready::Http2(stream, peer)) => Box::pin(http2::serve(&gateway, *stream, peer, &address)).await,
        None => {}
    }
}

async fn prepare(listener: &Listener, limits: &Limits, socket: Socket) -> Option<Ready> {
    let mut peer = match &socket {
        Socket::Tcp(tcp) => Peer { address: tcp.peer_addr().ok(), local: tcp.local_addr().ok(), tls: None },
        Socket::Unix(_) => Peer { address: None, local: None, tls: None },
    };
    let mut plain = Plain { socket, before: BytesMut::new() };
    if sends_proxy_header(listener, &peer) {
        read_proxy_header(&mut plain, &mut peer, limits.header_timeout).await?;
    }
    let Some(tls) = &listener.tls else { return cleartext(plain, peer, limits).await };
    let accepted = tokio::time::timeout(limits.header_timeout, tls.accept(plain)).await;
    let accepted = accepted.ok().and_then(Result::ok);
    listener.meter.handshake(accepted.is_some());
    let accepted = accepted?;
    peer.tls = Some(accepted.session);
    let stream = Stream::Tls(Box::new(accepted.stream));
    Some(if accepted.http2 {
        Ready::Http2(Box::new(stream), peer)
    } else {
        Ready::Http1(pintle_http1::server::Connection::new(stream, BytesMut::new()), peer)
    })
}

/// Looks at the first bytes: HTTP/2 by prior knowledge (RFC 9113 3.3), or HTTP/1.
async fn cleartext(plain: Plain, peer: Peer, limits: &Limits) -> Option<Ready> {
    let connection = pintle_http1::server::Connection::new(Stream::Plain(plain), BytesMut::new());
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

/// Peers listed in `proxy_protocol.from` must send the header, others' first bytes are no such header.
fn sends_proxy_header(listener: &Listener, peer: &Peer) -> bool {
    let ip = peer.address.map(|address| address.ip().to_canonical());
    ip.is_some_and(|ip| listener.proxy_protocol.iter().any(|network| network.contains(ip)))
}

async fn read_proxy_header(plain: &mut Plain, peer: &mut Peer, wait: Duration) -> Option<()> {
    let read = async {
        let mut buffer = BytesMut::with_capacity(256);
        loop {
            match proxy_protocol::parse(&buffer) {
                Ok(Parsed::Partial) => {}
                Ok(Parsed::Header { origin, length }) => {
                    buffer.advance(length);
                    return Some((origin, buffer));
                }
                Err(_) => return None,
            }
            if plain.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
    };
    let (origin, rest) = tokio::time::timeout(wait, read).await.ok()??;
    plain.before = rest;
    if let Origin::Tcp { source, destination } = origin {
        (peer.address, peer.local) = (Some(source), Some(destination));
    }
    Some(())
}
