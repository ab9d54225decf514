//! Where spans go and in whose name, as a configuration says it.

use super::TracesConfig;
use super::config::Believed;
use crate::otlp::Collector;
use crate::otlp::messages::{KeyValue, Resource};
use bytes::Bytes;
use pintle_core::redact::Names;
use pintle_core::trace::{Sampler, Tracing};
use prost::Message;
use std::sync::Arc;

/// What holds for spans that go out.
pub struct TraceSettings {
    /// Where they go.
    pub collector: Arc<Collector>,
    /// Whose they are, encoded.
    pub(super) resource: Bytes,
    /// What is left out of them.
    pub(super) names: Names,
}

impl TraceSettings {
    /// The settings of a configuration with its collector, and the names of what no span shows.
    pub fn new(config: &TracesConfig, collector: Arc<Collector>, names: Names) -> Self {
        let own = [
            ("service.name", &*config.service),
            ("service.instance.id", pintle_core::instance()),
            ("telemetry.sdk.name", "pintle"),
            ("telemetry.sdk.language", "rust"),
            ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        ];
        let more = config.resource.0.iter().map(|(name, value)| (&*name.value, &**value));
        let attributes = own.into_iter().chain(more).map(|(name, value)| KeyValue::text(name, value)).collect();
        TraceSettings { collector, resource: Resource { attributes }.encode_to_vec().into(), names }
    }
}

impl TracesConfig {
    /// What has to be known of a request's trace when it is accepted.
    pub fn tracing(&self) -> Tracing {
        let sampler = Sampler {
            threshold: Sampler::threshold_of(self.sample.millionths()),
            any_parent: self.parent == Believed::Any,
            errors: self.errors,
        };
        Tracing { sampler: self.otlp.as_ref().map(|_| sampler), propagate: self.fields() }
    }
}
