//! Which ranges of bytes a request asks for (RFC 9110 14).

use pintle_core::{Fields, names};

/// The most ranges of one answer; who asks for more gets all of it (14.2).
const MOST: usize = 16;

/// From a first to behind a last byte; never empty.
pub(super) type Bytes = std::ops::Range<u64>;

/// What of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ranges {
    /// All of it: no ranges, some that mean nothing, or such as nobody honest asks for.
    Whole,
    /// These, in the order in which they were asked for; at least one.
    Some(Vec<Bytes>),
    /// 416: none of them is there.
    None,
}

/// The ranges that a GET asks for of `length` bytes.
pub(super) fn of(fields: &Fields, length: u64) -> Ranges {
    let mut values = fields.get_all(names::RANGE);
    let (Some(value), None) = (values.next(), values.next()) else { return Ranges::Whole };
    select(value, length).unwrap_or(Ranges::Whole)
}

/// None where the field is to be ignored: another unit, or not in the form of 14.1.1 (14.2).
fn select(value: &[u8], length: u64) -> Option<Ranges> {
    let value = std::str::from_utf8(value).ok()?;
    let (unit, set) = value.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut found: Vec<Bytes> = Vec::new();
    let mut asked = 0;
    for spec in set.split(',').map(|spec| spec.trim_matches([' ', '\t'])).filter(|spec| !spec.is_empty()) {
        asked += 1;
        let range = one(spec, length)?;
        if asked > MOST {
            return None;
        }
        found.extend(range);
    }
    if found.is_empty() {
        return (asked > 0).then_some(Ranges::None);
    }
    // Ranges that overlap would make an answer that is larger than the file (17.15 of RFC 9110: denial of service).
    let overlap =
        |at: usize| found[..at].iter().any(|other| other.start < found[at].end && found[at].start < other.end);
    if (1..found.len()).any(overlap) {
        return None;
    }
    Some(Ranges::Some(found))
}

/// One range; an inner none where it is not there.
fn one(spec: &str, length: u64) -> Option<Option<Bytes>> {
    let (first, last) = spec.split_once('-')?;
    let range = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(suffix)) => length.saturating_sub(suffix)..length,
        (Some(first), None) => first..length,
        (Some(first), Some(last)) if first <= last => first..length.min(last.saturating_add(1)),
        (Some(_), Some(_)) => return None,
    };
    Some((range.start < range.end).then_some(range))
}

/// Digits, or nothing. A number that is larger than any file's length is that.
fn number(digits: &str) -> Option<Option<u64>> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_value(value: &str, length: u64) -> Ranges {
        of(&[("range", value)].into_iter().collect(), length)
    }

    #[test]
    #[allow(clippy::single_range_in_vec_init, reason = "one range is the usual case")]
    fn ranges_are_those_of_rfc_9110_14() {
        let some = |ranges: &[Bytes]| Ranges::Some(ranges.to_vec());
        let many: Vec<String> = (0..17).map(|at| format!("{}-{}", at * 10, at * 10)).collect();
        let sixteen: Vec<Bytes> = (0..16).map(|at| at * 10..at * 10 + 1).collect();
        let cases = [
            // The examples of 14.1.2, of 10,000 bytes.
            ("bytes=0-499", some(&[0..500])),
            ("bytes=500-999", some(&[500..1000])),
            ("bytes=-500", some(&[9500..10_000])),
            ("bytes=9500-", some(&[9500..10_000])),
            ("bytes=0-0,-1", some(&[0..1, 9999..10_000])),
            ("bytes= 0-999, 4500-5499, -1000", some(&[0..1000, 4500..5500, 9000..10_000])),
            ("bytes=500-700,601-999", Ranges::Whole),
            // What is past the end is cut, or is not there.
            ("bytes=0-", some(&[0..10_000])),
            ("bytes=9999-99999999999999999999999", some(&[9999..10_000])),
            ("bytes=-20000", some(&[0..10_000])),
            ("bytes=10000-", Ranges::None),
            ("bytes=99999999999999999999999-", Ranges::None),
            ("bytes=-0", Ranges::None),
            ("bytes=10000-,1-2", some(&[1..3])),
            // The order is the client's, and empty members mean nothing (5.6.1.2).
            ("bytes=5-6,,1-2, ,", some(&[5..7, 1..3])),
            ("BYTES=1-2", some(&[1..3])),
            // What has another unit or no form is ignored (14.2).
            ("pages=1-2", Ranges::Whole),
            ("bytes=2-1", Ranges::Whole),
            ("bytes=2-1,5-6", Ranges::Whole),
            ("bytes=-", Ranges::Whole),
            ("bytes=", Ranges::Whole),
            ("bytes", Ranges::Whole),
            ("bytes=a-b", Ranges::Whole),
            ("bytes=+1-2", Ranges::Whole),
            ("bytes=1-2-3", Ranges::Whole),
            ("bytes=0x1-2", Ranges::Whole),
            ("bytes=1 - 2", Ranges::Whole),
            ("bytes=--1", Ranges::Whole),
            // Abuse (17.15).
            ("bytes=0-,0-,0-", Ranges::Whole),
            ("bytes=1-5,3-3", Ranges::Whole),
            (&format!("bytes={}", many.join(",")), Ranges::Whole),
            (&format!("bytes={}", many[..16].join(",")), Ranges::Some(sixteen)),
        ];
        for (value, wanted) in cases {
            assert_eq!(of_value(value, 10_000), wanted, "{value}");
        }
    }

    #[test]
    fn an_empty_file_has_no_ranges() {
        assert_eq!(of_value("bytes=0-", 0), Ranges::None);
        assert_eq!(of_value("bytes=-5", 0), Ranges::None);
    }

    #[test]
    fn a_range_that_is_said_twice_is_none() {
        let twice = [("range", "bytes=0-1"), ("range", "bytes=2-3")].into_iter().collect();
        assert_eq!(of(&twice, 10), Ranges::Whole);
        assert_eq!(of(&Fields::new(), 10), Ranges::Whole);
    }
}
