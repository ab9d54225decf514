//! How a connection ends after its last answer.

use super::Connection;
use crate::client::poll_read;
use pintle_core::buffer;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};

/// How long a refused client may go on sending before the connection is closed (RFC 9112 9.6).
const LINGER: Duration = Duration::from_secs(5);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S> {
    /// Closes a connection on which nothing is under way: says goodbye (TLS close_notify, FIN) without waiting.
    pub async fn end(self) {
        poll_fn(|cx| {
            let _ = Pin::new(&mut self.shared.lock().io).poll_shutdown(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Closes in stages, so that the client can read the last answer even while it still sends (RFC 9112 9.6): sends the
    /// end, then throws away what comes until the client closes too, for a bounded time.
    pub async fn close(self) {
        let deadline = Instant::now() + LINGER;
        let mut said = false;
        poll_fn(|cx| {
            let shared = &mut *self.shared.lock();
            shared.timer.set(deadline);
            if !said && Pin::new(&mut shared.io).poll_shutdown(cx).is_pending() {
                return shared.timer.poll(cx);
            }
            said = true;
            // Held only while something comes.
            let mut scrap = match std::mem::take(&mut shared.read) {
                none if none.capacity() == 0 => buffer::take(),
                rest => rest,
            };
            let closed = loop {
                scrap.clear();
                match poll_read(&mut shared.io, cx, &mut scrap, buffer::SIZE) {
                    Poll::Ready(Ok(1..)) if shared.timer.poll(cx).is_pending() => {}
                    Poll::Ready(_) => break Poll::Ready(()),
                    Poll::Pending => break shared.timer.poll(cx),
                }
            };
            buffer::give(scrap);
            closed
        })
        .await;
    }
}
