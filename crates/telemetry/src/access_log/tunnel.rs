//! The record of a tunnel: a connection whose bytes went through without being read as requests.

use super::json::Manner;
use super::lines::Lines;
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
    ("pintle.sample", "Of which share of tunnels like it the line is one, where `sample` took it by chance."),
    ("pintle.cut", "`true` where values were cut so that the line fits into a message of syslog."),
];

/// Ends that nobody looks for.
const ORDERLY: [&str; 2] = ["client_closed", "upstream_closed"];

impl TunnelRecord<'_> {
    /// Whether it is one that an operator looks for.
    pub(super) fn is_error(&self) -> bool {
        !ORDERLY.contains(&self.reason)
    }
}

/// Appends the record as JSON, but for the bracket at its end.
pub(super) fn json(out: &mut Lines, stamp: &mut Stamp, record: &TunnelRecord<'_>, manner: Manner<'_>) {
    let most = manner.longest;
    out.put(b"{\"time\":\"");
    out.put(stamp.rfc3339(record.time));
    out.put(b"\",\"pintle.request_id\":\"");
    json::text(out, record.id, most);
    out.put(b",\"client.address\":\"");
    json::address(out, record.client);
    out.put(b"\",\"network.transport\":\"tcp\"");
    text(out, b",\"server.address\":\"", record.server_name, most);
    out.put(b",\"pintle.bytes_received\":");
    out.number(record.received);
    out.put(b",\"pintle.bytes_sent\":");
    out.number(record.sent);
    text(out, b",\"pintle.listener\":\"", Some(record.listener), most);
    text(out, b",\"pintle.route\":\"", Some(record.route).filter(|route| !route.is_empty()), most);
    if !record.labels.is_empty() && !manner.is_bare {
        json::labels(out, b",\"pintle.labels\":", record.labels, most);
    }
    text(out, b",\"pintle.upstream\":\"", record.upstream, most);
    text(out, b",\"pintle.endpoint\":\"", record.endpoint, most);
    if record.attempts > 0 {
        out.put(b",\"pintle.attempts\":");
        out.number(record.attempts.into());
    }
    out.put(b",\"pintle.duration_ms\":");
    json::millis(out, record.duration);
    if let Some(connect) = record.connect {
        out.put(b",\"pintle.connect_ms\":");
        json::millis(out, connect);
    }
    text(out, b",\"pintle.reason\":\"", Some(record.reason), most);
    text(out, b",\"pintle.message\":\"", record.internal, most);
    if let Some(sample) = manner.sample {
        out.put(b",\"pintle.sample\":");
        out.append(sample.as_bytes());
    }
    if manner.is_cut {
        out.put(b",\"pintle.cut\":true");
    }
}

fn text<const N: usize>(out: &mut Lines, key: &[u8; N], value: Option<&str>, most: usize) {
    if let Some(value) = value {
        out.put(key);
        json::text(out, value, most);
    }
}

/// Appends it in the combined format, which has no place for most of it: `TCP` and the server name stand where a
/// request's method and target do, and there is no status.
pub(super) fn combined(out: &mut Lines, stamp: &mut Stamp, record: &TunnelRecord<'_>, manner: Manner<'_>) {
    json::address(out, record.client);
    out.put(b" - - [");
    out.put(stamp.common(record.time));
    out.put(b"] \"TCP ");
    escape::quoted(out, record.server_name.unwrap_or("-").as_bytes(), manner.longest);
    out.put(b"\" - ");
    out.number(record.sent);
    out.put(b" \"-\" \"-\"");
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::redact::Names;
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
        let manner = Manner { names: Names::known(), longest: 100, is_cut: false, is_bare: false, sample: None };
        let line = |record: &TunnelRecord<'_>, manner| {
            let mut out = Lines::default();
            json(&mut out, &mut Stamp::new(), record, manner);
            out.push(b'}');
            serde_json::from_slice::<serde_json::Value>(out.as_slice()).expect("JSON");
            String::from_utf8(out.as_slice().to_vec()).expect("text")
        };
        let text = line(&full, Manner { is_cut: true, sample: Some("0.5"), ..manner });
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
        assert_eq!(line(&bare, manner).matches("\":").count(), 9, "{}", line(&bare, manner));
        let mut out = Lines::default();
        combined(&mut out, &mut Stamp::new(), &full, manner);
        assert!(out.as_slice().ends_with(b"] \"TCP a\\x22b\" - 2 \"-\" \"-\""));
    }
}
