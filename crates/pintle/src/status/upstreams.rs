//! What `/status` says of upstreams: a page of them by name, one alone, and how many endpoints of all are in which state.

use pintle_admin::StatusAsk;
use pintle_upstream::Upstream;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many endpoints are told of in a page.
const ENDPOINTS: usize = 100;

/// The members of the status that are about upstreams.
pub(super) fn render(all: &[Arc<Upstream>], wanted: &StatusAsk) -> Value {
    let mut states: BTreeMap<&str, u64> = ["up", "down", "ejected", "unreachable"].map(|state| (state, 0)).into();
    for endpoint in all.iter().flat_map(|upstream| upstream.endpoints()) {
        *states.entry(endpoint.state()).or_default() += 1;
    }
    let mut named: Vec<&Arc<Upstream>> = all.iter().collect();
    named.sort_by(|a, b| a.name.cmp(&b.name));
    let (page, more): (Vec<_>, bool) = match &wanted.upstream {
        Some(name) => (named.into_iter().filter(|one| *one.name == **name).collect(), false),
        None => {
            let first = named.partition_point(|one| wanted.after.as_ref().is_some_and(|after| *one.name <= **after));
            let rest = named.get(first..).unwrap_or_default();
            (rest.iter().take(wanted.upstreams).copied().collect(), rest.len() > wanted.upstreams)
        }
    };
    let next = page.last().map(|last| last.name.to_string()).or_else(|| wanted.after.clone()).filter(|_| more);
    let most = if wanted.upstream.is_some() { usize::MAX } else { ENDPOINTS };
    json!({
        "upstreams": page.iter().map(|upstream| one(upstream, most)).collect::<Value>(),
        "upstreams_total": all.len(),
        "upstreams_next": next,
        "endpoints": states,
    })
}

fn one(upstream: &Upstream, most: usize) -> Value {
    let endpoints = upstream.endpoints();
    let shown = endpoints
        .iter()
        .take(most)
        .map(|e| json!({"address": *e.name, "state": e.state(), "active": e.active(), "idle_connections": e.idle()}));
    json!({
        "name": *upstream.name,
        "breaker_open": upstream.is_open(),
        "endpoints": shown.collect::<Value>(),
        "endpoints_total": endpoints.len(),
    })
}
