//! What `/status` says.

use pintle_engine::Server;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

/// What became of the last change.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) at: SystemTime,
    pub(crate) by: &'static str,
    pub(crate) took_ms: u64,
    /// The last one that was refused since, with its messages.
    pub(crate) refused: Option<(SystemTime, String)>,
}

/// The status as JSON.
pub(crate) fn render(server: &Server, change: &Change) -> String {
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
                .map(|e| json!({"address": *e.name, "active": e.active(), "idle_connections": e.idle()}))
                .collect();
            json!({"name": *upstream.name, "endpoints": endpoints})
        })
        .collect();
    let refused = change.refused.as_ref().map(|(at, messages)| json!({"at": seconds(*at), "messages": messages}));
    let status = json!({
        "pintle": env!("CARGO_PKG_VERSION"),
        "configuration": {
            "version": change.version,
            "since": seconds(change.at),
            "by": change.by,
            "took_ms": change.took_ms,
            "last_refusal": refused,
        },
        "draining": gateway.is_draining(),
        "connections": gateway.connections(),
        "routes": runtime.table.len(),
        "listeners": listeners,
        "upstreams": upstreams,
    });
    format!("{status:#}\n")
}
