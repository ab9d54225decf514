//! The request's content on its way out, beside all that comes in.

use super::Active;
use crate::client::Home;
use crate::write::write_last_chunk;
use pintle_core::{Body, BodyError, Fields, Frame};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};

/// How far the request's content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upload {
    /// Held back until the server says 100 or 101.
    Held,
    /// Going out.
    Going,
    /// The tunnel's client half has ended; the server is still to be told.
    Closing,
    /// All sent.
    Done,
    /// The server takes no more; it may still answer.
    Broken,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static, H: Home<S>> Active<S, H> {
    /// Moves the request's content on. An error is the content's own; one of the connection only ends the upload.
    pub(super) fn poll_upload(&mut self, cx: &mut Context<'_>, wait: Duration) -> Poll<Result<(), BodyError>> {
        loop {
            if !self.out.is_empty() && ready!(self.out.poll_write(&mut self.connection.io, cx)).is_err() {
                self.upload = Upload::Broken;
                self.out.clear();
            }
            match self.upload {
                Upload::Held | Upload::Done | Upload::Broken => return Poll::Ready(Ok(())),
                Upload::Closing => {
                    let _ = ready!(Pin::new(&mut self.connection.io).poll_shutdown(cx));
                    self.upload = Upload::Done;
                    continue;
                }
                Upload::Going => {}
            }
            self.touched = true;
            match ready!(self.body.poll_frame(cx)) {
                Some(Ok(Frame::Data(data))) if self.chunked => self.out.chunk(data),
                Some(Ok(Frame::Data(data))) => self.out.data(data),
                Some(Ok(Frame::Trailers(trailers))) => self.end_upload(Some(&trailers)),
                None => self.end_upload(None),
                Some(Err(error)) => return Poll::Ready(Err(error)),
            }
            self.wait_for(Instant::now(), wait);
        }
    }

    fn end_upload(&mut self, trailers: Option<&Fields>) {
        if self.chunked {
            write_last_chunk(self.out.text(), trailers);
        }
        self.body = Body::Empty;
        self.upload = if self.tunnel { Upload::Closing } else { Upload::Done };
    }

    pub(super) fn release_upload(&mut self) {
        if self.upload == Upload::Held && self.protocol.is_none() {
            self.upload = Upload::Going;
        }
    }
}
