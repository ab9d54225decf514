//! In which form a scraper gets the metrics: what its Accept and Accept-Encoding say (RFC 9110 12.5).

use pintle_core::{Fields, names};

/// The form of a scrape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// How series are written.
    pub syntax: Syntax,
    /// Whether all of it is compressed.
    pub gzip: bool,
}

/// How series are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// Prometheus' text format, version 0.0.4: what everybody reads.
    Prometheus,
    /// OpenMetrics, version 1.0.
    OpenMetrics,
}

impl Format {
    /// What the fields of a request ask for; Prometheus' text where they ask for nothing that there is.
    pub fn wanted(fields: &Fields) -> Self {
        let (mut open, mut plain) = (0.0, 0.0);
        for member in fields.list(names::ACCEPT) {
            let (kind, weight, version) = member_of(member);
            if kind.eq_ignore_ascii_case(b"application/openmetrics-text") {
                // Version 0.0.1 is another syntax.
                if version.is_none_or(|version| version == b"1.0.0") {
                    open = f32::max(open, weight);
                }
            } else if kind.eq_ignore_ascii_case(b"text/plain") && version.is_none_or(|version| version == b"0.0.4") {
                plain = f32::max(plain, weight);
            }
        }
        let syntax = if open > 0.0 && open >= plain { Syntax::OpenMetrics } else { Syntax::Prometheus };
        let (mut gzip, mut any) = (None, 0.0);
        for member in fields.list(names::ACCEPT_ENCODING) {
            let (coding, weight, _) = member_of(member);
            if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
                gzip = Some(weight);
            } else if coding == b"*" {
                any = weight;
            }
        }
        Format { syntax, gzip: gzip.unwrap_or(any) > 0.0 }
    }

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self.syntax {
            Syntax::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Syntax::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The content coding, if there is one.
    pub const fn encoding(self) -> Option<&'static str> {
        if self.gzip { Some("gzip") } else { None }
    }
}

/// The name of a list's member, its weight, and the version that it names.
fn member_of(member: &[u8]) -> (&[u8], f32, Option<&[u8]>) {
    let mut parts = member.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().unwrap_or_default();
    let (mut weight, mut version) = (1.0, None);
    for part in parts {
        let Some(at) = part.iter().position(|byte| *byte == b'=') else { continue };
        let (key, value) = (part[..at].trim_ascii(), part[at + 1..].trim_ascii());
        if key.eq_ignore_ascii_case(b"q") {
            // What is no weight asks for nothing.
            let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<f32>().ok());
            weight = number.filter(|number| (0.0..=1.0).contains(number)).unwrap_or(0.0);
        } else if key.eq_ignore_ascii_case(b"version") {
            version = Some(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value));
        }
    }
    (name, weight, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(fields: &[(&'static str, &str)]) -> (Syntax, bool) {
        let mut all = Fields::new();
        fields.iter().for_each(|(name, value)| all.append(*name, *value));
        let Format { syntax, gzip } = Format::wanted(&all);
        (syntax, gzip)
    }

    // RFC 9110 12.5.1
    #[test]
    fn the_form_is_the_one_that_the_scraper_likes_best() {
        use Syntax::{OpenMetrics, Prometheus};
        let of_prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
            application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, syntax) in [
            ("", Prometheus),
            ("*/*", Prometheus),
            ("text/html", Prometheus),
            (of_prometheus_3, OpenMetrics),
            ("application/openmetrics-text", OpenMetrics),
            ("Application/OpenMetrics-Text; version=\"1.0.0\"", OpenMetrics),
            ("application/openmetrics-text;version=0.0.1,text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text;q=0.3,text/plain;version=0.0.4;q=0.6", Prometheus),
            ("application/openmetrics-text;q=0", Prometheus),
            ("application/openmetrics-text;q=nan", Prometheus),
        ] {
            assert_eq!(wanted(&[("accept", accept)]).0, syntax, "{accept}");
        }
    }

    // RFC 9110 12.5.3
    #[test]
    fn it_is_compressed_for_who_asks_for_that() {
        for (accept, gzip) in [
            ("", false),
            ("gzip", true),
            ("br, x-gzip;q=0.1", true),
            ("gzip;q=0, *", false),
            ("*", true),
            ("*;q=0", false),
            ("identity", false),
            ("deflate, br", false),
        ] {
            assert_eq!(wanted(&[("accept-encoding", accept)]).1, gzip, "{accept}");
        }
        assert!(!wanted(&[]).1);
    }
}
