//! What a call gives its operation: parameters, read as the table says, and content.

use crate::operation::{Form, Operation, Parameter, Place};
use crate::trouble::{BAD_PARAMETER, Trouble};
use crate::{Caller, call::Call};
use pintle_core::Fields;
use std::borrow::Cow;

/// A call that may be made.
pub(crate) struct Asked<'a> {
    pub(crate) given: Given,
    /// Its header fields.
    pub(crate) fields: Fields,
    /// What came with it.
    pub(crate) content: String,
    /// The version that must be in force (`If-Match`).
    pub(crate) only_after: Option<u64>,
    /// Whether the caller would rather have JSON than text.
    pub(crate) json: bool,
    pub(crate) caller: &'a Caller,
}

/// The parameters of a call.
#[derive(Debug, Default)]
pub(crate) struct Given(Vec<(&'static str, Value)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(u64),
    Flag(bool),
}

impl Value {
    fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Number(_) | Value::Flag(_) => None,
        }
    }
}

impl Given {
    /// The text of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| *given == name).and_then(|(_, value)| value.as_text())
    }

    /// All texts of one that may stand several times.
    pub(crate) fn texts<'g>(&'g self, name: &'g str) -> impl Iterator<Item = &'g str> {
        self.0.iter().filter(move |(given, _)| *given == name).filter_map(|(_, value)| value.as_text())
    }

    /// The number of a parameter.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(given, _)| *given == name).and_then(|(_, value)| match value {
            Value::Number(number) => Some(*number),
            _ => None,
        })
    }

    /// Whether a parameter says so.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.iter().any(|(given, value)| *given == name && *value == Value::Flag(true))
    }

    /// Reads what a call says. One that is unknown is an error: `?dryrun` must not be the real thing.
    pub(crate) fn read(operation: &Operation, captured: &[(&str, &str)], call: &Call<'_>) -> Result<Self, Trouble> {
        let mut given = Given::default();
        for (name, segment) in captured {
            let parameter = operation.parameters.iter().find(|one| one.name == *name && one.place == Place::Path);
            let text = decoded(segment, false).ok_or_else(|| wrong(name, "it is no text once `%` is decoded"))?;
            given.put(parameter.ok_or_else(|| wrong(name, "it is not known"))?, &text)?;
        }
        for part in call.query.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (Some(name), Some(value)) = (decoded(name, true), decoded(value, true)) else {
                return Err(wrong(part, "it is no text once `%` is decoded"));
            };
            let known = operation.parameters.iter().find(|one| one.name == name && one.place != Place::Path);
            given.put(known.ok_or_else(|| unknown(operation, &name))?, &value)?;
        }
        let missing = operation.parameters.iter().find(|one| one.place == Place::Needed && !given.has(one.name));
        missing.map_or(Ok(given), |one| {
            let detail = format!("`{}` is missing: `?{}={}`", one.name, one.name, one.example);
            Err(Trouble::new(BAD_PARAMETER, detail))
        })
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| *given == name)
    }

    fn put(&mut self, parameter: &Parameter, text: &str) -> Result<(), Trouble> {
        if !parameter.many && self.has(parameter.name) {
            return Err(wrong(parameter.name, "it stands there twice"));
        }
        self.0.push((parameter.name, value(parameter, text)?));
        Ok(())
    }
}

fn value(parameter: &Parameter, text: &str) -> Result<Value, Trouble> {
    let name = parameter.name;
    match parameter.form {
        Form::Text(_) if text.is_empty() => Err(wrong(name, "it is empty")),
        Form::Text(most) if text.len() > most => Err(wrong(name, &format!("it has at most {most} bytes"))),
        Form::Text(_) => Ok(Value::Text(text.to_owned())),
        Form::Number(most) => match text.parse::<u64>() {
            Ok(number) if number <= most && text.bytes().all(|b| b.is_ascii_digit()) => Ok(Value::Number(number)),
            _ => Err(wrong(name, &format!("it is a whole number of at most {most}, as in `{}`", parameter.example))),
        },
        Form::Flag => match text {
            "" | "true" => Ok(Value::Flag(true)),
            "false" => Ok(Value::Flag(false)),
            _ => Err(wrong(name, "it is `true` or `false`")),
        },
        Form::Word(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
        Form::Word(words) => Err(wrong(name, &format!("it is one of: {}", words.join(", ")))),
    }
}

fn wrong(name: &str, why: &str) -> Trouble {
    Trouble::new(BAD_PARAMETER, format!("`{name}`: {why}"))
}

fn unknown(operation: &Operation, name: &str) -> Trouble {
    let known: Vec<_> = operation.parameters.iter().filter(|one| one.place != Place::Path).collect();
    let there: Vec<_> = known.iter().map(|one| format!("`?{}`", one.name)).collect();
    let there = if there.is_empty() { "it takes none".to_owned() } else { format!("there is {}", there.join(", ")) };
    wrong(name, &format!("it is not known: {there}"))
}

/// Text without its percent-encoding (RFC 3986 2.1), and, in a query as forms write them, with `+` for a space. None if that
/// is malformed, no UTF-8, or holds control characters but line ends.
fn decoded(text: &str, plus: bool) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'%' => {
                let [high, low, after @ ..] = rest else { return None };
                let digit = |byte: u8| char::from(byte).to_digit(16);
                bytes.push((digit(*high)? << 4 | digit(*low)?) as u8);
                rest = after;
            }
            b'+' if plus => bytes.push(b' '),
            byte => bytes.push(*byte),
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let clean = !text.chars().any(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t'));
    clean.then_some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn text_is_decoded_or_refused() {
        for (text, plus, expected) in [
            ("a/b", true, Some("a/b")),
            ("a+b%20c%2B", true, Some("a b c+")),
            ("a+b", false, Some("a+b")),
            ("%c3%BC", true, Some("ü")),
            ("%", true, None),
            ("%2", true, None),
            ("%g0", true, None),
            ("%+1", true, None),
            ("%ff", true, None),
            ("%00", true, None),
            ("%1b%5b", true, None),
            ("%0a", true, Some("\n")),
        ] {
            assert_eq!(decoded(text, plus).as_deref(), expected, "{text}");
        }
    }
}
