//! A request's content, read from the client's connection as it is asked for.

use super::{Content, Shared};
use parking_lot::Mutex;
use pintle_core::timer::Timer;
use pintle_core::{BodyError, BodySource, Fault, Frame};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};

pub(super) struct RequestBody<S> {
    shared: Arc<Mutex<Shared<S>>>,
    /// How long the client may send nothing; without an end in a tunnel.
    wait: Option<Duration>,
    /// Not the connection's: that one may watch the answer at the same time.
    timer: Timer,
    waiting: bool,
}

impl<S> RequestBody<S> {
    pub(super) fn new(shared: Arc<Mutex<Shared<S>>>, wait: Option<Duration>) -> Self {
        RequestBody { shared, wait, timer: Timer::new(), waiting: false }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> BodySource for RequestBody<S> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let shared = &mut *self.shared.lock();
        if shared.content == Content::Awaited && shared.read.is_empty() {
            shared.out.text().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        if shared.content != Content::Done {
            shared.content = Content::Coming;
        }
        loop {
            match shared.decoder.decode(&mut shared.read) {
                Ok(Some(frame)) => {
                    if shared.decoder.is_done() {
                        shared.content = Content::Done;
                    }
                    return Poll::Ready(Some(Ok(frame)));
                }
                Ok(None) if shared.decoder.is_done() => {
                    shared.content = Content::Done;
                    return Poll::Ready(None);
                }
                Ok(None) => {}
                Err(_) => return Poll::Ready(Some(Err(BodyError::client(Fault::Malformed)))),
            }
            // The client waits for this before it sends.
            if !shared.out.is_empty() && ready!(shared.out.poll_write(&mut shared.io, cx)).is_err() {
                return Poll::Ready(Some(Err(BodyError::client(Fault::Closed))));
            }
            match shared.poll_fill(cx) {
                Poll::Ready(Ok(0)) if shared.decoder.close().is_ok() => {
                    shared.content = Content::Done;
                    return Poll::Ready(None);
                }
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Some(Err(BodyError::client(Fault::Closed)))),
                Poll::Ready(Ok(_)) => self.waiting = false,
                Poll::Pending => {
                    if let Some(wait) = self.wait
                        && !self.waiting
                    {
                        self.waiting = true;
                        self.timer.set(Instant::now() + wait);
                    }
                    ready!(self.timer.poll(cx));
                    return Poll::Ready(Some(Err(BodyError::client(Fault::TimedOut))));
                }
            }
        }
    }
}
