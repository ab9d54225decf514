//! What is kept of a request, borrowed from whoever knows it.

use super::{LANES, SLOW};
use pintle_core::exchange::Tls;
use pintle_core::notes::Notes;
use pintle_core::{Reason, Target};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// A request that is over, or a tunnel.
#[derive(Clone, Copy)]
pub struct Decision<'a> {
    /// What came.
    pub way: Way<'a>,
    /// Its id.
    pub id: &'a str,
    /// The trace that it belongs to.
    pub trace: Option<&'a str>,
    /// The listener's name.
    pub listener: &'a str,
    /// The route's name; empty where none took it.
    pub route: &'a str,
    /// The consumer that it comes from.
    pub consumer: Option<&'a str>,
    /// The client's address.
    pub client: IpAddr,
    /// The other end of the connection; none on a unix socket.
    pub peer: Option<SocketAddr>,
    /// The session, under TLS.
    pub tls: Option<&'a Tls>,
    /// When its head was complete, or the connection was there.
    pub began: Instant,
    /// When it was over.
    pub over: Instant,
    /// What happened on the way.
    pub notes: &'a Notes,
    /// Why the gateway answered by itself, or why the answer did not go out whole.
    pub reason: Option<Reason>,
    /// What happened, for the operator alone.
    pub internal: Option<&'a str>,
    /// What the client read beyond the reason.
    pub detail: &'a str,
    /// Bytes of content that the client sent.
    pub received: u64,
    /// Bytes of content that the client got.
    pub sent: u64,
}

/// What came.
#[derive(Clone, Copy)]
pub enum Way<'a> {
    /// A request.
    Request {
        /// The version of HTTP.
        version: pintle_core::Version,
        /// The method.
        method: &'a str,
        /// The scheme.
        scheme: pintle_core::Scheme,
        /// Where it points.
        target: &'a Target,
        /// The head as it came; empty where it could not be read.
        head: &'a [u8],
        /// The status that the client got, or would have got.
        status: u16,
        /// The status of a gRPC answer.
        grpc_status: Option<u32>,
    },
    /// A connection that is carried on as it is.
    Tunnel {
        /// The server name that the client asked for.
        server_name: Option<&'a str>,
        /// Why it ended, where no reason says it.
        end: &'static str,
    },
}

impl Decision<'_> {
    /// How long it took.
    pub(super) fn duration(&self) -> Duration {
        self.over.saturating_duration_since(self.began)
    }

    /// With which others it stands: 0 where all went well, 1 where the client did something wrong or went away, 2 where
    /// something failed or took long.
    pub(super) fn lane(&self) -> usize {
        const { assert!(LANES == 3) };
        let (status, grpc) = match self.way {
            Way::Request { status, grpc_status, .. } => (status, grpc_status),
            Way::Tunnel { end, .. } => (if end.ends_with("_reset") { 502 } else { 200 }, None),
        };
        let reason = self.reason.map_or(0, |reason| reason.status().as_u16());
        // An answer without all of its parts is one that an operator looks for, whatever its status.
        let in_part = self.notes.parts.has_failed();
        let failed = status >= 500 || reason >= 500 || in_part || !matches!(grpc, None | Some(0));
        match failed {
            true => 2,
            false if self.reason.is_some() || status >= 400 => 1,
            // What is open for as long as its ends like is not slow.
            false if status != 101 && matches!(self.way, Way::Request { .. }) && self.duration() >= SLOW => 2,
            false => 0,
        }
    }
}
