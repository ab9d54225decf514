//! What a configuration says about lines: which are written, what they hold, what is left out of them.

use super::fields::Fields;
use super::json::Manner;
use super::lines::Lines;
use super::{Record, TunnelRecord, combined, json, tunnel};
use crate::stamp::Stamp;
use pintle_core::config::{Read, Share};
use pintle_core::redact::Names;
use std::time::Duration;

/// How a record looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Read)]
#[read(word)]
pub enum Format {
    /// One JSON object a line, with keys in a fixed order.
    #[default]
    Json,
    /// The combined log format of Apache and nginx.
    Combined,
}

/// A request takes at least so long to be a slow one, unless the configuration says another time.
pub(super) const SLOW: Duration = Duration::from_secs(1);

/// What lines hold, and which are written.
#[derive(Clone, Debug)]
pub struct Style {
    /// How they look.
    pub format: Format,
    /// Further keys of JSON.
    pub fields: Fields,
    /// Whose values are left out.
    pub names: Names,
    /// Which share of the requests is logged, errors and slow ones aside.
    pub sample: Share,
    /// How long a slow request takes.
    pub slow: Duration,
}

impl Default for Style {
    /// JSON of all requests.
    fn default() -> Self {
        Style {
            format: Format::Json,
            fields: Fields::default(),
            names: Names::default(),
            sample: Share::ALL,
            slow: SLOW,
        }
    }
}

/// Whether a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is not.
    No,
    /// It is, and stands for itself.
    Whole,
    /// It is, and stands for others.
    Sampled,
}

/// What is to be written.
pub(super) enum Subject<'r> {
    Request(&'r Record<'r>),
    Tunnel(&'r TunnelRecord<'r>),
}

impl Style {
    /// Whether the record of that id is written.
    #[inline]
    pub(super) fn keeps(&self, subject: &Subject<'_>) -> Kept {
        if self.sample == Share::ALL {
            return Kept::Whole;
        }
        let (always, id) = match subject {
            Subject::Request(record) => (record.is_error() || record.duration >= self.slow, record.request_id),
            // That a tunnel stands for long is what it is for.
            Subject::Tunnel(record) => (record.is_error(), record.id),
        };
        match always {
            true => Kept::Whole,
            false if chance(id) < self.sample.millionths() => Kept::Sampled,
            false => Kept::No,
        }
    }

    /// Appends the record, without the end of the line, and says how many fields failed.
    #[inline]
    pub(super) fn write(&self, out: &mut Lines, stamp: &mut Stamp, subject: &Subject<'_>, how: Manner<'_>) -> u64 {
        match (self.format, subject) {
            (Format::Combined, Subject::Request(record)) => combined::write(out, stamp, record, how),
            (Format::Combined, Subject::Tunnel(record)) => tunnel::combined(out, stamp, record, how),
            (Format::Json, Subject::Request(record)) => {
                json::write(out, stamp, record, how);
                let failed = if how.is_bare { 0 } else { self.fields.write(out, record, how) };
                out.push(b'}');
                return failed;
            }
            (Format::Json, Subject::Tunnel(record)) => {
                tunnel::json(out, stamp, record, how);
                out.push(b'}');
            }
        }
        0
    }
}

/// A number below a million that is the same for an id wherever it is seen: two gateways in a row that sample alike keep
/// the same requests. FNV-1a, and at its end the mixing of MurmurHash3, so that ids that differ by a digit fall apart.
fn chance(id: &str) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    ((u128::from(hash ^ hash >> 33) * 1_000_000) >> 64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_even_and_the_same_for_an_id() {
        let below = |prefix: &str, share| (0..20_000).filter(|n| chance(&format!("{prefix}{n:032x}")) < share).count();
        for prefix in ["", "req-"] {
            assert!((1_800..2_200).contains(&below(prefix, 100_000)), "{}", below(prefix, 100_000));
            assert_eq!((below(prefix, 0), below(prefix, 1_000_000)), (0, 20_000));
        }
        assert_eq!(chance("0af7651916cd43dd8448eb211c80319c"), chance("0af7651916cd43dd8448eb211c80319c"));
    }
}
