//! The record of a tunnel: a connection whose bytes went through without being read as requests.

use super::{escape, json};
use crate::stamp::Stamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// What is said about one tunnel. What does not apply is `None` or empty, and then left out of the line.
#[derive(Clone, Copy, Debug)]
pub struct TunnelRecord<'a> {
    /// When the connection began.
    pub time: SystemTime,
    /// Its id.
    pub id: &'a str,
    /// The client's address.
    pub client: IpAddr,
    /// The server name of the TLS handshake.
    pub server_name: Option<&'a str>,
    /// Bytes that came from the client.
    pub received: u64,
    /// Bytes that the client was sent.
    pub sent: u64,
    /// The listener's name.
    pub listener: &'a str,
    /// The route's name.
    pub route: &'a str,
    /// The route's labels.
    pub labels: &'a BTreeMap<String, String>,
    /// The upstream.
    pub upstream: Option<&'a str>,
    /// The endpoint that was tried last.
    pub endpoint: Option<&'a str>,
    /// How many times an endpoint was tried.
    pub attempts: u32,
    /// From the connection's beginning to its end.
    pub duration: Duration,
    /// How long making the connection to the endpoint took.
    pub connect: Option<Duration>,
    /// Why it ended.
    pub reason: &'a str,
    /// What happened, for the operator alone.
    pub internal: Option<&'a str>,
}

/// Every key of a tunnel's record in the order of the line, with its meaning where it is not that of a request's.
pub const TUNNEL_KEYS: &[(&str, &str)] = &[
    ("time", "When the connection began."),
    ("pintle.request_id", "The connection's id."),
    ("client.address", "The client's address, after the PROXY protocol."),
    ("network.transport", "`tcp`: by this a line is known to be a tunnel's."),
    ("server.address", "The server name of the TLS handshake, if there was one."),
    ("pintle.bytes_received", "Bytes that came from the client."),
    ("pintle.bytes_sent", "Bytes that the client was sent."),
    ("pintle.listener", "The listener's name."),
    ("pintle.route", "The route's name."),
    ("pintle.labels", "The route's labels."),
    ("pintle.upstream", "The upstream."),
    ("pintle.endpoint", "The endpoint that was tried last."),
    ("pintle.attempts", "How many times an endpoint was tried."),
    ("pintle.duration_ms", "Milliseconds from the connection's beginning to its end."),
    ("pintle.connect_ms", "Milliseconds that the connection to the endpoint took."),
    (
        "pintle.reason",
        "Why it ended: `client_closed` or `upstream_closed` for who ended first, `client_reset` or `upstream_reset` where \
         that was no orderly end, `idle`, `drained`; or the reason for which there was no tunnel, such as `no_route` or \
         `connect_failed`.",
    ),
    ("pintle.message", "What happened, for the operator alone."),
];

/// Appends the record's line of JSON.
pub(super) fn json(out: &mut Vec<u8>, stamp: &mut Stamp, record: &TunnelRecord<'_>) {
    out.extend_from_slice(b"{\"time\":\"");
    out.extend_from_slice(stamp.rfc3339(record.time));
    out.push(b'"');
    json::text(out, b",\"pintle.request_id\":", record.id);
    out.extend_from_slice(b",\"client.address\":\"");
    json::address(out, record.client);
    out.extend_from_slice(b"\",\"network.transport\":\"tcp\"");
    json::optional(out, b",\"server.address\":", record.server_name);
    json::number(out, b",\"pintle.bytes_received\":", record.received);
    json::number(out, b",\"pintle.bytes_sent\":", record.sent);
    json::text(out, b",\"pintle.listener\":", record.listener);
    json::optional(out, b",\"pintle.route\":", Some(record.route).filter(|route| !route.is_empty()));
    json::labels(out, record.labels);
    json::optional(out, b",\"pintle.upstream\":", record.upstream);
    json::optional(out, b",\"pintle.endpoint\":", record.endpoint);
    if record.attempts > 0 {
        json::number(out, b",\"pintle.attempts\":", record.attempts.into());
    }
    json::millis(out, b",\"pintle.duration_ms\":", Some(record.duration));
    json::millis(out, b",\"pintle.connect_ms\":", record.connect);
    json::text(out, b",\"pintle.reason\":", record.reason);
    json::optional(out, b",\"pintle.message\":", record.internal);
    out.extend_from_slice(b"}\n");
}

/// Appends its line in the combined format, which has no place for most of it: `TCP` and the server name stand where a
/// request's method and target do, and there is no status.
pub(super) fn combined(out: &mut Vec<u8>, stamp: &mut Stamp, record: &TunnelRecord<'_>) {
    json::address(out, record.client);
    out.extend_from_slice(b" - - [");
    out.extend_from_slice(stamp.common(record.time));
    out.extend_from_slice(b"] \"TCP ");
    escape::quoted(out, record.server_name.unwrap_or("-").as_bytes());
    out.extend_from_slice(b"\" - ");
    out.extend_from_slice(itoa::Buffer::new().format(record.sent).as_bytes());
    out.extend_from_slice(b" \"-\" \"-\"\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_line_has_all_keys_in_their_order_and_leaves_out_what_there_is_not() {
        let labels = [("team".to_owned(), "shop".to_owned())].into();
        let full = TunnelRecord {
            time: SystemTime::UNIX_EPOCH,
            id: "1",
            client: Ipv4Addr::LOCALHOST.into(),
            server_name: Some("a\"b"),
            received: 1,
            sent: 2,
            listener: "l",
            route: "r",
            labels: &labels,
            upstream: Some("u"),
            endpoint: Some("e"),
            attempts: 1,
            duration: Duration::from_millis(3),
            connect: Some(Duration::from_millis(1)),
            reason: "idle",
            internal: Some("m"),
        };
        let line = |record: &TunnelRecord<'_>| {
            let mut out = Vec::new();
            json(&mut out, &mut Stamp::new(), record);
            serde_json::from_slice::<serde_json::Value>(&out).expect("JSON");
            String::from_utf8(out).expect("text")
        };
        let text = line(&full);
        let places: Vec<_> = TUNNEL_KEYS.iter().map(|(key, _)| text.find(&format!("\"{key}\":"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
        let none = BTreeMap::new();
        let (server_name, upstream, endpoint, connect, internal) = (None, None, None, None, None);
        let bare = TunnelRecord {
            server_name,
            upstream,
            endpoint,
            connect,
            internal,
            attempts: 0,
            route: "",
            labels: &none,
            ..full
        };
        assert_eq!(line(&bare).matches("\":").count(), 9, "{}", line(&bare));
        let mut out = Vec::new();
        combined(&mut out, &mut Stamp::new(), &full);
        assert!(
            out.ends_with(b"] \"TCP a\\\"b\" - 2 \"-\" \"-\"\n")
                || out.ends_with(b"] \"TCP a\\x22b\" - 2 \"-\" \"-\"\n")
        );
    }
}
