//! The answer's content, as the second half of an exchange.

use super::Active;
use crate::client::{Home, poll_read};
use pintle_core::{BodyError, BodySource, Fault, Frame, buffer};
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};

/// How much of a streamed answer is read at once.
const PIECE: usize = 128 * 1024;

/// The answer's body.
pub(super) struct Source<S, H: Home<S>> {
    /// None once it has ended.
    pub(super) active: Option<Box<Active<S, H>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static, H: Home<S>> BodySource for Source<S, H> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let Some(active) = &mut self.active else { return Poll::Ready(None) };
        let result = ready!(active.poll_frame(cx));
        if !matches!(result, Some(Ok(_)))
            && let Some(active) = self.active.take()
            && result.is_none()
        {
            active.finish();
        }
        Poll::Ready(result)
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        if let Some(active) = &mut self.active
            && let Poll::Ready(Err(error)) = active.poll_upload(cx, active.bounds.idle)
        {
            active.failed = Some(error);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static, H: Home<S>> Active<S, H> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if let Poll::Ready(Err(error)) = self.poll_upload(cx, self.bounds.idle) {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            match self.decoder.decode(&mut self.read) {
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                Ok(None) if self.decoder.is_done() => return Poll::Ready(None),
                Ok(None) => {}
                Err(_) => return Poll::Ready(Some(Err(BodyError::upstream(Fault::Malformed)))),
            }
            // What was handed out has mostly been written by now, so that its room can be used again.
            if self.read.capacity() == 0 && !self.read.try_reclaim(buffer::SIZE) {
                self.read = buffer::take();
            }
            let room = if self.large { PIECE } else { buffer::SIZE };
            match poll_read(&mut self.connection.io, cx, &mut self.read, room) {
                Poll::Ready(Ok(0)) if self.decoder.close().is_ok() => return Poll::Ready(None),
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Some(Err(BodyError::upstream(Fault::Closed)))),
                Poll::Ready(Ok(read)) => {
                    self.large = read >= buffer::SIZE / 2;
                    self.wait_for(Instant::now(), self.bounds.idle);
                }
                Poll::Pending => {
                    if self.read.is_empty() {
                        buffer::give(std::mem::take(&mut self.read));
                    }
                    ready!(self.connection.timer.poll(cx));
                    return Poll::Ready(Some(Err(BodyError::upstream(Fault::TimedOut))));
                }
            }
        }
    }
}
