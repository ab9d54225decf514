//! Where a plan's expressions take their values from: the request, and the parts that are settled.

use super::part::Settled;
use pintle_core::Exchange;
use pintle_core::json::Json;
use pintle_core::template::{Scope, Value, Variable};

/// The request, its content where an expression names it, and what is known of the parts.
#[derive(Clone)]
pub(super) struct PlanScope<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) content: Option<&'a Json>,
    /// By the parts' numbers; none where a part is not settled.
    pub(super) parts: &'a [Option<Settled>],
    pub(super) item: Option<Value<'a>>,
}

impl Scope for PlanScope<'_> {
    fn variable(&self, variable: &Variable) -> Option<Value<'_>> {
        match variable {
            Variable::Part(at, field) => self.parts.get(*at)?.as_ref()?.field(*field),
            Variable::PartHeader(at, name) => self.parts.get(*at)?.as_ref()?.header(name),
            Variable::Item => self.item.as_ref().map(Value::lend),
            Variable::RequestBody => self.content.map(Json::value),
            other => self.exchange.variable(other),
        }
    }
}
