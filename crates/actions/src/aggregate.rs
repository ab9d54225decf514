//! `aggregate: {parts, respond, …}`: one request from the client, several calls behind, one answer.
//!
//! The plan (`plan.rs`) is made and checked when the configuration loads. For a request, `run.rs` decides what can be called and
//! what the outcome means, without any input or output; `call.rs` makes the calls; `answer.rs` writes what the client gets.
//! Everything of a request is dropped with its future: a client that hangs up ends all calls.

mod answer;
mod caching;
mod call;
mod carried;
mod config;
mod decode;
mod fields;
mod merge;
mod noting;
mod part;
mod plan;
mod request;
mod run;
mod scope;
mod stream;

pub use config::{
    Accepted, AggregateConfig, AnswerConfig, Ending, ForEach, Instead, OnConflict, OnFailure, PartCall, PartConfig,
    PartialConfig, PlanLimits,
};
pub use decode::Decode;

use call::Calling;
use fields::Picked;
use pintle_core::config::Reader;
use pintle_core::exchange::query;
use pintle_core::json::{self, Json};
use pintle_core::kept::Kept;
use pintle_core::notes::Notes;
use pintle_core::step::{Action, BoxFuture, Outcome, PlannedList, PlannedPart};
use pintle_core::template::{Declared, Template};
use pintle_core::{Body, Exchange, Reason, Refusal, Request, Response, Version, names};
use pintle_policies::held::{self, Account, Share};
use pintle_upstream::Services;
use plan::{Failing, Plan};
use run::{Decision, Run};
use std::sync::Arc;
use stream::Streamed;

/// Calls several services and answers once.
#[derive(Debug)]
pub struct Aggregate {
    plan: Arc<Plan>,
    account: Arc<Account>,
}

impl AggregateConfig {
    /// Builds the action; what is wrong is reported. `place` says what its templates may name besides parts; what it holds in memory
    /// counts against `account`.
    pub fn build(
        &self,
        place: &Declared<'_>,
        services: &mut dyn Services,
        account: &Arc<Account>,
        reader: &mut Reader,
    ) -> Option<Arc<dyn Action>> {
        let plan = Arc::new(Plan::build(self, place, services, reader)?);
        Some(Arc::new(Aggregate { plan, account: Arc::clone(account) }))
    }
}

impl Aggregate {
    /// Its templates.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.plan.templates()
    }

    async fn answer(&self, exchange: &mut Exchange) -> Outcome {
        let plan = &*self.plan;
        let picked = self.picked(exchange)?;
        let content = if plan.reads.body { self.content(exchange).await? } else { None };
        exchange.notes.parts = noting::begin(plan);
        // What a partial answer lacks is told by a trailer, which neither HTTP/1.0 nor the answer of a batch has.
        let has_trailers = exchange.request.version != Version::Http10 && exchange.notes.outer.is_none();
        if plan.answer.stream && has_trailers {
            return Ok(self.begin(content, exchange));
        }
        let (content, _held) = content.unzip();
        let mut calling = Calling::new(plan, &self.account, exchange);
        let mut run = Run::new(plan, content);
        let decision = loop {
            match run.decision() {
                Some(decision) => break decision,
                None => calling.step(&mut run, exchange).await,
            }
        };
        let outcome = match decision {
            Decision::TooLarge => Err(answer::too_large(plan)),
            Decision::Fails(at) => {
                noting::fatal(&exchange.notes.parts, at);
                answer::failing(plan, &run.parts, at, exchange)
            }
            Decision::Complete => answer::complete(plan, &run, exchange, picked.as_ref(), &self.account),
        };
        if let Err(refusal) = &outcome {
            noting::unusable(&exchange.notes.parts, refusal);
        }
        outcome
    }

    /// An answer that begins now.
    fn begin(&self, content: Option<(Json, Share)>, exchange: &Exchange) -> Response {
        let run = Run::new(&self.plan, None);
        let mut response = answer::early(&self.plan, &run.scope(exchange));
        response.fields.append(names::TRAILER, answer::GATEWAY_PARTIAL);
        let (content, held) = content.unzip();
        let streamed = Streamed::new(Arc::clone(&self.plan), Arc::clone(&self.account), content, apart(exchange));
        response.body = Body::stream(streamed, None);
        held.into_iter().for_each(|share| response.hold(share));
        response
    }

    /// What the client picks of the answer.
    fn picked(&self, exchange: &Exchange) -> Result<Option<Picked>, Refusal> {
        let asked = exchange.request.target.query().filter(|_| self.plan.answer.fields);
        let Some(text) = asked.and_then(|query| query::values(query, "fields").next()) else { return Ok(None) };
        let picked = Picked::parse(&text);
        picked.map(Some).map_err(|why| Refusal::new(Reason::BadTemplate).detail(format!("`fields`: {why}.")))
    }

    /// The client's content, as JSON, and its share of what is held.
    async fn content(&self, exchange: &mut Exchange) -> Result<Option<(Json, Share)>, Refusal> {
        let most = self.plan.limits.request;
        let bytes = held::take(exchange, most, &self.account).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let limits = json::Limits { bytes: most.in_memory(), depth: self.plan.limits.depth as usize };
        let json = Json::parse(&bytes, limits).map_err(|fault| {
            let detail = format!("The content is no JSON that can be used: {fault}.");
            Refusal::new(Reason::BadTemplate).detail(detail)
        })?;
        let mut share = Share::new(&self.account);
        match share.grow(json.memory()) {
            true => Ok(Some((json, share))),
            false => Err(held::no_room()),
        }
    }
}

/// The exchange for an answer that goes on after the request's own is busy with sending it: all that expressions may name.
fn apart(exchange: &Exchange) -> Exchange {
    let request = &exchange.request;
    Exchange {
        request: Request {
            method: request.method.clone(),
            target: request.target.clone(),
            scheme: request.scheme,
            version: request.version,
            fields: request.fields.clone(),
            body: Body::Empty,
            protocol: None,
        },
        client: exchange.client.clone(),
        id: exchange.id.clone(),
        trace: exchange.trace,
        listener: Arc::clone(&exchange.listener),
        route: Arc::clone(&exchange.route),
        captures: exchange.captures.clone(),
        identity: exchange.identity.clone(),
        rehearsed: exchange.rehearsed,
        started: exchange.started,
        deadline: exchange.deadline,
        notes: Notes { parts: exchange.notes.parts.clone(), ..Notes::default() },
        kept: Kept::default(),
        unrouted: None,
        interim: None,
        inside: None,
    }
}

impl Action for Aggregate {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(self.answer(exchange))
    }

    fn plan(&self, exchange: &mut Exchange) -> Result<pintle_core::step::Plan, Refusal> {
        let planned = |part: &plan::Part| PlannedPart {
            name: Arc::clone(&part.name),
            call: (*part.call).into(),
            to: part.target.destination(1, None, ""),
            when: part.when.as_ref().map(|when| when.text().into()),
            for_each: part.each.as_ref().zip(part.list.as_ref()).map(|(each, list)| PlannedList {
                list: list.clone(),
                at_most: each.at_most,
                parallel: each.parallel,
            }),
            needs: part.needs.iter().collect(),
            on_failure: match part.failing {
                Failing::Fail => "fail",
                Failing::Pass => "pass",
                Failing::Value(_) => "value",
            },
            timeout: part.timeout,
        };
        let parts = self.plan.parts.iter().map(planned).collect();
        let (answer, stream) = (self.plan.answer.needs().iter().collect(), self.plan.answer.stream);
        exchange.request.fields = carried::carried(&self.plan, exchange);
        Ok(pintle_core::step::Plan::Aggregate { parts, answer, stream })
    }
}
