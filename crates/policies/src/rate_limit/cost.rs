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

/// A number of requests. One that is too large to count is as large as can be: it must not pass for a small one.
fn whole(value: Option<Value<'_>>) -> Option<u32> {
    let most = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    match value? {
        Value::Int(number) => u64::try_from(number).ok().map(most),
        Value::Uint(number) => Some(most(number)),
        // Conversion stops at the largest.
        Value::Double(number) => (number >= 0.0 && number.fract() == 0.0).then_some(number as u32),
        Value::Number(text) if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) => {
            Some(text.parse().unwrap_or(u32::MAX))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_too_large_is_no_small_one() {
        let large = 1i64 << 32;
        assert_eq!(whole(Some(Value::Int(large))), Some(u32::MAX));
        assert_eq!(whole(Some(Value::Uint(u64::MAX))), Some(u32::MAX));
        assert_eq!(whole(Some(Value::Double(1e300))), Some(u32::MAX));
        assert_eq!(whole(Some(Value::Number("99999999999999999999".into()))), Some(u32::MAX));
        for none in
            [Value::Int(-1), Value::Double(1.5), Value::Double(-1.0), Value::text("1"), Value::Number("-1".into())]
        {
            assert_eq!(whole(Some(none.clone())), None, "{none:?}");
        }
        assert_eq!((whole(Some(Value::Int(0))), whole(None)), (Some(0), None));
    }
}
