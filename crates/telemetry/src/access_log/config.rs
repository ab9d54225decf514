//! The configuration's `telemetry.access_log`.

mod fields;
mod name;
mod to;

use super::style::Style;
use super::{Fields, Format, Sink};
use name::CredentialName;
use pintle_core::config::{Diagnostic, Node, Read, Reader, Share};
use pintle_core::redact::Names;
use std::time::Duration;

/// Whether and how requests are logged: a line for each, when its last byte has gone. Lines are written beside the
/// requests' way; when a disk, a pipe or a syslog cannot keep up, lines are dropped and counted. What a line holds and how
/// to rotate, to sample and to collect is told in [logs.md](logs.md). The policy `access_log: none` leaves out the requests
/// of a listener, a group or a route.
///
/// ```yaml
/// telemetry:
///   access_log:
///     to: logs/access.log
///     format: json
///     fields: {tenant: "request.headers['x-tenant']"}
///     redact: [x-partner-secret]
///     sample: 10%
///     slow: 500ms
/// ```
///
/// ```yaml
/// telemetry:
///   access_log:
///     to: {syslog: "syslog+tcp://logs.example:601", facility: local3, app_name: edge, form: rfc5424, max_size: 16KiB}
/// ```
#[derive(Debug, Read)]
#[read(forms, expected = "`none` or a map")]
pub enum AccessLog {
    /// Not at all.
    #[read(none)]
    Off,
    /// One line a request.
    #[read(map)]
    On(Lines),
}

/// Where the lines go and how they look.
#[derive(Debug, Read)]
#[read(called = "access_log", check)]
pub struct Lines {
    /// Where they go. A file is opened anew on SIGHUP, so that it can be rotated.
    #[read(default = "stdout")]
    pub to: Sink,
    /// How they look.
    #[read(default = "json")]
    pub format: Format,
    /// Further keys of a line of JSON, each with an expression for its value: it may name `request` (as it stood at the
    /// end, without its body), `client`, `route`, `path` with any capture, and `response` (status and headers). Values keep
    /// their type; one that fails is `null`, and counted in `pintle_log_field_errors_total`. Excludes `format: combined`.
    #[read(key = "fields", default)]
    pub added: Fields,
    /// Further names of headers, cookies and query parameters whose values are `REDACTED` in lines, whatever their case
    /// and their `-` and `_`; beside the names of credentials, which always are.
    #[read(default)]
    pub redact: Vec<CredentialName>,
    /// Which share of the requests is logged, by their ids. Errors and slow requests are logged whatever it is: see `slow`.
    #[read(default = "100%")]
    pub sample: Share,
    /// How long a request takes at least to be a slow one, which `sample` never leaves out.
    #[read(default = "1s")]
    pub slow: Duration,
}

impl Lines {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.format == Format::Combined && !self.added.is_empty() {
            let span = node.get("fields").unwrap_or(node).span();
            let message = "the combined format has no place for `fields`";
            let help = "leave out `format: combined`, or the fields";
            reader.report(Diagnostic::error("log-field", message, span).help(help));
            return None;
        }
        Some(self)
    }
}

impl AccessLog {
    /// What [`super::Opened::open`] wants.
    pub fn parts(&self) -> (&Sink, Style) {
        match self {
            AccessLog::Off => (&Sink::None, Style::default()),
            AccessLog::On(lines) => {
                let style = Style {
                    format: lines.format,
                    fields: lines.added.clone(),
                    names: Names::and(lines.redact.iter().map(|name| &*name.0)),
                    sample: lines.sample,
                    slow: lines.slow,
                };
                (&lines.to, style)
            }
        }
    }
}

#[cfg(test)]
mod tests;
