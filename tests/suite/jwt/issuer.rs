//! Where keys come from: the issuer, its discovery document, and what becomes of requests while it is away.

use super::signers::{AUDIENCE, ISSUER, Signers, jwk, token};
use super::{bearer, both, by, claims, good, login, now, settings};
use pintle_testkit::{Ask, Certificates, Gateway, H2Client, Origin, Reloaded, Reply, Unreachable, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

// Rule: jwt-discovery
#[tokio::test]
async fn keys_are_found_by_the_issuers_discovery_document() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let login = login(signers.jwks()).await;
    let issuer = format!("{}/", login.origin.url());
    let settings = |issuer: &str| format!("{{issuer: \"{issuer}\", audience: {AUDIENCE}}}");
    let token = |issuer: &str| {
        let claims = claims(now(), "").replace(ISSUER, issuer);
        token(r#"{"alg":"RS256","kid":"rsa"}"#, claims, signers.rs256())
    };
    let gateway = Gateway::start(by(&settings(&issuer), &service.url())).await;
    for answer in both(&gateway, bearer(&token(&issuer))).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let asked: Vec<String> = login.origin.received().iter().map(|got| got.target.to_string()).collect();
    assert_eq!(asked[..2], ["/.well-known/openid-configuration", "/jwks"]);
    // A document that is another issuer's is none: it would make one issuer of two.
    let other = issuer.trim_end_matches('/').to_owned();
    let gateway = Gateway::start(by(&settings(&other), &service.url())).await;
    let answer = gateway.ask(bearer(&token(&other))).await;
    answer.problem(503, "auth_unavailable");
    let line = gateway.log_of(&answer).await;
    assert!(line["pintle.message"].as_str().is_some_and(|why| why.contains("another issuer's document")), "{line}");
}

// Rule: jwt-issuer-away
#[tokio::test]
async fn without_keys_nobody_comes_in_and_with_old_ones_all_goes_on() {
    let (signers, service, away) = (Signers::new(), Origin::echo().await, Unreachable::new());
    let keys = format!("http://{}/jwks", away.address());
    let settings = |keys: &str| {
        format!("{{issuer: \"{ISSUER}\", audience: {AUDIENCE}, jwks: \"{keys}\", refresh: {{least: 50ms}}}}")
    };
    // The issuer's being away stops no start.
    let gateway = Gateway::start(by(&settings(&keys), &service.url())).await;
    for answer in both(&gateway, bearer(&good(&signers))).await {
        answer.problem(503, "auth_unavailable");
        let line = gateway.log_of(&answer).await;
        assert!(line["pintle.message"].as_str().is_some_and(|why| why.contains("connect_failed")), "{line}");
    }
    gateway.wait_metric("pintle_issuer_fetches_total{result=\"failed\"}", 1.0).await;
    assert_eq!(gateway.get("/").await.status, 401, "who has no token needs no keys to be refused");

    let login = login("gone").await;
    login.say(500, "");
    let gateway = Gateway::start(by(&settings(&format!("{}/jwks", login.origin.url())), &service.url())).await;
    assert_eq!(gateway.ask(bearer(&good(&signers))).await.status, 503);
    login.say(200, signers.jwks());
    until("the issuer to be back", async || (gateway.ask(bearer(&good(&signers))).await.status == 200).then_some(()))
        .await;
    // From here on it gives nothing that helps: what it said last holds.
    for (status, said) in [(500, String::new()), (200, "no keys".to_owned()), (200, r#"{"keys":[]}"#.to_owned())] {
        let before = login.origin.hits();
        login.say(status, said);
        assert_eq!(gateway.reload().await, Reloaded::InForce);
        login.origin.wait_hits(before + 1).await;
        for answer in both(&gateway, bearer(&good(&signers))).await {
            assert_eq!(answer.status, 200);
        }
    }
    gateway.wait_metric("pintle_issuer_fetches_total{result=\"failed\"}", 3.0).await;
}

#[tokio::test]
async fn the_first_request_waits_for_the_first_keys_and_its_client_may_go() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let (open, jwks) = (Arc::new(tokio::sync::Semaphore::new(0)), signers.jwks());
    let (waits, said) = (Arc::clone(&open), jwks.clone());
    let slow = Origin::start(move |_| {
        let (waits, said) = (Arc::clone(&waits), said.clone());
        async move {
            drop(waits.acquire().await);
            Reply::new(200).body(said)
        }
    })
    .await;
    let keys = format!("{{issuer: \"{ISSUER}\", audience: {AUDIENCE}, jwks: \"{}/jwks\"}}", slow.url());
    let gateway = Gateway::start(by(&keys, &service.url())).await;
    slow.wait_hits(1).await;
    let good = good(&signers);
    let mut one = gateway.wire().await;
    one.write(bearer(&good).to_h1()).await;
    let mut gone = gateway.wire().await;
    gone.write(Ask::get("/gone").header("authorization", &format!("Bearer {good}")).to_h1()).await;
    drop(gone);
    gateway.wait_log(|line| line["url.path"] == "/gone" && line["pintle.reason"] == "client_closed").await;
    let two = gateway.h2().await;
    let stream = two.send(&bearer(&good)).await.expect("a stream");
    open.add_permits(10);
    assert_eq!(one.head().await.status(), 200);
    assert_eq!(stream.try_answer().await.expect("an answer").status, 200);
    assert_eq!((service.hits(), slow.hits()), (2, 1));
}

/// Requests of both protocols that go on until they are told to stop; how many there were, and what was wrong.
async fn load(gateway: &Gateway, token: String, stop: Arc<AtomicBool>, count: Arc<AtomicUsize>) -> Vec<String> {
    let (mut one, two): (_, H2Client) = (gateway.h1().await, gateway.h2().await);
    let mut wrong = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        for answer in [one.ask(bearer(&token)).await, two.ask(bearer(&token)).await] {
            count.fetch_add(1, Ordering::Relaxed);
            if answer.status != 200 {
                wrong.push(format!("{answer:?}"));
            }
        }
    }
    wrong
}

// Rule: jwt-rotation
#[tokio::test]
async fn keys_rotate_under_load_and_no_other_request_is_touched() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let old = jwk(&signers.rsa, r#""kid":"old","#);
    let new = jwk(&signers.any, r#""kid":"new","#);
    let stays = jwk(&signers.strange, r#""kid":"stays","#);
    let set = |keys: &[&str]| format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let token = |id: &str, key| {
        let by = super::signers::By::Rsa(key, &aws_lc_rs::signature::RSA_PKCS1_SHA256);
        token(format!(r#"{{"alg":"RS256","kid":"{id}"}}"#), claims(now(), ""), by)
    };
    let (old_token, new_token) = (token("old", &signers.rsa), token("new", &signers.any));
    let login = login(set(&[&old, &stays])).await;
    let gateway = Gateway::start(by(&settings(&login, "refresh: {least: 1ms}"), &service.url())).await;
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let stays = token("stays", &signers.strange);
    let loading = load(&gateway, stays, Arc::clone(&stop), Arc::clone(&count));
    let rotating = async {
        let answered = async |more: usize| {
            let wanted = count.load(Ordering::Relaxed) + more;
            until("requests beside", async || (count.load(Ordering::Relaxed) >= wanted).then_some(())).await;
        };
        answered(20).await;
        for answer in both(&gateway, bearer(&old_token)).await {
            assert_eq!(answer.status, 200);
        }
        gateway.ask(bearer(&new_token)).await.problem(401, "bad_token");
        // A new key is known at once, because a token names it.
        login.say(200, set(&[&old, &new, &jwk(&signers.strange, r#""kid":"stays","#)]));
        // Unless the issuer was asked within the last millisecond, as it just was.
        let known = async || (gateway.ask(bearer(&new_token)).await.status == 200).then_some(());
        until("the new key to be known", known).await;
        for answer in both(&gateway, bearer(&new_token)).await {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        answered(20).await;
        // One that was taken back is gone at the next refresh, and a reload is one.
        login.say(200, set(&[&new, &jwk(&signers.strange, r#""kid":"stays","#)]));
        assert_eq!(gateway.ask(bearer(&old_token)).await.status, 200, "it is remembered");
        assert_eq!(gateway.reload().await, Reloaded::InForce);
        let gone = async || Some(gateway.ask(bearer(&old_token)).await).filter(|answer| answer.status != 200);
        until("the old key to be gone", gone).await.problem(401, "bad_token");
        for answer in both(&gateway, bearer(&new_token)).await {
            assert_eq!(answer.status, 200);
        }
        answered(20).await;
        stop.store(true, Ordering::Relaxed);
    };
    let (wrong, ()) = tokio::join!(loading, rotating);
    assert_eq!(wrong, [""; 0], "of {}", count.load(Ordering::Relaxed));
}

// Rule: jwt-unknown-key
#[tokio::test]
async fn tokens_with_keys_that_nobody_knows_do_not_have_the_issuer_asked_more_often() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let login = login(signers.jwks()).await;
    let gateway = Gateway::start(by(&settings(&login, ""), &service.url())).await;
    assert_eq!(gateway.ask(bearer(&good(&signers))).await.status, 200);
    let hits = login.origin.hits();
    for at in 0..50 {
        let header = format!(r#"{{"alg":"RS256","kid":"nobody {at}"}}"#);
        let token = token(header, claims(now(), ""), signers.rs256());
        gateway.ask(bearer(&token)).await.problem(401, "bad_token");
    }
    assert_eq!(login.origin.hits(), hits, "30 s are not over");
}

#[tokio::test]
async fn an_issuer_with_an_authority_of_its_own_is_asked_through_an_upstream() {
    let (signers, service, certificates) = (Signers::new(), Origin::echo().await, Certificates::new());
    let jwks = signers.jwks();
    let login = Origin::tls(&certificates.server(&["login.test"]), &["http/1.1"], move |_| {
        let jwks = jwks.clone();
        async move { Reply::new(200).body(jwks) }
    })
    .await;
    let more = format!(
        "upstreams: {{login: {{endpoints: [\"{}\"], tls: {{ca: ca.pem, server_name: login.test}}}}}}\n",
        login.address()
    );
    let settings =
        format!("{{issuer: \"{ISSUER}\", audience: {AUDIENCE}, jwks: \"https://login.test/jwks?a=b\", via: login}}");
    let config = more + &by(&settings, &service.url());
    let gateway = Gateway::with(config).file("ca.pem", certificates.authority()).start().await;
    for answer in both(&gateway, bearer(&good(&signers))).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!((&*login.last().target, login.last().get("host")), ("/jwks?a=b", Some("login.test")));
}
