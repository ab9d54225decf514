//! A connection to an endpoint: TCP or unix socket, with or without TLS, as one type.

use crate::event::{Event, Observer};
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// A byte stream to an endpoint.
pub struct Stream {
    io: Io,
    /// Who is told when it ends.
    _end: Option<End>,
}

/// What it is made of.
#[derive(Debug)]
pub(crate) enum Io {
    /// Cleartext over TCP.
    Tcp(TcpStream),
    /// Cleartext over a unix socket.
    Unix(UnixStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// TLS over a unix socket.
    UnixTls(Box<TlsStream<UnixStream>>),
}

impl From<Io> for Stream {
    fn from(io: Io) -> Self {
        Stream { io, _end: None }
    }
}

impl Stream {
    /// Tells `observer` when it ends.
    pub(crate) fn observed(self, observer: Observer) -> Self {
        Stream { io: self.io, _end: Some(End(observer)) }
    }

    /// Makes the coming close a reset, so that what was cut cannot look whole.
    pub fn reset_on_close(&mut self) {
        let tcp = match &mut self.io {
            Io::Tcp(tcp) => tcp,
            Io::Tls(tls) => tls.get_mut().0,
            Io::Unix(_) | Io::UnixTls(_) => return,
        };
        let _ = tcp.set_zero_linger();
    }
}

/// Tells of a stream's end.
struct End(Observer);

impl Drop for End {
    fn drop(&mut self) {
        (self.0)(Event::Disconnected);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

macro_rules! each {
    ($self:expr, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().io {
            Io::Tcp($stream) => $call,
            Io::Unix($stream) => $call,
            Io::Tls($stream) => $call,
            Io::UnixTls($stream) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
