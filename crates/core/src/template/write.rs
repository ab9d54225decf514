//! Values as text and as JSON.

use std::fmt::Write;

use super::fault::Reason;
use super::time;
use super::value::{List, Map, Value};
use crate::json::special;

/// How deep a value that becomes JSON may be.
const MAX_DEPTH: usize = 256;
/// How long JSON may become unless the caller says: a small expression can repeat a large body many times.
const MAX_JSON: usize = 16 << 20;

impl Value<'_> {
    /// Appends the value as text: text itself, numbers, true and false, times. `null`, lists, maps and bytes have no
    /// text, and give the reason.
    pub fn write_text(&self, out: &mut String) -> Result<(), Reason> {
        let written = match self {
            Value::Text(text) | Value::Number(text) => out.write_str(text),
            Value::Bool(value) => write!(out, "{value}"),
            Value::Int(value) => out.write_str(itoa::Buffer::new().format(*value)),
            Value::Uint(value) => out.write_str(itoa::Buffer::new().format(*value)),
            Value::Double(value) => write_double(*value, out),
            Value::Timestamp(value) => write!(out, "{value}"),
            Value::Duration(nanos) => time::write_duration(out, *nanos),
            Value::Type(kind) => out.write_str(kind.name()),
            Value::Null => return Err("null has no text: give one by `x == null ? '…' : x`".into()),
            Value::List(_) => return Err("a list has no text: `join` it, or take one item".into()),
            Value::Map(_) => return Err("a map has no text: take one of its fields".into()),
            Value::Bytes(_) => return Err("bytes have no text: convert them by string(…)".into()),
        };
        written.map_err(|_| "this cannot be written".into())
    }

    /// Appends the value as JSON, numbers out of JSON in their exact text. Bytes, types, NaN and infinities have none.
    /// What becomes longer than 16 MiB is an error; on any error `out` is as it was.
    pub fn write_json(&self, out: &mut String) -> Result<(), Reason> {
        self.write_json_within(out, MAX_JSON)
    }

    /// As [`Value::write_json`], with another bound in bytes, which is passed by one text at most.
    pub fn write_json_within(&self, out: &mut String, most: usize) -> Result<(), Reason> {
        let start = out.len();
        let written = write_json(self, out, start.saturating_add(most), MAX_DEPTH);
        if written.is_err() {
            out.truncate(start);
        }
        written
    }
}

fn write_double(value: f64, out: &mut String) -> std::fmt::Result {
    match value {
        value if value.is_nan() => out.write_str("NaN"),
        value if value.is_infinite() => out.write_str(if value > 0.0 { "Infinity" } else { "-Infinity" }),
        value => write!(out, "{value}"),
    }
}

fn write_json(value: &Value<'_>, out: &mut String, end: usize, depth: usize) -> Result<(), Reason> {
    if out.len() > end {
        return Err("this becomes too long as JSON".into());
    }
    let is_written = match value {
        Value::List(List::Lent(items)) => items.write_json(depth, end, out),
        Value::Map(Map::Lent(entries)) => entries.write_json(depth, end, out),
        _ => false,
    };
    if is_written {
        return Ok(());
    }
    let Some(depth) = depth.checked_sub(1) else { return Err("this is nested too deeply for JSON".into()) };
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Number(_) => value.write_text(out)?,
        Value::Double(double) if !double.is_finite() => return Err("JSON has no NaN and no infinity".into()),
        Value::Double(_) => value.write_text(out)?,
        Value::Text(text) => write_json_text(text, out),
        Value::Timestamp(_) | Value::Duration(_) => {
            out.push('"');
            value.write_text(out)?;
            out.push('"');
        }
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_json(&item, out, end, depth)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            let mut failed = Ok(());
            let mut first = true;
            map.each(&mut |key, value| {
                if failed.is_err() {
                    return;
                }
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                let named = match &key {
                    Value::Text(name) => {
                        write_json_text(name, out);
                        Ok(())
                    }
                    other => {
                        let mut name = String::new();
                        other.write_text(&mut name).map(|()| write_json_text(&name, out))
                    }
                };
                failed = named.and_then(|()| {
                    out.push(':');
                    write_json(&value, out, end, depth)
                });
            });
            failed?;
            out.push('}');
        }
        Value::Bytes(_) | Value::Type(_) => return Err(format!("{} has no form in JSON", value.kind()).into()),
    }
    Ok(())
}

/// Appends `text` as a JSON string with its quotes.
pub(super) fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    escape_json(text, out);
    out.push('"');
}

/// Appends `text` as it stands within a JSON string.
pub(super) fn escape_json(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = special(rest.as_bytes()) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte => write!(out, "\\u{byte:04x}").expect("a String takes whatever is written"),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
