//! What is known of a tunnel, and its one record in the log and in the counts when it goes, whatever ends it.

use crate::connection::Peer;
use crate::gateway::Gateway;
use crate::request::new_text_id;
use crate::runtime::{Listener, Route};
use pintle_core::Refusal;
use pintle_core::notes::Notes;
use pintle_telemetry::metrics::families::TUNNELS_ENDED;
use pintle_telemetry::why::{Decision, Way};
use pintle_telemetry::{Counter, ListenerMeter, Metrics, TunnelRecord};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// Why a tunnel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client said first that it has no more to send, and then all was over.
    ClientClosed,
    /// The service did.
    UpstreamClosed,
    /// The client's connection broke.
    ClientReset,
    /// The service's did.
    UpstreamReset,
    /// Neither said anything for too long.
    Idle,
    /// The gateway stopped.
    Drained,
    /// There was no tunnel: no route, or no service.
    Refused,
}

impl End {
    const ALL: [End; 7] = [
        End::ClientClosed,
        End::UpstreamClosed,
        End::ClientReset,
        End::UpstreamReset,
        End::Idle,
        End::Drained,
        End::Refused,
    ];

    fn code(self) -> &'static str {
        match self {
            End::ClientClosed => "client_closed",
            End::UpstreamClosed => "upstream_closed",
            End::ClientReset => "client_reset",
            End::UpstreamReset => "upstream_reset",
            End::Idle => "idle",
            End::Drained => "drained",
            End::Refused => "refused",
        }
    }
}

/// How many tunnels ended for which reason.
pub(crate) struct Ends([Arc<Counter>; End::ALL.len()]);

impl Ends {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Ends(End::ALL.map(|end| metrics.counter(&TUNNELS_ENDED, &[end.code()])))
    }

    fn count(&self, end: End) {
        self.0[end as usize].inc();
    }
}

/// A tunnel; recorded when it is dropped.
pub(super) struct Life {
    gateway: Arc<Gateway>,
    meter: Arc<ListenerMeter>,
    listener: Arc<str>,
    client: IpAddr,
    peer: Option<SocketAddr>,
    pub(super) name: Option<Box<str>>,
    pub(super) id: Box<str>,
    began: (SystemTime, Instant),
    received: u64,
    sent: u64,
    /// What it was refused for.
    refusal: Option<Refusal>,
    /// The route's; the listener's fallback while there is none.
    pub(super) route: Arc<Route>,
    pub(super) notes: Notes,
    /// Who was the first to end.
    pub(super) first: Option<End>,
    pub(super) end: End,
}

impl Life {
    pub(super) fn new(
        gateway: &Arc<Gateway>,
        listener: &Listener,
        peer: &Peer,
        name: Option<Box<str>>,
        at: Instant,
    ) -> Self {
        Life {
            gateway: Arc::clone(gateway),
            meter: Arc::clone(&listener.meter),
            listener: Arc::clone(&listener.name),
            client: peer.address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip().to_canonical()),
            peer: peer.address,
            name,
            id: new_text_id(),
            began: (SystemTime::now() - at.elapsed(), at),
            received: 0,
            sent: 0,
            refusal: None,
            route: Arc::clone(&listener.fallback),
            notes: Notes::default(),
            first: None,
            // What is dropped without an end of its own was cut with its worker.
            end: End::Drained,
        }
    }

    pub(super) fn opened(&self) {
        self.meter.tunnel_opened();
    }

    pub(super) fn carried(&mut self, received: u64, sent: u64) {
        self.received += received;
        self.sent += sent;
        self.meter.tunnel_bytes(received, sent);
    }

    pub(super) fn refused(&mut self, refusal: Refusal) {
        self.gateway.metrics.refused(None, refusal.reason);
        self.refusal = Some(refusal);
        self.end = End::Refused;
    }
}

impl Life {
    fn keep(&self) {
        let refusal = self.refusal.as_ref();
        self.gateway.why.keep(&Decision {
            way: Way::Tunnel { server_name: self.name.as_deref(), end: self.end.code() },
            id: &self.id,
            trace: None,
            listener: &self.listener,
            route: &self.route.facts.name,
            consumer: None,
            client: self.client,
            peer: self.peer,
            tls: None,
            began: self.began.1,
            over: Instant::now(),
            notes: &self.notes,
            reason: refusal.map(|refusal| refusal.reason),
            internal: refusal.and_then(|refusal| refusal.internal.as_deref()),
            detail: "",
            received: self.received,
            sent: self.sent,
        });
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.gateway.tunnel_ends().count(self.end);
        if self.gateway.why.is_on() {
            self.keep();
        }
        if !self.gateway.log.is_on() {
            return;
        }
        let refusal = self.refusal.as_ref();
        self.gateway.log.write_tunnel(&TunnelRecord {
            time: self.began.0,
            id: &self.id,
            client: self.client,
            server_name: self.name.as_deref(),
            received: self.received,
            sent: self.sent,
            listener: &self.listener,
            route: &self.route.facts.name,
            labels: &self.route.facts.labels,
            upstream: self.notes.upstream.as_deref(),
            endpoint: self.notes.endpoint(),
            attempts: self.notes.attempts(),
            duration: self.began.1.elapsed(),
            connect: self.notes.connect().map(|connect| connect.took),
            reason: refusal.map_or(self.end.code(), |refusal| refusal.reason.code()),
            internal: refusal.and_then(|refusal| refusal.internal.as_deref()),
        });
    }
}
