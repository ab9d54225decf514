//! OTLP: how spans and metrics get to a collector of OpenTelemetry, over gRPC or HTTP (opentelemetry.io/docs/specs/otlp).
//!
//! A [`Collector`] says where it is and how it is spoken to; it is built with a configuration. An [`Exporter`] sends one
//! signal's requests there, and again where the protocol allows that. It is for the program's background: nothing of it
//! runs on a worker, and no worker waits for it. What is in a request, and what is kept until it goes out, is its
//! caller's business.

mod address;
mod answer;
mod collector;
mod config;
mod ending;
mod exporter;
pub mod messages;

pub use address::CollectorUrl;
pub use collector::{Collector, Credentials};
pub use config::{CollectorConfig, Compression, OtlpConfig, Protocol};
pub(crate) use ending::Ending;
pub use exporter::Exporter;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Numbers.
    Metrics,
}

impl Signal {
    /// Its name in metrics and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Signal::Traces => "traces",
            Signal::Metrics => "metrics",
        }
    }

    /// What follows on the URL's path over HTTP.
    const fn path(self) -> &'static str {
        match self {
            Signal::Traces => "/v1/traces",
            Signal::Metrics => "/v1/metrics",
        }
    }

    /// What is called over gRPC.
    const fn method(self) -> &'static str {
        match self {
            Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        }
    }
}
