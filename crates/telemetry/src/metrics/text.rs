//! Prometheus' text format, version 0.0.4.

/// What kind of metric a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A metric's name, what it is, and its kind.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
}

/// Opens a family: its samples follow, all of them.
pub(crate) fn header(out: &mut String, family: &Family) {
    let kind = match family.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    for piece in ["# HELP ", family.name, " ", family.help, "\n# TYPE ", family.name, " ", kind, "\n"] {
        out.push_str(piece);
    }
}

/// A family of one sample.
pub(crate) fn single(out: &mut String, family: &Family, labels: &[(&str, &str)], value: u64) {
    header(out, family);
    sample(out, family.name, labels, value);
}

/// One sample with labels that are not yet escaped.
pub(crate) fn sample(out: &mut String, name: &str, labels: &[(&str, &str)], value: u64) {
    out.push_str(name);
    if !labels.is_empty() {
        out.push('{');
        pairs(out, labels);
        out.push('}');
    }
    end(out, value);
}

/// Labels between their braces.
pub(crate) fn pairs(out: &mut String, labels: &[(&str, &str)]) {
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
pub(crate) fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}

/// [`escape`] into a text of its own, for what is written many times.
pub(crate) fn escaped(value: &str) -> Box<str> {
    let mut text = String::with_capacity(value.len());
    escape(&mut text, value);
    text.into()
}

/// A sample's value and the end of its line.
pub(crate) fn end(out: &mut String, value: u64) {
    out.push(' ');
    out.push_str(itoa::Buffer::new().format(value));
    out.push('\n');
}

/// As [`end`], for a number that may be negative.
pub(crate) fn end_signed(out: &mut String, value: i64) {
    out.push(' ');
    out.push_str(itoa::Buffer::new().format(value));
    out.push('\n');
}

/// Microseconds as a value in seconds, exactly.
pub(crate) fn end_micros(out: &mut String, micros: u64) {
    out.push(' ');
    out.push_str(itoa::Buffer::new().format(micros / 1_000_000));
    let rest = micros % 1_000_000;
    if rest > 0 {
        out.push('.');
        // A one before the digits keeps their leading zeros.
        out.push_str(&itoa::Buffer::new().format(1_000_000 + rest)[1..]);
    }
    out.push('\n');
}
