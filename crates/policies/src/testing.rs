//! What the tests of policies share: a request, an action that plays the service, lists read from text.

use crate::{Counts, Defaults, Level, NamedPolicies, PolicyList, Surroundings, build};
use parking_lot::Mutex;
use pintle_core::config::Spanned;
use pintle_core::config::{ByteSize, Node, Read, Reader, Source};
use pintle_core::counters::Uncounted;
use pintle_core::exchange::{Captures, RouteFacts};
use pintle_core::kept::Kept;
use pintle_core::notes::Notes;
use pintle_core::step::{Action, BoxFuture, Chain, Outcome, Plan, PolicyStep};
use pintle_core::template::Declared;
use pintle_core::{
    Body, Client, Exchange, Fields, Lasting, Method, Refusal, Request, Response, Scheme, StatusCode, Target, Trace,
    Version,
};
use pintle_upstream::reference::Scheme as Spoken;
use pintle_upstream::{Reference, Services, Upstream};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Reads a text, which must be good.
pub(crate) fn read<T: Read>(text: &str) -> T {
    let (value, said) = try_read(text);
    assert_eq!(said, [""; 0]);
    value.expect("it is good")
}

/// Reads a text; the value, and what was said as `LINE:COLUMN MESSAGE [HELP]`.
pub(crate) fn try_read<T: Read>(text: &str) -> (Option<T>, Vec<String>) {
    let mut reader = Reader::new();
    let node = parse(text, &mut reader);
    let value = T::read(&node, &mut reader);
    (value, said(reader))
}

fn parse(text: &str, reader: &mut Reader) -> Node {
    Node::parse(&Source::new("gateway.yaml", text), &mut reader.diagnostics)
}

/// What a reader has collected.
pub(crate) fn said(mut reader: Reader) -> Vec<String> {
    reader.diagnostics.sort();
    let line = |one: &pintle_core::config::Diagnostic| {
        let at = one.span.position();
        let help = one.help.as_ref().map_or(String::new(), |help| format!(" [{help}]"));
        format!("{}:{} {}{help}", at.line, at.column, one.message)
    };
    reader.diagnostics.iter().map(line).collect()
}

/// The place of a route `/o/{id}`.
pub(crate) const PLACE: Declared<'static> = Declared::request().path(&["id"], false).identity();

/// What is said of these levels, with these named policies; nothing where all is good.
pub(crate) fn said_of(levels: &[&str], named: &str) -> Vec<String> {
    let mut reader = Reader::new();
    let levels: Vec<Node> = levels.iter().map(|text| parse(text, &mut reader)).collect();
    let named = parse(named, &mut reader);
    let lists: Vec<PolicyList> = levels.iter().filter_map(|node| PolicyList::read(node, &mut reader)).collect();
    let named = NamedPolicies::read(&named, &mut reader).unwrap_or_default();
    let (levels, around) = (named_levels(&lists), around(&named));
    // Twice, as for two routes.
    for _ in 0..2 {
        let steps = build(&levels, &around, &PLACE, &mut NoServices, &mut reader);
        assert!(steps.is_some() || reader.diagnostics.has_errors());
    }
    said(reader)
}

pub(crate) fn defaults() -> Defaults {
    Defaults { body_limit: Some(ByteSize(10)), counts: Counts::new(&Uncounted) }
}

/// What these named policies stand in.
pub(crate) fn around(named: &NamedPolicies) -> Surroundings<'_> {
    Surroundings {
        named,
        defaults: defaults(),
        consumers: Arc::default(),
        lasting: Lasting::idle(),
        files: Arc::default(),
        geo: crate::geo::Given::Nothing,
        store: None,
        counts_kept: None,
        counters: Arc::new(Uncounted),
    }
}

/// The lists as levels, the outermost one that of `defaults`.
pub(crate) fn named_levels(lists: &[PolicyList]) -> Vec<Level<'_>> {
    const NAMES: [&str; 4] = ["defaults", "listener public", "group g", "route r"];
    NAMES.into_iter().zip(lists).map(|(name, list)| Level { name, list }).collect()
}

/// There is no service.
pub(crate) struct NoServices;

impl Services for NoServices {
    fn upstream(&mut self, _: &Spanned<Reference>, _: Spoken, _: &mut Reader) -> Option<Arc<Upstream>> {
        None
    }
}

/// A chain of these levels around the service.
pub(crate) fn chain(levels: &[&str], named: &str, service: &Arc<Service>) -> Arc<Chain> {
    Arc::new(Chain::new(steps(levels, named), Arc::clone(service) as Arc<dyn Action>))
}

/// The same with these consumers.
pub(crate) fn chain_of(levels: &[&str], named: &str, consumers: &str, service: &Arc<Service>) -> Arc<Chain> {
    let lists: Vec<PolicyList> = levels.iter().map(|text| read(text)).collect();
    let mut reader = Reader::new();
    let named = read(named);
    let entries: Vec<crate::ConsumerEntry> = read(consumers);
    let consumers = crate::Consumers::new(&entries, true, &mut reader).unwrap_or_default();
    let around = Surroundings { consumers, ..around(&named) };
    let steps = build(&named_levels(&lists), &around, &PLACE, &mut NoServices, &mut reader);
    assert_eq!(said(reader), [""; 0]);
    Arc::new(Chain::new(steps.expect("it is good").steps, Arc::clone(service) as Arc<dyn Action>))
}

/// The steps of these levels.
pub(crate) fn steps(levels: &[&str], named: &str) -> Vec<PolicyStep> {
    let lists: Vec<PolicyList> = levels.iter().map(|text| read(text)).collect();
    let mut reader = Reader::new();
    let named = read(named);
    let steps = build(&named_levels(&lists), &around(&named), &PLACE, &mut NoServices, &mut reader);
    assert_eq!(said(reader), [""; 0]);
    steps.expect("it is good").steps
}

/// Plays the service: keeps the fields that it got, and answers with `fields`.
#[derive(Default)]
pub(crate) struct Service {
    pub(crate) got: Mutex<Fields>,
    pub(crate) fields: Vec<(&'static str, &'static str)>,
}

impl Service {
    fn answer(&self, exchange: &Exchange) -> Response {
        *self.got.lock() = exchange.request.fields.clone();
        let mut response = Response::new(StatusCode::OK);
        response.fields = self.fields.iter().copied().collect();
        response
    }
}

impl Action for Service {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(std::future::ready(Ok(self.answer(exchange))))
    }

    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        Ok(Plan::Answer(self.answer(exchange)))
    }
}

/// Every field as `NAME: VALUE`.
pub(crate) fn lines(fields: &Fields) -> Vec<String> {
    fields.iter().map(|(name, value)| format!("{}: {}", name.as_str(), String::from_utf8_lossy(value))).collect()
}

/// A request for `/o/a%20b` with these fields.
pub(crate) fn exchange(fields: &[(&str, &str)]) -> Exchange {
    Exchange {
        request: Request {
            method: Method::POST,
            target: Target::new("shop.test", None, "/o/a%20b", Some("q=1")),
            scheme: Scheme::Http,
            version: Version::Http11,
            fields: fields.iter().copied().collect(),
            body: Body::Empty,
            protocol: None,
        },
        client: Client {
            ip: [192, 0, 2, 7].into(),
            port: 4711,
            peer: None,
            local: None,
            peer_is_trusted: false,
            tls: None,
        },
        id: "id".into(),
        trace: Trace::begin(*b"0af7651916cd43dd8448eb211c80319c", 1),
        listener: "public".into(),
        route: Arc::new(RouteFacts { name: "r1".into(), ..RouteFacts::default() }),
        captures: Captures { segments: std::iter::once(3..8).collect(), rest: None },
        identity: pintle_core::Identity::default(),
        rehearsed: false,
        started: Instant::now(),
        deadline: None,
        notes: Notes::default(),
        kept: Kept::default(),
        unrouted: None,
        interim: None,
        inside: None,
    }
}

/// What a future gives that never waits.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}
