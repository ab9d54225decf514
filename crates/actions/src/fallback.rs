//! What answers where no route does: 404, or 405 with Allow.

use pintle_core::step::{Action, BoxFuture, Outcome};
use pintle_core::{Exchange, Reason};

/// Refuses with the reason that routing gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fallback;

impl Action for Fallback {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        let refusal = exchange.unrouted.take().unwrap_or_else(|| Reason::NoRoute.into());
        Box::pin(std::future::ready(Err(refusal)))
    }
}
