//! `+ - * / %`. Integers never wrap: what does not fit is an error, as is a division by zero.

use std::borrow::Cow;

use super::budget::Budget;
use super::fault::Reason;
use super::node::Binary;
use super::time::Timestamp;
use super::value::{List, Value};

type Result<'a> = std::result::Result<Value<'a>, Reason>;

/// The value of `left` and `right` under an operator of arithmetic.
pub(super) fn binary<'a>(binary: Binary, left: Value<'a>, right: Value<'a>, budget: &mut Budget) -> Result<'a> {
    let number = |value: &Value<'_>| matches!(value, Value::Number(_));
    let (left, right) = match number(&left) || number(&right) {
        true => {
            let beside = left.lend();
            let settled = right.settle(&beside)?;
            drop(beside);
            (left.settle(&settled)?, settled)
        }
        false => (left, right),
    };
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => int(binary, a, b).map(Value::Int),
        (Value::Uint(a), Value::Uint(b)) => uint(binary, a, b).map(Value::Uint),
        (Value::Double(a), Value::Double(b)) => double(binary, a, b),
        (Value::Text(a), Value::Text(b)) if binary == Binary::Add => {
            budget.make(a.len() + b.len())?;
            Ok(Value::Text(match a {
                Cow::Owned(a) => Cow::Owned(a + &b),
                Cow::Borrowed(a) => Cow::Owned([a, &b].concat()),
            }))
        }
        (Value::Bytes(a), Value::Bytes(b)) if binary == Binary::Add => {
            budget.make(a.len() + b.len())?;
            Ok(Value::Bytes(Cow::Owned([&*a, &*b].concat())))
        }
        (Value::List(a), Value::List(b)) if binary == Binary::Add => {
            budget.make((a.len() + b.len()).saturating_mul(size_of::<Value<'_>>()))?;
            Ok(Value::List(List::Made(a.iter().chain(b.iter()).collect())))
        }
        (left, right) => times(binary, &left, &right),
    }
}

/// The operators on points in time and spans of it.
fn times<'a>(binary: Binary, left: &Value<'_>, right: &Value<'_>) -> Result<'a> {
    let time = |time: Option<Timestamp>| time.map(Value::Timestamp).ok_or_else(overflow);
    let span = |nanos: Option<i64>| nanos.map(Value::Duration).ok_or_else(overflow);
    match (binary, left, right) {
        (Binary::Add, Value::Timestamp(a), Value::Duration(b)) => time(a.plus((*b).into())),
        (Binary::Add, Value::Duration(a), Value::Timestamp(b)) => time(b.plus((*a).into())),
        (Binary::Add, Value::Duration(a), Value::Duration(b)) => span(a.checked_add(*b)),
        (Binary::Subtract, Value::Timestamp(a), Value::Duration(b)) => time(a.plus(-i128::from(*b))),
        (Binary::Subtract, Value::Timestamp(a), Value::Timestamp(b)) => span(a.since(*b)),
        (Binary::Subtract, Value::Duration(a), Value::Duration(b)) => span(a.checked_sub(*b)),
        _ => Err(format!("`{}` does not take {} and {}", binary.symbol(), left.kind(), right.kind()).into()),
    }
}

fn overflow() -> Reason {
    "the result is out of range".into()
}

fn int(binary: Binary, a: i64, b: i64) -> std::result::Result<i64, Reason> {
    match binary {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        _ if b == 0 => return Err("division by zero".into()),
        Binary::Divide => a.checked_div(b),
        _ => a.checked_rem(b),
    }
    .ok_or_else(overflow)
}

fn uint(binary: Binary, a: u64, b: u64) -> std::result::Result<u64, Reason> {
    match binary {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        _ if b == 0 => return Err("division by zero".into()),
        Binary::Divide => a.checked_div(b),
        _ => a.checked_rem(b),
    }
    .ok_or_else(overflow)
}

fn double<'a>(binary: Binary, a: f64, b: f64) -> Result<'a> {
    Ok(Value::Double(match binary {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        _ => return Err("`%` does not take a double and a double".into()),
    }))
}

/// `-value`.
pub(super) fn negate(value: Value<'_>) -> Result<'_> {
    match value.settle(&Value::Null)? {
        Value::Int(int) => int.checked_neg().map(Value::Int).ok_or_else(overflow),
        Value::Double(double) => Ok(Value::Double(-double)),
        other => Err(format!("`-` does not take {}", other.kind()).into()),
    }
}
