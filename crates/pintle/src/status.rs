//! What `/status` says.

mod upstreams;

use crate::cause::{Cause, Origin};
use crate::history::Entry;
use pintle_admin::StatusAsk;
use pintle_core::worker;
use pintle_engine::tls::TlsListener;
use pintle_engine::{ListenerProtocol, Server};
use serde_json::{Value, json};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is in force, and what became of the last change.
#[derive(Clone, Debug)]
pub(crate) struct InForce {
    pub(crate) version: u64,
    pub(crate) at: SystemTime,
    pub(crate) by: Cause,
    /// Who asked for it, for one that somebody asked for at the admin address.
    pub(crate) who: Option<Value>,
    pub(crate) took_ms: u64,
    pub(crate) origin: Origin,
    pub(crate) digest: String,
    /// The last one that was refused since, with its messages.
    pub(crate) refused: Option<(SystemTime, String)>,
}

impl InForce {
    pub(crate) fn new(entry: &Entry, origin: Origin, refused: Option<(SystemTime, String)>) -> Self {
        let Entry { version, at, by, who, took_ms, digest, .. } = entry.clone();
        InForce { version, at, by, who, took_ms, origin, digest, refused }
    }

    fn json(&self, watched: Option<bool>) -> Value {
        let refused = self.refused.as_ref().map(|(at, messages)| json!({"at": seconds(*at), "messages": messages}));
        json!({
            "version": self.version,
            "since": seconds(self.at),
            "by": self.by.word(),
            "who": self.who,
            "took_ms": self.took_ms,
            "origin": self.origin.word(),
            "digest": self.digest,
            "watched": watched,
            "last_refusal": refused,
        })
    }
}

/// What the status is made of beside what the server knows.
pub(crate) struct Facts<'a> {
    pub(crate) change: &'a InForce,
    /// Whether the guard watches the last change, if there is a guard.
    pub(crate) watched: Option<bool>,
    /// What is wrong with the state folder.
    pub(crate) state: Option<&'a str>,
    /// When the program began.
    pub(crate) started: SystemTime,
    /// Where the admin API listens.
    pub(crate) admin: Option<&'a str>,
}

/// The status as JSON, bounded in what it tells of upstreams.
pub(crate) fn render(server: &Server, facts: &Facts<'_>, wanted: &StatusAsk) -> Value {
    let gateway = server.gateway();
    let runtime = gateway.runtime();
    let opened = server.addresses();
    let listeners: Vec<_> = runtime
        .listeners
        .iter()
        .map(|listener| {
            let is = |asked| opened.iter().find(|(a, _)| a == asked).map_or(asked, |(_, is)| is).to_string();
            json!({
                "name": *listener.name,
                "protocol": match listener.protocol {
                    ListenerProtocol::Http => "http",
                    ListenerProtocol::Tcp => "tcp",
                },
                "addresses": listener.addresses.iter().map(is).collect::<Vec<_>>(),
                "tls": listener.tls.is_some(),
                "certificates": certificates(listener.tls.as_deref()),
            })
        })
        .collect();
    let mut status = json!({
        "pintle": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "started": seconds(facts.started),
        "configuration": facts.change.json(facts.watched),
        "state_failure": facts.state,
        "draining": gateway.is_draining(),
        "workers": worker::count(),
        "memory": {"resident_bytes": resident()},
        "connections": {"open": gateway.connections(), "most": runtime.limits.connections},
        "lost": {"log_records": gateway.log.dropped()},
        "routes": runtime.table.len(),
        "listeners": listeners,
        "admin": {
            "address": facts.admin,
            "tls": runtime.admin_tls.is_some(),
            "certificates": certificates(runtime.admin_tls.as_deref()),
        },
    });
    if let (Some(status), Value::Object(more)) = (status.as_object_mut(), upstreams::render(&runtime.upstreams, wanted))
    {
        status.extend(more);
    }
    status
}

fn certificates(tls: Option<&TlsListener>) -> Vec<Value> {
    let all = tls.map(TlsListener::certificates).unwrap_or_default();
    let one = |(file, names, ends): (std::path::PathBuf, Vec<Box<str>>, Option<rustls_pki_types::UnixTime>)| json!({"file": file.display().to_string(), "names": names, "ends": ends.map(|end| end.as_secs())});
    all.into_iter().map(one).collect()
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Memory that is in use, in bytes (Linux; elsewhere it is not told).
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib: u64 =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}
