//! Traces as their user writes them.

use crate::otlp::OtlpConfig;
use pintle_core::config::{Diagnostic, Map, Node, Read, Reader, Share, Spanned};
use pintle_core::trace::Propagate;

/// Which requests are recorded as spans, and where those go. Without it, and without `otlp`, nothing is recorded; the trace of
/// a client goes on to services all the same. See [traces](traces.md).
///
/// ```yaml
/// telemetry:
///   traces:
///     otlp: "http://127.0.0.1:4317"
///     sample: 1%
///     errors: true
///     service: edge
///     resource: {deployment.environment.name: production}
///     parent: trusted
///     propagate: [w3c, b3]
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "traces", check)]
pub struct TracesConfig {
    /// The collector that spans are sent to.
    pub otlp: Option<Spanned<OtlpConfig>>,
    /// Which share of the traces is recorded, where nobody who is believed has decided: by the trace's id, as all who ask for
    /// the same share do.
    #[read(default = "100%")]
    pub sample: Share,
    /// Whether a request that ends in an error (5xx, or its like in gRPC) is recorded in any case. Its service was told that
    /// it is not, so the service's own spans are missing then.
    #[read(default = "false")]
    pub errors: bool,
    /// Whose decision to record a trace holds: of peers in `trusted_proxies`, or of any client.
    #[read(default = "trusted")]
    pub parent: Believed,
    /// The name by which the gateway is known in traces: `service.name`.
    #[read(default = "pintle")]
    pub service: String,
    /// More of what is said of the gateway with its spans: attributes of the resource.
    #[read(default)]
    pub resource: Map<String>,
    /// In which fields a trace is read and goes on; the first one that says something holds. Others pass through as they are.
    #[read(default = "[w3c]")]
    pub propagate: Vec<Format>,
}

/// Who decides that a trace is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Believed {
    /// The peers in a listener's `trusted_proxies`.
    Trusted,
    /// Any client: each of them may have all of its requests recorded.
    Any,
}

/// Fields that carry a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Format {
    /// `traceparent` and `tracestate` (W3C Trace Context).
    W3c,
    /// `b3`; on the way in the fields of `b3multi` as well.
    B3,
    /// `X-B3-TraceId`, `X-B3-SpanId` and `X-B3-Sampled`; on the way in `b3` as well.
    B3multi,
}

/// Names of the resource that have a key of their own, or that the gateway fills in.
const OWN: [(&str, &str); 5] = [
    ("service.name", "write it as `service`"),
    ("service.instance.id", "it is another one for each start: leave it out"),
    ("telemetry.sdk.name", "leave it out"),
    ("telemetry.sdk.language", "leave it out"),
    ("telemetry.sdk.version", "leave it out"),
];

impl TracesConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut sound = true;
        if self.otlp.is_none() {
            let idle = ["sample", "errors", "parent", "service", "resource"];
            for key in idle.iter().filter(|key| node.get(key).is_some()) {
                let message = format!("`{key}` says how spans are recorded, and without `otlp` none are");
                let at = node.get(key).unwrap_or(node).span();
                reader.report(
                    Diagnostic::error("traces", message, at)
                        .help("say where they go: `otlp: \"http://127.0.0.1:4317\"`"),
                );
                sound = false;
            }
        }
        for (name, _) in &self.resource.0 {
            if let Some((_, help)) = OWN.iter().find(|(own, _)| *own == name.value) {
                let message = format!("`{}` is the gateway's own to say", name.value);
                reader.report(Diagnostic::error("traces", message, &name.span).help(*help));
                sound = false;
            }
        }
        sound.then_some(self)
    }

    /// In which fields traces go on.
    pub(super) fn fields(&self) -> Propagate {
        let has = |format| self.propagate.contains(&format);
        Propagate { w3c: has(Format::W3c), b3: has(Format::B3), b3_multi: has(Format::B3multi) }
    }
}
