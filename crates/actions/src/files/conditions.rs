//! Whether a request is for the version that is there (RFC 9110 13), in the order of 13.2.2.

use super::version::Version;
use pintle_core::{Fields, names};
use std::borrow::Cow;
use std::time::SystemTime;

/// What a request's conditions come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The method is done.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: it is another one.
    Failed,
}

/// Judges a GET or HEAD for something that is there; a version that is not known meets no tag and no date.
pub(super) fn judge(fields: &Fields, version: Option<&Version>) -> Verdict {
    let modified = version.map(|version| version.modified);
    match (fields.joined(names::IF_MATCH), date(fields, names::IF_UNMODIFIED_SINCE)) {
        (Some(tags), _) if !matches(&tags, version, Compare::Strong) => return Verdict::Failed,
        (None, Some(since)) if modified.is_some_and(|modified| modified > since) => return Verdict::Failed,
        _ => {}
    }
    match (fields.joined(names::IF_NONE_MATCH), date(fields, names::IF_MODIFIED_SINCE)) {
        (Some(tags), _) if matches(&tags, version, Compare::Weak) => Verdict::NotModified,
        (None, Some(since)) if modified.is_some_and(|modified| modified <= since) => Verdict::NotModified,
        _ => Verdict::Proceed,
    }
}

/// Whether the ranges that are asked for are ranges of this version (RFC 9110 13.1.5). Our validators are strong.
pub(super) fn range_holds(fields: &Fields, version: Option<&Version>) -> bool {
    let Some(given) = fields.joined(names::IF_RANGE) else { return true };
    let Some(version) = version else { return false };
    let given = given.trim_ascii();
    match given.first() {
        Some(b'"') => given == version.tag.as_bytes(),
        Some(b'W') if given.starts_with(b"W/") => false,
        _ => parse(given) == Some(version.modified),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compare {
    Strong,
    Weak,
}

fn matches(tags: &[u8], version: Option<&Version>, compare: Compare) -> bool {
    matches_tag(tags, version.map(|version| &*version.tag), compare)
}

/// Whether `If-None-Match` of a request names a version that is there under that tag.
pub(crate) fn has(fields: &Fields, tag: &str) -> bool {
    fields.joined(names::IF_NONE_MATCH).is_some_and(|tags| matches_tag(&tags, Some(tag), Compare::Weak))
}

/// Whether a list of tags, or `*`, meets the one that is there (8.8.3.2). What is no list ends it.
fn matches_tag(tags: &[u8], there: Option<&str>, compare: Compare) -> bool {
    if tags.trim_ascii() == b"*" {
        return true;
    }
    let Some(there) = there else { return false };
    let mut rest = tags;
    loop {
        rest = rest.trim_ascii_start();
        while let Some(after) = rest.strip_prefix(b",") {
            rest = after.trim_ascii_start();
        }
        let (is_weak, tag) = match rest.strip_prefix(b"W/") {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let Some(end) = tag.strip_prefix(b"\"").and_then(|inner| inner.iter().position(|&byte| byte == b'"')) else {
            return false;
        };
        let (tag, after) = tag.split_at(end + 2);
        if tag == there.as_bytes() && !(is_weak && compare == Compare::Strong) {
            return true;
        }
        rest = after;
    }
}

/// The date of a field; one that is none counts as absent (13.1.3, 13.1.4).
fn date(fields: &Fields, name: pintle_core::Name<'_>) -> Option<SystemTime> {
    match fields.joined(name)? {
        Cow::Borrowed(value) => parse(value.trim_ascii()),
        Cow::Owned(_) => None,
    }
}

fn parse(text: &[u8]) -> Option<SystemTime> {
    httpdate::parse_http_date(std::str::from_utf8(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sunday, 06-Nov-94 08:49:38 GMT";

    fn version() -> Version {
        Version { tag: "\"t\"".into(), modified: SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777) }
    }

    fn verdict(fields: &[(&str, &str)]) -> Verdict {
        judge(&fields.iter().copied().collect(), Some(&version()))
    }

    #[test]
    fn conditions_are_judged_in_the_order_of_rfc_9110_13_2_2() {
        use Verdict::{Failed, NotModified, Proceed};
        let cases: [(&[(&str, &str)], Verdict); 26] = [
            (&[], Proceed),
            (&[("if-match", "\"t\"")], Proceed),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", "\"a\", \"t\"")], Proceed),
            (&[("if-match", "\"a\",, ,\"t\"")], Proceed),
            (&[("if-match", "\"a\"")], Failed),
            (&[("if-match", "W/\"t\"")], Failed),
            (&[("if-match", "t")], Failed),
            (&[("if-match", "\"a\""), ("if-match", "\"t\"")], Proceed),
            (&[("if-match", "\"t\""), ("if-unmodified-since", BEFORE)], Proceed),
            (&[("if-unmodified-since", BEFORE)], Failed),
            (&[("if-unmodified-since", THEN)], Proceed),
            (&[("if-unmodified-since", "yesterday")], Proceed),
            (&[("if-none-match", "\"t\"")], NotModified),
            (&[("if-none-match", "W/\"t\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"a,t\", \"b\"")], Proceed),
            (&[("if-none-match", "\"a\" x \"t\"")], Proceed),
            (&[("if-none-match", "\"a\""), ("if-modified-since", AFTER)], Proceed),
            (&[("if-modified-since", THEN)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", BEFORE)], Proceed),
            (&[("if-modified-since", "0")], Proceed),
            (&[("if-modified-since", THEN), ("if-modified-since", AFTER)], Proceed),
            (&[("if-match", "\"a\""), ("if-none-match", "\"t\"")], Failed),
            (&[("if-match", "\"t\""), ("if-none-match", "\"t\"")], NotModified),
        ];
        for (fields, wanted) in cases {
            assert_eq!(verdict(fields), wanted, "{fields:?}");
        }
    }

    #[test]
    fn a_version_that_is_not_known_meets_nothing_but_the_star() {
        let of = |name: &str, value: &str| judge(&[(name, value)].into_iter().collect(), None);
        assert_eq!(of("if-match", "\"t\""), Verdict::Failed);
        assert_eq!(of("if-match", "*"), Verdict::Proceed);
        assert_eq!(of("if-none-match", "\"t\""), Verdict::Proceed);
        assert_eq!(of("if-none-match", "*"), Verdict::NotModified);
        assert_eq!(of("if-modified-since", AFTER), Verdict::Proceed);
        assert_eq!(of("if-unmodified-since", BEFORE), Verdict::Proceed);
    }

    #[test]
    fn ranges_hold_for_exactly_one_version() {
        let holds = |value: &str| range_holds(&[("if-range", value)].into_iter().collect(), Some(&version()));
        assert!(range_holds(&Fields::new(), None));
        assert!(holds("\"t\"") && holds(THEN));
        for other in ["W/\"t\"", "\"a\"", BEFORE, AFTER, "x", "", "\"t\", \"a\""] {
            assert!(!holds(other), "{other}");
        }
        assert!(!range_holds(&[("if-range", "\"t\"")].into_iter().collect(), None));
    }
}
