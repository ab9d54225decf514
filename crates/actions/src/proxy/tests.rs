//! Against services played by the testkit.

mod forward;
mod mirror;
mod plan;
mod rewrite_location;

use super::*;
use crate::testing::{Known, PLACE, built, exchange, try_build};
use pintle_core::{Body, Method, Protocol, Reason, Response, Target};
use pintle_testkit::{Origin, RawOrigin, Reply};
use std::collections::HashSet;

pub(super) fn proxy(text: &str, mut known: Known) -> Proxy {
    built(text, |config: &ProxyConfig, reader| Proxy::build(config, &PLACE, &mut known, reader))
}

pub(super) async fn text(response: &mut Response) -> String {
    let mut text = Vec::new();
    while let Some(frame) = response.body.frame().await {
        if let pintle_core::Frame::Data(data) = frame.expect("a frame") {
            text.extend_from_slice(&data);
        }
    }
    String::from_utf8(text).expect("text")
}

#[tokio::test]
async fn a_request_goes_on_as_it_is_and_its_answer_comes_back() {
    let service = Origin::start(async |_| Reply::text("hello").header("x-a", "1")).await;
    let known = Known::named([("orders", service.url())]);
    let mut exchange = exchange(&[("x-b", "2")]);
    let mut response = proxy("orders", known).call(&mut exchange).await.expect("an answer");
    assert_eq!(text(&mut response).await, "hello");
    assert_eq!(response.fields.get_str("x-a"), Some("1"));
    let got = service.last();
    assert_eq!(
        (got.method.as_str(), got.target.as_str(), got.host.as_str()),
        ("GET", "/o/a%20b/x/y?q=1", "shop.test:8080")
    );
    assert_eq!(got.get("x-b"), Some("2"));
    assert!(exchange.notes.answered.is_some() && exchange.notes.upstream_status == Some(200));
}

// Rule: proxy-host, proxy-query
#[tokio::test]
async fn path_and_host_decide_what_is_asked_for() {
    let service = Origin::echo().await;
    for (rest, target, host) in [
        ("path: '/v2/${path.rest}'", "/v2/x/y?q=1", "shop.test:8080"),
        ("path: '/v2?id=${path.id}'", "/v2?id=a%20b", "shop.test:8080"),
        ("host: orders.internal", "/o/a%20b/x/y?q=1", "orders.internal"),
        ("host: '${request.query.q}.test'", "/o/a%20b/x/y?q=1", "1.test"),
    ] {
        let proxy = proxy(&format!("{{to: '{}', {rest}}}", service.url()), Known::default());
        proxy.call(&mut exchange(&[])).await.expect("an answer");
        let got = service.last();
        assert_eq!((got.target.as_str(), got.host.as_str()), (target, host), "{rest}");
    }
}

// Rule: fails-path
#[tokio::test]
async fn a_value_that_cannot_stand_in_a_path_never_goes_upstream() {
    let service = Origin::echo().await;
    let proxy = proxy(&format!("{{to: '{}', path: '/a/${{request.query.no}}'}}", service.url()), Known::default());
    let refusal = proxy.call(&mut exchange(&[])).await.expect_err("a refusal");
    assert_eq!((refusal.reason, service.hits()), (Reason::BadTemplate, 0));
}

// Rule: http10-host
#[tokio::test]
async fn a_request_without_a_host_is_sent_for_the_endpoints_name() {
    let service = Origin::echo().await;
    let mut exchange = exchange(&[]);
    exchange.request.target = Target::new("", None, "/a", None);
    proxy(&format!("'{}'", service.url()), Known::default()).call(&mut exchange).await.expect("an answer");
    assert_eq!(service.last().host, service.address().to_string());
}

#[test]
fn an_https_url_is_asked_by_its_own_name() {
    let known = || Known::named([("named", "https://a.test".to_owned())]);
    let host = |text: &str| {
        let proxy = proxy(text, known());
        let To::One(target) = &proxy.to else { panic!("one service") };
        target.host(None, "shop.test").map(str::to_owned)
    };
    assert_eq!(host("https://a.test"), None);
    assert_eq!(host("http://a.test").as_deref(), Some("shop.test"));
    assert_eq!(host("named").as_deref(), Some("shop.test"), "a name is no URL");
}

// Rule: split-weight
#[test]
fn a_split_goes_by_weight() {
    let proxy = proxy("split: {'http://a.test': 90, 'http://b.test': 10, 'http://c.test': 0}", Known::default());
    let mut counts = [0; 3];
    fastrand::seed(1);
    for _ in 0..10_000 {
        let name = &proxy.to.pick(&exchange(&[])).upstream.name;
        counts[["http://a.test:80", "http://b.test:80", "http://c.test:80"]
            .iter()
            .position(|n| **n == **name)
            .expect("one")] += 1;
    }
    assert!((8_800..9_200).contains(&counts[0]) && counts[2] == 0, "{counts:?}");
}

#[tokio::test]
async fn a_websocket_is_a_request_like_any_other() {
    let service = RawOrigin::start().await;
    let url = service.url();
    let playing = tokio::spawn(async move {
        let mut wire = service.accept().await;
        let head = wire.head().await;
        wire.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n").await;
        head
    });
    let mut exchange = exchange(&[("sec-websocket-key", "k"), ("sec-websocket-version", "13")]);
    exchange.request.protocol = Some(Protocol::WebSocket);
    let response = proxy(&format!("'{url}'"), Known::default()).call(&mut exchange).await.expect("an answer");
    let head = playing.await.expect("a head");
    assert_eq!((head.get("upgrade"), head.get("sec-websocket-key")), (Some("websocket"), Some("k")));
    assert_eq!((response.status.as_u16(), response.fields.get_str("sec-websocket-accept")), (101, Some("x")));
}

#[tokio::test]
async fn max_forwards_is_counted_down_and_ends_here() {
    let service = Origin::echo().await;
    let proxy = proxy(&format!("'{}'", service.url()), Known::default());
    let ask = async |method: Method, left: &str| {
        let mut exchange = exchange(&[("max-forwards", left)]);
        exchange.request.method = method;
        proxy.call(&mut exchange).await.map(|response| response.status.as_u16()).map_err(|refusal| refusal.reason)
    };
    assert_eq!(ask(Method::OPTIONS, "3").await, Ok(200));
    assert_eq!(service.last().get("max-forwards"), Some("2"));
    assert_eq!(ask(Method::GET, "0").await, Ok(200));
    assert_eq!(service.last().get("max-forwards"), Some("0"), "for other methods it says nothing");
    assert_eq!(ask(Method::OPTIONS, "0").await, Ok(204));
    assert_eq!(ask(Method::TRACE, "0").await, Err(Reason::NotImplemented));
    assert_eq!(service.hits(), 2);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let said = |text: &str| {
        try_build(text, |config: &ProxyConfig, reader| Proxy::build(config, &PLACE, &mut Known::default(), reader)).1
    };
    let first = |text: &str| said(text).first().cloned().unwrap_or_default();
    assert_eq!(
        first("{to: 'http://a', split: {'http://b': 1}}"),
        "1:1 `to` and `split` exclude each other [take the one that is meant]"
    );
    assert_eq!(first("{path: /a}"), "1:1 `proxy` has no service [name one by `to`, or several by `split`]");
    assert_eq!(
        first("split: {'http://a': 0}"),
        "1:8 `split` leaves no service [such as `{orders: 90, orders-next: 10}`]"
    );
    assert_eq!(first("split: {}"), "1:8 `split` leaves no service [such as `{orders: 90, orders-next: 10}`]");
    assert!(first("split: {'a:80': 1}").contains("write `http://a:80`"));
    assert!(first("http://a/b").contains("give the path by `path:`"));
    assert!(first("[]").contains("expected an upstream's name, a URL, or a map with `to` or `split`"));
    assert!(first("{to: 'http://a', mirror: {to: 'http://b', share: 5}}").contains("a share needs its unit"));
    // Everything at once: no error hides another.
    let all: HashSet<String> =
        said("{split: {x: 1, y: 1}, path: a, host: 'b c', mirror: {to: z}}").into_iter().collect();
    assert_eq!(all.len(), 5, "{all:?}");
}

#[tokio::test]
async fn content_goes_along() {
    let service = Origin::echo().await;
    let mut exchange = exchange(&[]);
    exchange.request.method = Method::POST;
    exchange.request.body = Body::full("content");
    proxy(&format!("'{}'", service.url()), Known::default()).call(&mut exchange).await.expect("an answer");
    assert_eq!(service.last().body, "content");
}

#[test]
fn the_examples_are_good() {
    let known = || Known::named(["orders", "orders-next", "users"].map(|name| (name, format!("http://{name}.test"))));
    for text in [
        "orders",
        "http://127.0.0.1:9001",
        "{to: orders-next, path: '/v2/orders/${path.rest}', host: orders.internal}",
        "{split: {orders: 90, orders-next: 10}, mirror: {to: orders-next, share: 5%}}",
        "{to: users, path: \"/users/${path.id}\"}",
    ] {
        proxy(text, known());
    }
}
