//! Heads and chunk framing, written afresh from parts (RFC 9112 3, 4, 7.1).
//!
//! Framing and the connection are this room's to tell: fields of the connection that stand among a message's fields are
//! not written, so that no policy can make a message whose parts disagree.

#[cfg(test)]
mod tests;

use crate::Framing;
use crate::framing::is_bodiless;
use pintle_core::{Fields, Method, Name, Protocol, StatusCode, Version, names};

/// What a head says about its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It may be used again.
    KeepAlive,
    /// It ends after this message (RFC 9112 9.6).
    Close,
    /// It becomes something else: in a request a wish, in a response (101) a fact (RFC 9110 7.8).
    Upgrade(Protocol),
}

/// What follows each chunk's data.
pub const CHUNK_END: &[u8] = b"\r\n";

/// Writes a request's head. `target` is in the form that the next server is to get (RFC 9112 3.2), `host` a valid Host
/// value. A Content-Length among the fields is not written: `framing` says it. `te: trailers` among them is told for this
/// connection anew (RFC 9110 10.1.4): many services send no trailers without it.
///
/// [`Framing::UntilClose`] is no framing of requests and is written as [`Framing::None`].
pub fn write_request_head(
    out: &mut Vec<u8>,
    method: &Method,
    target: &str,
    host: &[u8],
    fields: &Fields,
    framing: Framing,
    connection: Connection,
) {
    debug_assert!(framing != Framing::UntilClose, "a request is never framed by the connection's end");
    debug_assert!(target.bytes().all(|b| b.is_ascii_graphic()), "target {target:?}");
    let method = method.as_str();
    out.reserve(method.len() + target.len() + host.len() + fields.wire_size() + 128);
    put(out, &[method.as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1\r\nhost: ", host, b"\r\n"]);
    write_framing(out, framing);
    match connection {
        Connection::KeepAlive if takes_trailers(fields) => out.extend_from_slice(b"connection: te\r\nte: trailers\r\n"),
        _ => write_connection(out, connection, Version::Http11),
    }
    write_fields(out, fields, |name| !is_of_connection(name) && name != names::CONTENT_LENGTH);
    out.extend_from_slice(b"\r\n");
}

/// Writes a response's head for a client of this version. The status line says HTTP/1.1 to both (RFC 9110 2.5).
///
/// A Content-Length among the fields is written where [`Framing::None`] leaves its meaning to the fields: in answers to
/// HEAD and in 304. A chunked answer to HTTP/1.0 is the caller's error: [`Framing::for_response`] never chooses it.
pub fn write_response_head(
    out: &mut Vec<u8>,
    version: Version,
    status: StatusCode,
    fields: &Fields,
    framing: Framing,
    connection: Connection,
) {
    debug_assert!(version != Version::Http10 || framing != Framing::Chunked, "RFC 9112 6.1");
    let reason = status.canonical_reason().unwrap_or_default();
    out.reserve(reason.len() + fields.wire_size() + 128);
    put(out, &[b"HTTP/1.1 ", status.as_str().as_bytes(), b" ", reason.as_bytes(), b"\r\n"]);
    let tells_length = framing == Framing::None && (status == StatusCode::NOT_MODIFIED || !is_bodiless(status));
    if !is_bodiless(status) {
        write_framing(out, framing);
    }
    if !status.is_informational() || matches!(connection, Connection::Upgrade(_)) {
        // A body that ends with the connection leaves none to use again.
        let ends = framing == Framing::UntilClose;
        write_connection(out, if ends { Connection::Close } else { connection }, version);
    }
    write_fields(out, fields, |name| !is_of_connection(name) && (tells_length || name != names::CONTENT_LENGTH));
    out.extend_from_slice(b"\r\n");
}

/// Writes what stands before a chunk's data. `len` is not 0: that would be the last chunk. [`CHUNK_END`] comes after it.
pub fn write_chunk_header(out: &mut Vec<u8>, len: usize) {
    debug_assert!(len > 0, "an empty chunk ends a body");
    let digits = (usize::BITS - len.leading_zeros()).div_ceil(4);
    for place in (0..digits).rev() {
        out.push(b"0123456789abcdef"[len >> (4 * place) & 15]);
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes the last chunk, the trailers and the empty line that ends the body (RFC 9112 7.1.2).
pub fn write_last_chunk(out: &mut Vec<u8>, trailers: Option<&Fields>) {
    out.extend_from_slice(b"0\r\n");
    if let Some(trailers) = trailers {
        write_fields(out, trailers, |name| !is_of_connection(name) && name != names::CONTENT_LENGTH);
    }
    out.extend_from_slice(b"\r\n");
}

fn write_framing(out: &mut Vec<u8>, framing: Framing) {
    match framing {
        Framing::None | Framing::UntilClose => {}
        Framing::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Framing::Length(length) => {
            put(out, &[b"content-length: ", itoa::Buffer::new().format(length).as_bytes(), b"\r\n"]);
        }
    }
}

fn write_connection(out: &mut Vec<u8>, connection: Connection, version: Version) {
    out.extend_from_slice(match connection {
        Connection::KeepAlive if version == Version::Http10 => b"connection: keep-alive\r\n",
        Connection::KeepAlive => b"",
        Connection::Close => b"connection: close\r\n",
        Connection::Upgrade(Protocol::WebSocket) => b"connection: upgrade\r\nupgrade: websocket\r\n",
    });
}

fn write_fields(out: &mut Vec<u8>, fields: &Fields, keep: impl Fn(Name<'_>) -> bool) {
    for (name, value) in fields.iter() {
        debug_assert!(crate::scan::is_value(value), "field value of {:?}", name.as_str());
        if keep(name) {
            put(out, &[name.as_str().as_bytes(), b": ", value, b"\r\n"]);
        }
    }
}

#[inline]
fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}

fn takes_trailers(fields: &Fields) -> bool {
    fields.get(names::TE) == Some(b"trailers")
}

/// Fields that are written from what they mean, never as fields.
fn is_of_connection(name: Name<'_>) -> bool {
    name == names::CONNECTION
        || name == names::HOST
        || name == names::KEEP_ALIVE
        || name == names::PROXY_CONNECTION
        || name == names::TE
        || name == names::TRANSFER_ENCODING
        || name == names::UPGRADE
}
