//! An answer before it is sent.

use pintle_core::{Body, Name, StatusCode, names};
use serde_json::Value;

/// The media type of texts for people.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// The media type of what is for programs.
pub(crate) const JSON: &str = "application/json";

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    /// What is large comes as the caller takes it.
    pub(crate) body: Body,
    pub(crate) fields: Vec<(Name<'static>, String)>,
    /// What was done, for the log; nothing where nothing was.
    pub(crate) told: Option<String>,
}

impl Answer {
    pub(crate) fn text(body: impl Into<String>) -> Self {
        Answer { status: StatusCode::OK, kind: TEXT, body: Body::full(body.into()), fields: Vec::new(), told: None }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Answer { kind: JSON, ..Answer::text(format!("{value:#}\n")) }
    }

    /// The same with the version that is in force as its `ETag`.
    pub(crate) fn tagged(mut self, version: u64) -> Self {
        self.fields.push(tag(version));
        self
    }

    /// The same with what the log says of it.
    pub(crate) fn told(self, told: String) -> Self {
        Answer { told: Some(told), ..self }
    }
}

/// The version in force as a header field.
pub(crate) fn tag(version: u64) -> (Name<'static>, String) {
    (names::ETAG, format!("\"{version}\""))
}
