//! `sticky`: a client stays with the service that answered it first.

use crate::check::{START, refused};
use pintle_testkit::{Answer, Ask, Certificates, Gateway, H1Client, H2Client, Origin, Reply, TlsClient};
use std::net::SocketAddr;

fn config(endpoints: &[SocketAddr]) -> String {
    let endpoints: Vec<String> = endpoints.iter().map(|address| format!("\"{address}\"")).collect();
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
upstreams: {{shop: {{endpoints: [{}], sticky: {{cookie: shop_at, ttl: 1h}}}}}}
routes: [{{match: /**, proxy: shop}}]\n",
        endpoints.join(", ")
    )
}

/// The `name=value` of the cookie that an answer sets.
fn cookie(answer: &Answer) -> Option<String> {
    let set = answer.get("set-cookie")?;
    assert!(set.contains("; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600"), "{set}");
    set.split(';').next().map(str::to_owned)
}

fn with(cookie: &str) -> Ask {
    Ask::get("/").header("cookie", &format!("a=1; {cookie}; b=2"))
}

// Rule: sticky
#[tokio::test]
async fn a_client_stays_where_it_was_and_any_replica_knows() {
    let origins = [Origin::named("a").await, Origin::named("b").await, Origin::named("c").await];
    let addresses = origins.each_ref().map(Origin::address);
    let gateway = Gateway::start(config(&addresses)).await;
    // The other one has the same endpoints in another order, and one more.
    let more = Origin::named("d").await;
    let replica = Gateway::start(config(&[more.address(), addresses[2], addresses[0], addresses[1]])).await;
    for _ in 0..5 {
        let first = gateway.get("/").await;
        let (at, origin) = (cookie(&first).expect("a cookie"), first.json()["origin"].clone());
        assert!(!first.get("set-cookie").expect("a cookie").contains("127.0.0.1"), "no address is told");
        for _ in 0..10 {
            let again = gateway.ask(with(&at)).await;
            assert_eq!((again.json()["origin"].clone(), cookie(&again)), (origin.clone(), None), "not set again");
            assert_eq!(gateway.h2().await.ask(with(&at)).await.json()["origin"], origin);
            assert_eq!(replica.ask(with(&at)).await.json()["origin"], origin);
        }
    }
}

// Rule: sticky
#[tokio::test]
async fn one_that_is_down_gives_its_clients_away_and_has_them_again_when_it_comes_back() {
    let (a, b) = (Origin::named("a").await, Origin::named("b").await);
    let addresses = [a.address(), b.address()];
    let gateway = Gateway::start(config(&addresses)).await;
    let mut client = gateway.h1().await;
    let at_a = loop {
        let answer = client.get("/").await;
        if answer.json()["origin"] == "a" {
            break cookie(&answer).expect("a cookie");
        }
    };
    a.stop();
    let moved = client.ask(with(&at_a)).await;
    assert_eq!((moved.status, moved.json()["origin"].as_str()), (200, Some("b")));
    assert_ne!(cookie(&moved).expect("another cookie"), at_a);
    let again = Origin::start_again(addresses[0], async |request| Reply::echo("a again", &request)).await;
    pintle_testkit::until("the endpoint to be back", async || {
        (client.ask(with(&at_a)).await.json()["origin"] == "a again").then_some(())
    })
    .await;
    drop(again);
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_tls_alone() {
    let origin = Origin::echo().await;
    let certificates = Certificates::new();
    let certificate = certificates.write("shop", &certificates.server(&["localhost"]));
    let tls = format!("{{address: 127.0.0.1:0, tls: {{certificates: [{certificate}]}}}}");
    let gateway = Gateway::start(config(&[origin.address()]).replace("{address: 127.0.0.1:0}", &tls)).await;
    let tls = TlsClient::new(&certificates, "localhost");
    let answer = H1Client::tls(gateway.address(0), &tls).await.get("/").await;
    assert!(answer.get("set-cookie").is_some_and(|cookie| cookie.ends_with("; Secure")), "{answer:?}");
    let answer = H2Client::tls(gateway.address(0), &tls).await.get("/").await;
    assert!(answer.get("set-cookie").is_some_and(|cookie| cookie.ends_with("; Secure")), "{answer:?}");
}

#[tokio::test]
async fn mistakes_have_their_lines() {
    let sticky = |value: &str| {
        format!(
            "{START}upstreams:\n  a:\n    endpoints: [127.0.0.1:9001]\n    sticky: {value}\nroutes: [{{match: /**, proxy: a}}]\n"
        )
    };
    refused(&sticky("yes"), &["pintle.yaml:6:13", "such as `{cookie: shop}`"]).await;
    refused(&sticky("{cookie: \"a b\"}"), &["pintle.yaml:6:22", "a cookie's name"]).await;
    refused(&sticky("{cookie: a, ttl: 0s}"), &["pintle.yaml:6:30", "a second or more"]).await;
}
