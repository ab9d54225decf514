//! What a call asks for, but for what the gateway says of the client's request.

use super::part::Failure;
use super::plan::Part;
use super::scope::PlanScope;
use bytes::Bytes;
use pintle_core::{Body, Fields, Method};
use pintle_upstream::Upstream;
use std::hash::BuildHasher;
use std::sync::Arc;

/// A request to the service of a part.
#[derive(Debug)]
pub(super) struct PartRequest {
    /// The part that it is of.
    pub(super) part: usize,
    pub(super) upstream: Arc<Upstream>,
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    /// The Host, where it is not the service's own.
    pub(super) host: Option<String>,
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
        let host = part.host.as_ref().map(|host| host.render(scope)).transpose();
        let host = host.map_err(|refusal| failed(refusal.internal))?;
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
        let (upstream, method) = (Arc::clone(&part.target.upstream), part.method.clone());
        Ok(PartRequest { part: at, upstream, method, target, host, fields, content, key })
    }

    /// Whether it asks for the same as another one.
    pub(super) fn is_like(&self, other: &PartRequest) -> bool {
        Arc::ptr_eq(&self.upstream, &other.upstream)
            && self.method == other.method
            && self.target == other.target
            && self.host == other.host
            && self.content == other.content
            && self.fields.len() == other.fields.len()
            && self.fields.iter().eq(other.fields.iter())
    }

    /// Equal for requests that are alike.
    pub(super) fn likeness(&self) -> u64 {
        let upstream = Arc::as_ptr(&self.upstream).addr();
        foldhash::fast::FixedState::default().hash_one((upstream, self.method.as_str(), &self.target))
    }
}
