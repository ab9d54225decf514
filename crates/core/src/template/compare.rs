//! When values are equal, and which comes first. Numbers compare by their amount, whatever their types.

use std::cmp::Ordering;

use super::value::{List, Map, Value};

/// How deep equality looks into lists and maps that a scope lends.
const MAX_DEPTH: usize = 256;

/// A number, of whichever type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Amount {
    Int(i64),
    Uint(u64),
    Double(f64),
}

impl Amount {
    pub(super) fn of(value: &Value<'_>) -> Option<Amount> {
        match value {
            Value::Int(int) => Some(Amount::Int(*int)),
            Value::Uint(uint) => Some(Amount::Uint(*uint)),
            Value::Double(double) => Some(Amount::Double(*double)),
            Value::Number(text) => Amount::of_text(text),
            _ => None,
        }
    }

    /// A number of JSON. `None` if it fits no type.
    pub(super) fn of_text(text: &str) -> Option<Amount> {
        if let Ok(int) = text.parse() {
            return Some(Amount::Int(int));
        }
        if let Ok(uint) = text.parse() {
            return Some(Amount::Uint(uint));
        }
        if !text.contains(['.', 'e', 'E']) {
            return None;
        }
        text.parse().ok().filter(|double: &f64| double.is_finite()).map(Amount::Double)
    }

    pub(super) fn order(self, other: Amount) -> Option<Ordering> {
        match (self, other) {
            (Amount::Double(a), Amount::Double(b)) => a.partial_cmp(&b),
            (Amount::Double(a), b) => integer_order(b.integer(), a).map(Ordering::reverse),
            (a, Amount::Double(b)) => integer_order(a.integer(), b),
            (a, b) => Some(a.integer().cmp(&b.integer())),
        }
    }

    fn integer(self) -> i128 {
        match self {
            Amount::Int(int) => int.into(),
            Amount::Uint(uint) => uint.into(),
            Amount::Double(double) => double as i128,
        }
    }
}

/// Exactly, where a conversion of either side would round.
fn integer_order(integer: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    let whole = double.trunc();
    let order = integer.cmp(&(whole as i128));
    Some(order.then_with(|| 0.0f64.partial_cmp(&(double - whole)).unwrap_or(Ordering::Equal)))
}

impl Value<'_> {
    /// Whether both are the same key of a map.
    pub(super) fn same_key(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            _ => same_amount(self, other).unwrap_or(false),
        }
    }

    /// Equality of CEL. `work` is taken down by one for each pair looked at; at 0 the answer is false and means nothing.
    pub(super) fn equals(&self, other: &Value<'_>, work: &mut usize) -> bool {
        equals(self, other, work, MAX_DEPTH)
    }

    /// Which comes first, `None` where the types have no order, or with NaN.
    pub(super) fn order(&self, other: &Value<'_>) -> Option<Ordering> {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
            (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            _ => Amount::of(self)?.order(Amount::of(other)?),
        }
    }
}

fn same_amount(a: &Value<'_>, b: &Value<'_>) -> Option<bool> {
    if let (Value::Number(a), Value::Number(b)) = (a, b)
        && a == b
    {
        return Some(true);
    }
    Some(Amount::of(a)?.order(Amount::of(b)?) == Some(Ordering::Equal))
}

fn equals(a: &Value<'_>, b: &Value<'_>, work: &mut usize, depth: usize) -> bool {
    if *work == 0 || depth == 0 {
        *work = 0;
        return false;
    }
    *work -= 1;
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => {
            *work = work.saturating_sub(if a.len() == b.len() { a.len() / 64 } else { 0 });
            a == b
        }
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Type(a), Value::Type(b)) => a == b,
        (Value::List(a), Value::List(b)) => lists_equal(a, b, work, depth - 1),
        (Value::Map(a), Value::Map(b)) => maps_equal(a, b, work, depth - 1),
        _ => same_amount(a, b).unwrap_or(false),
    }
}

fn lists_equal(a: &List<'_>, b: &List<'_>, work: &mut usize, depth: usize) -> bool {
    a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equals(&a, &b, work, depth))
}

fn maps_equal(a: &Map<'_>, b: &Map<'_>, work: &mut usize, depth: usize) -> bool {
    let mut equal = a.len() == b.len();
    a.each(&mut |key, value| {
        equal = equal
            && b.find(&key).is_some_and(|other| {
                *work = work.saturating_sub(b.len() / 16);
                equals(&value, &other, work, depth)
            });
    });
    equal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_exactly() {
        let order = |a, b| Value::order(&a, &b);
        assert_eq!(order(Value::Int(1), Value::Double(1.5)), Some(Ordering::Less));
        assert_eq!(order(Value::Int(-1), Value::Double(-1.5)), Some(Ordering::Greater));
        assert_eq!(order(Value::Int(-1), Value::Uint(u64::MAX)), Some(Ordering::Less));
        assert_eq!(order(Value::Int(i64::MAX), Value::Double(9223372036854775808.0)), Some(Ordering::Less));
        assert_eq!(order(Value::Int(9007199254740993), Value::Double(9007199254740992.0)), Some(Ordering::Greater));
        assert_eq!(order(Value::Double(f64::INFINITY), Value::Uint(u64::MAX)), Some(Ordering::Greater));
        assert_eq!(order(Value::Double(f64::NAN), Value::Int(0)), None);
        assert_eq!(order(Value::Number("10".into()), Value::Double(10.0)), Some(Ordering::Equal));
        assert_eq!(order(Value::Number("123456789012345678901234".into()), Value::Int(1)), None);
    }
}
