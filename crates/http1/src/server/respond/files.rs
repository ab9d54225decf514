//! Content that lies in a file goes out from there, where the stream has a way for that.

use super::{WriteError, Writing};
use crate::server::Shared;
use parking_lot::Mutex;
use pintle_core::{Body, BodyError, Fault};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// What goes out from files before the connection's siblings on the worker have their turn, in bytes.
const TURN: u64 = 1024 * 1024;

impl Writing {
    /// Sends what comes next from a file; ready when something else does.
    pub(super) fn poll_files<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        shared: &Mutex<Shared<S>>,
        body: &mut Body,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), WriteError>> {
        let turn = self.content + TURN;
        while self.content < turn {
            let stretch = match body.poll_stretch(cx) {
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(stretch)) => stretch.map_err(WriteError::Body)?,
                Poll::Pending => return self.poll_quiet(&mut shared.lock(), cx),
            };
            let shared = &mut *shared.lock();
            match (shared.send_file)(&mut shared.io, cx, stretch) {
                None => {
                    self.from_files = false;
                    return Poll::Ready(Ok(()));
                }
                Some(Poll::Ready(Ok(0))) => {
                    return Poll::Ready(Err(WriteError::Body(BodyError::gateway(Fault::Closed))));
                }
                Some(Poll::Ready(Ok(sent))) => {
                    self.waiting = false;
                    self.content += sent as u64;
                    body.sent(sent);
                }
                Some(Poll::Ready(Err(_))) => return Poll::Ready(Err(WriteError::Client)),
                Some(Poll::Pending) => return self.poll_stalled(shared, cx),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
