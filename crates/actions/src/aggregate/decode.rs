//! Content of a service's answer, as a tree.

use pintle_core::config::Read;
use pintle_core::json::{Json, Limits};

/// How the content of an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Read)]
#[read(word)]
pub enum Decode {
    /// JSON.
    Json,
    /// Text.
    Text,
    /// XML.
    Xml,
    /// Any bytes.
    Base64,
}

/// Why content cannot be read.
#[derive(Debug)]
pub(super) struct Undecodable(pub(super) String);

impl std::fmt::Display for Undecodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn decode(
    _how: Option<Decode>,
    _content_type: Option<&[u8]>,
    content: &[u8],
    limits: Limits,
) -> Result<Json, Undecodable> {
    Json::parse(content, limits).map_err(|fault| Undecodable(format!("{fault:?}")))
}
