//! Conversions between types, each an error where the value does not fit.

use std::borrow::Cow;

use super::budget::Budget;
use super::fault::Reason;
use super::functions::{Signature, settled};
use super::time;
use super::value::Value;

type Result<'a> = std::result::Result<Value<'a>, Reason>;

fn only<'a>(args: &mut [Value<'a>]) -> std::result::Result<Value<'a>, Reason> {
    let first = args.first_mut().ok_or("a value is missing here")?;
    Ok(std::mem::replace(first, Value::Null))
}

fn unfit(what: &str) -> Reason {
    format!("this does not fit {what}").into()
}

pub(super) fn int<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    /// 2^63: the first whole double that fits no more.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    Ok(Value::Int(match only(args)? {
        Value::Int(int) => int,
        Value::Uint(uint) => i64::try_from(uint).map_err(|_| unfit("an int"))?,
        Value::Double(double) if double > -BEYOND && double < BEYOND => double as i64,
        Value::Text(text) => text.parse().map_err(|_| unfit("an int"))?,
        Value::Timestamp(time) => time.seconds,
        _ => return Err(unfit("an int")),
    }))
}

pub(super) fn uint<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    Ok(Value::Uint(match only(args)? {
        Value::Uint(uint) => uint,
        Value::Int(int) => u64::try_from(int).map_err(|_| unfit("a uint"))?,
        Value::Double(double) if (0.0..BEYOND).contains(&double) => double as u64,
        Value::Text(text) => text.parse().map_err(|_| unfit("a uint"))?,
        _ => return Err(unfit("a uint")),
    }))
}

pub(super) fn double<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    Ok(Value::Double(match only(args)? {
        Value::Double(double) => double,
        Value::Int(int) => int as f64,
        Value::Uint(uint) => uint as f64,
        Value::Number(text) => text.parse().ok().filter(|d: &f64| d.is_finite()).ok_or_else(|| unfit("a double"))?,
        Value::Text(text) => text.parse().map_err(|_| unfit("a double"))?,
        _ => return Err(unfit("a double")),
    }))
}

pub(super) fn string<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    Ok(Value::Text(match only(args)? {
        Value::Text(text) | Value::Number(text) => text,
        Value::Bytes(bytes) => {
            budget.make(bytes.len())?;
            match bytes {
                Cow::Borrowed(bytes) => Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| not_utf8())?),
                Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).map_err(|_| not_utf8())?),
            }
        }
        other => {
            let mut out = String::new();
            other.write_text(&mut out)?;
            Cow::Owned(out)
        }
    }))
}

fn not_utf8() -> Reason {
    "these bytes are no UTF-8".into()
}

pub(super) fn bytes<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    match only(args)? {
        Value::Text(Cow::Borrowed(text)) => Ok(Value::Bytes(Cow::Borrowed(text.as_bytes()))),
        Value::Text(Cow::Owned(text)) => {
            budget.make(text.len())?;
            Ok(Value::Bytes(Cow::Owned(text.into_bytes())))
        }
        other => Ok(other),
    }
}

pub(super) fn bool<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    match only(args)? {
        Value::Text(text) => match text.as_ref() {
            "true" | "t" | "1" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "false" | "f" | "0" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => Err("this is neither true nor false".into()),
        },
        other => Ok(other),
    }
}

pub(super) fn timestamp<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    let time = match only(args)? {
        Value::Timestamp(time) => Some(time),
        Value::Int(seconds) => time::Timestamp::new(seconds, 0),
        Value::Text(text) => time::Timestamp::parse(&text),
        _ => None,
    };
    time.map(Value::Timestamp).ok_or_else(|| "this is no time such as 2026-01-31T12:00:00Z".into())
}

pub(super) fn duration<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    match only(args)? {
        Value::Text(text) => {
            time::parse_duration(&text).map(Value::Duration).ok_or_else(|| "this is no duration such as 1h30m".into())
        }
        other => Ok(other),
    }
}

pub(super) fn type_of<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    Ok(Value::Type(only(args)?.kind()))
}

pub(super) fn dynamic<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    only(args)
}

impl<'a> Value<'a> {
    /// A number out of JSON becomes one of CEL, beside `other`: a `double` if the other is one.
    pub(super) fn settle(self, other: &Value<'_>) -> std::result::Result<Value<'a>, Reason> {
        let Value::Number(text) = self else { return Ok(self) };
        let fraction = |text: &str| !matches!(settled(text), Ok(Value::Int(_) | Value::Uint(_)));
        let beside = match other {
            Value::Double(_) => true,
            Value::Number(other) => fraction(other),
            _ => false,
        };
        match settled(&text)? {
            Value::Int(int) if beside => Ok(Value::Double(int as f64)),
            Value::Uint(uint) if beside => Ok(Value::Double(uint as f64)),
            Value::Int(int) if matches!(other, Value::Uint(_)) => {
                Ok(u64::try_from(int).map_or(Value::Int(int), Value::Uint))
            }
            other => Ok(other),
        }
    }
}
