//! The name of a header, a cookie or a query parameter that holds a credential.

use pintle_core::config::{Read, Text};
use pintle_core::redact::LONGEST_NAME;

/// The name of a header, a cookie or a query parameter whose value is left out.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "the name of a header, a cookie or a query parameter")]
pub struct CredentialName(pub String);

impl Text for CredentialName {
    fn parse(text: &str) -> Result<Self, String> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if text.contains('*') {
            return Err("names are whole: write each".into());
        }
        if let Some((_, name)) = text.split_once("['").or_else(|| text.rsplit_once('.'))
            && text.starts_with("request.")
        {
            return Err(format!("write the name alone: `{}`", name.trim_end_matches("']")));
        }
        if !text.bytes().all(is_part) || !text.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            return Err("letters, digits, `-`, `_` and `.`".into());
        }
        if text.len() > LONGEST_NAME {
            return Err(format!("at most {LONGEST_NAME} letters; a longer name is left out whatever it is"));
        }
        Ok(CredentialName(text.to_owned()))
    }
}
