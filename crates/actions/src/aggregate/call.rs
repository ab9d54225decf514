//! The calls of a plan: made through upstreams, with what the gateway says of the client's request, bounded in bytes and time.

mod whole;

use super::carried::passed;
use super::decode::Reading;
use super::noting::{self, Noting};
use super::part::{Answered, Failure};
use super::plan::{PartSet, Plan};
use super::request::PartRequest;
use super::run::{Run, Todo};
use crate::forward::{self, About};
use crate::time;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use pintle_core::json;
use pintle_core::notes::{Notes, PartNotes};
use pintle_core::step::BoxFuture;
use pintle_core::{Body, Client, Exchange, Fields, Scheme, Trace, Version};
use pintle_policies::held::Account;
use pintle_upstream::Outgoing;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// The calls of one request.
pub(super) struct Calling<'p> {
    plan: &'p Plan,
    told: Arc<Told>,
    /// When every call must be over.
    deadline: Option<Instant>,
    under_way: FuturesUnordered<Abortable<BoxFuture<'static, Came>>>,
    handles: HashMap<usize, AbortHandle, foldhash::fast::RandomState>,
    /// The parts of which is written down what became of them.
    noted: PartSet,
}

/// What all calls of a request have in common.
struct Told {
    client: Client,
    id: Box<str>,
    trace: Trace,
    scheme: Scheme,
    authority: Box<str>,
    version: Version,
    /// The X-Forwarded-For that came.
    before: Option<Vec<u8>>,
    /// The client's fields that calls carry.
    passed: Fields,
    /// The bytes of content that all calls may give still.
    left: AtomicU64,
    account: Arc<Account>,
    notes: PartNotes,
}

/// A call, as it is made.
struct Making {
    number: usize,
    request: Arc<PartRequest>,
    told: Arc<Told>,
    deadline: Option<Instant>,
    /// The most bytes of its answer.
    most: u64,
    /// How the part that makes it reads its content, and how much JSON that may be.
    reading: Reading,
    limits: json::Limits,
}

/// The end of a call.
struct Came {
    number: usize,
    outcome: Result<Answered, Failure>,
}

impl<'p> Calling<'p> {
    pub(super) fn new(plan: &'p Plan, account: &Arc<Account>, exchange: &Exchange) -> Self {
        let request = &exchange.request;
        let told = Told {
            client: exchange.client.clone(),
            id: exchange.id.clone(),
            trace: exchange.trace,
            scheme: request.scheme,
            authority: request.target.authority().into(),
            version: request.version,
            before: forward::before(&request.fields),
            passed: passed(plan, exchange),
            left: AtomicU64::new(plan.limits.total.bytes()),
            account: Arc::clone(account),
            notes: exchange.notes.parts.clone(),
        };
        let deadline = time::until(exchange.deadline);
        let (under_way, handles) = (FuturesUnordered::new(), HashMap::default());
        Calling { plan, told: Arc::new(told), deadline, under_way, handles, noted: PartSet::default() }
    }

    /// Begins what can begin, and waits until something has happened: a call is over, or a part's time. Cancelled by dropping,
    /// and with it all calls.
    pub(super) async fn step(&mut self, run: &mut Run<'_>, exchange: &mut Exchange) {
        let Todo { begin, abort } = run.go_on(exchange, Instant::now());
        for number in abort {
            if let Some(handle) = self.handles.remove(&number) {
                handle.abort();
            }
        }
        for number in begin {
            self.begin(number, run.request(number));
        }
        self.note(run);
        if run.decision().is_some() {
            return;
        }
        let came = match run.deadline() {
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), self.under_way.next()).await {
                Ok(came) => came,
                Err(_) => {
                    run.expire(exchange, Instant::now());
                    return self.note(run);
                }
            },
            None => self.under_way.next().await,
        };
        match came {
            Some(Ok(Came { number, outcome })) => {
                self.handles.remove(&number);
                run.came(number, outcome, exchange);
            }
            // One that was aborted has nothing more to say.
            Some(Err(_)) => {}
            None => run.stand_still(exchange),
        }
        self.note(run);
    }

    /// Writes down what became of parts since the last time.
    fn note(&mut self, run: &Run<'_>) {
        if self.noted != run.settled() {
            self.noted = run.settled();
            noting::settled(run, &self.told.notes, Instant::now());
        }
    }

    fn begin(&mut self, number: usize, request: &Arc<PartRequest>) {
        let part = &self.plan.parts[request.part];
        let making = Making {
            number,
            request: Arc::clone(request),
            told: Arc::clone(&self.told),
            deadline: self.deadline,
            most: self.plan.limits.part.bytes(),
            reading: part.reading,
            limits: self.plan.json(),
        };
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(number, handle);
        self.under_way.push(Abortable::new(Box::pin(making.run()), registration));
    }
}

impl Making {
    async fn run(self) -> Came {
        let mut noting = Noting::begin(&self.told.notes, self.request.part, self.number);
        let asked = self.ask(&mut noting.notes, noting.began);
        let outcome = match self.deadline {
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), asked).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Failure::timeout("what is left of the whole request's time is over")),
            },
            None => asked.await,
        };
        noting.over = Some(Instant::now());
        Came { number: self.number, outcome }
    }

    async fn ask(&self, notes: &mut Notes, began: Instant) -> Result<Answered, Failure> {
        let (told, request) = (&*self.told, &*self.request);
        let trace = told.trace.of_call(self.number as u32);
        let fields = self.fields(&trace);
        let outgoing = Outgoing {
            method: &request.method,
            target: &request.target,
            host: request.host.as_deref(),
            fields: &fields,
            body: Body::full(request.content.clone()),
            protocol: None,
            deadline: self.deadline,
            interim: None,
            caller: Some(forward::caller(&told.client, &told.id)),
            key: request.key,
            secure: told.scheme == Scheme::Https,
            trace: Some(&trace),
        };
        let response = request.upstream.send(outgoing, notes, began).await.map_err(|refusal| {
            Failure::of_refusal(refusal.reason, refusal.internal.unwrap_or_else(|| refusal.reason.title().to_owned()))
        })?;
        self.whole(response).await
    }

    /// The fields of the request: the client's, the part's own in place of them, and the gateway's.
    fn fields(&self, trace: &Trace) -> Fields {
        let (told, own) = (&*self.told, &self.request.fields);
        let mut fields = told.passed.clone();
        fields.retain(|name, _| !own.contains(name));
        for (name, value) in own.iter() {
            fields.append(name, value);
        }
        let Told { client, id, scheme, authority, version, before, .. } = told;
        let about = About { client, id, trace, scheme: *scheme, authority, version: *version };
        about.tell(&mut fields, before.clone());
        fields
    }
}
