//! Heads between `http`'s types, which `h2` speaks, and Pintle's: with what RFC 9113 8.2 and 8.3 ask for and `h2` does
//! not check.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use pintle_core::{Fields, Name, names};
use std::sync::LazyLock;

/// Takes over header or trailer fields. The error says which rule is broken (RFC 9113 8.2.1): `h2` has checked names
/// and forbidden fields, but lets a value begin or end with white space.
pub fn fields_of(map: &HeaderMap) -> Result<Fields, &'static str> {
    let size = map.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    let mut fields = Fields::with_capacity(map.len() + 8, size + 256);
    for (name, value) in map {
        let value = value.as_bytes();
        if value.trim_ascii().len() != value.len() {
            return Err("a field value begins or ends with white space (RFC 9113 8.2.1)");
        }
        fields.append(name.as_str(), value);
    }
    join_cookies(&mut fields);
    Ok(fields)
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
