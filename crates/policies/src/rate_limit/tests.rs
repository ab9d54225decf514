use crate::testing::{Service, chain, exchange, now, said_of};
use pintle_core::{Exchange, Identity, Reason, Refusal};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Asks at moments of the test's own.
struct Asking {
    chain: Arc<pintle_core::step::Chain>,
    began: Instant,
}

impl Asking {
    fn of(levels: &[&str], named: &str) -> Self {
        Asking { chain: chain(levels, named, &Arc::<Service>::default()), began: Instant::now() }
    }

    /// The refusal, or the fields of the answer as it leaves.
    fn ask(&self, mut exchange: Exchange, millis: u64) -> Result<Vec<String>, Refusal> {
        exchange.started = self.began + Duration::from_millis(millis);
        let response = now(self.chain.run(&mut exchange))?;
        Ok(crate::testing::lines(&response.fields))
    }

    fn goes(&self, millis: u64) -> bool {
        self.ask(exchange(&[]), millis).is_ok()
    }
}

fn from(ip: [u8; 4]) -> Exchange {
    let mut exchange = exchange(&[]);
    exchange.client.ip = ip.into();
    exchange
}

#[test]
fn a_burst_goes_and_then_the_rate() {
    let asking = Asking::of(&["[{rate_limit: {rate: 10/s, burst: 3}}]"], "{}");
    assert!(asking.goes(0) && asking.goes(0) && asking.goes(0));
    let refusal = asking.ask(exchange(&[]), 0).expect_err("it is too much");
    assert_eq!(refusal.reason, Reason::RateLimited);
    assert_eq!(
        refusal.fields.as_ref().map(|fields| crate::testing::lines(fields)),
        Some(vec!["retry-after: 1".into()])
    );
    assert!(asking.goes(100) && !asking.goes(100));
    assert!(asking.ask(from([192, 0, 2, 99]), 100).is_ok(), "another client has a bucket of its own");
}

#[test]
fn the_answer_tells_what_the_tightest_leaves() {
    let levels = ["[{rate_limit: {rate: 10/s}}]", "[{rate_limit: {rate: 100/min, burst: 5}}, few]"];
    let asking = Asking::of(&levels, "{few: {rate_limit: {rate: 2/h, cost: '1'}}}");
    let told = asking.ask(exchange(&[]), 0).expect("it goes");
    let policies = r#"ratelimit-policy: "10/s";q=10;w=1, "100/min";q=5;w=3, "few";q=2;w=3600"#;
    assert_eq!(told, [policies, r#"ratelimit: "few";r=1;t=1800"#]);
}

#[test]
fn what_one_refuses_is_charged_to_none() {
    let asking = Asking::of(&["[{rate_limit: {rate: 1/h, burst: 3}}]", "[{rate_limit: {rate: 1/s}}]"], "{}");
    assert!(asking.goes(0));
    assert!((0..10).all(|_| !asking.goes(0)));
    assert!(asking.goes(1000) && asking.goes(2000));
    assert!(!asking.goes(3000), "the outer one has let three through");
}

#[test]
fn a_cost_is_taken_and_one_over_the_burst_never_goes() {
    let settings =
        r#"[{rate_limit: {rate: 1/h, burst: 10, cost: 'request.method == "POST" ? 4 : int(request.headers.cost)'}}]"#;
    let asking = Asking::of(&[settings], "{}");
    assert!(asking.goes(0) && asking.goes(0) && !asking.goes(0));
    let with = |cost: &str| {
        let mut exchange = exchange(&[("cost", cost)]);
        exchange.request.method = pintle_core::Method::GET;
        asking.ask(exchange, 0)
    };
    assert!(with("0").is_ok());
    assert!(with("2").is_ok_and(|told| told[1].contains("r=0")));
    let refusal = with("11").expect_err("it costs too much");
    assert!(refusal.fields.is_none(), "waiting is of no use");
    assert!(with("none").is_err(), "it costs 1, and there is nothing left");
}

#[test]
fn what_is_only_reported_passes_untold() {
    let asking = Asking::of(&["[{rate_limit: {rate: 1/h, mode: report}}]"], "{}");
    assert_eq!(asking.ask(exchange(&[]), 0).expect("it goes"), [""; 0]);
    assert!(asking.goes(0) && asking.goes(0));
}

#[test]
fn a_key_that_fails_is_the_clients_address() {
    let asking = Asking::of(&["[{rate_limit: {rate: 1/h, key: request.headers.who}}]"], "{}");
    assert!(asking.ask(exchange(&[("who", "a")]), 0).is_ok());
    assert!(asking.ask(exchange(&[("who", "a")]), 0).is_err());
    assert!(asking.ask(exchange(&[("who", "b")]), 0).is_ok());
    assert!(asking.goes(0) && !asking.goes(0));
    assert!(asking.ask(exchange(&[("who", "192.0.2.99")]), 0).is_ok());
    assert!(asking.ask(from([192, 0, 2, 99]), 0).is_ok(), "its name alone was spent");
    assert!(asking.ask(exchange(&[("who", "")]), 0).is_err());
}

#[test]
fn one_that_asks_who_it_is_stands_behind_authentication() {
    let levels = ["[{rate_limit: {rate: 5/s}}, {rate_limit: {rate: 1/h, key: consumer.name}}]"];
    let asking = Asking::of(&levels, "{}");
    let places: Vec<_> = asking.chain.policies().filter(|place| place.starts_with("rate_limit")).collect();
    let (request, identity) = ("rate_limit.request", "rate_limit.identity");
    assert_eq!(places, [request, request, identity, identity], "what tells, and what decides");
    let of = |name: &str| {
        let mut exchange = exchange(&[]);
        exchange.identity = Identity::of(Arc::new(pintle_core::Consumer { name: name.into(), groups: Box::default() }));
        exchange
    };
    assert!(asking.ask(of("a"), 0).is_ok_and(|told| told[1] == r#"ratelimit: "1/h";r=0;t=3600"#));
    assert!(asking.ask(of("a"), 0).is_err() && asking.ask(of("b"), 0).is_ok());
}

#[test]
fn nothing_is_taken_where_nobody_asks() {
    let asking = Asking::of(&["[{rate_limit: {rate: 1/h}}]"], "{}");
    let mut rehearsed = exchange(&[]);
    rehearsed.rehearsed = true;
    assert!(asking.ask(rehearsed, 0).is_ok());
    assert!(asking.goes(0) && !asking.goes(0));
}

#[test]
fn what_is_wrong_is_said_with_what_to_write() {
    let of = |settings: &str| said_of(&[&format!("[{{rate_limit: {settings}}}]")], "{}");
    assert_eq!(of("{rate: 5/s, burst: 0}"), ["1:34 expected more than 0, found `0`"]);
    assert_eq!(
        of("{rate: 5/s, exact: true}"),
        ["1:34 `exact` is for limits that replicas share [add `shared: true`, or leave `exact` out]"]
    );
    assert_eq!(
        of("{rate: 5/s, shared: true}"),
        ["1:35 there is no store for replicas to share [name one at the top: `stores: {shared: redis://HOST}`]"]
    );
    assert_eq!(of("{rate: 5/s, cost: '\"a\"'}"), ["1:33 a cost is a whole number, and this is none"]);
    assert_eq!(
        of("{rate: 5/s, key: request.headers}"),
        ["1:32 this gives a map, and requests are counted by a text or a number"]
    );
    assert_eq!(of("{}"), ["1:15 `rate` is missing"]);
}
