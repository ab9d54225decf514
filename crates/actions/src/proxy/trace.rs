//! `traceparent` (W3C Trace Context): a valid trace goes on with the gateway as parent, any other request begins one
//! under its own id.

use pintle_core::{Fields, names};

/// The parent for the service.
pub(super) struct Trace {
    /// `00-TRACE-PARENT-FLAGS`.
    pub(super) parent: [u8; 55],
    /// Whether it is the client's trace that goes on, so that its `tracestate` does too.
    pub(super) continues: bool,
}

/// What the service gets as its trace's parent; nothing where the request's id can be no trace's.
pub(super) fn next(fields: &Fields, id: &str) -> Option<Trace> {
    let mut sent = fields.get_all(names::TRACEPARENT);
    let only = sent.next().filter(|_| sent.next().is_none());
    if let Some((trace, flags)) = only.and_then(parse) {
        return Some(Trace { parent: parent(trace, flags), continues: true });
    }
    // The gateway records nothing of the trace, and says so: flags 00.
    let id = id.as_bytes();
    is_id(id, 32).then(|| Trace { parent: parent(id, 0), continues: false })
}

/// The trace's id and the flags of a valid `traceparent` (2.2.2 to 2.2.5). A higher version is read as this one, with
/// whatever follows.
fn parse(value: &[u8]) -> Option<(&[u8], u8)> {
    let (version, trace, parent, flags) = (value.get(..2)?, value.get(3..35)?, value.get(36..52)?, value.get(53..55)?);
    let dashes = [2, 35, 52].iter().all(|&at| value[at] == b'-');
    let ends = match value.get(55) {
        None => true,
        Some(next) => version != b"00" && *next == b'-',
    };
    let good = dashes && ends && is_hex(version) && version != b"ff" && is_id(trace, 32) && is_id(parent, 16);
    if !good || !is_hex(flags) {
        return None;
    }
    // Sampled and random; the others mean nothing in the version that is sent on.
    let low = char::from(flags[1]).to_digit(16)? as u8 & 3;
    Some((trace, low))
}

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &[u8], length: usize) -> bool {
    text.len() == length && is_hex(text) && text.iter().any(|&byte| byte != b'0')
}

fn parent(trace: &[u8], flags: u8) -> [u8; 55] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    text[3..35].copy_from_slice(trace);
    let number = fastrand::u64(1..);
    for (place, digit) in text[36..52].iter_mut().enumerate() {
        *digit = HEX[(number >> (4 * place)) as usize & 15];
    }
    text[54] = HEX[usize::from(flags & 15)];
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn next_of(value: &str, id: &str) -> Option<(String, bool)> {
        let fields = [("traceparent", value)].into_iter().collect();
        let trace = next(&fields, id)?;
        Some((String::from_utf8(trace.parent.to_vec()).expect("ASCII"), trace.continues))
    }

    #[test]
    fn a_valid_trace_goes_on_with_a_new_parent() {
        for (version, flags, rest) in [("00", "01", ""), ("00", "00", ""), ("cc", "01", "-what-ever"), ("01", "01", "")]
        {
            let sent = format!("{version}-{TRACE}-00f067aa0ba902b7-{flags}{rest}");
            let (parent, continues) = next_of(&sent, "x").expect("a trace");
            assert!(continues && parent.starts_with(&format!("00-{TRACE}-")), "{parent}");
            assert!(parent.ends_with(&format!("-{flags}")) && !parent.contains("00f067aa0ba902b7"), "{parent}");
        }
    }

    #[test]
    fn anything_else_begins_one_under_the_requests_id() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        let zeros = "0".repeat(32);
        for sent in [
            String::new(),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-x"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{zeros}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}_00f067aa0ba902b7-01"),
        ] {
            let (parent, continues) = next_of(&sent, id).expect("a trace");
            assert!(!continues && parent.starts_with(&format!("00-{id}-")) && parent.ends_with("-00"), "{sent}");
            assert_eq!(next_of(&sent, "not hexadecimal"), None);
            assert_eq!(next_of(&sent, &zeros), None);
        }
    }
}
