//! A writer under `h2` that puts the frames of one poll together.
//!
//! `h2` flushes after nearly every DATA frame, which under TLS means a record and a system call for each small answer.
//! Here its flush does nothing; whoever polls the connection calls [`Coalesce::poll_send`] once afterwards, so that the
//! frames of many streams share both. Large frames are not copied: they go out with what waits before them.

use bytes::{Buf, BytesMut};
use parking_lot::Mutex;
use pintle_core::buffer;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Writes of at least this many bytes are not copied.
const LARGE: usize = 4 * 1024;
/// What may wait in the buffer before more is refused.
const FULL: usize = buffer::SIZE;

/// A byte stream whose small writes are gathered. Clones share the stream: one goes to `h2`, one stays to send.
#[derive(Debug)]
pub struct Coalesce<S> {
    inner: Arc<Mutex<Inner<S>>>,
}

#[derive(Debug)]
struct Inner<S> {
    io: S,
    waiting: BytesMut,
    /// Whether the stream below still has something that a flush would send.
    dirty: bool,
}

impl<S> Clone for Coalesce<S> {
    fn clone(&self) -> Self {
        Coalesce { inner: Arc::clone(&self.inner) }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Coalesce<S> {
    /// Gathers the writes to `io`.
    pub fn new(io: S) -> Self {
        Coalesce { inner: Arc::new(Mutex::new(Inner { io, waiting: BytesMut::new(), dirty: false })) }
    }

    /// Sends what has gathered.
    pub fn poll_send(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.lock().poll_send(cx)
    }

    /// Something to do with the stream below, as setting an option.
    pub fn with_io<T>(&self, work: impl FnOnce(&mut S) -> T) -> T {
        work(&mut self.inner.lock().io)
    }
}

impl<S: AsyncWrite + Unpin> Inner<S> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.waiting))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.advance(written);
            self.dirty = true;
        }
        if self.waiting.capacity() > 0 {
            buffer::give(std::mem::take(&mut self.waiting));
        }
        if self.dirty {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.dirty = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what waits and `large` behind it; gives how much of `large` went out.
    fn poll_large(&mut self, large: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.dirty = true;
        loop {
            let before = self.waiting.len();
            let slices = [IoSlice::new(&self.waiting), IoSlice::new(large)];
            let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, &slices[usize::from(before == 0)..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.advance(written.min(before));
            if written > before {
                return Poll::Ready(Ok(written - before));
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Coalesce<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner.lock().io).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Coalesce<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let inner = &mut *self.inner.lock();
        if data.len() >= LARGE {
            return inner.poll_large(data, cx);
        }
        // What fills a record goes out before a buffer has to grow.
        if !inner.waiting.is_empty() && inner.waiting.len() + data.len() > FULL {
            ready!(inner.poll_send(cx))?;
        }
        if inner.waiting.capacity() == 0 {
            inner.waiting = buffer::take();
        }
        inner.waiting.extend_from_slice(data);
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let inner = &mut *self.inner.lock();
        ready!(inner.poll_send(cx))?;
        Pin::new(&mut inner.io).poll_shutdown(cx)
    }
}
