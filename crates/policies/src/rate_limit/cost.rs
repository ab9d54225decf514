//! What a request takes out of a limit: a number, or what an expression gives.

use crate::build::Building;
use crate::key;
use pintle_core::Exchange;
use pintle_core::config::{Diagnostic, ExpressionText};
use pintle_core::template::{Expression, Kind, NoScope, Value};

/// What a request takes.
pub(crate) enum Cost {
    Always(u32),
    By(Box<Expression>),
}

impl Cost {
    /// Compiles a cost; what is wrong with it is reported.
    pub(crate) fn build(text: &ExpressionText, building: &mut Building<'_, '_>) -> Option<Self> {
        let expression = key::compile(text, building.place, building.reader)?;
        let fixed = expression.names().next().is_none();
        let known = if fixed { whole(expression.evaluate(&NoScope).ok()) } else { None };
        let is_number = matches!(expression.kind(), Kind::Int | Kind::Uint | Kind::Double | Kind::Any);
        match known {
            Some(cost) => Some(Cost::Always(cost)),
            None if is_number && !fixed => Some(Cost::By(Box::new(expression))),
            None => {
                let message = "a cost is a whole number, and this is none";
                building.reader.report(Diagnostic::error("bad-expression", message, &text.span));
                None
            }
        }
    }

    /// What a request takes; none where that fails.
    pub(crate) fn of(&self, exchange: &Exchange) -> Option<u32> {
        match self {
            Cost::Always(cost) => Some(*cost),
            Cost::By(expression) => whole(expression.evaluate(exchange).ok()),
        }
    }

    /// Whether it asks who it is.
    pub(crate) fn asks_identity(&self) -> bool {
        matches!(self, Cost::By(expression) if key::names_identity(expression))
    }
}

/// A number of requests.
fn whole(value: Option<Value<'_>>) -> Option<u32> {
    match value? {
        Value::Int(number) => u32::try_from(number).ok(),
        Value::Uint(number) => u32::try_from(number).ok(),
        Value::Double(number) => {
            let is_whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
            is_whole.then_some(number as u32)
        }
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}
