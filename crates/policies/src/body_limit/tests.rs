use crate::testing::{chain, exchange, now, said_of};
use bytes::Bytes;
use pintle_core::{Body, BodyError, BodySource, Exchange, Fault, Frame, Protocol, Reason, Refusal};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

struct Pieces(VecDeque<&'static str>);

impl BodySource for Pieces {
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::Data(Bytes::from_static(piece.as_bytes())))))
    }
}

fn pieces(pieces: &[&'static str], length: Option<u64>) -> Body {
    Body::stream(Pieces(pieces.iter().copied().collect()), length)
}

/// A request with this content after the chain of these levels; `limits.body` is 10 bytes.
fn after(levels: &[&str], body: Body) -> Result<Exchange, Refusal> {
    let mut exchange = exchange(&[]);
    exchange.request.body = body;
    now(chain(levels, "{}", &Arc::default()).run(&mut exchange)).map(|_| exchange)
}

/// How much of the content comes through, and how it ends.
fn taken(mut body: Body) -> (usize, Result<(), BodyError>) {
    let mut taken = 0;
    loop {
        match now(body.frame()) {
            Some(Ok(Frame::Data(data))) => taken += data.len(),
            Some(Ok(Frame::Trailers(_))) => {}
            Some(Err(error)) => return (taken, Err(error)),
            None => return (taken, Ok(())),
        }
    }
}

#[test]
fn declared_content_over_the_limit_is_refused_unread() {
    let refusal = |levels: &[&str], body| after(levels, body).err().map(|refusal| (refusal.reason, refusal.detail));
    assert_eq!(refusal(&[], Body::full("0123456789")), None);
    assert_eq!(
        refusal(&[], pieces(&["not asked for"], Some(11))),
        Some((Reason::BodyTooLarge, "The limit is 10B.".into()))
    );
    assert_eq!(refusal(&["[{body_limit: 1KiB}]"], Body::full("01234567890")), None);
    assert!(refusal(&["[{body_limit: 1KiB}]", "[{body_limit: 3B}]"], Body::full("0123")).is_some());
    assert_eq!(refusal(&["[{body_limit: 3B}]", "[{body_limit: none}]"], pieces(&[], Some(1 << 40))), None);
    assert!(refusal(&["[{body_limit: 0B}]"], Body::full("0")).is_some());
    assert_eq!(refusal(&["[{body_limit: 0B}]"], Body::Empty), None);
}

#[test]
fn content_of_unknown_length_ends_where_it_passes_the_limit() {
    let body = |pieces_of: &[&'static str]| after(&[], pieces(pieces_of, None)).expect("it passes").request.body;
    assert_eq!(taken(body(&["01234", "56789"])), (10, Ok(())));
    assert_eq!(taken(body(&["01234", "567890", "1"])), (5, Err(BodyError::client(Fault::TooLarge))));
    let free = after(&["[{body_limit: none}]"], pieces(&["0123456789", "0"], None)).expect("it passes");
    assert_eq!(taken(free.request.body), (11, Ok(())));
}

#[test]
fn a_tunnel_has_no_content() {
    let mut exchange = exchange(&[]);
    exchange.request.protocol = Some(Protocol::WebSocket);
    exchange.request.body = pieces(&["0123456789", "0123456789"], None);
    now(chain(&[], "{}", &Arc::default()).run(&mut exchange)).expect("an answer");
    assert_eq!(taken(exchange.request.body), (20, Ok(())));
}

#[test]
fn a_limit_needs_its_unit() {
    assert_eq!(
        said_of(&["[{body_limit: 10}]"], "{}"),
        ["1:15 expected a size such as 8MiB, found `10` [a size needs its unit: 10B, 10KiB or 10MiB?]"]
    );
}
