//! Bytes from one stream to the other and back, until both have ended. A direction that cannot go on holds what it has
//! read and reads no more: the pressure goes back to who sends. A direction that waits for bytes holds nothing.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of one read.
const PIECE: usize = 64 * 1024;
/// So many pieces go in one turn; then others have theirs.
const TURN: usize = 16;

thread_local! {
    /// What is read into: by whoever has his turn.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; PIECE].into());
}

/// One direction of a tunnel.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// What was read and could not be written: at most one piece.
    held: Vec<u8>,
    /// How much of that has gone.
    gone: usize,
    /// The sender has no more.
    pub(super) at_end: bool,
    /// That was passed on: there is nothing left to do.
    pub(super) is_over: bool,
    /// Whether something was written since the last flush.
    unflushed: bool,
    /// How many bytes went through.
    pub(super) bytes: u64,
}

/// Which of the two a direction failed at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// The one that is read.
    Sender,
    /// The one that is written.
    Taker,
}

impl Way {
    /// Moves what can be moved now. Ready when the sender's end was passed on.
    pub(super) fn poll<R, W>(&mut self, from: &mut R, to: &mut W, cx: &mut Context<'_>) -> Poll<Result<(), Failed>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        for _ in 0..TURN {
            if self.is_over {
                return Poll::Ready(Ok(()));
            }
            while self.gone < self.held.len() {
                let written = ready!(Pin::new(&mut *to).poll_write(cx, &self.held[self.gone..]));
                self.gone += self.wrote(&written)?;
            }
            if self.gone > 0 {
                (self.held, self.gone) = (Vec::new(), 0);
            }
            if self.at_end {
                // What the other side does not want to hear any more it has been told.
                ready!(Pin::new(&mut *to).poll_shutdown(cx)).map_err(|_| Failed::Taker)?;
                self.is_over = true;
                return Poll::Ready(Ok(()));
            }
            match SCRATCH.with_borrow_mut(|scratch| self.piece(from, to, scratch, cx)) {
                Poll::Ready(read) => read?,
                Poll::Pending => {
                    if self.unflushed {
                        ready!(Pin::new(&mut *to).poll_flush(cx)).map_err(|_| Failed::Taker)?;
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads once, and writes what it can of that.
    fn piece<R, W>(
        &mut self,
        from: &mut R,
        to: &mut W,
        scratch: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Failed>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut read = ReadBuf::new(scratch);
        ready!(Pin::new(from).poll_read(cx, &mut read)).map_err(|_| Failed::Sender)?;
        let mut bytes = read.filled();
        self.at_end = bytes.is_empty();
        while !bytes.is_empty() {
            match Pin::new(&mut *to).poll_write(cx, bytes) {
                Poll::Ready(written) => bytes = &bytes[self.wrote(&written)?..],
                Poll::Pending => {
                    self.held = bytes.to_vec();
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, written: &io::Result<usize>) -> Result<usize, Failed> {
        match written {
            Ok(0) | Err(_) => Err(Failed::Taker),
            Ok(written) => {
                self.bytes += *written as u64;
                self.unflushed = true;
                Ok(*written)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn bytes_arrive_whole_through_a_narrow_taker_and_then_the_end() {
        let (mut sender, mut from) = duplex(200_000);
        let (mut to, mut taker) = duplex(1000);
        let bytes: Vec<u8> = (0..500_000u32).map(|at| at as u8).collect();
        let sent = bytes.clone();
        let sending = tokio::spawn(async move {
            sender.write_all(&sent).await.unwrap();
        });
        let taking = tokio::spawn(async move {
            let mut all = Vec::new();
            taker.read_to_end(&mut all).await.unwrap();
            all
        });
        let mut way = Way::default();
        assert_eq!(poll_fn(|cx| way.poll(&mut from, &mut to, cx)).await, Ok(()));
        sending.await.unwrap();
        assert_eq!(way.bytes, 500_000);
        assert_eq!(way.held.capacity(), 0);
        assert!(taking.await.unwrap() == bytes);
    }

    #[tokio::test]
    async fn who_takes_nothing_stops_the_sender_within_two_pieces() {
        let (mut sender, mut from) = duplex(PIECE);
        let (mut to, taker) = duplex(10);
        let mut way = Way::default();
        let mut sent = 0;
        for _ in 0..100 {
            sent += poll_fn(|cx| {
                assert!(way.poll(&mut from, &mut to, cx).is_pending());
                match Pin::new(&mut sender).poll_write(cx, &[0; PIECE]) {
                    Poll::Ready(written) => Poll::Ready(written.unwrap()),
                    Poll::Pending => Poll::Ready(0),
                }
            })
            .await;
        }
        assert!(sent <= 2 * PIECE, "{sent}");
        drop(taker);
        assert_eq!(poll_fn(|cx| way.poll(&mut from, &mut to, cx)).await, Err(Failed::Taker));
    }
}
