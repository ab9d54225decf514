//! `rate_limit: {rate, burst, key, cost, …}`: how many requests may come in a time.
//!
//! All levels apply. Before a request is charged to any limit, all of its place are asked: what one refuses counts for
//! none. Limits whose key and cost do not ask who it is stand before authentication (`rate_limit.request`), the others
//! behind `authorize` (`rate_limit.identity`). The debts of a limit are its instance's: a named one's are shared by all who
//! name it, and all live on over reloads. Nothing here waits but a limit with `exact`, and the
//! clock is the request's own: when its head was complete.

mod clock;
mod config;
mod cost;
mod counts;
mod exact;
mod gcra;
mod limit;
mod limits;
mod replicated;
mod shared;
mod table;
pub(crate) mod tell;
#[cfg(test)]
mod tests;

use crate::build::Building;
use crate::key;
use crate::layers::{Layers, Levels};
pub(crate) use config::{RateLimit, WhenStoreFails};
pub(crate) use cost::Cost;
pub(crate) use counts::FAMILIES;
use limit::Limit;
use limits::Limits;
use pintle_core::Exchange;
use pintle_core::config::Node;
use pintle_core::step::{BoxFuture, Next, Outcome, Step, Wrap};
use smallvec::SmallVec;
use std::sync::Arc;
use tell::{Told, tell};

pub(crate) const LEVELS: Levels = Levels::All;

/// Its places, for what clients are told.
const REQUEST: u8 = 0;
const IDENTITY: u8 = 1;

/// Which of its two places a limit stands in.
pub(crate) fn part(settings: &Node, part: &str) -> Option<Node> {
    key::part(settings, part, &["key", "cost"])
}

/// Adds the limits that need no more than the request.
pub(crate) fn request(layers: &Layers<'_, RateLimit>, building: &mut Building<'_, '_>) -> Option<()> {
    steps::<REQUEST>(layers, building)
}

/// Adds the limits that ask who it is.
pub(crate) fn identity(layers: &Layers<'_, RateLimit>, building: &mut Building<'_, '_>) -> Option<()> {
    steps::<IDENTITY>(layers, building)
}

fn steps<const PLACE: u8>(layers: &Layers<'_, RateLimit>, building: &mut Building<'_, '_>) -> Option<()> {
    let (mut limits, mut exact, mut good) = (Vec::new(), Vec::new(), true);
    for (origin, config) in layers.instances() {
        match Limit::build(origin, config, building) {
            None => good = false,
            Some(limit) if limit.asks_identity() != (PLACE == IDENTITY) => {}
            Some(limit) if limit.waits() => exact.push(limit),
            Some(limit) => limits.push(limit),
        }
    }
    if !good {
        return None;
    }
    if limits.iter().chain(&exact).any(Limit::tells) {
        building.steps.push(Step::Edit(Box::new(|exchange, response| tell::<PLACE>(exchange, &mut response.fields))));
    }
    if !limits.is_empty() {
        let limits = Limits(limits.into());
        building.steps.push(Step::Check(Box::new(move |exchange| limits.check::<PLACE>(exchange))));
    }
    building.steps.extend(exact.into_iter().map(|limit| Step::Wrap(Arc::new(Exact::<PLACE>(limit)))));
    Some(())
}

/// A limit that waits for the store's decision. What one of the same place refuses that comes after it has been counted
/// here.
struct Exact<const PLACE: u8>(Limit);

impl<const PLACE: u8> Wrap for Exact<PLACE> {
    fn call<'a>(&'a self, exchange: &'a mut Exchange, next: Next) -> BoxFuture<'a, Outcome> {
        let asked = self.0.question(exchange);
        Box::pin(async move {
            let (said, outcome) = self.0.take_exactly(asked).await;
            if let Some(said) = said {
                let told = exchange.kept.get::<Told<PLACE>>();
                let before = told.map_or(SmallVec::new(), |told| told.0.clone());
                exchange.kept.put(Told::<PLACE>(before.into_iter().chain([said]).collect()));
            }
            outcome?;
            next.run(exchange).await
        })
    }
}
