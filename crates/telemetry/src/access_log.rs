//! The access log: one line a request, and one a tunnel, written away from the requests' path.
//!
//! A worker formats a record into its own buffer; one thread collects the buffers and writes them. The worker never
//! waits for a disk or a pipe: when the thread cannot keep up, records are dropped and counted. Which requests are
//! logged is not decided here.

mod combined;
pub mod config;
mod escape;
mod json;
mod sink;
#[cfg(test)]
mod tests;
mod tunnel;
mod writer;

pub use json::KEYS;
pub use sink::Sink;
pub use tunnel::{TUNNEL_KEYS, TunnelRecord};

use crate::metrics::families::{LOG_DROPPED, LOG_ERRORS};
use crate::metrics::{Counter, Metrics};
use crate::stamp::Stamp;
use parking_lot::Mutex;
use pintle_core::config::Read;
use pintle_core::worker;
use sink::Out;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime};
use writer::{Signal, Writer};

/// A buffer this full is written at once. Waking the thread every 32 KiB instead costs 170 ns a record more.
const HAND_OVER: usize = 128 * 1024;
/// How long records gather before they are written.
const GATHER: Duration = Duration::from_millis(50);
/// About how many bytes may wait to be written, over all workers.
const IN_FLIGHT: usize = 4 * 1024 * 1024;
/// No worker gets less room than this, however many there are.
const LEAST_ROOM: usize = 2 * HAND_OVER;

/// What is said about one request, borrowed from whoever knows it. What does not apply is `None` or empty, and then
/// left out of the line.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When its head was complete.
    pub time: SystemTime,
    /// The request's id.
    pub request_id: &'a str,
    /// The trace that it belongs to: 32 hexadecimal digits.
    pub trace_id: Option<&'a str>,
    /// The span that it is there, where it was recorded.
    pub span_id: Option<u64>,
    /// The client's address.
    pub client: IpAddr,
    /// The method.
    pub method: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The host asked for, without port.
    pub host: &'a str,
    /// The normalised path, still encoded.
    pub path: &'a str,
    /// The query without its `?`; credentials in it are left out here.
    pub query: Option<&'a str>,
    /// The version of HTTP: `1.1`, `2`.
    pub version: &'a str,
    /// The status that the client got.
    pub status: u16,
    /// The route's name.
    pub route: &'a str,
    /// The route's labels.
    pub labels: &'a BTreeMap<String, String>,
    /// The listener's name.
    pub listener: &'a str,
    /// The upstream that was asked last.
    pub upstream: Option<&'a str>,
    /// The endpoint that was asked last.
    pub endpoint: Option<&'a str>,
    /// How many times an endpoint was tried.
    pub attempts: u32,
    /// The policy that refused.
    pub policy: Option<&'a str>,
    /// The status that the upstream answered.
    pub upstream_status: Option<u16>,
    /// The status of a gRPC answer.
    pub grpc_status: Option<u32>,
    /// Why the gateway answered by itself.
    pub reason: Option<&'a str>,
    /// Bytes of the request's content, as they came.
    pub received: u64,
    /// Bytes of the answer's content, as they went.
    pub sent: u64,
    /// From the head to the answer's last byte.
    pub duration: Duration,
    /// How long the head took to come once its first byte was here.
    pub head: Duration,
    /// From the head to where the action began.
    pub policies: Option<Duration>,
    /// How long the request waited for a place at its upstream.
    pub queue: Duration,
    /// From the head to the upstream's head.
    pub first_byte: Option<Duration>,
    /// How long making the connection to the endpoint took, TLS included.
    pub connect: Option<Duration>,
    /// The part of that which was TLS.
    pub tls: Option<Duration>,
    /// The field `user-agent`.
    pub user_agent: Option<&'a [u8]>,
    /// The field `referer`; only the combined format has it, credentials left out.
    pub referer: Option<&'a [u8]>,
    /// What happened, for the operator alone.
    pub internal: Option<&'a str>,
}

/// How a record looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Read)]
#[read(word)]
pub enum Format {
    /// One JSON object a line, with keys in a fixed order.
    #[default]
    Json,
    /// The combined log format of Apache and nginx.
    Combined,
}

/// The access log of one gateway.
pub struct AccessLog {
    shared: Arc<Shared>,
}

/// What the workers and the writing thread have in common.
struct Shared {
    shards: Box<[Shard]>,
    /// How many bytes a shard may hold before it drops records.
    room: usize,
    mode: AtomicU8,
    signal: Signal,
    /// Takes over from the present one as soon as the thread gets to it.
    next: Mutex<Option<Out>>,
    dropped: Arc<Counter>,
    errors: Arc<Counter>,
}

/// One worker's part, on cache lines of its own. Its lock is contended only while the thread swaps the buffer.
#[repr(align(128))]
struct Shard(Mutex<Buffer>);

struct Buffer {
    lines: Vec<u8>,
    stamp: Stamp,
}

const OFF: u8 = 0;
const JSON: u8 = 1;
const COMBINED: u8 = 2;

impl AccessLog {
    /// Starts the thread that writes to the sink. What is dropped is counted
    /// in `metrics`, which also say how many workers there are.
    pub fn start(opened: Opened, metrics: &Metrics) -> io::Result<AccessLog> {
        let dropped = metrics.counter(&LOG_DROPPED, &[]);
        let errors = metrics.counter(&LOG_ERRORS, &[]);
        let shards: Box<[Shard]> = (0..metrics.workers())
            .map(|_| Shard(Mutex::new(Buffer { lines: Vec::new(), stamp: Stamp::new() })))
            .collect();
        // Half of the room is for what the thread has taken and not yet written.
        let room = (IN_FLIGHT / 2 / shards.len()).max(LEAST_ROOM);
        let mode = AtomicU8::new(opened.mode);
        let shared =
            Arc::new(Shared { shards, room, mode, signal: Signal::new(), next: Mutex::new(None), dropped, errors });
        Writer::spawn(&shared, opened.out)?;
        Ok(AccessLog { shared })
    }

    /// Writes one record into the buffer of this worker; costs some hundred nanoseconds and never waits for the sink.
    pub fn write(&self, record: &Record<'_>) {
        self.put(|mode, lines, stamp| match mode {
            JSON => json::write(lines, stamp, record),
            _ => combined::write(lines, stamp, record),
        });
    }

    /// The same for a tunnel.
    pub fn write_tunnel(&self, record: &TunnelRecord<'_>) {
        self.put(|mode, lines, stamp| match mode {
            JSON => tunnel::json(lines, stamp, record),
            _ => tunnel::combined(lines, stamp, record),
        });
    }

    fn put(&self, write: impl FnOnce(u8, &mut Vec<u8>, &mut Stamp)) {
        let shared = &*self.shared;
        let mode = shared.mode.load(Ordering::Relaxed);
        if mode == OFF {
            return;
        }
        let shard = shared.shards.get(worker::index()).unwrap_or(&shared.shards[0]);
        let mut buffer = shard.0.lock();
        let Buffer { lines, stamp } = &mut *buffer;
        let before = lines.len();
        if before > shared.room {
            drop(buffer);
            shared.dropped.inc();
            return;
        }
        write(mode, lines, stamp);
        let after = lines.len();
        drop(buffer);
        if before == 0 {
            shared.signal.stir();
        }
        if before < HAND_OVER && after >= HAND_OVER {
            shared.signal.urge();
        }
    }

    /// Whether records go anywhere: with `none` there is no need to make one.
    pub fn is_on(&self) -> bool {
        self.shared.mode.load(Ordering::Relaxed) != OFF
    }

    /// Goes over to another sink and format. Cannot fail: the sink is open.
    pub fn go_over(&self, opened: Opened) {
        *self.shared.next.lock() = Some(opened.out);
        self.shared.mode.store(opened.mode, Ordering::Relaxed);
        self.shared.signal.urge();
    }

    /// Opens the file anew, soon: after a rotation has moved it. When that fails the old one stays in use.
    pub fn reopen(&self) {
        self.shared.signal.reopen();
    }

    /// Waits until all that was recorded before is written, at most `limit`; false when time ran out. Blocks the thread:
    /// for the end of the program.
    pub fn flush(&self, limit: Duration) -> bool {
        self.shared.signal.flush(limit)
    }

    /// How many records were dropped, or lost in a failed write, so far.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.get()
    }
}

/// A sink that is open, and the format for it: the part of a change that may fail, done before what may not.
pub struct Opened {
    out: Out,
    mode: u8,
}

impl Opened {
    /// Opens a sink.
    pub fn open(sink: &Sink, format: Format) -> io::Result<Self> {
        Ok(Opened { out: Out::open(sink)?, mode: mode(sink, format) })
    }
}

impl Drop for AccessLog {
    /// Lets the thread write what is left and end; does not wait for it.
    fn drop(&mut self) {
        self.shared.signal.stop();
    }
}

fn mode(sink: &Sink, format: Format) -> u8 {
    match (sink, format) {
        (Sink::None, _) => OFF,
        (_, Format::Json) => JSON,
        (_, Format::Combined) => COMBINED,
    }
}
