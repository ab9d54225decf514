//! Heads between `http`'s types, which `h2` speaks, and Pintle's: with what RFC 9113 8.2 and 8.3 ask for and `h2` does
//! not check.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use pintle_core::{Fields, Name, names};
use std::sync::LazyLock;

/// Takes over header or trailer fields. The error says which rule is broken (RFC 9113 8.2.1): `h2` has checked names
/// and forbidden fields, but lets a value begin or end with white space.
pub fn fields_of(map: &HeaderMap) -> Result<Fields, &'static str> {
    let mut fields = Fields::with_capacity(map.len() + 8, size_of(map) + 256);
    for (name, value) in map {
        fields.append(name.as_str(), checked(value)?);
    }
    join_cookies(&mut fields);
    Ok(fields)
}

/// The same for a request, with its head as HTTP/1.1 would have it in [`Fields::came`]. `before` is what stands there in
/// place of the pseudo-header fields, in pieces: the request line, and lines of the connection, Host among them.
pub fn request_fields_of(before: &[&str], map: &HeaderMap) -> Result<Fields, &'static str> {
    let size = before.iter().map(|piece| piece.len()).sum::<usize>() + size_of(map) + 4 * map.len();
    let mut fields = Fields::with_capacity(map.len() + 8, size + 256);
    before.iter().for_each(|piece| fields.append_text(piece));
    for (name, value) in map {
        let value = checked(value)?;
        if name != http::header::HOST {
            fields.append_line(name.as_str(), value);
        }
    }
    fields.append_text("\r\n");
    fields.head_is_whole();
    for value in map.get_all(http::header::HOST) {
        fields.append(names::HOST, checked(value)?);
    }
    join_cookies(&mut fields);
    Ok(fields)
}

fn size_of(map: &HeaderMap) -> usize {
    map.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

fn checked(value: &HeaderValue) -> Result<&[u8], &'static str> {
    let value = value.as_bytes();
    match value.trim_ascii().len() == value.len() {
        true => Ok(value),
        false => Err("a field value begins or ends with white space (RFC 9113 8.2.1)"),
    }
}

/// Puts a Cookie field that HTTP/2 split for its compression together again (RFC 9113 8.2.3).
fn join_cookies(fields: &mut Fields) {
    if fields.get_all(names::COOKIE).nth(1).is_some() {
        let all: Vec<&[u8]> = fields.get_all(names::COOKIE).collect();
        let joined = all.join(&b"; "[..]);
        fields.set(names::COOKIE, joined);
    }
}

/// Gives fields to `h2`. What HTTP/2 has no room for is left out (RFC 9113 8.2.2). All values share one copy.
pub fn map_of(fields: &Fields) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(fields.len());
    let mut values = Vec::with_capacity(fields.wire_size());
    fields.iter().for_each(|(_, value)| values.extend_from_slice(value));
    let values = Bytes::from(values);
    let mut end = 0;
    for (name, value) in fields.iter() {
        let start = end;
        end += value.len();
        if is_connection_field(name) {
            continue;
        }
        let Some(header) = header_name(name) else { continue };
        if let Ok(mut value) = HeaderValue::from_maybe_shared(values.slice(start..end)) {
            // Each is another one: in the table of HPACK it would only push out what comes again.
            value.set_sensitive(name == names::X_REQUEST_ID || name == names::TRACEPARENT);
            map.append(header, value);
        }
    }
    map
}

/// The name as `http` has it; for the known ones without parsing it again.
fn header_name(name: Name<'_>) -> Option<HeaderName> {
    static KNOWN: LazyLock<Vec<Option<HeaderName>>> = LazyLock::new(|| {
        let parse = |text: &&'static str| (!text.is_empty()).then(|| HeaderName::from_static(text));
        names::ALL.iter().map(parse).collect()
    });
    match KNOWN.get(name.number()) {
        Some(Some(known)) => Some(known.clone()),
        _ => HeaderName::from_bytes(name.as_str().as_bytes()).ok(),
    }
}

fn is_connection_field(name: Name<'_>) -> bool {
    name == names::CONNECTION
        || name == names::KEEP_ALIVE
        || name == names::PROXY_CONNECTION
        || name == names::TRANSFER_ENCODING
        || name == names::UPGRADE
        || name == names::HOST
}
