//! What the tests of actions share: a request, and configurations read from text.

use pintle_core::config::{Diagnostic, Node, Read, Reader, Source, Spanned};
use pintle_core::exchange::{Captures, RouteFacts};
use pintle_core::kept::Kept;
use pintle_core::notes::Notes;
use pintle_core::step::{Action, Outcome};
use pintle_core::template::Declared;
use pintle_core::trace::Tracing;
use pintle_core::{Body, Client, Exchange, Fields, Method, Request, Scheme, Target, Trace, Version};
use pintle_upstream::Services;
use pintle_upstream::{Event, Reference, Resolver, Upstream, reference};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// The place of a route `/o/{id}/**`.
pub(crate) const PLACE: Declared<'static> = Declared::request().path(&["id"], true);

/// Reads a text and builds what it says; the outcome, and what was said as `LINE:COLUMN MESSAGE [HELP]`.
pub(crate) fn try_build<C: Read, T>(
    text: &str,
    build: impl FnOnce(&C, &mut Reader) -> Option<T>,
) -> (Option<T>, Vec<String>) {
    let mut reader = Reader::new();
    let node = Node::parse(&Source::new("gateway.yaml", text), &mut reader.diagnostics);
    let built = C::read(&node, &mut reader).and_then(|config| build(&config, &mut reader));
    assert!(built.is_some() || reader.diagnostics.has_errors(), "{text}");
    reader.diagnostics.sort();
    let line = |one: &Diagnostic| {
        let at = one.span.position();
        let help = one.help.as_ref().map_or(String::new(), |help| format!(" [{help}]"));
        format!("{}:{} {}{help}", at.line, at.column, one.message)
    };
    let said = reader.diagnostics.iter().map(line).collect();
    (built, said)
}

/// As [`try_build`], for a text that is good.
pub(crate) fn built<C: Read, T>(text: &str, build: impl FnOnce(&C, &mut Reader) -> Option<T>) -> T {
    let (built, said) = try_build(text, build);
    assert_eq!(said, [""; 0], "{text}");
    built.expect("it is good")
}

/// Upstreams by name, and any URL.
#[derive(Default)]
pub(crate) struct Known {
    named: HashMap<&'static str, String>,
    /// How many copies of requests they did not get.
    pub(crate) left_out: Arc<AtomicU64>,
}

impl Known {
    pub(crate) fn named<const N: usize>(named: [(&'static str, String); N]) -> Self {
        Known { named: named.into(), left_out: Arc::default() }
    }
}

impl Services for Known {
    fn upstream(
        &mut self,
        reference: &Spanned<Reference>,
        _: reference::Scheme,
        reader: &mut Reader,
    ) -> Option<Arc<Upstream>> {
        let url = match &reference.value {
            Reference::Named(name) => match self.named.get(name.as_str()) {
                Some(url) => Reference::parse(url).expect("a URL"),
                None => {
                    reader.error("unknown-upstream", format!("there is no upstream `{name}`"), &reference.span);
                    return None;
                }
            },
            url => url.clone(),
        };
        let Reference::Url(origin) = &url else { panic!("{url} is no URL") };
        let left_out = Arc::clone(&self.left_out);
        let observer = Arc::new(move |event: Event<'_>| {
            if let Event::CopyLeftOut = event {
                left_out.fetch_add(1, Ordering::Relaxed);
            }
        });
        Some(Upstream::of_url(origin, &reference.span, &Resolver::library(), observer, None).expect("an upstream"))
    }
}

/// A GET over HTTP/1.1 for `http://shop.test:8080/o/a%20b/x/y?q=1`, from 192.0.2.7.
pub(crate) fn exchange(fields: &[(&str, &str)]) -> Exchange {
    let fields: Fields = fields.iter().copied().collect();
    Exchange {
        trace: Trace::of(&fields, *b"0af7651916cd43dd8448eb211c80319c", &Tracing::default(), false, || 7),
        request: Request {
            method: Method::GET,
            target: Target::new("shop.test", Some(8080), "/o/a%20b/x/y", Some("q=1")),
            scheme: Scheme::Http,
            version: Version::Http11,
            fields,
            body: Body::Empty,
            protocol: None,
        },
        client: Client {
            ip: [192, 0, 2, 7].into(),
            port: 4711,
            peer: Some(([192, 0, 2, 7], 4711).into()),
            local: None,
            peer_is_trusted: false,
            tls: None,
        },
        id: "0af7651916cd43dd8448eb211c80319c".into(),
        listener: "public".into(),
        route: Arc::new(RouteFacts { name: "r1".into(), ..RouteFacts::default() }),
        captures: Captures { segments: std::iter::once(3..8).collect(), rest: Some(9) },
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

/// What an action answers that never waits.
pub(crate) fn answer(action: &dyn Action, exchange: &mut Exchange) -> Outcome {
    match action.call(exchange).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it waits"),
    }
}

/// Every field as `NAME: VALUE`.
pub(crate) fn lines(fields: &Fields) -> Vec<String> {
    fields.iter().map(|(name, value)| format!("{}: {}", name.as_str(), String::from_utf8_lossy(value))).collect()
}
