//! What a call asks for, but for what the gateway says of the client's request.

use super::part::Failure;
use super::plan::Part;
use super::scope::PlanScope;
use bytes::Bytes;
use pintle_core::{Body, Fields};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A request to the service of a part.
#[derive(Debug)]
pub(super) struct PartRequest {
    /// The part that it is of; it has the service and the method.
    pub(super) part: usize,
    /// Path and query.
    pub(super) target: String,
    /// The part's own fields.
    pub(super) fields: Fields,
    pub(super) content: Bytes,
    /// What decides where it goes, if the upstream asks for it.
    pub(super) key: Option<u64>,
}

impl PartRequest {
    /// Puts it together; a template that fails says why.
    pub(super) fn make(at: usize, part: &Part, scope: &PlanScope<'_>) -> Result<Self, Failure> {
        let failed = |why: Option<String>| Failure::new("expression", why.unwrap_or_default());
        let target = part.path.render(scope, None).map_err(|refusal| failed(refusal.internal))?;
        let mut fields = Fields::new();
        part.headers.put_all(scope, &mut fields).map_err(|error| failed(Some(format!("a header: {error}"))))?;
        let content = match &part.body {
            None => Bytes::new(),
            Some(body) => match body.render(scope).map_err(|refusal| failed(refusal.internal))? {
                Body::Full(bytes) => bytes,
                Body::Empty | Body::Stream { .. } => Bytes::new(),
            },
        };
        let key = part.target.upstream.key(scope.exchange);
        Ok(PartRequest { part: at, target, fields, content, key })
    }

    /// Whether it asks for the same as another one, as far as the requests themselves say.
    pub(super) fn is_like(&self, other: &PartRequest) -> bool {
        self.target == other.target
            && self.content == other.content
            && self.fields.len() == other.fields.len()
            && self.fields.iter().eq(other.fields.iter())
    }

    /// Equal for requests that are alike.
    pub(super) fn likeness(&self, part: &Part) -> u64 {
        let mut hasher = foldhash::fast::FixedState::default();
        let mut hasher = std::hash::BuildHasher::build_hasher(&mut hasher);
        (Arc::as_ptr(&part.target.upstream).addr(), part.method.as_str(), &self.target).hash(&mut hasher);
        hasher.finish()
    }
}
