//! What an issuer calls itself.

use pintle_core::config::{Read, Text};
use std::ops::Deref;

/// The name of an issuer of tokens, to the letter as they say it (`iss`): mostly the URL below which its discovery document is.
/// It is shown in logs and messages, so a URL with a user in it is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Read)]
#[read(text, expected = "the name of an issuer such as https://login.example.com/")]
pub struct IssuerName(Box<str>);

impl Text for IssuerName {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(text.into()))
    }
}

impl Deref for IssuerName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
