//! Forms as browsers and issuers write them: `application/x-www-form-urlencoded` (WHATWG URL 5). A name that comes twice is a
//! mistake (RFC 6749 3.1), and never the one or the other.

use std::fmt::Write;

/// Appends `name=value`, after an `&` if something stands before.
pub(super) fn append(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() && !out.ends_with(['?', '&']) {
        out.push('&');
    }
    encode(out, name);
    out.push('=');
    encode(out, value);
}

/// Appends a text in the letters of a form.
pub(super) fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => write!(out, "%{byte:02X}").expect("a String takes whatever is written"),
        }
    }
}

/// A form that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads one; none where it is no UTF-8, or has one of `once` twice.
    pub(super) fn read(text: &str, once: &[&str]) -> Option<Self> {
        let mut all: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if once.contains(&&*name) && all.iter().any(|(other, _)| *other == name) {
                return None;
            }
            all.push((name, value));
        }
        Some(Form(all))
    }

    /// The value of a name; an empty one is none (RFC 6749 3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| &**value).filter(|value| !value.is_empty())
    }
}

fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
        out.push(match (byte, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => {
                rest = after;
                digit(high)? << 4 | digit(low)?
            }
            (b'%', _) => return None,
            _ => byte,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut text = String::from("/authorize?");
        append(&mut text, "scope", "openid profile");
        append(&mut text, "q", "a&b=c%+/é");
        assert_eq!(text, "/authorize?scope=openid+profile&q=a%26b%3Dc%25%2B%2F%C3%A9");
        let form = Form::read(text.split_once('?').expect("a query").1, &["scope", "q"]).expect("it is sound");
        assert_eq!((form.get("scope"), form.get("q"), form.get("no")), (Some("openid profile"), Some("a&b=c%+/é"), None));
    }

    #[test]
    fn what_has_two_meanings_is_none() {
        assert_eq!(Form::read("code=a&state=b&code=c", &["code"]), None);
        assert_eq!(Form::read("c%6Fde=a&code=c", &["code"]), None);
        assert!(Form::read("a=1&a=2&code=c", &["code"]).is_some());
        for broken in ["a=%", "a=%4", "a=%zz", "a=%ff"] {
            assert_eq!(Form::read(broken, &[]), None, "{broken}");
        }
        let form = Form::read("code=&x&&=y", &["code"]).expect("it is sound");
        assert_eq!((form.get("code"), form.get("x")), (None, None), "empty is absent");
    }
}
