//! What an attacker does to a login: who swaps, replays, changes, forges, and leads elsewhere gets nothing.

use super::SESSION;
use super::browser::{Browser, joined, refused};
use super::issuer::{Played, key, now, token};
use pintle_testkit::{Answer, Ask, Gateway};
use serde_json::{Value, json};

/// An honest login, whose browser has a session then.
async fn logged_in(played: &Played) -> Browser {
    let mut browser = Browser::default();
    let answer = played.log_in(&mut browser, |_, _| {}).await;
    assert_eq!((answer.status, answer.get("location")), (302, Some("/account/a")), "{answer:?}");
    assert_eq!(browser.get(&played.url("/account/a")).await.status, 200);
    browser
}

/// Whether somebody with these cookies is sent to log in.
async fn is_nobody(played: &Played, cookies: &str) -> Answer {
    let answer =
        played.gateway.ask(Ask::get("/account/a").header("accept", "text/html").header("cookie", cookies)).await;
    assert_eq!(answer.status, 302, "{answer:?}");
    answer
}

// Rule: oidc-state
#[tokio::test]
async fn a_state_that_is_not_this_browsers_is_refused_before_the_issuer_is_asked() {
    let played = Played::start(SESSION).await;
    let (mut victim, mut attacker) = (Browser::default(), Browser::default());
    let (mine, _) = played.begin(&mut victim, "/account/a").await;
    // The attacker has a code of his own account and wants the victim's browser to log in with it.
    let (his, _) = played.begin(&mut attacker, "/account/a").await;
    let changed = format!("{}{}", &mine[..mine.len() - 8], "AAAAAAAA");
    let mut stranger = Browser::default();
    for (who, state) in [("victim", &*his), ("stranger", &*mine), ("attacker", &*changed), ("attacker", "")] {
        let browser = match who {
            "victim" => &mut victim,
            "attacker" => &mut attacker,
            _ => &mut stranger,
        };
        let answer = browser.get(&played.back(state)).await;
        refused(&answer, 400, "bad_login");
        assert!(browser.named("session=").is_empty() && !answer.has("set-cookie"), "{answer:?}");
    }
    let twice = played.back(&his) + "&state=x";
    refused(&attacker.get(&twice).await, 400, "bad_login");
    let cookies = victim.sent("/");
    for method in ["POST", "HEAD"] {
        let ask = Ask::new(method, &played.back(&mine)[played.url("").len()..]).header("cookie", &cookies);
        assert_eq!(played.gateway.ask(ask).await.status, 405, "{method}");
    }
    assert_eq!(played.asked(), 0);
    played.gateway.wait_metric("pintle_oidc_logins_total{result=\"refused\"}", 5.0).await;
}

// Rule: oidc-issuer
#[tokio::test]
async fn an_answer_of_another_issuer_or_an_error_is_no_login() {
    let played = Played::start(SESSION).await;
    let mut browser = Browser::default();
    let (state, _) = played.begin(&mut browser, "/account/a").await;
    let at = |query: &str| played.url(&format!("/login/callback?state={state}&{query}"));
    let iss = played.back("").split("iss=").nth(1).expect("it says who it is").to_owned();
    for (query, status, reason) in [
        ("code=c".to_owned(), 400, "bad_login"),
        ("code=c&iss=https%3A%2F%2Fevil.test".to_owned(), 400, "bad_login"),
        (format!("iss={iss}"), 400, "bad_login"),
        (format!("error=access_denied&error_description=%3Cscript%3E&iss={iss}"), 400, "bad_login"),
        (format!("error=temporarily_unavailable&iss={iss}"), 503, "auth_unavailable"),
    ] {
        let answer = browser.get(&at(&query)).await;
        refused(&answer, status, reason);
        assert!(!answer.text().contains("script"), "{answer:?}");
    }
    assert_eq!(played.asked(), 0);
}

// Rule: oidc-id-token
#[tokio::test]
async fn an_id_token_that_is_not_for_this_login_makes_no_session() {
    let played = Played::start(SESSION).await;
    type Change = fn(&mut Value, &mut Value);
    let all: [(&str, Change); 16] = [
        ("nonce", |claims, _| claims["nonce"] = "another".into()),
        ("no nonce", |claims, _| drop(claims.as_object_mut().expect("claims").remove("nonce"))),
        ("iss", |claims, _| claims["iss"] = "https://evil.test".into()),
        ("aud", |claims, _| claims["aud"] = "another".into()),
        ("no aud", |claims, _| drop(claims.as_object_mut().expect("claims").remove("aud"))),
        ("two aud and no azp", |claims, _| claims["aud"] = json!(["web", "another"])),
        ("azp", |claims, _| claims["azp"] = "another".into()),
        ("azp is no text", |claims, _| claims["azp"] = 5.into()),
        ("over", |claims, _| claims["exp"] = (now() - 31).into()),
        ("no end", |claims, _| drop(claims.as_object_mut().expect("claims").remove("exp"))),
        ("to come", |claims, _| claims["iat"] = (now() + 120).into()),
        ("no sub", |claims, _| drop(claims.as_object_mut().expect("claims").remove("sub"))),
        ("at_hash", |claims, _| claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA".into()),
        ("unsigned", |_, header| *header = json!({"alg": "none"})),
        ("by a shared secret", |_, header| header["alg"] = "HS256".into()),
        ("an access token", |_, header| header["typ"] = "at+jwt".into()),
    ];
    for (what, change) in all {
        let mut browser = Browser::default();
        let answer = played.log_in(&mut browser, change).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        refused(&answer, 400, "bad_login");
        assert!(browser.cookies.iter().all(|(name, ..)| name != "session"), "{what}");
    }
    // Signed by somebody else.
    let mut browser = Browser::default();
    let (state, nonce) = played.begin(&mut browser, "/account/a").await;
    let forged = token(&key(), &json!({"alg": "ES256", "kid": "k"}), &played.honest(&nonce));
    played.answer(200, json!({"id_token": forged}));
    refused(&browser.get(&played.back(&state)).await, 400, "bad_login");
    played.answer(200, json!({}));
    // What is allowed beside.
    for change in [
        (|claims: &mut Value, _: &mut Value| {
            claims["aud"] = json!(["web", "another"]);
            claims["azp"] = "web".into();
        }) as Change,
        |claims, _| claims["exp"] = (now() - 5).into(),
        |_, header| header["typ"] = "JWT".into(),
    ] {
        assert_eq!(played.log_in(&mut Browser::default(), change).await.status, 302);
    }
}

// Rule: oidc-cookies
#[tokio::test]
async fn a_cookie_that_was_changed_or_is_not_whole_is_no_session() {
    let played = Played::start(SESSION).await;
    let browser = logged_in(&played).await;
    let value = browser.cookies.iter().find(|(name, ..)| name == "session").expect("a session").1.clone();
    let login = browser.cookies.iter().find(|(name, ..)| name == "session-login").expect("a login").1.clone();
    for at in [0, 1, 10, 60, value.len() / 2, value.len() - 1] {
        let mut changed = value.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let answer = is_nobody(&played, &format!("session={}", String::from_utf8(changed).expect("letters"))).await;
        assert!(answer.fields.all("set-cookie").iter().any(|line| line.starts_with("session=;")), "{answer:?}");
    }
    for cookies in [
        format!("session={value}; session={value}"),
        format!("session={login}"),
        format!("__Host-session={value}"),
        format!("session=4{}; session.1=x; session.2=x; session.3=x", &value[1..]),
        format!("session=1{}", "A".repeat(30_000)),
        "session=; session.1=".to_owned(),
    ] {
        is_nobody(&played, &cookies).await;
    }
    played.gateway.wait_metric("pintle_oidc_cookies_refused_total", 6.0).await;
    let ask = Ask::get("/account/a").header("cookie", &format!("session={value}; a=b"));
    assert_eq!(played.gateway.ask(ask).await.status, 200);
    assert_eq!(played.service.last().get("cookie"), Some("a=b"));
}

// Rule: oidc-return
#[tokio::test]
async fn nobody_is_led_to_another_host() {
    let played = Played::start(SESSION).await;
    for page in
        ["/account//evil.test", "/account/x?to=https://evil.test", "/account/%2F%2Fevil.test", "/account/a%0d%0ab"]
    {
        let mut browser = Browser::default();
        let (state, nonce) = played.begin(&mut browser, page).await;
        played.say(played.honest(&nonce), json!({"alg": "ES256", "kid": "k"}));
        let answer = browser.get(&played.back(&state)).await;
        let to = answer.get("location").expect("a place").to_owned();
        assert!(to.starts_with("/account/") && !to.contains(['\r', '\n', '\\']), "{to}");
        assert_eq!(joined(&played.url("/"), &to), played.url(&to));
    }
}

#[tokio::test]
async fn an_issuer_that_is_down_or_does_not_know_the_client_is_503() {
    let played = Played::start(SESSION).await;
    for (status, more) in [
        (500, json!({})),
        (401, json!({"error": "invalid_client"})),
        (200, json!({"token_type": "mac"})),
        (200, json!({"id_token": null})),
    ] {
        played.answer(status, more);
        let answer = played.log_in(&mut Browser::default(), |_, _| {}).await;
        refused(&answer, 503, "auth_unavailable");
    }
    played.answer(400, json!({"error": "invalid_grant"}));
    refused(&played.log_in(&mut Browser::default(), |_, _| {}).await, 400, "bad_login");
    // More than browsers keep.
    played.answer(200, json!({}));
    let answer = played.log_in(&mut Browser::default(), |claims, _| claims["groups"] = "x".repeat(11_400).into()).await;
    refused(&answer, 503, "auth_unavailable");
    played.gateway.wait_metric("pintle_oidc_logins_total{result=\"failed\"}", 5.0).await;
    // One that was never there.
    let down = pintle_testkit::Unreachable::new();
    let config = played.config.replace(&played.origin.url(), &format!("http://{}", down.address()));
    let gateway = Gateway::with(&config).file("secret", "s").file("key", super::KEY).start().await;
    let page = Ask::get("/account/a").header("accept", "text/html");
    refused(&gateway.ask(page.clone()).await, 503, "auth_unavailable");
    refused(&gateway.h2().await.ask(page).await, 503, "auth_unavailable");
    gateway.ask(Ask::get("/account/a")).await.problem(401, "no_credentials");
}

#[tokio::test]
async fn a_session_in_several_cookies_is_one() {
    let played = Played::start(SESSION).await;
    let mut browser = Browser::default();
    let answer = played.log_in(&mut browser, |claims, _| claims["groups"] = "x".repeat(6_000).into()).await;
    assert_eq!(answer.status, 302, "{answer:?}");
    assert!(browser.cookies.iter().any(|(name, ..)| name == "session.1"), "{:?}", browser.cookies.len());
    assert_eq!(browser.get(&played.url("/account/a")).await.status, 200);
    let h2 = played.gateway.h2().await;
    let mut ask = Ask::get("/account/a");
    // As HTTP/2 may send them (RFC 9113 8.2.3).
    for cookie in browser.sent("/").split("; ") {
        ask = ask.header("cookie", cookie);
    }
    assert_eq!(h2.ask(ask).await.status, 200);
    assert!(!played.service.last().has("cookie"));
    // A smaller one takes the pieces away that it does not need.
    assert_eq!(
        played
            .log_in(
                &mut Browser {
                    cookies: browser.cookies.iter().filter(|(name, ..)| name == "session.1").cloned().collect()
                },
                |_, _| {}
            )
            .await
            .status,
        302
    );
}

// Rule: oidc-back-channel
#[tokio::test]
async fn a_logout_token_that_is_none_ends_nothing() {
    let played = Played::start(SESSION).await;
    let browser = logged_in(&played).await;
    let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    let honest = json!({
        "iss": played.origin.url(), "aud": "web", "iat": now(), "exp": now() + 120, "jti": "j", "sid": "s1", "events": events,
    });
    let header = json!({"alg": "ES256", "kid": "k", "typ": "logout+jwt"});
    let post = |token: &str| {
        Ask::post("/login/ended", format!("logout_token={token}"))
            .header("content-type", "application/x-www-form-urlencoded")
    };
    let with = |change: fn(&mut Value)| {
        let mut claims = honest.clone();
        change(&mut claims);
        played.token(&header, &claims)
    };
    for (what, token) in [
        ("no event", with(|claims| claims["events"] = json!({}))),
        ("an ID token", with(|claims| claims["nonce"] = "n".into())),
        ("for another", with(|claims| claims["aud"] = "another".into())),
        ("of another", with(|claims| claims["iss"] = "https://evil.test".into())),
        ("over", with(|claims| claims["exp"] = (now() - 60).into())),
        ("of nobody", with(|claims| drop(claims.as_object_mut().expect("claims").remove("sid")))),
        ("by another key", token(&key(), &header, &honest)),
        ("unsigned", played.token(&json!({"alg": "none"}), &honest)),
        ("none", String::new()),
    ] {
        let answer = played.gateway.ask(post(&token)).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
    }
    assert_eq!(played.gateway.ask(Ask::get("/login/ended")).await.status, 405);
    assert_eq!(
        played
            .gateway
            .ask(
                Ask::post("/login/ended", "x".repeat(40_000))
                    .header("content-type", "application/x-www-form-urlencoded")
            )
            .await
            .status,
        413
    );
    let ask = || Ask::get("/account/a").header("cookie", &browser.sent("/"));
    assert_eq!(played.gateway.ask(ask()).await.status, 200);
    // Over a reload too, what was ended stays so.
    assert_eq!(played.gateway.h2().await.ask(post(&with(|_| {}))).await.status, 200);
    assert_eq!(played.gateway.ask(ask()).await.status, 401);
    played.gateway.change(played.config.replace("after_logout: /bye", "after_logout: /")).await;
    assert_eq!(played.gateway.ask(ask()).await.status, 401);
}

#[tokio::test]
async fn a_login_that_waits_goes_on_over_a_reload_and_when_its_browser_hangs_up() {
    let played = Played::start(SESSION).await;
    let mut browser = Browser::default();
    let (state, nonce) = played.begin(&mut browser, "/account/a").await;
    played.say(played.honest(&nonce), json!({"alg": "ES256", "kid": "k"}));
    played.open.forget_permits(usize::MAX >> 3);
    let back = played.back(&state);
    let ask = Ask::get(&back[played.url("").len()..])
        .host(&played.gateway.address(0).to_string())
        .header("cookie", &browser.sent("/"));
    let mut waiting = played.gateway.wire().await;
    waiting.write(ask.to_h1()).await;
    pintle_testkit::until("the code to be given in", async || (played.asked() == 1).then_some(())).await;
    played.gateway.change(played.config.replace("after_logout: /bye", "after_logout: /")).await;
    played.open.add_permits(1);
    let answer = waiting.answer().await;
    assert_eq!((answer.status, answer.get("location")), (302, Some("/account/a")), "{answer:?}");

    // Over HTTP/2 its browser goes away: the code is given in all the same, and once.
    let mut browser = Browser::default();
    let (state, nonce) = played.begin(&mut browser, "/account/a").await;
    played.say(played.honest(&nonce), json!({"alg": "ES256", "kid": "k"}));
    let back = played.back(&state);
    let ask = Ask::get(&back[played.url("").len()..])
        .host(&played.gateway.address(0).to_string())
        .header("cookie", &browser.sent("/"));
    let h2 = played.gateway.h2().await;
    let stream = h2.open(&ask, true).await.expect("a stream");
    pintle_testkit::until("the code to be given in", async || (played.asked() == 2).then_some(())).await;
    stream.reset(h2::Reason::CANCEL);
    played.open.add_permits(1);
    assert_eq!(h2.get("/bye").await.status, 200);
    assert_eq!(played.asked(), 2);
}
