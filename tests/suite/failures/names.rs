//! Services whose names cannot be looked up, or stand for something else by now.

use super::play::{Case, Given, Play, SHORT, case};
use pintle_testkit::{Dns, Origin, Reply, until};
use std::net::SocketAddr;

const NAME: &str = "shop.test";
const SERVFAIL: u8 = 2;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("has a name that nobody knows", |play| async move {
            let dns = Dns::start().await;
            play.start(named(9, &dns, "")).await.get().await;
        }),
        case("has a name; DNS fails before the first answer", |play| async move {
            let dns = Dns::start().await;
            dns.fails(NAME, SERVFAIL);
            play.start(named(9, &dns, "")).await.get().await;
        }),
        case("has a name; DNS says nothing for longer than `resolver` waits", |play| async move {
            let dns = Dns::start().await;
            dns.is_silent_on(NAME);
            let rest = format!(", attempts: 1, timeout: {}ms", SHORT.as_millis());
            play.start(named(9, &dns, &rest)).await.get().await;
        }),
        case("has a name; DNS says nothing for longer than a connection may take", |play| async move {
            let dns = Dns::start().await;
            dns.is_silent_on(NAME);
            play.start(named(9, &dns, ", attempts: 1, timeout: 2s")).await.get().await;
        }),
        case("has a name; DNS fails later on", |play| gone(play, false)),
        case("has a name; DNS says nothing later on", |play| gone(play, true)),
        case("has a name; DNS gives it another address", |play| async move {
            let dns = Dns::start().await;
            let old = Origin::answering(Reply::text("old")).await;
            let port = old.address().port();
            let new = SocketAddr::from(([127, 0, 0, 2], port));
            let new = Origin::start_again(new, async |_| Reply::text("new")).await;
            dns.says(NAME, &["127.0.0.1"], 0);
            let mut bench = play.start(named(port, &dns, "")).await;
            assert_eq!(bench.prepare("/before").await.content, b"old");
            bench.mark().await;
            dns.says(NAME, &["127.0.0.2"], 0);
            until("the new address", async || (bench.prepare("/again").await.content == b"new").then_some(())).await;
            assert_eq!(bench.get().await.content, b"new");
            assert!(new.hits() >= 2);
        }),
    ]
}

/// A service that is found by name. No connection is kept, so that each request asks for an address.
fn named(port: u16, dns: &Dns, rest: &str) -> Given {
    Given {
        file: format!("resolver: {{servers: [\"{}\"], hosts: none{rest}}}", dns.address()),
        keys: "connections: {keep: 0}".into(),
        endpoints: format!("\"{NAME}:{port}\""),
    }
}

/// DNS has answered once and does so no more: its last answer stays.
async fn gone(play: Play, silent: bool) {
    let (service, dns) = (Origin::answering(Reply::text("ok")).await, Dns::start().await);
    dns.says(NAME, &["127.0.0.1"], 0);
    let mut bench = play.start(named(service.address().port(), &dns, ", attempts: 1, timeout: 300ms")).await;
    assert_eq!(bench.prepare("/before").await.gets, "200, whole");
    if silent {
        dns.is_silent_on(NAME);
    } else {
        dns.fails(NAME, SERVFAIL);
    }
    bench.mark().await;
    let asked = dns.asked(NAME);
    until("lookups that fail", async || {
        assert_eq!(bench.prepare("/meanwhile").await.gets, "200, whole");
        (dns.asked(NAME) >= asked + 2).then_some(())
    })
    .await;
    bench.get().await;
}
