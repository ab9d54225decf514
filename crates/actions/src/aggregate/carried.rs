//! The fields that every call of an aggregate carries: the client's that the plan lets through, and what the gateway says of its
//! request.

use super::plan::Plan;
use crate::forward::{self, About};
use pintle_core::{Exchange, Fields};

/// The client's fields that calls carry.
pub(super) fn passed(plan: &Plan, exchange: &Exchange) -> Fields {
    let mut passed = Fields::new();
    for (name, value) in exchange.request.fields.iter() {
        if plan.passed.iter().any(|one| **one == *name.as_str()) && !forward::is_own(name, &exchange.trace) {
            passed.append(name, value);
        }
    }
    passed
}

/// The fields that every call carries, but for those that its part says: what `explain` shows. [`super::call`] puts them together for
/// each call, with the part's own in between.
pub(super) fn carried(plan: &Plan, exchange: &Exchange) -> Fields {
    let mut fields = passed(plan, exchange);
    let (request, trace) = (&exchange.request, exchange.trace.of_call(0));
    let about = About {
        client: &exchange.client,
        id: &exchange.id,
        trace: &trace,
        scheme: request.scheme,
        authority: request.target.authority(),
        version: request.version,
    };
    about.tell(&mut fields, forward::before(&request.fields));
    fields
}
