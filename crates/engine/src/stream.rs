//! A client's connection as bytes: TCP or unix socket, what was read of it beforehand, with or without TLS, as one type.

use bytes::{Buf, BytesMut};
use pintle_core::Stretch;
use rustix::io::Errno;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::server::TlsStream;

/// A socket, and bytes read from it that belong to what comes next (after a PROXY header, or a look at the preface).
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) socket: Socket,
    pub(crate) before: BytesMut,
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A byte stream from a client.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Plain),
    Tls(Box<TlsStream<Plain>>),
}

impl Stream {
    /// Puts read bytes back in front. Only for cleartext.
    pub(crate) fn put_back(&mut self, bytes: BytesMut) {
        if let Stream::Plain(plain) = self {
            debug_assert!(plain.before.is_empty());
            plain.before = bytes;
        }
    }

    /// Sends a stretch of a file from where it is, as far as the client takes it. None where bytes must be seen on their
    /// way, under TLS, and for file systems that cannot.
    pub(crate) fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        stretch: Stretch<'_>,
    ) -> Option<Poll<io::Result<usize>>> {
        let Stream::Plain(plain) = self else { return None };
        let sent = loop {
            let tried = match &plain.socket {
                Socket::Tcp(tcp) => match tcp.poll_write_ready(cx) {
                    Poll::Ready(Ok(())) => tcp.try_io(Interest::WRITABLE, || send_file(tcp, stretch)),
                    other => return Some(other.map_ok(|()| 0)),
                },
                Socket::Unix(unix) => match unix.poll_write_ready(cx) {
                    Poll::Ready(Ok(())) => unix.try_io(Interest::WRITABLE, || send_file(unix, stretch)),
                    other => return Some(other.map_ok(|()| 0)),
                },
            };
            match tried {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                tried => break tried,
            }
        };
        match sent.as_ref().err().and_then(Errno::from_io_error) {
            // Not every file system has a way for it.
            Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => None,
            // The file's fault, and not the client's.
            Some(Errno::IO | Errno::STALE) => Some(Poll::Ready(Ok(0))),
            _ => Some(Poll::Ready(sent)),
        }
    }

    /// Makes the coming close a reset, so that a cut answer cannot look whole.
    pub(crate) fn reset_on_close(&mut self) {
        let plain = match self {
            Stream::Plain(plain) => plain,
            Stream::Tls(tls) => tls.get_mut().0,
        };
        if let Socket::Tcp(tcp) = &plain.socket {
            let _ = socket2::SockRef::from(tcp).set_linger(Some(std::time::Duration::ZERO));
        }
    }
}

impl Plain {
    /// Reads once more into what was read before; 0 at the end. Cancelling it loses nothing.
    pub(crate) async fn read_more(&mut self) -> io::Result<usize> {
        match &mut self.socket {
            Socket::Tcp(tcp) => tcp.read_buf(&mut self.before).await,
            Socket::Unix(unix) => unix.read_buf(&mut self.before).await,
        }
    }
}

fn send_file(socket: impl AsFd, stretch: Stretch<'_>) -> io::Result<usize> {
    let mut at = stretch.at;
    Ok(rustix::fs::sendfile(socket, stretch.file, Some(&mut at), stretch.length)?)
}

macro_rules! each {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain($stream) => $call,
            Stream::Tls($stream) => $call,
        }
    };
}

macro_rules! each_socket {
    ($self:expr, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().socket {
            Socket::Tcp($stream) => $call,
            Socket::Unix($stream) => $call,
        }
    };
}

impl AsyncRead for Plain {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.before.is_empty() {
            let take = self.before.len().min(buf.remaining());
            buf.put_slice(&self.before[..take]);
            self.before.advance(take);
            if self.before.is_empty() {
                self.before = BytesMut::new();
            }
            return Poll::Ready(Ok(()));
        }
        each_socket!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Plain {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each_socket!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each_socket!(self, stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each_socket!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each_socket!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
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
