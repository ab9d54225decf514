//! Words of HTTP that stand in a configuration.

use http::{HeaderName, Method, StatusCode};

use super::read_as_text;
use crate::config::{Grammar, Text};

read_as_text!(HeaderName, "HeaderName", "a header's name", Grammar::Free, "The name of a header, in any case.");
read_as_text!(Method, "Method", "a method such as GET", Grammar::Free, "A request method. Methods are case-sensitive.");
read_as_text!(
    StatusCode,
    "StatusCode",
    "a status from 100 to 599",
    Grammar::Number { min: 100, max: 599, or: &[] },
    "The status of an answer."
);

impl Text for HeaderName {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "a name has letters, digits and `-`, without spaces or a colon".into())
    }
}

impl Text for Method {
    fn parse(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        // RFC 9110 9.1: `get` is a method, but never the one that was meant.
        if upper != text && STANDARD.contains(&upper.as_str()) {
            return Err(format!("write {upper}"));
        }
        text.parse().map_err(|_| String::new())
    }
}

const STANDARD: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

impl Text for StatusCode {
    fn parse(text: &str) -> Result<Self, String> {
        // RFC 9110 15: values outside of 100 to 599 are invalid.
        text.parse::<StatusCode>().ok().filter(|status| status.as_u16() < 600).ok_or_else(String::new)
    }
}
