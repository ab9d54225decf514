//! A record as it may be shown, and the one way to it.
//!
//! Long because a record has many fields, and each is said in a sentence.

mod parts;

pub use parts::{RecordedCall, RecordedPart};

use super::raw::{Raw, RawTls, RawTry, RawWait, RawWay};
use pintle_core::Reason;
use pintle_core::notes::Connect;
use pintle_core::redact::Names;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A record as it was kept, with credentials. It can be asked what it takes to find it and to work out why, and
/// not be printed.
pub struct Kept {
    pub(super) raw: Raw,
    over: SystemTime,
    names: Arc<Names>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("id", &self.raw.ids[0]).finish_non_exhaustive()
    }
}

impl Kept {
    pub(super) fn new(raw: Raw, over: SystemTime, names: Arc<Names>) -> Self {
        Kept { raw, over, names }
    }

    /// Its id.
    pub fn id(&self) -> String {
        self.raw.ids[0].clone()
    }

    /// The configuration by which it was answered.
    pub fn version(&self) -> u64 {
        self.raw.version
    }

    /// The head as it came, if it came whole and was kept whole. Not for anybody's eyes.
    pub fn head(&self) -> Option<&[u8]> {
        match &self.raw.came {
            RawWay::Request { head, head_size, .. } if !head.is_empty() && *head_size == head.len() as u64 => {
                Some(head)
            }
            _ => None,
        }
    }

    /// What may be shown of it: values that are credentials by their names are left out.
    pub fn shown(&self) -> Recorded {
        let names = &*self.names;
        let raw = &self.raw;
        let [id, trace] = raw.ids.clone();
        let text = |text: &str| names.value(text).into_owned();
        let some = |text: &str| Some(text).filter(|text| !text.is_empty()).map(str::to_owned);
        let came = match raw.came.clone() {
            RawWay::Request { version, method, scheme, authority, target, head, head_size, status, grpc_status } => {
                Came::Request {
                    version,
                    method,
                    scheme,
                    authority,
                    target: shown_target(&target, names),
                    fields: shown_fields(&head, names),
                    head_cut: head_size > head.len() as u64,
                    status,
                    grpc_status,
                }
            }
            RawWay::Tunnel { server_name, end } => Came::Tunnel { server_name: some(&server_name), end },
        };
        Recorded {
            id,
            trace: some(&trace),
            over: self.over,
            time: Time {
                whole: raw.duration,
                head: raw.head_wait,
                action: raw.action,
                lookup: raw.lookup,
                queue: raw.queue,
                answered: raw.answered,
            },
            version: raw.version,
            listener: raw.listener.clone(),
            route: some(&raw.route),
            consumer: some(&raw.consumer),
            outer: some(&raw.outer),
            client: raw.client,
            peer: raw.peer,
            tls: raw.tls.as_ref().map(RecordedTls::of),
            came,
            reason: raw.reason,
            detail: text(&raw.detail),
            internal: some(&text(&raw.internal)),
            policy: some(&raw.policy),
            received: raw.received,
            sent: raw.sent,
            waits: raw.waits.iter().map(Waited::of).collect(),
            upstream: some(&raw.upstream).map(|upstream| text(&upstream)),
            tries: raw.tries.iter().map(|one| Tried::of(one, names)).collect(),
            attempts: raw.attempts,
            budget_spent: raw.budget_spent,
            upstream_status: raw.upstream_status,
            parts: parts::shown(&raw.parts, names),
            parts_left_out: raw.all_parts.saturating_sub(raw.parts.len() as u64),
        }
    }
}

fn shown_target(target: &str, names: &Names) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let mut shown = format!("{path}?");
    names.query(query, |piece| shown.push_str(piece));
    shown
}

/// The fields of a head, each on its line.
fn shown_fields(head: &[u8], names: &Names) -> Vec<(String, String)> {
    let mut lines = head.split(|byte| *byte == b'\n');
    lines.next();
    let field = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
        let value = String::from_utf8_lossy(line[colon + 1..].trim_ascii()).into_owned();
        let value = names.shown(&name, &value).into_owned();
        Some((name, value))
    };
    lines.filter_map(field).collect()
}

/// A request that is over, or a tunnel, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its id.
    pub id: String,
    /// The trace that it belongs to, where that has another id.
    pub trace: Option<String>,
    /// When it was over.
    pub over: SystemTime,
    /// Where the time went.
    pub time: Time,
    /// The configuration by which it was answered; 0 where none was asked.
    pub version: u64,
    /// The listener's name.
    pub listener: String,
    /// The route's name.
    pub route: Option<String>,
    /// The consumer that it came from.
    pub consumer: Option<String>,
    /// The id of the batch that it is a request of.
    pub outer: Option<String>,
    /// The client's address.
    pub client: Option<IpAddr>,
    /// The other end of the connection; none on a unix socket.
    pub peer: Option<SocketAddr>,
    /// The session, under TLS.
    pub tls: Option<RecordedTls>,
    /// What came.
    pub came: Came,
    /// Why the gateway answered by itself, or why the answer did not go out whole.
    pub reason: Option<Reason>,
    /// What the client read beyond the reason.
    pub detail: String,
    /// What the log says.
    pub internal: Option<String>,
    /// The policy that refused.
    pub policy: Option<String>,
    /// Bytes of content that the client sent.
    pub received: u64,
    /// Bytes of content that it got.
    pub sent: u64,
    /// The policies that may wait, in the order in which they began.
    pub waits: Vec<Waited>,
    /// The upstream that was asked last.
    pub upstream: Option<String>,
    /// The last tries, in order.
    pub tries: Vec<Tried>,
    /// How many tries there were.
    pub attempts: u64,
    /// Whether the budget for retries was spent when another try was wanted.
    pub budget_spent: bool,
    /// The status that the upstream answered.
    pub upstream_status: Option<u16>,
    /// The parts of an aggregate, in the order in which they were written.
    pub parts: Vec<RecordedPart>,
    /// How many more there were.
    pub parts_left_out: u64,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// A request.
    Request {
        /// The version of HTTP.
        version: &'static str,
        /// The method.
        method: String,
        /// The scheme.
        scheme: &'static str,
        /// Host and port.
        authority: String,
        /// Path and query.
        target: String,
        /// The header fields as they came.
        fields: Vec<(String, String)>,
        /// Whether not all of the head was kept.
        head_cut: bool,
        /// The status that the client got, or would have got.
        status: u16,
        /// The status of a gRPC answer.
        grpc_status: Option<u32>,
    },
    /// A connection that was carried on as it was.
    Tunnel {
        /// The server name that the client asked for.
        server_name: Option<String>,
        /// Why it ended.
        end: String,
    },
}

/// Where the time went, from the end of the head on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// In all.
    pub whole: Duration,
    /// How long the head took to come before that.
    pub head: Duration,
    /// When the action began.
    pub action: Option<Duration>,
    /// How long names were looked up.
    pub lookup: Duration,
    /// How long it waited for a place.
    pub queue: Duration,
    /// When the service's head was here.
    pub answered: Option<Duration>,
}

/// What is kept of a TLS session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedTls {
    /// `1.2` or `1.3`.
    pub version: String,
    /// The server name that was asked for.
    pub server_name: Option<String>,
    /// SHA-256 of the client's certificate in hex.
    pub fingerprint: Option<String>,
}

/// A policy that may wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Its place in the run order.
    pub policy: String,
    /// How long it took by itself.
    pub own: Duration,
    /// Whether it let the request in.
    pub let_in: bool,
}

/// A try to get an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The endpoint.
    pub endpoint: String,
    /// The way in which it was chosen.
    pub by: String,
    /// Among how many.
    pub among: u64,
    /// When it began.
    pub began: Duration,
    /// How the connection was made, where none was kept.
    pub connect: Option<Connect>,
    /// When it was over.
    pub over: Option<Duration>,
    /// The status that was answered.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub failed: Option<Reason>,
    /// What happened.
    pub internal: Option<String>,
}

impl RecordedTls {
    fn of(tls: &RawTls) -> Self {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        RecordedTls {
            version: tls.version.clone(),
            server_name: Some(tls.server_name.clone()).filter(|name| !name.is_empty()),
            fingerprint: Some(hex(&tls.fingerprint)).filter(|print| !print.is_empty()),
        }
    }
}

impl Waited {
    fn of(wait: &RawWait) -> Self {
        Waited { policy: wait.policy.clone(), own: wait.own, let_in: wait.is_inward }
    }
}

impl Tried {
    fn of(one: &RawTry, names: &Names) -> Self {
        let RawTry { endpoint, by, among, began, connect, over, status, failed, internal } = one.clone();
        let internal = Some(names.value(&internal).into_owned()).filter(|text| !text.is_empty());
        Tried { endpoint, by, among, began, connect, over, status, failed, internal }
    }
}
