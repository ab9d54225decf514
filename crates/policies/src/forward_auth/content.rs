//! The client's content, read for the service that decides and put back for the service behind.

use bytes::{Bytes, BytesMut};
use pintle_core::body::Whose;
use pintle_core::config::ByteSize;
use pintle_core::{Body, BodyError, BodySource, Exchange, Fault, Fields, Frame, Reason, Refusal};
use std::task::{Context, Poll};

/// Reads the content, of at most so many bytes, and puts it back. How long the client may take for it is the listener's to say.
pub(super) async fn take(exchange: &mut Exchange, most: ByteSize) -> Result<Bytes, Refusal> {
    let body = &mut exchange.request.body;
    if exchange.request.protocol.is_some() || body.is_empty() {
        return Ok(Bytes::new());
    }
    let too_large = || Refusal::new(Reason::BodyTooLarge).detail(format!("The limit is {most}."));
    if body.length().is_some_and(|length| length > most.bytes()) {
        return Err(too_large());
    }
    let (mut content, mut trailers) = (BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.map_err(|error| refusal(&error))? {
            Frame::Data(data) if (content.len() + data.len()) as u64 <= most.bytes() => {
                content.extend_from_slice(&data);
            }
            Frame::Data(_) => return Err(too_large()),
            Frame::Trailers(fields) => trailers = Some(fields),
        }
    }
    let content = content.freeze();
    *body = match trailers {
        None => Body::full(content.clone()),
        Some(fields) => {
            let data = Some(content.clone()).filter(|data| !data.is_empty());
            Body::stream(Read { data, trailers: Some(fields) }, None)
        }
    };
    Ok(content)
}

/// Content that was read, with its trailers.
struct Read {
    data: Option<Bytes>,
    trailers: Option<Fields>,
}

impl BodySource for Read {
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let frame = self.data.take().map(Frame::Data).or_else(|| self.trailers.take().map(Frame::Trailers));
        Poll::Ready(frame.map(Ok))
    }
}

/// Why content that did not come whole ends its request.
fn refusal(error: &BodyError) -> Refusal {
    let reason = match (error.whose, error.fault) {
        (_, Fault::TooLarge) => Reason::BodyTooLarge,
        (_, Fault::TimedOut) => Reason::RequestTimeout,
        (Whose::Client, Fault::Malformed) => Reason::BadRequest,
        _ => Reason::ClientClosed,
    };
    Refusal::new(reason).internal(error.to_string())
}
