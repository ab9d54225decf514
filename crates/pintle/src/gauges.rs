//! How the gateway stands at the moment of a scrape: what is not counted as it happens, because it can be looked up.

use pintle_engine::Gateway;
use pintle_telemetry::metrics::{Certificate, Levels, Look, Seen};
use pintle_upstream::Upstream;
use std::sync::{Arc, Weak};

/// Looks at a gateway for as long as that is there.
pub(crate) struct Gauges(Weak<Gateway>);

impl Gauges {
    pub(crate) fn of(gateway: &Arc<Gateway>) -> Arc<Self> {
        Arc::new(Gauges(Arc::downgrade(gateway)))
    }
}

impl Look for Gauges {
    fn look(&self) -> Seen {
        let Some(gateway) = self.0.upgrade() else { return Seen::default() };
        let runtime = gateway.runtime();
        let mut certificates = Vec::new();
        for listener in &runtime.listeners {
            for (file, names, not_after) in listener.tls.iter().flat_map(|tls| tls.certificates()) {
                let Some(not_after) = not_after else { continue };
                let name = names.into_iter().next().unwrap_or_default();
                let file = file.display().to_string().into();
                let listener = Arc::clone(&listener.name);
                certificates.push(Certificate { listener, file, name, not_after: not_after.as_secs() });
            }
        }
        Seen {
            connections_max: runtime.limits.connections as u64,
            routes: runtime.table.len() as u64,
            upstreams: runtime.upstreams.iter().map(|upstream| levels(upstream)).collect(),
            certificates,
        }
    }
}

fn levels(upstream: &Upstream) -> Levels {
    let mut levels =
        Levels { upstream: Arc::clone(&upstream.name), idle: 0, streams: 0, active: 0, waiting: upstream.waiting() };
    for endpoint in upstream.endpoints().iter() {
        levels.idle += endpoint.idle() as u64;
        levels.streams += endpoint.http2_streams() as u64;
        levels.active += endpoint.active() as u64;
    }
    levels
}
