//! What `/status` says.

use crate::cause::{Cause, Origin};
use crate::history::Entry;
use pintle_engine::Server;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is in force, and what became of the last change.
#[derive(Clone, Debug)]
pub(crate) struct InForce {
    pub(crate) version: u64,
    pub(crate) at: SystemTime,
    pub(crate) by: Cause,
    pub(crate) took_ms: u64,
    pub(crate) origin: Origin,
    pub(crate) digest: String,
    /// The last one that was refused since, with its messages.
    pub(crate) refused: Option<(SystemTime, String)>,
}

impl InForce {
    pub(crate) fn new(entry: &Entry, origin: Origin, refused: Option<(SystemTime, String)>) -> Self {
        let Entry { version, at, by, took_ms, digest, .. } = entry.clone();
        InForce { version, at, by, took_ms, origin, digest, refused }
    }
}

/// The status as JSON. `watched` says whether the guard watches the last change, if there is a guard; `state` what is
/// wrong with the state folder.
pub(crate) fn render(server: &Server, change: &InForce, watched: Option<bool>, state: Option<&str>) -> String {
    let gateway = server.gateway();
    let runtime = gateway.runtime();
    let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let opened = server.addresses();
    let listeners: Vec<_> = runtime
        .listeners
        .iter()
        .map(|listener| {
            let is = |asked| opened.iter().find(|(a, _)| a == asked).map_or(asked, |(_, is)| is).to_string();
            json!({
                "name": *listener.name,
                "addresses": listener.addresses.iter().map(is).collect::<Vec<_>>(),
                "tls": listener.tls.is_some(),
            })
        })
        .collect();
    let upstreams: Vec<_> = runtime
        .upstreams
        .iter()
        .map(|upstream| {
            let endpoints: Vec<_> = upstream
                .endpoints()
                .iter()
                .map(|e| {
                    json!({"address": *e.name, "state": e.state(), "active": e.active(), "idle_connections": e.idle()})
                })
                .collect();
            json!({"name": *upstream.name, "breaker_open": upstream.is_open(), "endpoints": endpoints})
        })
        .collect();
    let refused = change.refused.as_ref().map(|(at, messages)| json!({"at": seconds(*at), "messages": messages}));
    let status = json!({
        "pintle": env!("CARGO_PKG_VERSION"),
        "configuration": {
            "version": change.version,
            "since": seconds(change.at),
            "by": change.by.word(),
            "took_ms": change.took_ms,
            "origin": change.origin.word(),
            "digest": change.digest,
            "watched": watched,
            "last_refusal": refused,
        },
        "state_failure": state,
        "draining": gateway.is_draining(),
        "connections": gateway.connections(),
        "routes": runtime.table.len(),
        "listeners": listeners,
        "upstreams": upstreams,
    });
    format!("{status:#}\n")
}
