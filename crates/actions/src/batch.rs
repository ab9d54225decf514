//! `batch: {max_requests, parallel, limits}`: the client posts a batch of requests (OData JSON Format 4.01, section 19), and
//! gets the answers of all of them in one, in the order of the requests. Each goes through the gateway's own routes and
//! policies as if it had come alone.
//!
//! `read.rs` has the format, `item.rs` what a single request may ask (`url.rs` where), `order.rs` what may run
//! when, `run.rs` runs it, `answer.rs` has what the client gets. Which route a request finds, and what a service makes of it, is not known here.

mod answer;
mod config;
mod item;
mod order;
mod read;
mod run;
#[cfg(test)]
mod tests;
mod url;

pub use config::{BatchConfig, BatchLimits, Depth, Parallel, Requests};

use pintle_core::counters::{Count, Counters, Family};
use pintle_core::media::Media;
use pintle_core::step::{Action, BoxFuture, Outcome, Plan};
use pintle_core::{Exchange, Lasting, Method, Reason, Refusal, Response, StatusCode, names};
use pintle_policies::held::{self, Account, Share};
use std::sync::Arc;

/// What became of the requests of batches.
pub(crate) const FAMILIES: &[&Family] = &[&REQUESTS];

static REQUESTS: Family = Family::counter(
    "pintle_batch_requests_total",
    "Requests of batches, by the batch's route and by what became of them: `succeeded` (2xx), `failed`, `not_run` (one before \
     did not succeed, or it has an `if`). They are counted among requests as well.",
    &["route", "result"],
);

/// Runs batches.
struct Batch {
    config: BatchConfig,
    account: Arc<Account>,
    succeeded: Arc<dyn Count>,
    failed: Arc<dyn Count>,
    not_run: Arc<dyn Count>,
}

impl BatchConfig {
    /// Builds the action for the route of that name.
    pub fn build(&self, route: &str, lasting: &Lasting, counters: &dyn Counters) -> Arc<dyn Action> {
        let counter = |result| counters.counter(&REQUESTS, &[route, result]);
        Arc::new(Batch {
            config: self.clone(),
            account: Account::find(lasting),
            succeeded: counter("succeeded"),
            failed: counter("failed"),
            not_run: counter("not_run"),
        })
    }
}

impl Batch {
    /// What its head alone decides.
    fn check(exchange: &Exchange) -> Result<(), Refusal> {
        let request = &exchange.request;
        if exchange.notes.outer.is_some() {
            let detail = "A request of a batch is no batch itself.";
            return Err(Refusal::new(Reason::BadBatch).detail(detail));
        }
        if request.method != Method::POST {
            let detail = "A batch is posted.";
            return Err(Refusal::new(Reason::MethodNotAllowed).detail(detail).field(names::ALLOW, "POST"));
        }
        let media = Media::of(request.fields.get(names::CONTENT_TYPE).unwrap_or_default());
        if media.essence() == "application/json" && media.is_utf8() && !request.fields.contains(names::CONTENT_ENCODING)
        {
            return Ok(());
        }
        let detail = if media.essence().starts_with("multipart/") {
            "Batches are taken as application/json; those in multipart/mixed are not."
        } else {
            "A batch is application/json, in UTF-8 and without a content coding."
        };
        Err(Refusal::new(Reason::UnsupportedContent).detail(detail).field(names::ACCEPT, "application/json"))
    }

    async fn answer(&self, exchange: &mut Exchange) -> Outcome {
        Self::check(exchange)?;
        let Some(inside) = exchange.inside.clone() else {
            return Err(Refusal::new(Reason::Internal).internal("nobody runs requests inside of this one"));
        };
        let mut share = Share::new(&self.account);
        let (deadline, most) = (exchange.deadline, self.config.limits.request);
        let (text, _) = held::read(&mut exchange.request.body, most, deadline, &mut share).await?;
        // The requests are copied out of it.
        if !share.grow(text.len()) {
            return Err(held::no_room());
        }
        let bounds =
            read::Bounds { requests: self.config.max_requests.0.into(), depth: self.config.limits.depth.0.into() };
        let items = read::read(&text, bounds)?;
        share.shrink(text.len());
        drop(text);
        let stops = run::stops_on_error(&exchange.request.fields);
        let mut response = run::run(self, inside, items, exchange, stops).await;
        if let Some(stops) = stops {
            let applied = if stops { "continue-on-error=false" } else { "continue-on-error" };
            response.fields.append("preference-applied", applied);
        }
        Ok(response)
    }
}

impl Action for Batch {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(self.answer(exchange))
    }

    /// What stands in a batch is not known beforehand: one that is well-formed has this answer.
    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        Self::check(exchange)?;
        let mut response = Response::new(StatusCode::OK);
        response.fields.append(names::CONTENT_TYPE, "application/json");
        response.fields.append(names::CACHE_CONTROL, "no-store");
        Ok(Plan::Answer(response))
    }

    fn asks_inside(&self) -> bool {
        true
    }
}
