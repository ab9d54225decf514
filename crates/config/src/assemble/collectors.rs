//! Where traces and metrics go: their collectors, taken over where nothing changed.

use super::World;
use super::own::Own;
use super::services::report;
use crate::document::Document;
use pintle_core::config::{Reader, Spanned};
use pintle_core::redact::Names;
use pintle_telemetry::metrics::MetricsConfig;
use pintle_telemetry::otlp::{Collector, OtlpConfig};
use pintle_telemetry::{PushSettings, TraceSettings};
use pintle_upstream::Resolver;
use std::sync::Arc;

/// What holds for spans; none where nobody takes them, or where something was reported.
pub(super) fn traces(
    document: &Document,
    resolver: &Arc<Resolver>,
    names: &Names,
    world: &World,
    reader: &mut Reader,
) -> Option<Arc<TraceSettings>> {
    let config = document.telemetry.traces.as_ref()?;
    let before = world.before.as_ref().and_then(|before| before.traces.as_ref()).map(|before| &before.collector);
    let collector = collector(config.otlp.as_ref()?, document, resolver, before, reader)?;
    Some(Arc::new(TraceSettings::new(config, collector, names.clone())))
}

/// What holds for metrics that are sent; none where nobody takes them, or where something was reported.
pub(super) fn metrics(
    document: &Document,
    resolver: &Arc<Resolver>,
    world: &World,
    reader: &mut Reader,
) -> Option<Arc<PushSettings>> {
    let MetricsConfig::On(config) = &document.telemetry.metrics else { return None };
    let before = world.before.as_ref().and_then(|before| before.push.as_ref()).map(|before| &before.collector);
    let collector = collector(config.otlp.as_ref()?, document, resolver, before, reader)?;
    Some(Arc::new(PushSettings::new(collector, config.every, &config.service)))
}

/// The collector that is named there.
fn collector(
    config: &Spanned<OtlpConfig>,
    document: &Document,
    resolver: &Arc<Resolver>,
    before: Option<&Arc<Collector>>,
    reader: &mut Reader,
) -> Option<Arc<Collector>> {
    let url = config.url();
    Own::of(document).check(&url.address, &url.span, reader);
    report(Collector::new(config, resolver, before), &url.span, reader)
}
