//! A record in the combined log format, which every tool for web logs reads:
//! `client - consumer [time] "request" status bytes "referer" "user agent"`.

use super::json::Manner;
use super::lines::Lines;
use super::{Record, escape, json};
use crate::stamp::Stamp;

/// Appends the record.
pub(super) fn write(out: &mut Lines, stamp: &mut Stamp, record: &Record<'_>, manner: Manner<'_>) {
    json::address(out, record.client);
    out.put(b" - ");
    match record.consumer {
        // A field ends at a space.
        Some(name) if name.bytes().all(|byte| byte.is_ascii_graphic()) => {
            escape::quoted(out, name.as_bytes(), manner.longest);
        }
        _ => out.push(b'-'),
    }
    out.put(b" [");
    out.put(stamp.common(record.time));
    out.put(b"] \"");
    escape::quoted(out, record.method.as_bytes(), manner.longest);
    out.push(b' ');
    escape::quoted(out, record.path.as_bytes(), manner.longest);
    if let Some(query) = record.query {
        out.push(b'?');
        json::redacted(out, query, manner, |out, piece| escape::quoted(out, piece.as_bytes(), usize::MAX));
    }
    out.put(b" HTTP/");
    out.append(record.version.as_bytes());
    out.put(b"\" ");
    out.number(record.status.into());
    out.push(b' ');
    out.number(record.sent);
    out.put(b" \"");
    match record.referer.map(String::from_utf8_lossy) {
        None => out.push(b'-'),
        Some(referer) => escape::quoted(out, manner.names.value(&referer).as_bytes(), manner.longest),
    }
    out.put(b"\" \"");
    match record.user_agent {
        None => out.push(b'-'),
        Some(agent) => escape::quoted(out, agent, manner.longest),
    }
    out.push(b'"');
}
