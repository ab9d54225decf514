//! A record in the combined log format, which every tool for web logs reads:
//! `client - - [time] "request" status bytes "referer" "user agent"`.

use super::{Record, escape, json};
use crate::stamp::Stamp;

/// Appends the record's line.
pub(super) fn write(out: &mut Vec<u8>, stamp: &mut Stamp, record: &Record<'_>) {
    json::address(out, record.client);
    out.extend_from_slice(b" - - [");
    out.extend_from_slice(stamp.common(record.time));
    out.extend_from_slice(b"] \"");
    escape::quoted(out, record.method.as_bytes());
    out.push(b' ');
    target(out, record.path, record.query);
    out.extend_from_slice(b" HTTP/");
    out.extend_from_slice(record.version.as_bytes());
    out.extend_from_slice(b"\" ");
    out.extend_from_slice(itoa::Buffer::new().format(record.status).as_bytes());
    out.push(b' ');
    out.extend_from_slice(itoa::Buffer::new().format(record.sent).as_bytes());
    out.extend_from_slice(b" \"");
    match record.referer.map(String::from_utf8_lossy) {
        None => out.push(b'-'),
        Some(referer) => match referer.split_once('?') {
            None => target(out, &referer, None),
            Some((path, query)) => target(out, path, Some(query)),
        },
    }
    out.extend_from_slice(b"\" \"");
    match record.user_agent {
        None => out.push(b'-'),
        Some(agent) => escape::quoted(out, agent),
    }
    out.extend_from_slice(b"\"\n");
}

fn target(out: &mut Vec<u8>, path: &str, query: Option<&str>) {
    escape::quoted(out, path.as_bytes());
    if let Some(query) = query {
        out.push(b'?');
        json::redacted(out, query, |out, piece| escape::quoted(out, piece.as_bytes()));
    }
}
