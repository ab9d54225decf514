//! `examples/01-routing.yaml` means what its comments say.

use crate::example::placed;
use pintle_testkit::{Answer, Ask, Gateway, Origin};

struct Shop {
    gateway: Gateway,
    orders: Origin,
    next: Origin,
    users: Origin,
    _second: Origin,
}

async fn shop() -> Shop {
    let (orders, second) = (Origin::named("orders").await, Origin::named("orders").await);
    let (next, users) = (Origin::named("orders-next").await, Origin::named("users").await);
    let places = [
        ("127.0.0.1:9001", &orders),
        ("127.0.0.1:9011", &second),
        ("127.0.0.1:9021", &next),
        ("127.0.0.1:9002", &users),
    ];
    let gateway = Gateway::start(placed("01-routing.yaml", &places)).await;
    Shop { gateway, orders, next, users, _second: second }
}

impl Shop {
    async fn ask(&self, method: &str, host: &str, target: &str) -> Answer {
        self.gateway.ask(Ask::new(method, target).host(host)).await
    }
}

const SHOP: &str = "shop.example.com";
const USERS: &str = "users.example.com";

fn canary() -> Ask {
    let ask = Ask::post("/orders/7?dry_run=1", "{}").host(SHOP).header("x-canary", "1");
    ask.header("user-agent", "Mozilla Firefox").header("cookie", "a=b; beta=yes")
}

#[tokio::test]
async fn a_route_with_a_method_and_a_host_takes_its_requests() {
    let shop = shop().await;
    let answer = shop.ask("GET", SHOP, "/orders/7?a=b").await;
    assert_eq!(answer.get("x-origin"), Some("orders"), "{answer:?}");
    assert_eq!(answer.json()["target"], "/orders/7?a=b");
    assert_eq!(answer.json()["host"], SHOP);
    let answer = shop.ask("HEAD", SHOP, "/orders/7").await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    // The port of Host is not compared.
    let answer = shop.ask("GET", "shop.example.com:8080", "/orders/7").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_canary_takes_what_meets_all_conditions_and_rewrites_it() {
    let shop = shop().await;
    let answer = shop.gateway.ask(canary()).await;
    assert_eq!(answer.get("x-origin"), Some("orders-next"), "{answer:?}");
    let echo = answer.json();
    assert!(echo["target"].as_str().is_some_and(|target| target.starts_with("/v2/orders/7")), "{echo}");
    assert_eq!(echo["host"], "orders.internal");
    // `*.` is one or more labels, and `path.rest` keeps its slashes and its encoding.
    let deep = Ask::new("PUT", "/orders/a/b%2Fc?dry_run").host("a.b.shop.example.com").header("x-canary", "1");
    let deep = deep.header("user-agent", "FIREFOX").header("cookie", "beta=yes").body("{}");
    let target = shop.gateway.ask(deep).await.json()["target"].as_str().map(str::to_owned);
    assert!(target.as_deref().is_some_and(|target| target.starts_with("/v2/orders/a/b%2Fc")), "{target:?}");
}

// Rule: match-next-best
#[tokio::test]
async fn a_request_that_misses_one_condition_goes_to_the_next_best_route() {
    let shop = shop().await;
    let agent = ("user-agent", "Firefox");
    let short_of_one = [
        ("/orders/7?dry_run", vec![agent, ("cookie", "beta=yes")]),
        ("/orders/7?dry_run", vec![("x-canary", "2"), agent, ("cookie", "beta=yes")]),
        ("/orders/7?dry_run", vec![("x-canary", "1"), ("user-agent", "Chrome"), ("cookie", "beta=yes")]),
        ("/orders/7?dry_run", vec![("x-canary", "1"), agent, ("cookie", "beta=no")]),
        ("/orders/7?dry_run", vec![("x-canary", "1"), agent, ("cookie", "beta=yes"), ("x-internal", "")]),
        ("/orders/7", vec![("x-canary", "1"), agent, ("cookie", "beta=yes")]),
    ];
    for (target, fields) in short_of_one {
        let ask = fields.iter().fold(Ask::post(target, "").host(SHOP), |ask, (name, value)| ask.header(name, value));
        let answer = shop.gateway.ask(ask).await;
        assert_eq!(answer.json()["target"], target, "{fields:?}");
        assert_eq!(answer.get("x-served-by"), Some("pintle"), "{fields:?}");
    }
}

#[tokio::test]
async fn a_split_gives_each_its_share_and_a_mirror_gets_copies() {
    let shop = shop().await;
    let mut client = shop.gateway.h1().await;
    let mut next = 0;
    for _ in 0..300 {
        let answer = client.ask(Ask::get("/orders/a/b").host(SHOP)).await;
        next += usize::from(answer.get("x-origin") == Some("orders-next"));
    }
    // 30 expected, with a standard deviation of 5.2: one run in millions is outside.
    assert!((4..=60).contains(&next), "{next} of 300");
    // 15 copies expected; none in 300 happens once in five millions.
    shop.next.wait_hits(next + 1).await;
    assert!(shop.orders.hits() > 0);
}

#[tokio::test]
async fn headers_are_edited_both_ways() {
    let shop = shop().await;
    let ask = Ask::get("/orders/a/b").host(SHOP).header("X-Tenant", "ACME").header("x-debug", "1");
    let answer = shop.gateway.ask(ask).await;
    let fields = answer.json()["fields"].to_string();
    assert!(fields.contains(r#"["x-tenant","acme"]"#) && !fields.contains("x-debug"), "{fields}");
    assert_eq!(answer.get("x-served-by"), Some("pintle"));
    assert!(!answer.has("server"));
    // An expression over what is not there leaves its header out.
    let answer = shop.ask("GET", SHOP, "/orders/a/b").await;
    assert!(!answer.json()["fields"].to_string().contains("x-tenant"));
}

// Rule: match-group
#[tokio::test]
async fn a_group_joins_paths_and_prefers_what_is_written_out() {
    let shop = shop().await;
    assert_eq!(shop.ask("GET", USERS, "/api/ann%20b").await.json()["target"], "/users/ann%20b");
    let health = shop.ask("GET", USERS, "/api/health").await;
    assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));
    assert!(health.get("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    // Its method is another one, so the next best takes it.
    assert_eq!(shop.ask("DELETE", USERS, "/api/health").await.json()["target"], "/users/health");
    assert_eq!(shop.users.hits(), 2);
    shop.ask("GET", USERS, "/api/ann/deeper").await.problem(404, "no_route");
    shop.ask("GET", USERS, "/api/").await.problem(404, "no_route");
}

#[tokio::test]
async fn a_redirect_keeps_the_query() {
    let shop = shop().await;
    let answer = shop.ask("GET", USERS, "/api/old/a/b?x=1").await;
    assert_eq!(answer.status, 308);
    assert_eq!(answer.get("location"), Some("https://users.example.com/api/a/b?x=1"));
    assert_eq!(shop.users.hits(), 0);
}

// Rule: match-405
#[tokio::test]
async fn what_no_route_matches_is_404() {
    let shop = shop().await;
    shop.ask("GET", "other.example.com", "/orders/7").await.problem(404, "no_route");
    shop.ask("GET", SHOP, "/").await.problem(404, "no_route");
}
