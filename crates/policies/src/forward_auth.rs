//! `forward_auth: {call, copy, …}`: another service says whether a request may pass, as nginx's `auth_request` and Traefik's
//! ForwardAuth ask for it, and agents of OPA and Cedar by `send` and `allow`.
//!
//! An authentication: the innermost level that has any replaces all outer ones. An answer of 2xx lets through; 401 is what
//! nobody gets, so `optional` and `any` pass it over; any other 3xx and 4xx goes to the client as it is. A service that does
//! not answer, or answers 5xx, is 503: who asks cannot be found out then, and nobody passes.

mod answer;
mod ask;
mod cache;
mod config;
mod counts;
mod service;

pub use config::{CacheConfig, ForwardAuth};
pub(crate) use counts::{Counts, FAMILIES};
pub use service::ServiceCall;

use crate::authenticate::{Authenticate, Verdict};
use crate::build::Building;
use crate::content::Content;
use crate::field::{self, Side, Value};
use crate::held::Account;
use crate::layers::{Levels, Origin};
use crate::template;
use answer::{Copied, Denied, ToClient};
use ask::Stash;
use cache::Cache;
use counts::Came;
use pintle_core::config::{ByteSize, Reader, Spanned};
use pintle_core::step::{BoxFuture, Outcome};
use pintle_core::template::{Expression, Root};
use pintle_core::{Exchange, Reason, Refusal, Response};
use pintle_upstream::reference::Scheme;
use pintle_upstream::{Upstream, reference::Reference};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const LEVELS: Levels = Levels::Authentication;

/// Asks a service.
struct Asking {
    service: Arc<Upstream>,
    call: ServiceCall,
    copy: Box<[Box<str>]>,
    to_client: Box<[Box<str>]>,
    pass: Option<Box<[Box<str>]>>,
    headers: Box<[(Box<str>, Value)]>,
    send: Option<Content>,
    body: Option<ByteSize>,
    allow: Option<Expression>,
    timeout: Duration,
    cache: Option<Cache>,
    account: Arc<Account>,
    counts: Arc<Counts>,
}

/// Builds what asks; what is wrong is reported.
pub(crate) fn make(
    settings: &ForwardAuth,
    _: Origin<'_>,
    building: &mut Building<'_, '_>,
) -> Option<Arc<dyn Authenticate>> {
    let call = &settings.call;
    let reference: Spanned<Reference> = Spanned::new(call.service.clone(), call.span.clone());
    let service = building.services.upstream(&reference, Scheme::Http, building.reader);
    let place = building.place;
    let reader = &mut *building.reader;
    let copy = names(&settings.copy, |name, reader| field::name_to_set(name, Side::Request, reader), reader);
    let to_client = names(&settings.to_client, |name, reader| field::name(name, Side::Response, reader), reader);
    let request = |name: &Spanned<String>, reader: &mut Reader| field::name(name, Side::Request, reader);
    let pass = match &settings.pass_headers {
        Some(list) => names(list, request, reader).map(Some),
        None => Some(None),
    };
    let mut headers = Some(Vec::new());
    for (name, value) in &settings.headers {
        let name = field::name_to_set(name, Side::Request, reader);
        headers = match (headers, name, Value::build(value, place, reader)) {
            (Some(mut all), Some(name), Some(value)) => {
                all.push((name, value));
                Some(all)
            }
            _ => None,
        };
    }
    let send = match &settings.send {
        Some(tree) => Content::build(tree, place, reader).map(Some),
        None => Some(None),
    };
    let allow = match &settings.allow {
        Some(text) => template::compile_condition(text, &place.response().with(Root::ResponseBody), reader).map(Some),
        None => Some(None),
    };
    let cache = match &settings.cache {
        Some(config) => {
            let by = names(&config.by, request, reader);
            // What it is told besides may be of the client alone.
            let told = headers.iter().flatten().map(|(name, _)| name.clone());
            by.map(|by| by.iter().cloned().chain(told).collect())
                .map(|by| Some(Cache::new(by, config.ttl, config.entries as usize)))
        }
        None => Some(None),
    };
    Some(Arc::new(Asking {
        service: service?,
        call: call.value.clone(),
        copy: copy?,
        to_client: to_client?,
        pass: pass?,
        headers: headers?.into(),
        send: send?,
        body: settings.body,
        allow: allow?,
        timeout: settings.timeout,
        cache: cache?,
        account: Account::find(&building.around.lasting),
        counts: Arc::clone(&building.around.defaults.counts.forward_auth),
    }))
}

/// Names in small letters; none if one of them is wrong.
fn names(
    list: &[Spanned<String>],
    read: impl Fn(&Spanned<String>, &mut Reader) -> Option<Box<str>>,
    reader: &mut Reader,
) -> Option<Box<[Box<str>]>> {
    let read: Vec<_> = list.iter().map(|name| read(name, reader)).collect();
    read.into_iter().collect()
}

impl Authenticate for Asking {
    fn now(&self, _: &mut Exchange) -> Option<Verdict> {
        None
    }

    fn may_wait(&self) -> bool {
        true
    }

    /// The service that decides may want to see them all the same: `copy: [authorization]`.
    fn clear(&self, exchange: &mut Exchange) {
        if !self.copy.is_empty() {
            Stash::put(&self.copy, exchange);
        }
    }

    fn writes(&self) -> Vec<Box<str>> {
        self.copy.to_vec()
    }

    /// What it copies is kept aside for it, and taken away like the rest.
    fn reads(&self, name: &str) -> bool {
        matches!(name, "authorization" | "cookie") && !self.copy.iter().any(|one| **one == *name)
    }

    fn wait<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let verdict = self.verdict(exchange).await;
            self.counts.came(match &verdict {
                Ok((_, came)) => *came,
                Err(_) => Came::Failed,
            });
            match verdict {
                Ok((verdict, _)) => verdict,
                Err(refusal) => Verdict::Refused(refusal),
            }
        })
    }

    fn nobody(&self, exchange: &Exchange) -> Outcome {
        match exchange.kept.get::<Denied>() {
            Some(denied) => Ok(denied.response()),
            None => Err(Refusal::new(Reason::NoCredentials)),
        }
    }

    fn edits(&self) -> bool {
        !self.to_client.is_empty()
    }

    fn edit(&self, exchange: &Exchange, response: &mut Response) {
        if let Some(ToClient(fields)) = exchange.kept.get() {
            fields.iter().for_each(|(name, value)| response.fields.append(name, value));
        }
    }
}

impl Asking {
    /// What becomes of a request.
    async fn verdict(&self, exchange: &mut Exchange) -> Result<(Verdict, Came), Refusal> {
        let asked = self.ask(exchange)?;
        let key = self.cache.as_ref().map(|cache| (cache, cache.key(&asked, exchange)));
        if let Some(known) = key.as_ref().and_then(|(cache, key)| cache.get(key, Instant::now())) {
            return Ok((self.passed(&known, exchange), Came::Remembered));
        }
        let answer = self.answer(asked, exchange).await?;
        if answer.status.is_success() {
            if !self.allows(&answer, exchange) {
                let why = format!("what {} answers is not what `allow` wants", self.service.name);
                return Ok((Verdict::Refused(Refusal::new(Reason::Forbidden).internal(why)), Came::Refused));
            }
            let copied = Copied::new(&self.copy, &answer.fields);
            if let Some((cache, key)) = key {
                cache.put(key, &copied, &answer.fields, Instant::now(), &self.counts);
            }
            if !self.to_client.is_empty() {
                exchange.kept.put(ToClient(answer::only(&self.to_client, &answer.fields)));
            }
            return Ok((self.passed(&copied, exchange), Came::Passed));
        }
        if answer.status.is_server_error() {
            return Err(unavailable(format!("{} answered {}", self.service.name, answer.status.as_u16())));
        }
        let nobody = answer.status.as_u16() == 401;
        let denied = Denied::new(answer);
        if nobody {
            exchange.kept.put(denied);
            return Ok((Verdict::Nobody, Came::Refused));
        }
        Ok((Verdict::Answered(Box::new(denied.response())), Came::Refused))
    }

    /// Lets a request through with what was copied.
    fn passed(&self, copied: &Copied, exchange: &mut Exchange) -> Verdict {
        copied.fields().iter().for_each(|(name, value)| exchange.request.fields.append(name, value));
        Verdict::Somebody(copied.identity())
    }
}

/// Nobody can tell who asks.
fn unavailable(why: String) -> Refusal {
    Refusal::new(Reason::AuthUnavailable).internal(why)
}
