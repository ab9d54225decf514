//! Diagnostics as JSON, for programs. What stands in a file is never part of it, so neither is a secret.
//!
//! One diagnostic is `{severity, code, message, file, line, column, end_line, end_column, label, help, also}`. Lines and
//! columns are from 1, columns in characters, the end is just past the last one. `severity` is `error` or `warning`;
//! `label` and `help` are null where there are none; `also` is a list of `{file, line, column, end_line, end_column,
//! label}`. Keys are added over time, and never change their meaning.

use serde_json::{Map, Value, json};

use super::{Diagnostic, Diagnostics, Position, Severity, Span};

impl Diagnostics {
    /// Each one that is kept, in order.
    pub fn to_json(&self) -> Vec<Value> {
        self.iter().map(one).collect()
    }
}

fn one(diagnostic: &Diagnostic) -> Value {
    let mut object = place(&diagnostic.span, &diagnostic.label);
    object.insert("severity".into(), diagnostic.severity.name().into());
    object.insert("code".into(), diagnostic.code.into());
    object.insert("message".into(), diagnostic.message.as_str().into());
    object.insert("help".into(), json!(diagnostic.help));
    object.insert("also".into(), diagnostic.also.iter().map(|(span, label)| place(span, label)).collect());
    Value::Object(object)
}

fn place(span: &Span, label: &str) -> Map<String, Value> {
    let (Position { line, column }, end) = (span.position(), span.end_position());
    let entries = [
        ("file", json!(span.source().name())),
        ("line", json!(line)),
        ("column", json!(column)),
        ("end_line", json!(end.line)),
        ("end_column", json!(end.column)),
        ("label", json!(Some(label).filter(|label| !label.is_empty()))),
    ];
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

impl Severity {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}
