//! Trailer fields of a request that a client may not send: services may read them as if they stood in the head.

use pintle_core::{Body, BodyError, BodySource, Fields, Frame, Request, Version};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Takes fields of these names, in whatever spelling, out of a request's trailers. Costs nothing where there are none.
pub(crate) fn withhold(names: &Arc<[Box<str>]>, request: &mut Request) {
    let Body::Stream { length, .. } = &request.body else { return };
    // Over HTTP/1.1 what has a length has no trailers (RFC 9112 6.3, 7.1.2).
    if names.is_empty() || length.is_some() && request.version != Version::Http2 {
        return;
    }
    let names = Arc::clone(names);
    request.body.wrap(|inner| Without { inner, names });
}

/// Content whose trailers have none of these names.
struct Without {
    inner: Body,
    names: Arc<[Box<str>]>,
}

impl BodySource for Without {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let mut frame = ready!(self.inner.poll_frame(cx));
        if let Some(Ok(Frame::Trailers(fields))) = &mut frame {
            retain(fields, &self.names);
        }
        Poll::Ready(frame)
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}

fn retain(fields: &mut Fields, names: &[Box<str>]) {
    for name in names {
        crate::headers::take_away(name, crate::field::Side::Request, fields);
    }
}
