//! gRPC-Web to a service that speaks gRPC: the same messages, but a browser can read no trailers, so they become the last
//! frame of the content; and in its text form all is base64. The protocol is `doc/PROTOCOL-WEB.md` in gRPC's repository.
//!
//! Done where the service is spoken to in HTTP/2 by its `protocol`: gRPC needs that. Others get such requests as they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use pintle_core::grpc::{self, Kind};
use pintle_core::{Body, BodyError, BodySource, Fault, Fields, Frame, Method, Request, Response, names};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

/// The first byte of a frame that holds trailers.
const TRAILERS: u8 = 0x80;

/// A request of gRPC-Web on its way through.
pub(super) struct Bridge {
    text: bool,
    /// The fields of the request as gRPC has it. The exchange keeps the client's, by which a refusal knows its form.
    pub(super) fields: Fields,
    /// What follows the kind in the content type: the messages' format.
    format: Vec<u8>,
}

impl Bridge {
    /// Takes a request of gRPC-Web; none for any other.
    pub(super) fn of(request: &mut Request) -> Option<Self> {
        if request.method != Method::POST {
            return None;
        }
        let kind = Kind::of(&request.fields).filter(|kind| *kind != Kind::Grpc)?;
        let format = request.fields.get(names::CONTENT_TYPE)?.get(kind.content_type().len()..)?.to_vec();
        let mut fields = request.fields.clone();
        fields.set(names::CONTENT_TYPE, [Kind::Grpc.content_type().as_bytes(), &format].concat());
        fields.set(names::TE, "trailers");
        let text = kind == Kind::WebText;
        if text && !request.body.is_empty() {
            let inner = std::mem::take(&mut request.body);
            request.body = Body::stream(Decoded { inner, left: BytesMut::new() }, None);
        }
        Some(Bridge { text, fields, format })
    }

    /// Makes the service's answer one of gRPC-Web, if it is one of gRPC. An answer that is its trailers alone stays that:
    /// they are its head. `status` learns what the trailers say.
    pub(super) fn answer(self, response: &mut Response, status: &mut Option<Arc<AtomicU32>>) {
        if Kind::of(&response.fields) != Some(Kind::Grpc) {
            return;
        }
        let kind = if self.text { Kind::WebText } else { Kind::Web };
        response.fields.set(names::CONTENT_TYPE, [kind.content_type().as_bytes(), &self.format].concat());
        response.fields.remove("trailer");
        if !response.body.is_empty() {
            let seen = Arc::new(AtomicU32::new(u32::MAX));
            *status = Some(Arc::clone(&seen));
            let inner = std::mem::take(&mut response.body);
            response.body = Body::stream(ToWeb { inner, text: self.text, seen, ended: false }, None);
        }
    }
}

/// Content that is base64, as what it stands for. Pieces may be padded each by itself.
struct Decoded {
    inner: Body,
    /// What is no whole group of four yet.
    left: BytesMut,
}

impl Decoded {
    fn decode(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        self.left.extend_from_slice(data);
        let whole = self.left.split_to(self.left.len() / 4 * 4);
        let mut out = Vec::with_capacity(whole.len() / 4 * 3);
        let mut rest = &whole[..];
        while !rest.is_empty() {
            // Padding ends a piece, and another may follow.
            let end = rest.iter().position(|&byte| byte == b'=').map_or(rest.len(), |at| (at / 4 + 1) * 4);
            STANDARD.decode_vec(&rest[..end], &mut out).ok()?;
            rest = &rest[end..];
        }
        Some(out)
    }
}

impl BodySource for Decoded {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        const MALFORMED: BodyError = BodyError::client(Fault::Malformed);
        loop {
            match ready!(self.inner.poll_frame(cx)) {
                Some(Ok(Frame::Data(data))) => match self.decode(&data) {
                    Some(decoded) if decoded.is_empty() => {}
                    Some(decoded) => return Poll::Ready(Some(Ok(Frame::Data(decoded.into())))),
                    None => return Poll::Ready(Some(Err(MALFORMED))),
                },
                None if !self.left.is_empty() => return Poll::Ready(Some(Err(MALFORMED))),
                other => return Poll::Ready(other),
            }
        }
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}

/// An answer of gRPC as one of gRPC-Web.
struct ToWeb {
    inner: Body,
    text: bool,
    seen: Arc<AtomicU32>,
    ended: bool,
}

impl ToWeb {
    /// Each piece is padded by itself, so that none waits for the next.
    fn written(&self, data: Bytes) -> Frame {
        Frame::Data(if self.text { STANDARD.encode(data).into() } else { data })
    }
}

impl BodySource for ToWeb {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.inner.poll_frame(cx)) {
            Some(Ok(Frame::Data(data))) => Some(Ok(self.written(data))),
            Some(Ok(Frame::Trailers(trailers))) => {
                self.ended = true;
                if let Some(status) = grpc::status(&trailers) {
                    self.seen.store(status, Ordering::Relaxed);
                }
                Some(Ok(self.written(trailers_frame(&trailers))))
            }
            other => other,
        })
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}

/// Trailers as a frame: lines as in a head of HTTP/1.1, names in small letters, without an empty line.
fn trailers_frame(trailers: &Fields) -> Bytes {
    let mut lines = Vec::with_capacity(trailers.wire_size());
    for (name, value) in trailers.iter() {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value);
        lines.extend_from_slice(b"\r\n");
    }
    let length = u32::try_from(lines.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[TRAILERS][..], &length, &lines].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_comes_in_any_pieces_and_with_padding_within() {
        let text: String = ["a", "bc", "def", "ghij"].map(|piece| STANDARD.encode(piece)).concat();
        for size in 1..=text.len() {
            let mut decoded = Decoded { inner: Body::Empty, left: BytesMut::new() };
            let out: Vec<u8> =
                text.as_bytes().chunks(size).flat_map(|piece| decoded.decode(piece).expect("base64")).collect();
            assert_eq!(out, b"abcdefghij", "{size}");
            assert!(decoded.left.is_empty());
        }
        let mut decoded = Decoded { inner: Body::Empty, left: BytesMut::new() };
        assert!(decoded.decode(b"a=bc").is_none() && decoded.decode(b"\xff___").is_none());
    }

    #[test]
    fn trailers_are_a_frame() {
        let mut fields = Fields::new();
        fields.append(names::GRPC_STATUS, "0");
        assert_eq!(&trailers_frame(&fields)[..], b"\x80\0\0\0\x10grpc-status: 0\r\n");
    }
}
