//! The text of a scrape: Prometheus' format 0.0.4, or OpenMetrics 1.0. Beside small things these differ in what a family
//! of counters is called, and in the end.

use super::format::Syntax;
use super::visit::{Histogram, Value, Visit, short};
use pintle_core::counters::{Family, Kind};

/// Text as it grows.
pub(super) struct Text {
    /// What was written and not yet taken.
    pub(super) out: String,
    syntax: Syntax,
    /// The family that was opened last.
    open: &'static str,
    /// The labels of the series that is being written; kept for its room.
    labels: String,
}

impl Text {
    pub(super) fn new(syntax: Syntax) -> Self {
        Text { out: String::new(), syntax, open: "", labels: String::new() }
    }

    /// All series were written.
    pub(super) fn end(&mut self) {
        if self.syntax == Syntax::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
    }

    fn header(&mut self, family: &'static Family) {
        self.open = family.name;
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let name = match self.syntax {
            Syntax::Prometheus => family.name,
            Syntax::OpenMetrics => family.name.strip_suffix("_total").unwrap_or(family.name),
        };
        for piece in ["# HELP ", name, " ", family.help, "\n# TYPE ", name, " ", kind, "\n"] {
            self.out.push_str(piece);
        }
        if self.syntax == Syntax::OpenMetrics
            && let Some(unit) = ["seconds", "bytes"]
                .into_iter()
                .find(|unit| name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')))
        {
            for piece in ["# UNIT ", name, " ", unit, "\n"] {
                self.out.push_str(piece);
            }
        }
    }

    fn line(&mut self, name: &str, suffix: &str) {
        self.out.push_str(name);
        self.out.push_str(suffix);
        if !self.labels.is_empty() {
            self.out.push('{');
            self.out.push_str(&self.labels);
            self.out.push('}');
        }
        self.out.push(' ');
    }

    fn histogram(&mut self, name: &'static str, histogram: &Histogram<'_>) {
        let comma = if self.labels.is_empty() { "" } else { "," };
        let bounds = histogram.bounds.upper.iter().map(|&(_, text)| match self.syntax {
            Syntax::Prometheus => short(text),
            Syntax::OpenMetrics => text,
        });
        let mut count = 0u64;
        for (bound, bucket) in bounds.chain(["+Inf"]).zip(histogram.buckets) {
            count = count.wrapping_add(*bucket);
            self.out.push_str(name);
            self.out.push_str("_bucket{");
            self.out.push_str(&self.labels);
            self.out.push_str(comma);
            self.out.push_str("le=\"");
            self.out.push_str(bound);
            self.out.push_str("\"} ");
            integer(&mut self.out, count);
        }
        self.line(name, "_sum");
        if histogram.bounds.micros {
            micros(&mut self.out, histogram.sum);
        } else {
            integer(&mut self.out, histogram.sum);
        }
        self.line(name, "_count");
        integer(&mut self.out, count);
    }
}

impl Visit for Text {
    fn sample(&mut self, family: &'static Family, labels: &[(&str, &str)], value: Value<'_>) {
        if self.open != family.name {
            self.header(family);
        }
        self.labels.clear();
        pairs(&mut self.labels, labels);
        match value {
            Value::Histogram(histogram) => self.histogram(family.name, &histogram),
            Value::Count(value) => {
                self.line(family.name, "");
                integer(&mut self.out, value);
            }
            Value::Level(value) => {
                self.line(family.name, "");
                self.out.push_str(itoa::Buffer::new().format(value));
                self.out.push('\n');
            }
            Value::Micros(value) => {
                self.line(family.name, "");
                micros(&mut self.out, value);
            }
        }
    }
}

/// Labels as they stand between the braces. One without a value is as good as none, and a family's own are told all the same.
fn pairs(out: &mut String, labels: &[(&str, &str)]) {
    for (index, (name, value)) in labels.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(name);
        out.push_str("=\"");
        escape(out, value);
        out.push('"');
    }
}

/// A label's value between its quotes.
fn escape(out: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '"', '\n']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'\\' => "\\\\",
            b'"' => "\\\"",
            _ => "\\n",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// A value and the end of its line.
fn integer(out: &mut String, value: u64) {
    out.push_str(itoa::Buffer::new().format(value));
    out.push('\n');
}

/// Microseconds as a value in seconds, exactly, and the end of its line.
fn micros(out: &mut String, micros: u64) {
    out.push_str(itoa::Buffer::new().format(micros / 1_000_000));
    let rest = micros % 1_000_000;
    if rest > 0 {
        out.push('.');
        // A one before the digits keeps their leading zeros.
        out.push_str(&itoa::Buffer::new().format(1_000_000 + rest)[1..]);
    }
    out.push('\n');
}
