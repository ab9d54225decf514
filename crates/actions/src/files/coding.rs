//! Files that lie beside another one, compressed: which of them a client would take (RFC 9110 12.5.3).

use pintle_core::config::Read;
use pintle_core::{Fields, names};

/// A content coding of which files may lie beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Precompressed {
    /// Brotli, in files that end in `.br` (RFC 7932).
    Br,
    /// In files that end in `.gz` (RFC 1952).
    Gzip,
    /// Zstandard, in files that end in `.zst` (RFC 8878).
    Zstd,
}

impl Precompressed {
    /// The name in Accept-Encoding and Content-Encoding.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Precompressed::Br => "br",
            Precompressed::Gzip => "gzip",
            Precompressed::Zstd => "zstd",
        }
    }

    /// What a file's name ends in.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Precompressed::Br => ".br",
            Precompressed::Gzip => ".gz",
            Precompressed::Zstd => ".zst",
        }
    }
}

/// The codings that the client takes, the best first; among equals as in `offered`. Those that it likes less than the
/// file as it is are left out.
pub(super) fn wanted(fields: &Fields, offered: &[Precompressed]) -> impl Iterator<Item = Precompressed> + use<> {
    let mut found: Vec<(u16, Precompressed)> = Vec::new();
    if !offered.is_empty() && fields.contains(names::ACCEPT_ENCODING) {
        let plain = quality(fields, b"identity");
        for &coding in offered {
            let weight = match coding {
                Precompressed::Gzip => quality(fields, b"gzip").or_else(|| quality(fields, b"x-gzip")),
                _ => quality(fields, coding.name().as_bytes()),
            };
            let weight = weight.or_else(|| quality(fields, b"*")).unwrap_or(0);
            if weight > 0 && plain.is_none_or(|plain| weight >= plain) {
                found.push((weight, coding));
            }
        }
        found.sort_by(|(one, _), (other, _)| other.cmp(one));
    }
    found.into_iter().map(|(_, coding)| coding)
}

/// The weight of a coding in thousandths, if it is named. One that cannot be read counts as 0.
fn quality(fields: &Fields, coding: &[u8]) -> Option<u16> {
    fields.list(names::ACCEPT_ENCODING).find_map(|member| {
        let mut parts = member.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        if !parts.next()?.eq_ignore_ascii_case(coding) {
            return None;
        }
        let weight = parts.find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
        Some(weight.map_or(1000, thousandths))
    })
}

fn thousandths(text: &[u8]) -> u16 {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f32>().ok());
    number.filter(|number| (0.0..=1.0).contains(number)).map_or(0, |number| (number * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Precompressed::{Br, Gzip, Zstd};

    fn of(accept: &str) -> Vec<Precompressed> {
        wanted(&[("accept-encoding", accept)].into_iter().collect(), &[Br, Gzip, Zstd]).collect()
    }

    #[test]
    fn the_clients_weights_decide_then_the_written_order() {
        assert_eq!(of("gzip, deflate, br, zstd"), [Br, Gzip, Zstd]);
        assert_eq!(of("br;q=0.5, gzip;q=0.8, zstd;q=0.801"), [Zstd, Gzip, Br]);
        assert_eq!(of("GZIP;Q=1.0"), [Gzip]);
        assert_eq!(of("x-gzip"), [Gzip]);
        assert_eq!(of("*"), [Br, Gzip, Zstd]);
        assert_eq!(of("*;q=0.1, br;q=0, gzip"), [Gzip, Zstd]);
        assert_eq!(of("gzip;q=0.5, identity"), []);
        assert_eq!(of("gzip;q=0.5, identity;q=0.5"), [Gzip]);
        assert_eq!(of("gzip, identity;q=0"), [Gzip]);
        for none in ["", "identity", "gzip;q=0", "gzip;q=2", "gzip;q=x", "deflate", "gzipped"] {
            assert_eq!(of(none), [], "{none}");
        }
        assert_eq!(wanted(&Fields::new(), &[Br]).count(), 0);
    }
}
