//! Sessions that replicas share in a store: begun at one, they hold at the other, and end at both at once.

use super::KEY;
use super::browser::{Browser, refused};
use super::issuer::{Played, now};
use crate::shared_limits::Redis;
use pintle_testkit::{Ask, Gateway, H1Client, until, within};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// The issuer with a gateway, another gateway, and the store of both.
struct Two {
    redis: Redis,
    played: Played,
    other: Gateway,
}

impl Two {
    /// Nothing where there is no Redis, and that is allowed.
    async fn start() -> Option<Self> {
        let redis = Redis::start()?;
        let store = redis.socket();
        let more = format!(
            "session: {{shared: true, idle: 30m, keys: [{{file: key}}]}}\nstores: {{shared: {{url: \"unix:{}\", timeout: 1s}}}}",
            store.display()
        );
        let played = Played::start(&more).await;
        let other = Gateway::with(&played.config).file("secret", "secret").file("key", KEY).start().await;
        for gateway in [&played.gateway, &other] {
            gateway.wait_stderr("the store `shared` is there").await;
        }
        Some(Two { redis, played, other })
    }

    async fn log_in(&self, browser: &mut Browser) {
        let answer = self.played.log_in(browser, |_, _| {}).await;
        assert_eq!((answer.status, answer.get("location")), (302, Some("/account/a")), "{answer:?}");
    }

    /// The last line of what the store says to a command.
    async fn stored(&self, command: &str) -> String {
        let mut stream = BufReader::new(UnixStream::connect(self.redis.socket()).await.expect("it listens"));
        stream.write_all(format!("{command}\r\n").as_bytes()).await.expect("it reads");
        let mut line = String::new();
        while line.is_empty() || line.starts_with(['*', '$']) {
            line.clear();
            stream.read_line(&mut line).await.expect("it answers");
        }
        line.trim_end().to_owned()
    }

    /// What both say to a browser, over both versions.
    async fn both(&self, browser: &Browser) -> [u16; 4] {
        let ask = || Ask::get("/account/a").header("cookie", &browser.sent("/"));
        let one = &self.played.gateway;
        [
            one.ask(ask()).await.status,
            self.other.ask(ask()).await.status,
            one.h2().await.ask(ask()).await.status,
            self.other.h2().await.ask(ask()).await.status,
        ]
    }
}

// Rule: oidc-logout
#[tokio::test]
async fn a_session_holds_at_each_replica_and_ends_at_all_at_once() {
    let Some(two) = Two::start().await else { return };
    let mut browser = Browser::default();
    two.log_in(&mut browser).await;
    assert_eq!(two.both(&browser).await, [200; 4]);
    let before = browser.clone();
    // Another login has another secret, and what was before is over.
    let (session, login) = browser.cookies.into_iter().partition(|(name, ..)| name == "session");
    let (mut browser, session): (_, Vec<_>) = (Browser { cookies: login }, session);
    let (state, nonce) = two.played.begin(&mut browser, "/account/a").await;
    browser.cookies.extend(session);
    two.played.say(two.played.honest(&nonce), json!({"alg": "ES256", "kid": "k"}));
    assert_eq!(browser.get(&two.played.back(&state)).await.status, 302);
    assert_eq!((two.both(&browser).await, two.both(&before).await), ([200; 4], [401; 4]));
    two.played.gateway.change(two.played.config.replace("after_logout: /bye", "after_logout: /")).await;
    assert_eq!(two.both(&browser).await, [200; 4]);
    let ask = Ask::get("/logout").header("cookie", &browser.sent("/"));
    assert_eq!(two.other.ask(ask).await.status, 303);
    assert_eq!(two.both(&browser).await, [401; 4]);
}

// Rule: oidc-back-channel
#[tokio::test]
async fn what_the_issuer_ends_at_one_replica_is_over_at_all() {
    let Some(two) = Two::start().await else { return };
    let mut browser = Browser::default();
    two.log_in(&mut browser).await;
    assert_eq!(two.both(&browser).await, [200; 4]);
    let claims = json!({
        "iss": two.played.origin.url(), "aud": "web", "iat": now(), "exp": now() + 120, "jti": "j", "sid": "s1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    let token = two.played.token(&json!({"alg": "ES256", "kid": "k", "typ": "logout+jwt"}), &claims);
    let ask = Ask::post("/login/ended", format!("logout_token={token}"))
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(two.other.ask(ask).await.status, 200);
    assert_eq!(two.both(&browser).await, [401; 4]);
}

// Rule: oidc-refresh-once
#[tokio::test]
async fn replicas_renew_a_session_once() {
    let Some(two) = Two::start().await else { return };
    let mut browser = Browser::default();
    two.played.answer(200, json!({"expires_in": 1, "refresh_token": "first"}));
    two.log_in(&mut browser).await;
    two.played.answer(200, json!({"refresh_token": "second"}));
    let began = now();
    until("it is due", async || (now() >= began + 2).then_some(())).await;
    let asked = two.played.asked();
    let ask = || Ask::get("/account/a").header("cookie", &browser.sent("/"));
    let mut all = tokio::task::JoinSet::new();
    for at in 0..20 {
        let address = if at % 2 == 0 { &two.played.gateway } else { &two.other }.address(0);
        let ask = ask();
        all.spawn(async move { H1Client::tcp(address).await.ask(ask).await.status });
    }
    assert_eq!(all.join_all().await, [200; 20]);
    assert_eq!(two.played.asked(), asked + 1);
    assert_eq!((two.both(&browser).await, two.played.asked()), ([200; 4], asked + 1));
}

#[tokio::test]
async fn while_the_store_is_gone_nobody_passes_and_nobody_waits() {
    let Some(mut two) = Two::start().await else { return };
    let mut browser = Browser::default();
    two.log_in(&mut browser).await;
    two.redis.kill().await;
    for path in ["/account/a", "/logout"] {
        let ask = Ask::get(path).header("cookie", &browser.sent("/"));
        let answer = within("an answer", two.other.ask(ask)).await;
        refused(&answer, 503, "store_unavailable");
        assert_eq!(answer.get("retry-after"), Some("1"));
    }
    for what in ["read", "end"] {
        two.other.wait_metric(&format!("pintle_oidc_store_failures_total{{what=\"{what}\"}}"), 1.0).await;
    }
    two.redis.again();
    // It kept nothing: the session is over, and another can begin.
    let gone = async || (two.both(&browser).await == [401; 4]).then_some(());
    until("it is there again", gone).await;
    two.log_in(&mut browser).await;
    assert_eq!(two.both(&browser).await, [200; 4]);
}

#[tokio::test]
async fn a_cookie_that_was_made_up_is_no_session() {
    let Some(two) = Two::start().await else { return };
    let mut browser = Browser::default();
    two.log_in(&mut browser).await;
    let value = browser.named("session")[0].to_owned();
    for at in [0, 1, 10, value.len() / 2, value.len() - 1] {
        let mut changed = value.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let cookie = format!("session={}", String::from_utf8(changed).expect("letters"));
        let answer = two.other.ask(Ask::get("/account/a").header("cookie", &cookie)).await;
        assert_eq!(answer.status, 401, "{at}");
    }
    // What the store holds is no cookie.
    let key = two.stored("KEYS *:session:*").await;
    let text = two.stored(&format!("GET {key}")).await;
    assert!(text.len() > 100 && !text.contains("alice"), "{text}");
    for cookie in [text.as_str(), key.rsplit(':').next().expect("a part")] {
        let ask = Ask::get("/account/a").header("cookie", &format!("session={cookie}"));
        assert_eq!(two.other.ask(ask).await.status, 401, "{cookie}");
    }
    // Of another key: none of this client's.
    let config = two.played.config.as_str();
    let third = Gateway::with(config).file("secret", "secret").file("key", KEY.replace("key", "lock")).start().await;
    third.wait_stderr("the store `shared` is there").await;
    let ask = Ask::get("/account/a").header("cookie", &browser.sent("/"));
    assert_eq!(third.ask(ask).await.status, 401);
}
