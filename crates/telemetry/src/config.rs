//! The configuration's `telemetry`: each subject's type is its own, here they stand together.

use crate::access_log::config::AccessLog;
use crate::metrics::MetricsConfig;
use crate::traces::TracesConfig;
use crate::why::config::WhyConfig;
use pintle_core::config::{Read, Spanned};
use pintle_core::redact::Names;

/// What the gateway tells about itself and the requests it serves.
///
/// ```yaml
/// telemetry: {access_log: none, traces: {otlp: "http://127.0.0.1:4317", sample: 1%}}
/// ```
#[derive(Debug, Read)]
#[read(called = "`telemetry`")]
pub struct Telemetry {
    /// One line a request; `none` for no log.
    #[read(default = "{}")]
    pub access_log: Spanned<AccessLog>,
    /// What is counted, for `/metrics`.
    #[read(default = "{}")]
    pub metrics: MetricsConfig,
    /// Which requests are recorded as spans, and where those go.
    pub traces: Option<TracesConfig>,
    /// The last requests, kept for `pintle why`; `none` for none.
    #[read(default = "{}")]
    pub why: WhyConfig,
}

impl Telemetry {
    /// The names of what is left out wherever requests are shown, as far as they are said here.
    pub fn names(&self) -> Names {
        self.access_log.parts().1.names
    }
}
