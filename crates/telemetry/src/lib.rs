//! What an operator sees of the gateway: one access log record a request, metrics, and the program's own messages.
//!
//! Nothing here waits on a request's path: records go into a buffer of the worker, counts into cells of the worker, and
//! a thread or a scrape collects them. What cannot be kept within its bound is dropped and counted. This room knows
//! names and numbers; what a route or an upstream is, it does not.
#![forbid(unsafe_code)]

pub mod access_log;
pub mod config;
mod ended;
pub mod log;
pub mod metrics;
pub mod otlp;
mod stamp;
pub mod traces;
pub mod why;

pub use access_log::{AccessLog, Format, Opened, Record, Sink, Style, TunnelRecord};
pub use ended::Ended;
pub use metrics::{Counter, Gauge, ListenerMeter, Metrics, Outcomes, Push, PushSettings, RouteMeter, UpstreamMeter};
pub use stamp::utc;
pub use traces::{TraceSettings, Traces, TracesConfig};
pub use why::Why;
