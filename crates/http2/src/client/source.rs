//! The content of an answer, as it comes.

use super::Slot;
use crate::body::{Incoming, Outgoing, SendError as BodySendError};
use pintle_core::{Body, BodyError, BodySource, Fault, Frame};
use std::any::Any;
use std::task::{Context, Poll};

/// The answer's body, which also moves the request's content on.
pub(super) struct Source {
    pub(super) incoming: Incoming,
    pub(super) upload: Option<Outgoing>,
    pub(super) body: Body,
    pub(super) failed: Option<BodyError>,
    pub(super) _slot: Slot,
    pub(super) _held: Box<dyn Any + Send>,
}

impl BodySource for Source {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        self.poll_aside(cx);
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        self.incoming.poll_frame(cx)
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        let Some(upload) = &mut self.upload else { return };
        let before = upload.content;
        let polled = upload.poll(&mut self.body, cx);
        if upload.content != before {
            self.incoming.wait_anew();
        }
        match polled {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.upload = None,
            Poll::Ready(Err(BodySendError::Body(error))) => {
                upload.reset(h2::Reason::CANCEL);
                self.upload = None;
                self.failed = Some(error);
            }
            Poll::Ready(Err(BodySendError::Stalled)) => {
                self.upload = None;
                self.failed = Some(BodyError::upstream(Fault::TimedOut));
            }
            Poll::Ready(Err(BodySendError::Reset(_))) => self.upload = None,
        }
    }
}
