//! What waits to be written to one connection: text of ours, then a piece of content, then the end of a chunk, in one
//! vectored write. Content is not copied unless it is so small that a second slice would cost more.

use crate::write::{CHUNK_END, write_chunk_header};
use bytes::{Buf, Bytes};
use pintle_core::buffer;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Content up to this many bytes is copied behind the text before it.
const COPY: usize = 2 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    text: Vec<u8>,
    /// How much of the text has been written.
    at: usize,
    data: Bytes,
    tail: &'static [u8],
    /// Whether there is anything to write or to flush.
    busy: bool,
    moved: bool,
}

impl Outgoing {
    /// Nothing to write.
    pub(crate) const fn is_empty(&self) -> bool {
        !self.busy
    }

    /// Where to put text. Only while no content waits behind it.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        debug_assert!(self.data.is_empty() && self.tail.is_empty());
        if self.text.capacity() == 0 {
            self.text = buffer::take_text();
        }
        self.busy = true;
        &mut self.text
    }

    /// Puts content behind the text.
    pub(crate) fn data(&mut self, data: Bytes) {
        if data.len() <= COPY {
            self.text().extend_from_slice(&data);
        } else {
            debug_assert!(self.data.is_empty());
            self.busy = true;
            self.data = data;
        }
    }

    /// Puts content behind the text as one chunk (RFC 9112 7.1).
    pub(crate) fn chunk(&mut self, data: Bytes) {
        write_chunk_header(self.text(), data.len());
        self.data(data);
        if self.data.is_empty() {
            self.text().extend_from_slice(CHUNK_END);
        } else {
            self.tail = CHUNK_END;
        }
    }

    /// Writes and flushes all of it; afterwards it is empty and holds no buffer.
    pub(crate) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.busy {
            return Poll::Ready(Ok(()));
        }
        while self.at < self.text.len() || !self.data.is_empty() || !self.tail.is_empty() {
            let written = if self.data.is_empty() && self.tail.is_empty() {
                ready!(Pin::new(&mut *io).poll_write(cx, &self.text[self.at..]))?
            } else {
                let slices = [IoSlice::new(&self.text[self.at..]), IoSlice::new(&self.data), IoSlice::new(self.tail)];
                let from = usize::from(self.at == self.text.len());
                ready!(Pin::new(&mut *io).poll_write_vectored(cx, &slices[from..]))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        ready!(Pin::new(io).poll_flush(cx))?;
        self.clear();
        Poll::Ready(Ok(()))
    }

    /// Whether anything was written since this was asked last.
    pub(crate) const fn moved(&mut self) -> bool {
        std::mem::replace(&mut self.moved, false)
    }

    fn advance(&mut self, mut written: usize) {
        self.moved = true;
        let text = written.min(self.text.len() - self.at);
        self.at += text;
        written -= text;
        let data = written.min(self.data.len());
        self.data.advance(data);
        self.tail = &self.tail[written - data..];
        if self.data.is_empty() {
            // Lets the buffer that it was read into be used for the next piece.
            self.data = Bytes::new();
        }
    }

    /// Drops what was not written.
    pub(crate) fn clear(&mut self) {
        buffer::give_text(std::mem::take(&mut self.text));
        self.at = 0;
        self.data = Bytes::new();
        self.tail = b"";
        self.busy = false;
    }
}
