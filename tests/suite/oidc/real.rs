//! Logins at a real issuer: the npm package oidc-provider.

use super::browser::{Browser, joined, parameter, refused};
use super::{SESSION, config};
use pintle_testkit::{Ask, Folder, Gateway, H1Client, Origin, Program};
use serde_json::{Value, json};

/// The real issuer.
pub(crate) struct Issuer {
    _program: Program,
    _folder: Folder,
    pub(crate) url: String,
}

/// A client of it.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Issuer {
    /// Starts it, with access tokens that hold for so many seconds; none where it is not installed.
    pub(crate) async fn start(seconds: &str) -> Option<Self> {
        let folder = Folder::new();
        let program = Program::node(include_str!("provider.mjs"), &[seconds], &folder)?;
        let port: u16 = program.told("a port", |line| line.strip_prefix("listening ")?.parse().ok()).await;
        Some(Issuer { _program: program, _folder: folder, url: format!("http://127.0.0.1:{port}") })
    }

    /// Registers a client for gateways at these URLs.
    pub(crate) async fn client(&self, gateways: &[String]) -> Client {
        let at = |path: &str| gateways.iter().map(|url| format!("{url}{path}")).collect::<Vec<_>>();
        let wanted = json!({
            "redirect_uris": at("/login/callback"),
            "post_logout_redirect_uris": at("/bye"),
            "grant_types": ["authorization_code", "refresh_token"],
            "backchannel_logout_uri": format!("{}/login/ended", gateways[0]),
            "backchannel_logout_session_required": true,
        });
        let told = self.ask(Ask::post("/reg", wanted.to_string()).header("content-type", "application/json")).await;
        let text = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
        Client { id: text("client_id"), secret: text("client_secret") }
    }

    async fn ask(&self, ask: Ask) -> Value {
        let address = self.url.trim_start_matches("http://").parse().expect("an address");
        H1Client::tcp(address).await.ask(ask).await.json()
    }

    /// How often a kind of grant was asked for with success, or ended with that error.
    async fn seen(&self, what: &str) -> u64 {
        self.ask(Ask::get("/seen")).await[what].as_u64().unwrap_or(0)
    }
}

pub(crate) fn url(gateway: &Gateway) -> String {
    format!("http://{}", gateway.address(0))
}

/// The issuer, a service, and so many gateways in front of it that log in there, all of one client.
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) service: Origin,
    pub(crate) gateways: Vec<Gateway>,
    /// What each gateway was started with.
    pub(crate) config: String,
    pub(crate) client: Client,
}

impl World {
    /// None where the issuer is not installed. `seconds` are those of its access tokens, `more` further settings.
    pub(crate) async fn start(gateways: usize, seconds: &str, more: &str) -> Option<Self> {
        let issuer = Issuer::start(seconds).await?;
        let service = Origin::echo().await;
        // Their ports are known once they run, and the issuer wants to know them beforehand: its client comes by a reload.
        let mut all = Vec::new();
        for _ in 0..gateways {
            let setup =
                Gateway::with("listeners: [{address: 127.0.0.1:0}]\nadmin: {address: 127.0.0.1:0}\nroutes: []\n");
            all.push(
                setup
                    .file("secret", "later")
                    .file("key", super::KEY)
                    .file("other", super::KEY.replace('a', "b"))
                    .start()
                    .await,
            );
        }
        let urls: Vec<String> = all.iter().map(url).collect();
        let client = issuer.client(&urls).await;
        let config = config(&issuer.url, &client.id, &service.url(), more);
        for gateway in &all {
            gateway.file("secret", &client.secret);
            gateway.change(&config).await;
        }
        Some(World { issuer, service, gateways: all, config, client })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", url(&self.gateways[0]))
    }
}

#[tokio::test]
async fn a_browser_logs_in_and_comes_back_to_the_page_that_it_asked_for() {
    let Some(world) = World::start(1, "3600", SESSION).await else { return };
    let mut browser = Browser::default();
    let page = browser.log_in(&world.url("/account/orders?id=5&x=%20a"), "alice").await;
    assert_eq!((page.url, page.answer.status), (world.url("/account/orders?id=5&x=%20a"), 200), "{:?}", page.answer);
    let got = world.service.last();
    assert_eq!((got.get("x-user"), &*got.target), (Some("alice"), "/account/orders?id=5&x=%20a"));
    // No service sees the session; what else the browser sends goes on.
    let mut others = got.get("cookie").unwrap_or_default().split("; ");
    assert!(others.all(|one| !one.starts_with("session=") && !one.starts_with("session.")), "{got:?}");
    // It stays logged in, over both protocols.
    assert_eq!(browser.get(&world.url("/account/more")).await.status, 200);
    let cookies = browser.sent("/");
    let h2 = world.gateways[0].h2().await.ask(Ask::get("/account/h2").header("cookie", &cookies)).await;
    assert_eq!((h2.status, world.service.last().get("x-user").map(str::to_owned)), (200, Some("alice".into())));
    // Expressions know who it is.
    world.gateways[0]
        .ask(Ask::get("/account/x").header("cookie", "session=1nonsense").header("accept", "a/b"))
        .await
        .problem(401, "no_credentials");
    assert_eq!((world.issuer.seen("authorization_code").await, world.issuer.seen("refresh_token").await), (1, 0));
    world.gateways[0].wait_metric("pintle_oidc_logins_total{result=\"done\"}", 1.0).await;
}

// Rule: oidc-api
#[tokio::test]
async fn what_asks_for_no_page_gets_401_and_no_redirect() {
    let Some(world) = World::start(1, "3600", SESSION).await else { return };
    let gateway = &world.gateways[0];
    let page = |method: &str| Ask::new(method, "/account/a").host("shop.test").header("accept", "text/html");
    for ask in [
        Ask::get("/account/a").host("shop.test").header("accept", "application/json"),
        Ask::get("/account/a").host("shop.test"),
        page("GET").header("sec-fetch-mode", "cors"),
        page("POST"),
        page("HEAD"),
    ] {
        for answer in [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask.clone()).await] {
            assert_eq!(
                (answer.status, answer.has("location"), answer.has("set-cookie")),
                (401, false, false),
                "{answer:?}"
            );
            assert!(answer.has("www-authenticate"), "{answer:?}");
        }
    }
    let h2 = gateway.h2().await;
    for answer in [gateway.ask(page("GET").header("sec-fetch-mode", "navigate")).await, h2.ask(page("GET")).await] {
        let location = answer.get("location").expect("a place to log in").to_owned();
        assert_eq!((answer.status, answer.get("cache-control")), (302, Some("no-store")));
        assert_eq!(parameter(&location, "redirect_uri").as_deref(), Some("http://shop.test/login/callback"));
        assert_eq!(parameter(&location, "code_challenge_method").as_deref(), Some("S256"));
    }
    // Where nobody may pass too, nobody is sent away.
    assert_eq!(
        gateway.ask(Ask::get("/open/a").header("accept", "text/html").header("x-user", "root")).await.status,
        200
    );
    assert!(!world.service.last().has("x-user"));
}

// Rule: oidc-tabs
#[tokio::test]
async fn several_tabs_log_in_at_once() {
    let Some(world) = World::start(1, "3600", SESSION).await else { return };
    let mut browser = Browser::default();
    let first = browser.go_to_log_in(&world.url("/account/1")).await;
    let second = browser.go_to_log_in(&world.url("/account/2")).await;
    assert_eq!(browser.named("session-login").len(), 1, "one cookie for all: {:?}", browser.cookies);
    let two = browser.say(&second, "alice").await;
    let one = browser.say(&first, "alice").await;
    assert_eq!((one.url, two.url), (world.url("/account/1"), world.url("/account/2")));
    assert_eq!((one.answer.status, two.answer.status), (200, 200));
}

// Rule: oidc-session-anywhere
#[tokio::test]
async fn a_session_survives_a_restart_and_moves_to_another_replica() {
    let Some(world) = World::start(2, "3600", SESSION).await else { return };
    let mut browser = Browser::default();
    assert_eq!(browser.log_in(&world.url("/account/a"), "alice").await.answer.status, 200);
    let cookies = browser.sent("/");
    let ask = || Ask::get("/account/b").header("cookie", &cookies);
    assert_eq!(world.gateways[1].ask(ask()).await.status, 200, "another replica");
    let setup = Gateway::with(&world.config).file("secret", &world.client.secret).file("key", super::KEY);
    let restarted = setup.file("other", "a key of another one, which is long enough").start().await;
    assert_eq!(restarted.ask(ask()).await.status, 200, "another process, later");
    // With another key it is none, and with that key behind another one it is.
    let keys = |keys: &str| world.config.replace(SESSION, &format!("session: {{keys: [{keys}]}}"));
    restarted.change(keys("{file: other}")).await;
    assert_eq!(restarted.ask(ask()).await.status, 401);
    restarted.change(keys("{file: other}, {file: key}")).await;
    assert_eq!(restarted.ask(ask()).await.status, 200);
    assert_eq!(world.issuer.seen("authorization_code").await, 1);
}

// Rule: oidc-refresh-once
#[tokio::test]
async fn a_session_is_renewed_once_for_many_requests_and_keeps_going() {
    // Due at once: it holds for a second.
    let Some(world) = World::start(1, "1", SESSION).await else { return };
    let gateway = &world.gateways[0];
    let mut browser = Browser::default();
    let page = browser.log_in(&world.url("/account/a"), "alice").await;
    assert_eq!(page.answer.status, 200);
    let renewed = world.issuer.seen("refresh_token").await;
    assert!(renewed >= 1 && page.answer.get("cache-control") == Some("no-store"), "{renewed} {:?}", page.answer);

    let cookies = browser.sent("/");
    let h2 = gateway.h2().await;
    let asks = (0..20).map(|number| h2.ask(Ask::get(&format!("/account/{number}")).header("cookie", &cookies)));
    let mut answers = Vec::new();
    for ask in asks.collect::<Vec<_>>() {
        answers.push(ask);
    }
    let answers = together(answers).await;
    assert_eq!(world.issuer.seen("refresh_token").await, renewed + 1, "once for all");
    for answer in &answers {
        assert_eq!((answer.status, answer.has("set-cookie")), (200, true), "{answer:?}");
    }
    // Those that come later with the cookie of before get what came of it.
    assert_eq!(gateway.ask(Ask::get("/account/late").header("cookie", &cookies)).await.status, 200);
    assert_eq!(world.issuer.seen("refresh_token").await, renewed + 1);
    assert_eq!(world.issuer.seen("invalid_grant").await, 0);
    browser.keep(&answers[0]);
    assert_eq!(browser.get(&world.url("/account/b")).await.status, 200);
    gateway.wait_metric("pintle_oidc_refreshes_total{result=\"renewed\"}", 2.0).await;

    // What the issuer takes back is over with the next renewal: the browser logs in anew.
    world.issuer.ask(Ask::post("/revoke?sub=alice", "")).await;
    let answer = browser.get(&world.url("/account/c")).await;
    assert_eq!(
        (answer.status, answer.get("location").is_some_and(|to| to.starts_with(&world.issuer.url))),
        (302, true),
        "{answer:?}"
    );
    gateway.wait_metric("pintle_oidc_refreshes_total{result=\"refused\"}", 1.0).await;
}

/// Drives all of them at once.
async fn together<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in futures.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(cx) {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

// Rule: oidc-logout
#[tokio::test]
async fn a_logout_ends_the_session_here_and_at_the_issuer() {
    let Some(world) = World::start(1, "3600", SESSION).await else { return };
    let mut browser = Browser::default();
    assert_eq!(browser.log_in(&world.url("/account/a"), "alice").await.answer.status, 200);
    let copy = browser.clone();
    // Another site cannot do it.
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.test"), ("referer", "https://evil.test/a")]
    {
        let cross = Ask::get("/logout").header("cookie", &browser.sent("/")).header(name, value);
        world.gateways[0].ask(cross).await.problem(403, "cross_site");
    }
    let answer = browser.get(&world.url("/logout")).await;
    let to = answer.get("location").expect("a place").to_owned();
    assert!(answer.status == 303 && to.starts_with(&format!("{}/session/end?", world.issuer.url)), "{answer:?}");
    assert_eq!(parameter(&to, "post_logout_redirect_uri"), Some(world.url("/bye")));
    assert!(browser.named("session").is_empty(), "{:?}", browser.cookies);
    // A copy of the cookie is no session either.
    let ask = Ask::get("/account/a").header("cookie", &copy.sent("/"));
    world.gateways[0].ask(ask).await.problem(401, "no_credentials");
    // The issuer asks by a form, and sends the browser back.
    let page = browser.get(&to).await;
    assert_eq!(page.status, 200, "{page:?}");
    let text = page.text();
    let field = |name: &str| {
        let at = text.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{text}"));
        at.split('"').next().expect("a value").to_owned()
    };
    let answer = browser
        .send(
            &format!("{}/session/end/confirm", world.issuer.url),
            "POST",
            &format!("xsrf={}&logout=yes", field("xsrf")),
        )
        .await;
    assert_eq!(answer.get("location"), Some(&*world.url("/bye")), "{answer:?}");
    assert_eq!(browser.get(&world.url("/bye")).await.text(), "gone");
    // Who comes again is asked who it is.
    assert!(browser.go_to_log_in(&world.url("/account/a")).await.url.contains("/interaction/"));
    // Without a session there is nothing to tell the issuer.
    let answer = Browser::default().get(&world.url("/logout")).await;
    assert_eq!((answer.status, answer.get("location")), (303, Some("/bye")));
}

// Rule: oidc-back-channel
#[tokio::test]
async fn a_logout_elsewhere_ends_the_session_here() {
    let Some(world) = World::start(1, "3600", SESSION).await else { return };
    let mut browser = Browser::default();
    assert_eq!(browser.log_in(&world.url("/account/a"), "alice").await.answer.status, 200);
    // At the issuer itself: it tells the gateway by its back channel.
    let page = browser.get(&format!("{}/session/end", world.issuer.url)).await;
    let text = page.text();
    let xsrf = text
        .split("name=\"xsrf\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("{text}"));
    let confirmed = browser
        .send(&format!("{}/session/end/confirm", world.issuer.url), "POST", &format!("xsrf={xsrf}&logout=yes"))
        .await;
    assert!(confirmed.status < 400, "{confirmed:?}");
    world.gateways[0].wait_metric("pintle_oidc_sessions_ended_total{by=\"issuer\"}", 1.0).await;
    assert!(!browser.named("session").is_empty(), "the browser knows nothing of it");
    let ask = Ask::get("/account/a").header("cookie", &browser.sent("/"));
    world.gateways[0].ask(ask).await.problem(401, "no_credentials");
    // Another one's session goes on.
    let mut other = Browser::default();
    assert_eq!(other.log_in(&world.url("/account/a"), "bob").await.answer.status, 200);
}

// Rule: oidc-code-once
#[tokio::test]
async fn a_code_is_given_in_once() {
    let Some(world) = World::start(1, "3600", SESSION).await else { return };
    let mut browser = Browser::default();
    let page = browser.go_to_log_in(&world.url("/account/a")).await;
    let back = browser.said(&page, "alice").await;
    let without = browser.clone();
    let answer = browser.get(&back).await;
    assert_eq!((answer.status, answer.get("location")), (302, Some("/account/a")));
    // Going back in the history asks the issuer nothing, which would take back what it gave.
    let again = browser.get(&back).await;
    assert_eq!((again.status, again.get("location")), (302, Some("/account/a")));
    assert_eq!((world.issuer.seen("authorization_code").await, world.issuer.seen("invalid_grant").await), (1, 0));
    assert_eq!(browser.get(&joined(&back, "/account/a")).await.status, 200);
    // Who stole the URL has not the browser it is of; a copy of the browser of before asks the issuer, who refuses.
    refused(&Browser::default().get(&back).await, 400, "bad_login");
    let mut without = without;
    refused(&without.get(&back).await, 400, "bad_login");
    assert_eq!(world.issuer.seen("invalid_grant").await, 1);
}
