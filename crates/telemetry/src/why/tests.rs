mod parts;

use super::*;
use pintle_core::notes::{Came as Outcome, Chosen, Connect, Notes, Try};
use pintle_core::redact::Names;
use pintle_core::{Reason, Scheme, Target, Version};
use std::sync::Arc;

const HEAD: &[u8] =
    b"GET /a/../b?page=2&token=hunter2 HTTP/1.1\r\nHost: shop.test\r\nauthorization: Bearer hunter2\r\nx-a: 1\r\n\r\n";

struct Request {
    id: String,
    status: u16,
    reason: Option<Reason>,
    head: Vec<u8>,
    notes: Notes,
    took: Duration,
}

impl Request {
    fn new(id: impl Into<String>, status: u16) -> Self {
        let (id, head, notes) = (id.into(), HEAD.to_vec(), Notes::default());
        Request { id, status, reason: None, head, notes, took: Duration::from_millis(5) }
    }

    fn keep(&self, why: &Why) {
        let over = Instant::now();
        let target = Target::new("shop.test", None, "/b", Some("page=2&token=hunter2"));
        why.keep(&Decision {
            way: Way::Request {
                version: Version::Http2,
                method: "GET",
                scheme: Scheme::Https,
                target: &target,
                head: &self.head,
                status: self.status,
                grpc_status: None,
            },
            id: &self.id,
            trace: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
            listener: "public",
            route: "shop",
            consumer: Some("acme"),
            client: [203, 0, 113, 9].into(),
            peer: Some(([10, 0, 0, 1], 4711).into()),
            tls: None,
            began: over - self.took,
            over,
            notes: &self.notes,
            reason: self.reason,
            internal: self.notes.internal.as_deref(),
            detail: "",
            received: 3,
            sent: 12_345,
        });
    }
}

fn ring(workers: usize, config: &WhyConfig) -> Why {
    let why = Why::new(workers);
    why.go_over(config, Names::known().clone());
    why
}

fn one(why: &Why, id: &str) -> Recorded {
    match why.find(id) {
        Found::One(kept) => kept.shown(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_kept_is_told_without_credentials() {
    let why = ring(2, &WhyConfig::default());
    let mut request = Request::new("0af7651916cd43dd8448eb211c80319c", 502);
    request.reason = Some(Reason::ConnectFailed);
    let began = Instant::now() - Duration::from_millis(4);
    let mut first = Try::new("10.0.0.7:9001".into(), Chosen { by: "least_requests", among: 3 }, began);
    first.connect = Some(Connect { took: Duration::from_millis(1), tls: Duration::ZERO });
    first.over = Some(began + Duration::from_millis(2));
    first.came = Outcome::Failed(Reason::UpstreamClosed, Some("reset; https://u:hunter2@a.test/".into()));
    let mut second = Try::new("10.0.0.8:9001".into(), Chosen { by: "only", among: 1 }, began);
    second.came = Outcome::Answer(503);
    request.notes = Notes {
        version: 7,
        upstream: Some(Arc::from("orders")),
        tries: [first, second].into_iter().collect(),
        policy: Some("timeout"),
        budget_spent: true,
        internal: Some("gone; GET /?api_key=hunter2".into()),
        ..Notes::default()
    };
    request.keep(&why);
    let told = one(&why, "0af76519");
    assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
    let Came::Request { version, target, fields, status, head_cut, .. } = &told.came else { panic!("{told:?}") };
    assert_eq!((*version, *status, *head_cut), ("2", 502, false));
    assert_eq!(target, "/b?page=2&token=REDACTED");
    let is = |name: &str, value: &str| fields.contains(&(name.to_owned(), value.to_owned()));
    assert!(is("host", "shop.test") && is("authorization", "REDACTED") && is("x-a", "1"), "{fields:?}");
    assert_eq!((told.version, told.route.as_deref(), told.upstream.as_deref()), (7, Some("shop"), Some("orders")));
    assert_eq!(told.consumer.as_deref(), Some("acme"));
    assert_eq!((told.reason, told.policy.as_deref()), (Some(Reason::ConnectFailed), Some("timeout")));
    assert_eq!((told.attempts, told.tries.len(), told.budget_spent), (2, 2, true));
    assert_eq!((&*told.tries[0].by, told.tries[0].among), ("least_requests", 3));
    assert_eq!((told.tries[0].failed, told.tries[1].status), (Some(Reason::UpstreamClosed), Some(503)));
    assert!(told.tries[0].over.is_some() && told.tries[1].over.is_none());
    assert_eq!((told.received, told.sent), (3, 12_345));
    assert_eq!(told.client, Some([203, 0, 113, 9].into()));
    let age = SystemTime::now().duration_since(told.over).unwrap_or_default();
    assert!(age < Duration::from_secs(60), "{age:?}");
    let Found::One(kept) = why.find("4bf92f3577b34da6a3ce929d0e0e4736") else { panic!("by its trace") };
    assert_eq!(kept.head(), Some(HEAD));
    assert!(!format!("{kept:?}").contains("hunter2"));
}

#[test]
fn a_long_head_is_cut_and_says_so() {
    let why = ring(1, &WhyConfig::default());
    let mut request = Request::new("long-head", 200);
    request.head.extend_from_slice(&[b'a'; 9000]);
    request.keep(&why);
    let Found::One(kept) = why.find("long-head") else { panic!("it is there") };
    assert_eq!(kept.head(), None, "half a head explains nothing");
    assert!(matches!(kept.shown().came, Came::Request { head_cut: true, .. }));
}

#[test]
fn errors_outlive_successes_and_the_noise_of_others() {
    let why = ring(1, &WhyConfig::default());
    let mut failed = Request::new("failed-1", 503);
    failed.reason = Some(Reason::BreakerOpen);
    failed.keep(&why);
    for number in 0..20_000 {
        Request::new(format!("fine-{number:06}"), 200).keep(&why);
        let mut noise = Request::new(format!("noise-{number:06}"), 404);
        noise.reason = Some(Reason::NoRoute);
        noise.keep(&why);
    }
    assert_eq!(one(&why, "failed-1").reason, Some(Reason::BreakerOpen));
    assert!(matches!(why.find("fine-000000"), Found::None(_)));
    assert!(matches!(why.find("fine-019999"), Found::One(_)));
    let Extent { records, oldest } = why.extent();
    assert!((5_000..=10_000).contains(&records) && oldest.is_some(), "{records}");
}

#[test]
fn a_beginning_is_enough_where_it_is_long_and_means_one() {
    let why = ring(1, &WhyConfig::default());
    ["aaaaaaaa1", "aaaaaaaa2", "bbbbbbbb1", "short"].iter().for_each(|id| Request::new(*id, 200).keep(&why));
    assert!(matches!(why.find("bbbbbbbb"), Found::One(_)));
    assert!(matches!(why.find("bbbbbbb"), Found::None(Extent { records: 4, .. })));
    let Found::Several(ids) = why.find("aaaaaaaa") else { panic!("there are two") };
    assert_eq!(ids, ["aaaaaaaa1", "aaaaaaaa2"]);
    assert!(matches!(why.find("short"), Found::One(_)), "a whole id may be short");
}

#[test]
fn a_requests_own_id_goes_before_a_trace_of_that_name() {
    let why = ring(1, &WhyConfig::default());
    Request::new("4bf92f3577b34da6a3ce929d0e0e4736", 503).keep(&why);
    // Its trace has the id of the first one; see `keep`.
    Request::new("another-one", 200).keep(&why);
    let Found::One(found) = why.find("4bf92f3577b34da6a3ce929d0e0e4736") else { panic!("it is there") };
    assert_eq!(found.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[test]
fn lists_are_the_newest_of_what_is_wanted() {
    let why = ring(3, &WhyConfig::default());
    for number in 0..30 {
        worker::enter(number % 3);
        let status = if number % 10 == 0 { 503 } else { 200 };
        Request::new(format!("number-{number:02}"), status).keep(&why);
    }
    worker::enter(0);
    let ids = |wanted: &Wanted| why.list(wanted).iter().map(Kept::id).collect::<Vec<_>>();
    assert_eq!(ids(&Wanted::all(3)), ["number-29", "number-28", "number-27"]);
    let wanted = Wanted { errors: true, ..Wanted::all(2) };
    assert_eq!(ids(&wanted), ["number-20", "number-10"]);
    let wanted = Wanted { status: Class::parse("5xx"), ..Wanted::all(9) };
    assert_eq!(ids(&wanted).len(), 3);
    assert_eq!(ids(&Wanted { route: Some("other".into()), ..Wanted::all(9) }).len(), 0);
    assert_eq!(ids(&Wanted { path: Some("/b".into()), ..Wanted::all(90) }).len(), 30);
    assert_eq!((Class::parse("404"), Class::parse("9xx"), Class::parse("4x")), (Some(Class::One(404)), None, None));
}

#[test]
fn off_keeps_nothing_and_a_change_keeps_what_has_room() {
    let why = ring(1, &WhyConfig::default());
    Request::new("before-1", 200).keep(&why);
    let WhyConfig::On(bounds) = WhyConfig::default() else { panic!("it is on") };
    why.go_over(&WhyConfig::On(config::WhyBounds { requests: 100, ..bounds }), Names::default());
    assert!(matches!(why.find("before-1"), Found::One(_)));
    why.go_over(&WhyConfig::Off, Names::default());
    assert!(!why.is_on() && why.extent() == Extent { records: 0, oldest: None });
}

#[test]
fn nothing_that_is_kept_makes_a_record_too_long() {
    let why = ring(1, &WhyConfig::default());
    let long = "x".repeat(70_000);
    let mut request = Request::new(&long, 504);
    request.head = long.clone().into_bytes();
    let attempt = || {
        let mut one = Try::new(long.as_str().into(), Chosen { by: "only", among: 1 }, Instant::now());
        one.came = Outcome::Failed(Reason::Timeout, Some(long.as_str().into()));
        one
    };
    request.notes = Notes {
        upstream: Some(long.as_str().into()),
        tries: (0..100).map(|_| attempt()).collect(),
        internal: Some(long.clone()),
        ..Notes::default()
    };
    request.keep(&why);
    let [kept] = &why.list(&Wanted::all(1))[..] else { panic!("it is there") };
    let told = kept.shown();
    assert_eq!((told.attempts, told.tries.len()), (100, 8));
}
