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
    /// Closes in stages, so that the client can read the last answer even while it still sends (RFC 9112 9.6): sends the
    /// end, then throws away what comes until the client closes too, for a bounded time.
    pub async fn close(self) {
        let deadline = Instant::now() + LINGER;
        let mut scrap = buffer::take();
        poll_fn(|cx| {
            let shared = &mut *self.shared.lock();
            shared.timer.set(deadline);
            if Pin::new(&mut shared.io).poll_shutdown(cx).is_pending() {
                return shared.timer.poll(cx);
            }
            loop {
                scrap.clear();
                match poll_read(&mut shared.io, cx, &mut scrap, buffer::SIZE) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => return shared.timer.poll(cx),
                }
                if shared.timer.poll(cx).is_ready() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
        buffer::give(scrap);
    }
}
