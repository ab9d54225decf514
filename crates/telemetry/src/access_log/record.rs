//! What a line tells of one request.

use pintle_core::notes::PartNotes;
use pintle_core::{Exchange, Fields};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// What is said about one request, borrowed from whoever knows it. What does not apply is `None` or empty, and then
/// left out of the line.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// When its head was complete.
    pub time: SystemTime,
    /// The request's id.
    pub request_id: &'a str,
    /// The id of the request that it is inside of.
    pub outer_id: Option<&'a str>,
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
    /// The consumer that it comes from.
    pub consumer: Option<&'a str>,
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
    /// The parts of an aggregate.
    pub parts: &'a PartNotes,
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
    /// The request itself and the fields of its answer, for whoever names more of them by expression.
    pub request: Option<(&'a Exchange, Option<&'a Fields>)>,
}

impl Record<'_> {
    /// Whether it is one that an operator looks for, as [`crate::Ended::is_error`] has it.
    pub(super) fn is_error(&self) -> bool {
        self.reason.is_some() || self.status >= 500 || !matches!(self.grpc_status, None | Some(0))
    }
}
