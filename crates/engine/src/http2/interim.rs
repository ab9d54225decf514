//! Interim answers (1xx) of an HTTP/2 stream: sent by the stream's task, told by whoever works for it.

use parking_lot::Mutex;
use pintle_core::{Body, BodyError, BodySource, Fields, Frame, Interim, StatusCode};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Interim answers that wait for the stream's task.
#[derive(Default)]
pub(super) struct Interims(Mutex<Vec<(StatusCode, Fields)>>);

impl Interims {
    /// Takes what waits.
    pub(super) fn take(&self, mut send: impl FnMut(StatusCode, &Fields)) {
        for (status, fields) in self.0.lock().drain(..) {
            send(status, &fields);
        }
    }
}

impl Interim for Interims {
    fn send(&self, status: StatusCode, fields: Fields) {
        self.0.lock().push((status, fields));
    }
}

/// Content that the client sends only once it is asked for (RFC 9110 10.1.1).
pub(super) struct Expected {
    inner: Body,
    /// None once it was asked for.
    interims: Option<Arc<Interims>>,
}

impl Expected {
    pub(super) fn new(inner: Body, interims: Arc<Interims>) -> Self {
        Expected { inner, interims: Some(interims) }
    }
}

impl BodySource for Expected {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if let Some(interims) = self.interims.take() {
            interims.send(StatusCode::CONTINUE, Fields::new());
        }
        self.inner.poll_frame(cx)
    }
}
