//! The configuration's `telemetry.access_log`.

use super::{Format, Sink};
use pintle_core::config::{ConfigPath, Grammar, Later, Node, Read, Reader, Shape};

/// Whether and how requests are logged: a line for each, when its last byte has gone. Lines are written beside the
/// requests' way; when a disk or a pipe cannot keep up, lines are dropped and counted.
///
/// ```yaml
/// telemetry:
///   access_log: {to: logs/access.log, format: combined}
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
#[read(called = "access_log")]
pub struct Lines {
    /// Where they go. A file is opened anew on SIGHUP, so that it can be rotated.
    #[read(default = "stdout")]
    pub to: Sink,
    /// How they look.
    #[read(default = "json")]
    pub format: Format,
    /// Further keys by expression.
    #[read(later)]
    pub fields: Later,
    /// What else is left out.
    #[read(later)]
    pub redact: Later,
    /// Which share of the requests is logged.
    #[read(later)]
    pub sample: Later,
}

impl AccessLog {
    /// What [`super::Opened::open`] wants.
    pub fn parts(&self) -> (&Sink, Format) {
        match self {
            AccessLog::Off => (&Sink::None, Format::default()),
            AccessLog::On(lines) => (&lines.to, lines.format),
        }
    }
}

const EXPECTED: &str = "`stdout`, `stderr` or a file's path";

impl Read for Sink {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.as_text() {
            Some("stdout") => Some(Sink::Stdout),
            Some("stderr") => Some(Sink::Stderr),
            Some("none") => {
                reader.expected(EXPECTED, node, "`access_log: none` switches the log off");
                None
            }
            Some(_) => ConfigPath::read(node, reader).map(|path| Sink::File(path.to_path_buf())),
            None => {
                reader.expected(EXPECTED, node, "");
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text { name: "Sink", doc: "Where lines go.", expected: EXPECTED, grammar: Grammar::Free }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Telemetry;
    use pintle_core::config::Sources;
    use std::path::PathBuf;

    fn read(text: &str) -> (Option<(Sink, Format)>, String) {
        let mut reader = Reader::new();
        let sources = Sources::from_text("/etc/pintle/gateway.yaml", text, &mut reader);
        let telemetry = Telemetry::read(&sources.root, &mut reader);
        let said: Vec<_> = reader.diagnostics.iter().map(|one| one.message.clone()).collect();
        let parts = telemetry.map(|telemetry| {
            let (sink, format) = telemetry.access_log.parts();
            (sink.clone(), format)
        });
        (parts.filter(|_| said.is_empty()), said.join("\n"))
    }

    #[test]
    fn what_may_be_written() {
        let file = Sink::File(PathBuf::from("/etc/pintle/logs/access.log"));
        for (text, sink, format) in [
            ("{}", Sink::Stdout, Format::Json),
            ("access_log: none", Sink::None, Format::Json),
            ("access_log: {format: combined}", Sink::Stdout, Format::Combined),
            ("access_log: {to: stderr}", Sink::Stderr, Format::Json),
            ("access_log: {to: logs/access.log, format: json}", file, Format::Json),
        ] {
            assert_eq!(read(text), (Some((sink, format)), String::new()), "{text}");
        }
    }

    #[test]
    fn what_is_refused_and_why() {
        for (text, expected) in [
            ("access_log: {to: none}", "stdout"),
            ("access_log: {to: [a]}", "stdout"),
            ("access_log: {format: xml}", "json"),
            ("access_log: {sample: 1%}", "sample"),
            ("access_log: {fields: {a: b}}", "fields"),
            ("access_log: {redact: [a]}", "redact"),
            ("metrics: {max_series: 5}", "metrics"),
            ("access_logs: none", "access_logs"),
        ] {
            let (parts, said) = read(text);
            assert!(parts.is_none() && said.contains(expected), "{text}: {said}");
        }
    }
}
