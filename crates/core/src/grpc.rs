//! gRPC as far as a gateway must know it: which requests are of it, how much time they give, what became of them. The
//! protocol is "gRPC over HTTP2", and "gRPC-Web" for browsers, in the repository of gRPC.

use crate::{Fields, names};
use std::time::Duration;

/// In which form a message speaks gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// gRPC itself, which needs HTTP/2 and trailers.
    Grpc,
    /// gRPC-Web: trailers are the last frame of the content.
    Web,
    /// The same, in base64.
    WebText,
}

impl Kind {
    /// By the content type; none for what is no gRPC.
    pub fn of(fields: &Fields) -> Option<Kind> {
        let rest = without(fields.get(names::CONTENT_TYPE)?, b"application/grpc")?;
        let (kind, rest) = match without(rest, b"-web") {
            None => (Kind::Grpc, rest),
            Some(rest) => match without(rest, b"-text") {
                None => (Kind::Web, rest),
                Some(rest) => (Kind::WebText, rest),
            },
        };
        // What follows is the format of the messages, or a parameter.
        matches!(rest.first(), None | Some(b'+' | b';' | b' ')).then_some(kind)
    }

    /// The content type without format.
    pub const fn content_type(self) -> &'static str {
        match self {
            Kind::Grpc => "application/grpc",
            Kind::Web => "application/grpc-web",
            Kind::WebText => "application/grpc-web-text",
        }
    }
}

fn without<'t>(text: &'t [u8], start: &[u8]) -> Option<&'t [u8]> {
    let (first, rest) = text.split_at_checked(start.len())?;
    first.eq_ignore_ascii_case(start).then_some(rest)
}

/// What `grpc-timeout` gives; none where it is malformed: at most eight digits and a unit.
pub fn timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |sum, digit| 10 * sum + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(3600 * number),
        b'M' => Duration::from_secs(60 * number),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// A time as `grpc-timeout` says it, as exactly as eight digits can and never more than it is; at least a nanosecond.
pub fn timeout_text(left: Duration) -> String {
    const MOST: u128 = 99_999_999;
    let units = [(1, 'n'), (1_000, 'u'), (1_000_000, 'm'), (1_000_000_000, 'S'), (60_000_000_000, 'M')];
    let number = |divisor: u128| left.as_nanos() / divisor;
    match units.into_iter().find(|(divisor, _)| number(*divisor) <= MOST) {
        Some((divisor, unit)) => format!("{}{unit}", number(divisor).max(1)),
        None => format!("{}H", number(3_600_000_000_000).min(MOST)),
    }
}

/// The status among an answer's fields or trailers.
pub fn status(fields: &Fields) -> Option<u32> {
    fields.get_str(names::GRPC_STATUS)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(content_type: &str) -> Option<Kind> {
        let mut fields = Fields::new();
        fields.append(names::CONTENT_TYPE, content_type);
        Kind::of(&fields)
    }

    #[test]
    fn a_content_type_tells_the_form() {
        for (text, expected) in [
            ("application/grpc", Some(Kind::Grpc)),
            ("application/grpc+proto", Some(Kind::Grpc)),
            ("Application/GRPC;x=y", Some(Kind::Grpc)),
            ("application/grpc-web", Some(Kind::Web)),
            ("application/grpc-web+proto", Some(Kind::Web)),
            ("application/grpc-web-text", Some(Kind::WebText)),
            ("application/grpc-web-text+proto", Some(Kind::WebText)),
            ("application/grpc-websocket", None),
            ("application/grpcx", None),
            ("application/grp", None),
            ("text/plain", None),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        assert_eq!(Kind::of(&Fields::new()), None);
    }

    #[test]
    fn a_timeout_is_read_and_said() {
        for (text, nanos) in
            [("1H", 3_600_000_000_000), ("2M", 120_000_000_000), ("3S", 3_000_000_000), ("99999999n", 99_999_999)]
        {
            assert_eq!(timeout(text.as_bytes()), Some(Duration::from_nanos(nanos)));
        }
        for text in ["", "S", "1", "1s", "123456789S", "-1S", "1.5S", " 1S"] {
            assert_eq!(timeout(text.as_bytes()), None, "{text:?}");
        }
        for (nanos, text) in [
            (0, "1n"),
            (99_999_999, "99999999n"),
            (100_000_000, "100000u"),
            (1_500_000_000, "1500000u"),
            (100_000_000_000, "100000m"),
            (200_000_000_000_000_000, "3333333M"),
            (u64::MAX, "5124095H"),
        ] {
            assert_eq!(timeout_text(Duration::from_nanos(nanos)), text);
        }
        assert_eq!(timeout_text(Duration::MAX), "99999999H");
    }
}
