//! Copies of requests.

use super::{proxy, text};
use crate::testing::{Known, exchange};
use bytes::Bytes;
use pintle_core::step::Action;
use pintle_core::{Body, BodyError, BodySource, Exchange, Fault, Frame, Method, Protocol};
use pintle_testkit::{Origin, Reply, Silent, Unreachable};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

struct Pieces(VecDeque<Result<Bytes, BodyError>>);

impl BodySource for Pieces {
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        Poll::Ready(self.0.pop_front().map(|piece| piece.map(Frame::Data)))
    }
}

fn post(body: Body) -> Exchange {
    let mut exchange = exchange(&[("x-a", "1")]);
    exchange.request.method = Method::POST;
    exchange.request.body = body;
    exchange
}

fn pieces<const N: usize>(pieces: [&'static [u8]; N], length: Option<u64>) -> Body {
    Body::stream(Pieces(pieces.into_iter().map(|piece| Ok(Bytes::from_static(piece))).collect()), length)
}

/// An action with a mirror, and what counts the copies that are left out.
fn mirrored(service: &Origin, mirror: &str) -> (super::Proxy, impl Fn() -> u64 + use<>) {
    let known = Known::default();
    let left_out = Arc::clone(&known.left_out);
    let text = format!("{{to: '{}', path: '/v2/${{path.id}}', mirror: {{to: '{mirror}'}}}}", service.url());
    (proxy(&text, known), move || left_out.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_copy_is_what_the_original_is() {
    let (service, shadow) = (Origin::echo().await, Origin::named("shadow").await);
    let (proxy, left_out) = mirrored(&service, &shadow.url());
    let bodies =
        [Body::Empty, Body::full("here"), pieces([b"in ", b"pieces"], None), pieces([b"so", b"long"], Some(6))];
    for (count, body) in bodies.into_iter().enumerate() {
        let mut response = proxy.call(&mut post(body)).await.expect("an answer");
        assert!(text(&mut response).await.contains("echo"), "the answer is the original's");
        shadow.wait_hits(count + 1).await;
        let (got, copy) = (service.last(), shadow.last());
        assert_eq!((copy.method, copy.target, copy.host), (got.method, got.target, got.host));
        assert_eq!((copy.body, copy.fields.get("x-request-id")), (got.body, got.fields.get("x-request-id")));
        assert_eq!(copy.fields.get("via"), got.fields.get("via"));
    }
    assert_eq!(left_out(), 0);
}

#[tokio::test]
async fn what_is_too_large_or_never_ends_is_left_out_and_counted() {
    const HALF: &[u8] = &[b'x'; 40 * 1024];
    let (service, shadow) = (Origin::echo().await, Origin::named("shadow").await);
    let (proxy, left_out) = mirrored(&service, &shadow.url());
    let mirror = proxy.mirror.as_ref().expect("a mirror");
    proxy.call(&mut post(pieces([HALF, HALF], Some(80 * 1024)))).await.expect("an answer");
    assert_eq!((service.last().body.len(), left_out()), (80 * 1024, 1));
    proxy.call(&mut post(pieces([HALF, HALF], None))).await.expect("an answer");
    assert_eq!((service.last().body.len(), left_out()), (80 * 1024, 2));
    let broken = [Ok(Bytes::from_static(b"half")), Err(BodyError::client(Fault::Closed))];
    proxy.call(&mut post(Body::stream(Pieces(broken.into()), None))).await.expect_err("a refusal");
    assert_eq!(left_out(), 3);
    let mut tunnel = exchange(&[]);
    tunnel.request.protocol = Some(Protocol::WebSocket);
    mirror.copy(&mut tunnel.request, None, None);
    // One that is copied comes after all that could have been.
    proxy.call(&mut exchange(&[])).await.expect("an answer");
    shadow.wait_hits(1).await;
    assert_eq!((shadow.hits(), left_out()), (1, 3));
}

// Rule: mirror-unnoticed
#[tokio::test]
async fn a_mirror_that_is_down_or_silent_changes_nothing() {
    let service = Origin::answering(Reply::text("ok")).await;
    let (down, silent) = (Unreachable::new(), Silent::new());
    for address in [down.address(), silent.address()] {
        let (proxy, left_out) = mirrored(&service, &format!("http://{address}"));
        for _ in 0..150 {
            let mut response = proxy.call(&mut exchange(&[])).await.expect("an answer");
            assert_eq!(text(&mut response).await, "ok");
        }
        if address == silent.address() {
            assert_eq!(left_out(), 50, "no more than 100 wait for it");
        }
    }
}

#[tokio::test]
async fn a_share_is_chosen_at_random() {
    let (service, shadow) = (Origin::echo().await, Origin::named("shadow").await);
    let text = format!("{{to: '{}', mirror: {{to: '{}', share: 0%}}}}", service.url(), shadow.url());
    let proxy = proxy(&text, Known::default());
    for _ in 0..20 {
        proxy.call(&mut exchange(&[])).await.expect("an answer");
    }
    let mirror = proxy.mirror.as_ref().expect("a mirror");
    assert_eq!((shadow.hits(), mirror.permits.available_permits()), (0, super::super::mirror::UNDER_WAY));
}
