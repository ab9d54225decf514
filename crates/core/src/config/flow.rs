//! A tree as one line of YAML.

use super::{Form, Node};
use std::fmt::{self, Write};

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Nothing | Form::Broken => f.write_str("null"),
            Form::Scalar { text, plain } => scalar(text, *plain, f),
            Form::List(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { ", " } else { "" })?;
                }
                f.write_char(']')
            }
            Form::Map(entries) => {
                f.write_char('{')?;
                for (at, entry) in entries.iter().enumerate() {
                    f.write_str(if at > 0 { ", " } else { "" })?;
                    scalar(&entry.key, true, f)?;
                    write!(f, ": {}", entry.value)?;
                }
                f.write_char('}')
            }
        }
    }
}

/// What was written without quotes stays so where it can be read back.
fn scalar(text: &str, plain: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if plain && is_safe(text) { f.write_str(text) } else { quoted(text, f) }
}

fn is_safe(text: &str) -> bool {
    let inner = |c: char| !c.is_control() && !matches!(c, '[' | ']' | '{' | '}' | ',' | '"' | '\'' | '#');
    let colon = text.match_indices(':').any(|(at, _)| matches!(text.as_bytes().get(at + 1), None | Some(b' ')));
    let value = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '+'))
        && !text.ends_with(char::is_whitespace)
        && text.chars().all(inner)
        && !colon;
    value || text == "~"
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
