//! What answers where no route does: 404, or 405 with Allow.

use pintle_core::step::{Action, BoxFuture, Outcome, Plan};
use pintle_core::{Exchange, Reason, Refusal};

/// Refuses with the reason that routing gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fallback;

impl Action for Fallback {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(std::future::ready(Err(refusal(exchange))))
    }

    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        Err(refusal(exchange))
    }
}

fn refusal(exchange: &mut Exchange) -> Refusal {
    exchange.unrouted.take().unwrap_or_else(|| Reason::NoRoute.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, exchange};
    use pintle_core::{Refusal, names};

    #[test]
    fn the_reason_is_the_one_that_routing_gave() {
        let mut exchange = exchange(&[]);
        exchange.unrouted = Some(Refusal::new(Reason::MethodNotAllowed).field(names::ALLOW, "GET"));
        let refusal = answer(&Fallback, &mut exchange).expect_err("a refusal");
        assert_eq!((refusal.reason, refusal.fields.is_some()), (Reason::MethodNotAllowed, true));
        assert_eq!(answer(&Fallback, &mut exchange).expect_err("a refusal").reason, Reason::NoRoute);
    }
}
