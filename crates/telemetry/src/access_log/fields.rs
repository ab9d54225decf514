//! Keys of a line that the configuration adds: CEL over the request and its answer, shown without credentials.

use super::json::Manner;
use super::lines::Lines;
use super::{Record, escape};
use pintle_core::redact::Redacted;
use pintle_core::template::{Expression, Scope, Value};
use pintle_core::{StatusCode, template};
use std::sync::Arc;

/// How long a value may be as JSON, in bytes.
const LONGEST: usize = 8 * 1024;
/// How deep lists and maps may stand in each other.
const DEEPEST: usize = 16;

/// The keys that a configuration adds, in its order.
#[derive(Clone, Debug, Default)]
pub struct Fields(Arc<[Field]>);

#[derive(Debug)]
struct Field {
    /// The key as a line has it, with all that stands before the value.
    key: Box<[u8]>,
    expression: Expression,
}

/// An expression gave nothing that could be written.
struct Failed;

impl Fields {
    /// These keys.
    pub fn new(fields: impl IntoIterator<Item = (String, Expression)>) -> Self {
        let one = |(name, expression): (String, Expression)| {
            let mut key = Lines::default();
            key.put(b",\"");
            escape::json(&mut key, &name, escape::LONGEST);
            key.put(b"\":");
            Field { key: key.as_slice().into(), expression }
        };
        Fields(fields.into_iter().map(one).collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends them, each that fails as null, and says how many did.
    pub(super) fn write(&self, out: &mut Lines, record: &Record<'_>, manner: Manner<'_>) -> u64 {
        match record.request {
            _ if self.0.is_empty() => 0,
            Some((exchange, fields)) => {
                let status = StatusCode::from_u16(record.status).ok();
                let scope = Redacted::new(exchange, status.zip(fields), manner.names);
                self.write_of(out, &scope, manner.longest)
            }
            None => self.write_of(out, &template::NoScope, manner.longest),
        }
    }

    fn write_of(&self, out: &mut Lines, scope: &dyn Scope, longest: usize) -> u64 {
        let mut failed = 0;
        for field in self.0.iter() {
            out.append(&field.key);
            let start = out.len();
            let value = field.expression.evaluate(scope).map_err(|_| Failed);
            if value.and_then(|value| json(out, &value, longest, (start + LONGEST, DEEPEST))).is_err() {
                out.truncate(start);
                out.put(b"null");
                failed += 1;
            }
        }
        failed
    }
}

/// Appends a value as JSON: text is cut as that of other keys is; what becomes longer or deeper than it may, and what JSON
/// has no form for, fails.
fn json(out: &mut Lines, value: &Value<'_>, longest: usize, (end, deepest): (usize, usize)) -> Result<(), Failed> {
    let inner = (end, deepest.checked_sub(1).ok_or(Failed)?);
    match value {
        Value::Null => out.put(b"null"),
        Value::Text(value) => text(out, value, longest),
        Value::List(list) => {
            out.push(b'[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                json(out, &item, longest, inner)?;
            }
            out.push(b']');
        }
        Value::Map(map) => {
            let (mut written, mut mark) = (Ok(()), b'{');
            map.each(&mut |key, value| {
                if written.is_err() {
                    return;
                }
                out.push(std::mem::replace(&mut mark, b','));
                written = plain(&key).and_then(|key| {
                    text(out, &key, longest);
                    out.push(b':');
                    json(out, &value, longest, inner)
                });
            });
            written?;
            if mark == b'{' {
                out.push(mark);
            }
            out.push(b'}');
        }
        Value::Double(value) if !value.is_finite() => return Err(Failed),
        Value::Bytes(_) | Value::Type(_) => return Err(Failed),
        Value::Timestamp(_) | Value::Duration(_) => text(out, &plain(value)?, longest),
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Number(_) | Value::Double(_) => {
            out.append(plain(value)?.as_bytes());
        }
    }
    if out.len() > end { Err(Failed) } else { Ok(()) }
}

fn plain(value: &Value<'_>) -> Result<String, Failed> {
    let mut text = String::new();
    value.write_text(&mut text).map_err(|_| Failed)?;
    Ok(text)
}

fn text(out: &mut Lines, text: &str, longest: usize) {
    out.push(b'"');
    escape::json(out, text, longest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::template::Declared;

    fn written(text: &str) -> (String, u64) {
        let expression = Expression::compile(text, &Declared::request()).expect("it compiles");
        let mut out = Lines::default();
        let failed = Fields::new([("a\"b".to_owned(), expression)]).write_of(&mut out, &template::NoScope, 20);
        (String::from_utf8(out.as_slice().to_vec()).expect("text"), failed)
    }

    #[test]
    fn a_value_keeps_its_type_and_one_that_fails_is_null() {
        for (text, value) in [
            ("1 + 2", "3"),
            ("7u", "7"),
            ("1.5", "1.5"),
            ("1 < 2", "true"),
            ("null", "null"),
            ("'a\"b\\u009b'", r#""a\"b\u009b""#),
            ("'0123456789012345678901'", r#""01234567890123456789…""#),
            ("[1, 'a', [true]]", r#"[1,"a",[true]]"#),
            ("{}", "{}"),
            ("{'a': 1, 'b\"': {'c': [2]}}", r#"{"a":1,"b\"":{"c":[2]}}"#),
            ("duration('90s')", r#""90s""#),
            ("timestamp('2026-01-31T12:00:00Z')", r#""2026-01-31T12:00:00Z""#),
        ] {
            assert_eq!(written(text), (format!(r#","a\"b":{value}"#), 0), "{text}");
        }
        let deep = format!("{}1{}", "[".repeat(17), "]".repeat(17));
        let items = format!("[{}]", "1,".repeat(40));
        let long = format!("{items}.map(a, {items}.map(b, '0123456789'))");
        for text in ["request.method", "1.0 / 0.0", "bytes('a')", "int('x')", &deep, &long] {
            assert_eq!(written(text), (r#","a\"b":null"#.to_owned(), 1), "{text}");
        }
    }
}
