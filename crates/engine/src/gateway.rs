//! What all workers share: the configuration in force, telemetry, and whether the gateway is draining. Answers requests
//! whose head has been accepted.

use crate::inside::Within;
use crate::runtime::{Limits, Listener, ListenerProtocol, Route, Runtime};
use crate::socket::Address;
use crate::tcp::Ends;
use crate::{date, reply};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use pintle_core::{Exchange, Method, Reason, Refusal, Response, StatusCode, names, step, worker};
use pintle_router::{Head, Outcome};
use pintle_telemetry::{AccessLog, Metrics, Push, Traces, Why};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::SystemTime;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// How many configurations wait for whoever still looks into them.
const MOST_RETIRED: usize = 16;

/// All is as ever.
const SERVING: u8 = 0;
/// What is under way may end, nothing begins.
const DRAINING: u8 = 1;
/// The time for that is over: what is still under way is ended.
const OVER: u8 = 2;

/// A running gateway.
pub struct Gateway {
    runtime: ArcSwap<Runtime>,
    /// Configurations that were in force, until nobody else holds them.
    retired: Mutex<Vec<Arc<Runtime>>>,
    /// One line a request.
    pub log: AccessLog,
    /// The last requests.
    pub why: Why,
    /// Spans of requests.
    pub traces: Arc<Traces>,
    /// Sends metrics to a collector.
    pub push: Arc<Push>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// What this process calls itself in Via.
    pub instance: &'static str,
    /// How far it is with stopping, `SERVING`, `DRAINING` or `OVER`.
    phase: AtomicU8,
    /// Wakes who waits when another phase begins; one a worker, so that they share no lock.
    drains: Box<[Notify]>,
    connections: AtomicUsize,
    /// Made with the first tunnel.
    tunnel_ends: OnceLock<Ends>,
}

/// An answer, and what it is counted for.
pub(crate) struct Answer {
    pub(crate) response: Response,
    pub(crate) route: Arc<Route>,
    pub(crate) listener: Arc<Listener>,
    pub(crate) reason: Option<Reason>,
}

impl Gateway {
    /// A gateway with its first configuration.
    pub fn new(runtime: Runtime, log: AccessLog, metrics: Arc<Metrics>, instance: &'static str) -> Arc<Self> {
        Arc::new(Gateway {
            runtime: ArcSwap::from_pointee(runtime),
            retired: Mutex::new(Vec::new()),
            log,
            why: Why::new(worker::count()),
            traces: Traces::new(Arc::clone(&metrics)),
            push: Push::new(Arc::clone(&metrics)),
            metrics,
            instance,
            phase: AtomicU8::new(SERVING),
            drains: (0..worker::count()).map(|_| Notify::new()).collect(),
            connections: AtomicUsize::new(0),
            tunnel_ends: OnceLock::new(),
        })
    }

    /// The configuration in force.
    pub fn runtime(&self) -> Arc<Runtime> {
        self.runtime.load_full()
    }

    /// Puts a configuration in force for every request from now on. The one before ends on this thread, now or at a
    /// later call of [`Gateway::bury`]: to take ten thousand routes apart is no work for a worker.
    pub fn swap(&self, runtime: Arc<Runtime>) {
        let before = self.runtime.swap(runtime);
        self.retired.lock().push(before);
        self.bury();
    }

    /// Takes apart the configurations that were in force and that nobody looks into any more.
    pub fn bury(&self) {
        let mut retired = self.retired.lock();
        let (mut dead, held) = std::mem::take(&mut *retired).into_iter().partition(|one| Arc::strong_count(one) == 1);
        *retired = held;
        // A look into one takes a moment. Where one should be held for long, whoever holds it ends it.
        let most = retired.len().saturating_sub(MOST_RETIRED);
        dead.extend(retired.drain(..most));
        drop(retired);
        drop::<Vec<Arc<Runtime>>>(dead);
    }

    /// Whether the gateway has begun to stop.
    pub fn is_draining(&self) -> bool {
        self.phase() >= DRAINING
    }

    /// Whether the time for stopping is over.
    pub(crate) fn is_over(&self) -> bool {
        self.phase() >= OVER
    }

    pub(crate) fn phase(&self) -> u8 {
        self.phase.load(Ordering::Relaxed)
    }

    /// Begins to stop: idle connections close, others after the request that is under way.
    pub fn drain(&self) {
        self.enter(DRAINING);
    }

    /// Ends what is still under way: WebSockets by a close frame, all else by being cut so that it shows.
    pub fn end(&self) {
        self.enter(OVER);
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Ordering::SeqCst);
        for drain in &self.drains {
            drain.notify_waiters();
        }
    }

    /// Open connections from clients.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn drained(&self) -> Notified<'_> {
        self.drains[worker::index() % self.drains.len()].notified()
    }

    /// Whether a route of the listener for TCP names a host.
    pub(crate) fn is_by_name(&self, listener: u32) -> bool {
        self.runtime.load().by_name.contains(&listener)
    }

    pub(crate) fn tunnel_ends(&self) -> &Ends {
        self.tunnel_ends.get_or_init(|| Ends::new(&self.metrics))
    }

    pub(crate) fn limits(&self) -> Limits {
        self.runtime.load().limits
    }

    pub(crate) fn listener(&self, address: &Address) -> Option<Arc<Listener>> {
        let runtime = self.runtime.load();
        let number = *runtime.addresses.get(address)?;
        runtime.listeners.get(number as usize).map(Arc::clone)
    }

    /// The same for requests; none where it takes none any more.
    pub(crate) fn listener_of_requests(&self, address: &Address) -> Option<Arc<Listener>> {
        self.listener(address).filter(|listener| listener.protocol == ListenerProtocol::Http)
    }

    /// Counts a connection as open until the guard is dropped; none when there are too many.
    pub(crate) fn count_connection(self: &Arc<Self>, most: usize, listener: &Listener) -> Option<OpenConnection> {
        if self.connections.fetch_add(1, Ordering::Relaxed) >= most {
            self.connections.fetch_sub(1, Ordering::Relaxed);
            listener.meter.connection_refused();
            return None;
        }
        listener.meter.connection_opened();
        self.metrics.accepted();
        Some(OpenConnection { gateway: Arc::clone(self), meter: Arc::clone(&listener.meter) })
    }

    /// Answers a request, whatever comes: a refusal is rendered, a panic is a 500 of this request alone. `found` gets what
    /// answers as soon as that is known: where nobody waits for the answer any more, the request was its all the same.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        listener: Arc<Listener>,
        exchange: &mut Exchange,
        accepted: Result<(), Refusal>,
        found: &mut Option<Arc<Route>>,
    ) -> Answer {
        let route = {
            let runtime = self.runtime.load();
            exchange.notes.version = runtime.version;
            find(&runtime, &listener, exchange, accepted)
        };
        *found = Some(Arc::clone(&route));
        // Not within one that is inside of another already.
        if route.chain.asks_inside() && exchange.notes.outer.is_none() {
            exchange.inside = Some(Arc::new(Within::new(self, &listener, exchange)));
        }
        let outcome = match own_answer(exchange) {
            Some(response) => Ok(response),
            None => {
                let mut run = pin!(route.chain.run(exchange));
                poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
                    Ok(polled) => polled,
                    Err(_) => Poll::Ready(Err(Refusal::new(Reason::Internal).internal("a panic; see the error log"))),
                })
                .await
            }
        };
        self.reply(route, listener, exchange, outcome)
    }

    /// An answer of what a route's chain came to; a refusal is rendered.
    pub(crate) fn reply(
        &self,
        route: Arc<Route>,
        listener: Arc<Listener>,
        exchange: &mut Exchange,
        outcome: step::Outcome,
    ) -> Answer {
        let (mut response, reason) = match outcome {
            Ok(response) => (response, None),
            Err(mut refusal) => {
                exchange.notes.internal = refusal.internal.take();
                exchange.notes.policy = route.chain.policy(refusal.at);
                let response = refuse(&route, &listener, &mut refusal, exchange);
                exchange.notes.detail = refusal.detail;
                self.metrics.refused(exchange.notes.policy, refusal.reason);
                (response, Some(refusal.reason))
            }
        };
        response.fields.set(names::X_REQUEST_ID, exchange.id.as_bytes());
        if !response.fields.contains(names::DATE) {
            date::with(SystemTime::now(), |date| response.fields.append(names::DATE, date));
        }
        Answer { response, route, listener, reason }
    }
}

/// Finds what answers a request: its route, or the listener's fallback, which says why there is none. What is needed of
/// the configuration goes along: nothing holds the whole.
pub(crate) fn find(
    runtime: &Runtime,
    listener: &Listener,
    exchange: &mut Exchange,
    accepted: Result<(), Refusal>,
) -> Arc<Route> {
    let refusal = match accepted {
        Err(refusal) => refusal,
        Ok(()) => match runtime.table.find(&Head::new(listener.number, &exchange.request)) {
            Outcome::Found { value, captures } => {
                exchange.captures = captures;
                exchange.route = Arc::clone(&value.facts);
                return Arc::clone(value);
            }
            Outcome::MethodNotAllowed { allow } => {
                Refusal::new(Reason::MethodNotAllowed).field(names::ALLOW, allow.join(", "))
            }
            Outcome::NotFound => Reason::NoRoute.into(),
        },
    };
    exchange.unrouted = Some(refusal);
    exchange.route = Arc::clone(&listener.fallback.facts);
    Arc::clone(&listener.fallback)
}

/// What a client gets for a refusal by this route.
pub(crate) fn refuse(route: &Route, listener: &Listener, refusal: &mut Refusal, exchange: &Exchange) -> Response {
    let mut response = reply::render(refusal, exchange, [&route.pages, &listener.pages]);
    route.chain.edit_reply(refusal.at, exchange, &mut response);
    response
}

/// `OPTIONS *` asks about the gateway itself (RFC 9110 9.3.7). Max-Forwards is the proxy action's to count.
pub(crate) fn own_answer(exchange: &Exchange) -> Option<Response> {
    let request = &exchange.request;
    let own = request.method == Method::OPTIONS && request.target.path() == "*";
    own.then(|| Response::new(StatusCode::NO_CONTENT))
}

/// An open connection; counted until it is dropped.
pub(crate) struct OpenConnection {
    gateway: Arc<Gateway>,
    meter: Arc<pintle_telemetry::ListenerMeter>,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.gateway.connections.fetch_sub(1, Ordering::Relaxed);
        self.meter.connection_closed();
    }
}
