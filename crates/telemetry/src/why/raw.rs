//! The form of a record: written at a request's end, read when somebody asks. Written without formatting and without
//! looking at what is written; each text has a bound, so that a record has one.
//!
//! Long because writing and reading mirror each other, field by field.

mod parts;

pub(super) use parts::{RawCall, RawPart};

use super::bytes::{Bytes, micros, put_number, put_text, put_time};
use super::decision::{Decision, Way};
use pintle_core::notes::{Came, Connect, Try, Wait};
use pintle_core::{Reason, Scheme, Version};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

/// How much of a head is kept.
pub(super) const HEAD: usize = 4096;
/// How much of path and query together.
const TARGET: usize = 2048;
/// How much of a name.
const NAME: usize = 255;
/// How much of a message.
const MESSAGE: usize = 500;
/// How many tries and how many waits.
pub(super) const TRIES: usize = 8;
const WAITS: usize = 8;

/// What a record holds, as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    pub(super) ids: [String; 2],
    pub(super) duration: Duration,
    pub(super) version: u64,
    pub(super) listener: String,
    pub(super) route: String,
    pub(super) consumer: String,
    pub(super) outer: String,
    pub(super) client: Option<IpAddr>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) tls: Option<RawTls>,
    pub(super) came: RawWay,
    pub(super) reason: Option<Reason>,
    pub(super) detail: String,
    pub(super) internal: String,
    pub(super) policy: String,
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) head_wait: Duration,
    pub(super) action: Option<Duration>,
    pub(super) waits: Vec<RawWait>,
    pub(super) upstream: String,
    pub(super) lookup: Duration,
    pub(super) queue: Duration,
    pub(super) tries: Vec<RawTry>,
    /// How many tries there were in all.
    pub(super) attempts: u64,
    pub(super) budget_spent: bool,
    pub(super) upstream_status: Option<u16>,
    pub(super) answered: Option<Duration>,
    /// The parts of an aggregate, by their places, and how many there were in all.
    pub(super) parts: Vec<RawPart>,
    pub(super) all_parts: u64,
}

#[derive(Clone, Debug)]
pub(super) enum RawWay {
    Request {
        version: &'static str,
        method: String,
        scheme: &'static str,
        authority: String,
        target: String,
        head: Vec<u8>,
        /// How long the head was.
        head_size: u64,
        status: u16,
        grpc_status: Option<u32>,
    },
    Tunnel {
        server_name: String,
        end: String,
    },
}

impl Default for RawWay {
    fn default() -> Self {
        RawWay::Tunnel { server_name: String::new(), end: String::new() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct RawTls {
    pub(super) version: String,
    pub(super) server_name: String,
    pub(super) fingerprint: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(super) struct RawWait {
    pub(super) policy: String,
    pub(super) own: Duration,
    /// Whether it let the request in.
    pub(super) is_inward: bool,
}

#[derive(Clone, Debug)]
pub(super) struct RawTry {
    pub(super) endpoint: String,
    pub(super) by: String,
    pub(super) among: u64,
    pub(super) began: Duration,
    pub(super) connect: Option<Connect>,
    pub(super) over: Option<Duration>,
    pub(super) status: Option<u16>,
    pub(super) failed: Option<Reason>,
    pub(super) internal: String,
}

/// A moment that may not have come, as one number.
fn put_moment(out: &mut Vec<u8>, began: Instant, moment: Option<Instant>) {
    put_number(out, moment.map_or(0, |moment| micros(moment.saturating_duration_since(began)) + 1));
}

fn moment(bytes: &mut Bytes<'_>) -> Option<Duration> {
    bytes.number().checked_sub(1).map(Duration::from_micros)
}

fn put_reason(out: &mut Vec<u8>, reason: Option<Reason>) {
    out.push(reason.map_or(0, |reason| reason as u8 + 1));
}

fn reason(bytes: &mut Bytes<'_>) -> Option<Reason> {
    const { assert!(Reason::ALL.len() < u8::MAX as usize) };
    Reason::ALL.get((bytes.byte() as usize).checked_sub(1)?).copied()
}

fn put_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            out.push(4);
            out.extend_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            out.push(6);
            out.extend_from_slice(&ip.octets());
        }
    }
}

fn ip(bytes: &mut Bytes<'_>) -> Option<IpAddr> {
    match bytes.byte() {
        4 => bytes.take(4).try_into().map(|octets: [u8; 4]| Ipv4Addr::from(octets).into()).ok(),
        6 => bytes.take(16).try_into().map(|octets: [u8; 16]| Ipv6Addr::from(octets).into()).ok(),
        _ => None,
    }
}

/// Writes a record. What looking for one needs comes first: when it was over, and its ids.
pub(super) fn write(out: &mut Vec<u8>, decision: &Decision<'_>, epoch: Instant) {
    let Decision { id, trace, listener, route, consumer, client, peer, tls, began, over, notes, .. } = *decision;
    put_time(out, over.saturating_duration_since(epoch));
    put_text(out, id.as_bytes(), NAME);
    // A trace that begins here has the request's id.
    put_text(out, trace.filter(|trace| *trace != id).unwrap_or_default().as_bytes(), NAME);
    put_time(out, decision.duration());
    put_number(out, notes.version);
    put_text(out, listener.as_bytes(), NAME);
    put_text(out, route.as_bytes(), NAME);
    put_text(out, consumer.unwrap_or_default().as_bytes(), NAME);
    put_text(out, notes.outer.as_deref().unwrap_or_default().as_bytes(), NAME);
    put_ip(out, client);
    match peer {
        Some(peer) => {
            put_ip(out, peer.ip());
            put_number(out, peer.port().into());
        }
        None => out.push(0),
    }
    out.push(tls.is_some().into());
    if let Some(tls) = tls {
        put_text(out, tls.version.as_bytes(), NAME);
        put_text(out, tls.server_name.as_deref().unwrap_or_default().as_bytes(), NAME);
        put_text(out, tls.fingerprint.as_ref().map_or(&[], |print| &print[..]), NAME);
    }
    way(out, &decision.way);
    put_reason(out, decision.reason);
    put_text(out, decision.detail.as_bytes(), MESSAGE);
    put_text(out, decision.internal.unwrap_or_default().as_bytes(), MESSAGE);
    put_text(out, notes.policy.unwrap_or_default().as_bytes(), NAME);
    put_number(out, decision.received);
    put_number(out, decision.sent);
    put_time(out, notes.head);
    put_moment(out, began, notes.action);
    put_number(out, notes.waits.len().min(WAITS) as u64);
    notes.waits.iter().take(WAITS).for_each(|one| wait(out, one, over));
    if notes.upstream.is_none() && notes.parts.is_empty() {
        return;
    }
    put_text(out, notes.upstream.as_deref().unwrap_or_default().as_bytes(), NAME);
    put_time(out, notes.lookup);
    put_time(out, notes.queue);
    put_number(out, notes.tries.len() as u64);
    // The last ones say what became of it.
    notes.tries.iter().skip(notes.tries.len().saturating_sub(TRIES)).for_each(|one| attempt(out, one, began));
    out.push(notes.budget_spent.into());
    put_number(out, notes.upstream_status.map_or(0, u64::from));
    put_moment(out, began, notes.answered);
    if !notes.parts.is_empty() {
        notes.parts.with(|parts| parts::write(out, parts, began));
    }
}

fn way(out: &mut Vec<u8>, way: &Way<'_>) {
    match *way {
        Way::Request { version, method, scheme, target, head, status, grpc_status } => {
            out.push(1);
            out.push(version as u8);
            out.push((scheme == Scheme::Https).into());
            put_text(out, method.as_bytes(), NAME);
            put_text(out, target.authority().as_bytes(), NAME);
            put_text(out, target.path_and_query().as_bytes(), TARGET);
            put_number(out, head.len() as u64);
            put_text(out, head, HEAD);
            put_number(out, status.into());
            put_number(out, grpc_status.map_or(0, |status| u64::from(status) + 1));
        }
        Way::Tunnel { server_name, end } => {
            out.push(2);
            put_text(out, server_name.unwrap_or_default().as_bytes(), NAME);
            put_text(out, end.as_bytes(), NAME);
        }
    }
}

fn wait(out: &mut Vec<u8>, wait: &Wait, over: Instant) {
    put_text(out, wait.policy.as_bytes(), NAME);
    put_time(out, wait.own(over));
    out.push(wait.inward.is_some().into());
}

fn attempt(out: &mut Vec<u8>, one: &Try, began: Instant) {
    put_text(out, one.endpoint.as_bytes(), NAME);
    put_text(out, one.choice.by.as_bytes(), NAME);
    put_number(out, one.choice.among.into());
    put_time(out, one.began.saturating_duration_since(began));
    out.push(one.connect.is_some().into());
    if let Some(connect) = one.connect {
        put_time(out, connect.took);
        put_time(out, connect.tls);
    }
    put_moment(out, began, one.over);
    match &one.came {
        Came::Nothing => out.push(0),
        Came::Answer(status) => {
            out.push(1);
            put_number(out, (*status).into());
        }
        Came::Failed(reason, internal) => {
            out.push(2);
            put_reason(out, Some(*reason));
            put_text(out, internal.as_deref().unwrap_or_default().as_bytes(), MESSAGE);
        }
    }
}

/// When the request of a record was over, in microseconds.
pub(super) fn over(record: &[u8]) -> u64 {
    Bytes(record).number()
}

/// The ids that a record may be asked for by.
pub(super) fn ids(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut bytes = Bytes(record);
    bytes.number();
    [bytes.bytes(), bytes.bytes()].into_iter().filter(|id| !id.is_empty())
}

/// Reads a record.
pub(super) fn read(record: &[u8]) -> Raw {
    let mut bytes = Bytes(record);
    let bytes = &mut bytes;
    bytes.number();
    let mut raw = Raw {
        ids: [bytes.text(), bytes.text()],
        duration: bytes.time(),
        version: bytes.number(),
        listener: bytes.text(),
        route: bytes.text(),
        consumer: bytes.text(),
        outer: bytes.text(),
        client: ip(bytes),
        peer: ip(bytes).map(|ip| SocketAddr::new(ip, bytes.number() as u16)),
        tls: (bytes.byte() == 1).then(|| RawTls {
            version: bytes.text(),
            server_name: bytes.text(),
            fingerprint: bytes.bytes().to_vec(),
        }),
        came: read_way(bytes),
        reason: reason(bytes),
        detail: bytes.text(),
        internal: bytes.text(),
        policy: bytes.text(),
        received: bytes.number(),
        sent: bytes.number(),
        head_wait: bytes.time(),
        action: moment(bytes),
        ..Raw::default()
    };
    let waits = bytes.number().min(WAITS as u64);
    let wait = |_| RawWait { policy: bytes.text(), own: bytes.time(), is_inward: bytes.byte() == 1 };
    raw.waits = (0..waits).map(wait).collect();
    if bytes.0.is_empty() {
        return raw;
    }
    raw.upstream = bytes.text();
    raw.lookup = bytes.time();
    raw.queue = bytes.time();
    raw.attempts = bytes.number();
    raw.tries = (0..raw.attempts.min(TRIES as u64)).map(|_| read_try(bytes)).collect();
    raw.budget_spent = bytes.byte() == 1;
    raw.upstream_status = u16::try_from(bytes.number()).ok().filter(|status| *status > 0);
    raw.answered = moment(bytes);
    if !bytes.0.is_empty() {
        (raw.all_parts, raw.parts) = parts::read(bytes);
    }
    raw
}

fn read_way(bytes: &mut Bytes<'_>) -> RawWay {
    if bytes.byte() != 1 {
        return RawWay::Tunnel { server_name: bytes.text(), end: bytes.text() };
    }
    let versions = [Version::Http10, Version::Http11, Version::Http2];
    let version = bytes.byte();
    RawWay::Request {
        version: versions.into_iter().find(|one| *one as u8 == version).map_or("", Version::as_str),
        scheme: if bytes.byte() == 1 { "https" } else { "http" },
        method: bytes.text(),
        authority: bytes.text(),
        target: bytes.text(),
        head_size: bytes.number(),
        head: bytes.bytes().to_vec(),
        status: bytes.number() as u16,
        grpc_status: bytes.number().checked_sub(1).map(|status| status as u32),
    }
}

fn read_try(bytes: &mut Bytes<'_>) -> RawTry {
    let mut one = RawTry {
        endpoint: bytes.text(),
        by: bytes.text(),
        among: bytes.number(),
        began: bytes.time(),
        connect: (bytes.byte() == 1).then(|| Connect { took: bytes.time(), tls: bytes.time() }),
        over: moment(bytes),
        status: None,
        failed: None,
        internal: String::new(),
    };
    match bytes.byte() {
        1 => one.status = Some(bytes.number() as u16),
        2 => {
            one.failed = reason(bytes);
            one.internal = bytes.text();
        }
        _ => {}
    }
    one
}
