//! What an answer of the service that decides means: what goes on to the service behind, and what to the client.

use super::Asking;
use pintle_core::exchange::ResponseScope;
use pintle_core::json::{Json, Limits};
use pintle_core::template::{Scope, Value, Variable};
use pintle_core::{Body, Exchange, Fields, Identity, Response, StatusCode, names};
use pintle_upstream::Answer;
use std::sync::Arc;

/// How much of an answer `allow` reads.
const LIMITS: Limits = Limits { bytes: 64 * 1024, depth: 32 };

/// What is copied from an answer that lets through.
#[derive(Clone)]
pub(super) struct Copied(Arc<Fields>);

/// Fields that the client gets besides.
pub(super) struct ToClient(pub(super) Fields);

/// An answer that does not let through, as the client gets it.
pub(super) struct Denied {
    status: StatusCode,
    fields: Fields,
    content: bytes::Bytes,
}

impl Copied {
    pub(super) fn new(names: &[Box<str>], fields: &Fields) -> Self {
        Copied(Arc::new(only(names, fields)))
    }

    pub(super) fn fields(&self) -> &Fields {
        &self.0
    }

    /// Who it is: expressions know the fields as claims.
    pub(super) fn identity(&self) -> Identity {
        let claims = (!self.0.is_empty()).then(|| Arc::clone(&self.0) as _);
        Identity { consumer: None, claims }
    }
}

/// The fields of these names.
pub(super) fn only(names: &[Box<str>], fields: &Fields) -> Fields {
    let mut found = Fields::new();
    for (name, value) in fields.iter().filter(|(name, _)| names.iter().any(|one| **one == *name.as_str())) {
        found.append(name, value);
    }
    found
}

impl Denied {
    pub(super) fn new(answer: Answer) -> Self {
        let Answer { status, mut fields, content } = answer;
        // Its length is told by who sends it.
        fields.remove(names::CONTENT_LENGTH);
        Denied { status, fields, content }
    }

    pub(super) fn response(&self) -> Response {
        let mut response = Response::new(self.status);
        response.fields = self.fields.clone();
        response.body = Body::full(self.content.clone());
        response
    }
}

/// An answer as `allow` sees it.
struct Answered<'a> {
    head: ResponseScope<'a>,
    content: Option<Json>,
}

impl Scope for Answered<'_> {
    fn variable(&self, variable: &Variable) -> Option<Value<'_>> {
        match variable {
            Variable::ResponseBody => Some(self.content.as_ref()?.value()),
            _ => self.head.variable(variable),
        }
    }
}

impl Asking {
    /// Whether what `allow` wants holds of an answer; it does not where it cannot be worked out.
    pub(super) fn allows(&self, answer: &Answer, exchange: &Exchange) -> bool {
        let Some(allow) = &self.allow else { return true };
        let mut head = Response::new(answer.status);
        head.fields = answer.fields.clone();
        let content = Json::parse(&answer.content, LIMITS).ok();
        let head = ResponseScope { exchange, response: &head };
        allow.holds(&Answered { head, content }).unwrap_or(false)
    }
}
