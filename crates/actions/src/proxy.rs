//! `proxy: NAME | URL | {to | split, path, host, mirror}`: sends the request to a service and gives its answer back.
//!
//! Path and query go on as they are, normalised, unless `path` says otherwise; then the query stays unless the template
//! has one. The Host is the URL's own for an `https` URL, else the client's; `host` decides. What the gateway adds to
//! every request is in `forward.rs`. A WebSocket is a request like any other, and so is a call of gRPC; gRPC-Web
//! becomes one in `proxy/grpc_web.rs`.

mod config;
mod grpc_web;
mod mirror;
mod rewrite_location;
#[cfg(test)]
mod tests;

pub use config::{MirrorConfig, ProxyConfig, ProxyMap, Split};

use crate::forward;
use crate::url::{Host, Url};
use grpc_web::Bridge;
use mirror::Mirror;
use pintle_core::config::{Diagnostic, Reader};
use pintle_core::step::{Action, BoxFuture, Outcome, Plan};
use pintle_core::template::{Declared, Fault, Key, Template};
use pintle_core::{Exchange, Refusal, Response, Scheme};
use pintle_policies::template;
use pintle_upstream::Outgoing;
use pintle_upstream::{Services, Target};
use rewrite_location::Undo;
use std::sync::Arc;

/// Sends requests to a service.
#[derive(Debug)]
pub struct Proxy {
    to: To,
    path: Option<Url>,
    host: Option<Host>,
    mirror: Option<Mirror>,
    rewrite: Option<Rewrite>,
}

/// That places in answers are put into the client's words.
#[derive(Clone, Copy, Debug)]
struct Rewrite {
    undoes_path: bool,
}

/// Which service gets a request.
#[derive(Debug)]
enum To {
    One(Target),
    /// By weight, each with the sum of the weights up to it: at random, or by a key where a request has it.
    Split(Box<[(u32, Target)]>, Option<Key>),
}

impl To {
    fn pick(&self, exchange: &Exchange) -> &Target {
        match self {
            To::One(target) => target,
            To::Split(targets, key) => {
                let all = targets[targets.len() - 1].0;
                let chosen = match key.as_ref().and_then(|key| key.hash(exchange)) {
                    // The hash as a fraction of all: where weights change, no more requests move than have to.
                    Some(hash) => ((u128::from(hash) * u128::from(all)) >> 64) as u32,
                    None => fastrand::u32(..all),
                };
                &targets[targets.partition_point(|(sum, _)| *sum <= chosen)].1
            }
        }
    }

    /// Each that may get this request, with its weight.
    fn may_get(&self, exchange: &Exchange) -> impl Iterator<Item = (u32, &Target)> {
        let (one, split) = match self {
            To::One(target) => (Some((1, target)), None),
            To::Split(_, Some(key)) if key.hash(exchange).is_some() => (Some((1, self.pick(exchange))), None),
            To::Split(targets, _) => (None, Some(targets)),
        };
        let mut before = 0;
        let weighed = split.into_iter().flat_map(|targets| targets.iter()).map(move |(sum, target)| {
            let weight = sum - std::mem::replace(&mut before, *sum);
            (weight, target)
        });
        one.into_iter().chain(weighed.filter(|(weight, _)| *weight > 0))
    }

    fn build(
        config: &ProxyMap,
        place: &Declared<'_>,
        services: &mut dyn Services,
        reader: &mut Reader,
    ) -> Option<Self> {
        let Some(Split(parts)) = &config.split else {
            return Target::find(config.to.as_ref()?, services, reader).map(To::One);
        };
        let mut sum = 0;
        let mut targets = Some(Vec::with_capacity(parts.len()));
        for (service, weight) in parts {
            let target = Target::find(service, services, reader);
            sum += u32::from(*weight);
            match (target, &mut targets) {
                (Some(target), Some(targets)) => targets.push((sum, target)),
                (Some(_), None) => {}
                (None, _) => targets = None,
            }
        }
        let key = config.split_by.as_ref().map(|text| {
            let reported = |fault: Fault| template::report(&fault, text, &text.span, reader);
            Key::compile(text, place).map_err(reported).ok()
        });
        let key = all(key)?;
        targets.map(|targets| To::Split(targets.into(), key))
    }
}

impl ProxyConfig {
    /// Builds the action; what is wrong is reported. `place` says what its templates may name.
    pub fn build(
        &self,
        place: &Declared<'_>,
        services: &mut dyn Services,
        reader: &mut Reader,
    ) -> Option<Arc<dyn Action>> {
        Some(Arc::new(Proxy::build(self, place, services, reader)?))
    }
}

impl Proxy {
    /// As [`ProxyConfig::build`].
    pub fn build(
        config: &ProxyConfig,
        place: &Declared<'_>,
        services: &mut dyn Services,
        reader: &mut Reader,
    ) -> Option<Self> {
        let config = match config {
            ProxyConfig::To(service) => {
                let to = To::One(Target::find(service, services, reader)?);
                return Some(Proxy { to, path: None, host: None, mirror: None, rewrite: None });
            }
            ProxyConfig::Long(config) => config,
        };
        let to = To::build(config, place, services, reader);
        let path = config.path.as_ref().map(|path| Url::path(path, place, reader));
        let host = config.host.as_ref().map(|host| Host::build(host, true, place, reader));
        let mirror = config.mirror.as_ref().map(|mirror| Mirror::build(mirror, services, reader));
        // An inner None was reported: it is no absence.
        let (path, host, mirror) = (all(path)?, all(host)?, all(mirror)?);
        let rewrite = config.rewrite_location.then(|| Rewrite::build(config, path.as_ref(), reader));
        Some(Proxy { to: to?, path, host, mirror, rewrite })
    }

    /// Its templates.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.path.iter().map(Url::template).chain(self.host.iter().map(Host::template))
    }

    /// Makes the request what a service gets, whichever that is.
    fn prepare(&self, exchange: &mut Exchange) -> Result<Prepared, Refusal> {
        let query = exchange.request.target.query();
        let path = self.path.as_ref().map(|path| path.render(exchange, query)).transpose()?;
        let chosen = self.host.as_ref().map(|host| host.render(exchange)).transpose()?;
        if let Some(answer) = forward::last_hop(&mut exchange.request)? {
            return Ok(Prepared::Answer(answer));
        }
        forward::prepare(exchange);
        Ok(Prepared::Send { path, host: chosen })
    }

    async fn send(&self, exchange: &mut Exchange) -> Outcome {
        let target = self.to.pick(exchange);
        let (path, chosen) = match self.prepare(exchange)? {
            Prepared::Answer(answer) => return Ok(answer),
            Prepared::Send { path, host } => (path, host),
        };
        if let Some(mirror) = &self.mirror {
            mirror.copy(&mut exchange.request, path.as_deref(), chosen.as_deref());
        }
        let key = target.upstream.key(exchange);
        let request = &mut exchange.request;
        let web = if target.upstream.is_http2() { Bridge::of(request) } else { None };
        let host = target.host(chosen.as_deref(), request.target.authority());
        let outgoing = Outgoing {
            method: &request.method,
            target: path.as_deref().unwrap_or(request.target.path_and_query()),
            host,
            fields: web.as_ref().map_or(&request.fields, |web| &web.fields),
            body: std::mem::take(&mut request.body),
            protocol: request.protocol,
            deadline: exchange.deadline,
            interim: exchange.interim.as_ref(),
            key,
            secure: request.scheme == Scheme::Https,
            caller: Some(forward::caller(&exchange.client, &exchange.id)),
            trace: Some(&exchange.trace),
        };
        let mut response = target.upstream.send(outgoing, &mut exchange.notes, exchange.started).await?;
        if let Some(web) = web {
            web.answer(&mut response, &mut exchange.notes.grpc_status);
        }
        if let Some(Rewrite { undoes_path }) = self.rewrite {
            let host = target.host(chosen.as_deref(), exchange.request.target.authority());
            Undo::new(exchange, path.as_deref(), undoes_path, host, &target.upstream).apply(&mut response.fields);
        }
        Ok(response)
    }
}

impl Rewrite {
    fn build(config: &ProxyMap, path: Option<&Url>, reader: &mut Reader) -> Self {
        let undoes_path = path.is_none_or(rewrite_location::can_be_undone);
        if let (false, Some(path)) = (undoes_path, &config.path) {
            let message = "`rewrite_location` cannot undo this path: only scheme and host are put back";
            let help = "end it in `/${path.rest}`";
            reader.report(Diagnostic::warning("path-not-undone", message, &path.span).help(help));
        }
        Rewrite { undoes_path }
    }
}

/// A request that its templates and the gateway's own fields have been put into.
enum Prepared {
    /// It ends here.
    Answer(Response),
    /// It goes on, with this path and query and this Host in place of its own.
    Send { path: Option<String>, host: Option<String> },
}

fn all<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        Some(built) => built.map(Some),
        None => Some(None),
    }
}

impl Action for Proxy {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(self.send(exchange))
    }

    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        let (path, host) = match self.prepare(exchange)? {
            Prepared::Answer(answer) => return Ok(Plan::Answer(answer)),
            Prepared::Send { path, host } => (path, host),
        };
        let (asked, host) = (&exchange.request.target, host.as_deref());
        let mirror = self.mirror.as_ref().filter(|_| exchange.request.protocol.is_none());
        Ok(Plan::Send {
            to: self
                .to
                .may_get(exchange)
                .map(|(weight, target)| target.destination(weight, host, asked.authority()))
                .collect(),
            copy: mirror.map(|mirror| mirror.destination(host, asked.authority())),
            target: path.unwrap_or_else(|| asked.path_and_query().to_owned()),
        })
    }
}
