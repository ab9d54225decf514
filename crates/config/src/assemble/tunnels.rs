//! The routes of connections: what their matches may say, and what they lead to; and which listeners a route of either kind is on.

use super::routes::{Build, Place, Placed};
use crate::document::RouteConfig;
use crate::level::{Level, spread};
use pintle_actions::{Fallback, TunnelConfig};
use pintle_core::config::{Diagnostic, Reader, Spanned};
use pintle_core::exchange::RouteFacts;
use pintle_core::step::Chain;
use pintle_engine::pages::Pages;
use pintle_engine::{ListenerProtocol, Route};
use pintle_router::{Entry, HostPattern, PathPattern, Pattern};
use std::net::IpAddr;
use std::sync::Arc;

impl<'d> Build<'d, '_> {
    /// Adds a route of connections.
    pub(super) fn tunnel(
        &mut self,
        route: &'d Spanned<RouteConfig>,
        to: &Spanned<TunnelConfig>,
        level: &Level<'d>,
        reader: &mut Reader,
    ) {
        let (Some(pattern), Some(name)) = (&level.pattern, &level.name) else { return };
        let matched = &route.pattern.span;
        if let Err((what, help)) = judge(pattern) {
            reader.report(Diagnostic::error("tunnel-match", what, matched).help(help));
        }
        for (key, there) in [
            ("policies", level.policies.iter().any(|(_, list)| !list.is_empty())),
            ("errors", !level.errors.is_empty()),
            ("maintenance", level.maintenance.is_some()),
        ] {
            if there {
                let message = format!("`{key}` of the group around this tunnel are for requests, and it has none");
                let help = "move the tunnel out of the group";
                reader.report(Diagnostic::error("not-for-tcp", message, matched).help(help));
            }
        }
        let upstream = TunnelConfig::build(to, self.upstreams, reader);
        let numbers = self.numbers(route, level, ListenerProtocol::Tcp, reader);
        let Some(upstream) = upstream else { return };
        for on in spread(numbers.as_deref(), ListenerProtocol::Tcp, self.doors.configs()) {
            let labels = level.labels.clone();
            let facts = RouteFacts { name: name.as_str().into(), labels, captures: Box::default() };
            let value = Arc::new(Route {
                meter: self.meter(&facts),
                facts: Arc::new(facts),
                chain: Arc::new(Chain::new(Vec::new(), Arc::new(Fallback))),
                pages: Pages::default(),
                brings: Box::default(),
                tunnel: Some(Arc::clone(&upstream)),
            });
            let entry = Entry { pattern: pattern.clone(), listeners: on.listeners, value };
            let place = Place { matched: matched.clone(), name: route.name.as_ref().map(|name| name.span.clone()) };
            self.entries.push(Placed { place, entry });
        }
    }

    /// The numbers of the listeners that a route names, or its group. They must be of its kind, or there must be one.
    pub(super) fn numbers(
        &mut self,
        route: &RouteConfig,
        level: &Level<'d>,
        kind: ListenerProtocol,
        reader: &mut Reader,
    ) -> Option<Vec<u32>> {
        let (what, other, takes) = match kind {
            ListenerProtocol::Http => ("a route of requests", "connections as they are", "requests"),
            ListenerProtocol::Tcp => ("a tunnel", "requests", "connections"),
        };
        let Some(names) = level.listeners else {
            if !self.doors.has(kind) && !self.lacking.contains(&kind) {
                self.lacking.push(kind);
                let message = format!("no listener takes {takes}, which this route is for");
                let help = match kind {
                    ListenerProtocol::Http => "add a listener without `protocol: tcp`",
                    ListenerProtocol::Tcp => "add a listener with `protocol: tcp`",
                };
                reader.report(Diagnostic::error("route-listener", message, &route.pattern.span).help(help));
            }
            return None;
        };
        let mut numbers = Vec::with_capacity(names.len());
        for name in names {
            let Some(number) = self.doors.number(name, reader) else { continue };
            if self.doors.protocol(number) != Some(kind) {
                let message = format!("{what} cannot be on `{}`: that listener takes {other}", **name);
                let help = "listeners with `protocol: tcp` have routes with `tunnel`, all others have none of them";
                reader.report(Diagnostic::error("route-listener", message, &name.span).help(help));
                continue;
            }
            numbers.push(number);
        }
        Some(numbers)
    }
}

/// Whether there is nothing in a match but what is known of a connection: its server name.
fn judge(pattern: &Pattern) -> Result<(), (String, &'static str)> {
    const HELP: &str = "write `shop.example.com/**` for those that ask for that server name, or `/**` for all";
    let what = match () {
        () if !pattern.methods().is_empty() => "a method",
        () if !pattern.conditions().is_empty() => "conditions",
        () if pattern.paths() != [PathPattern::any()] => "a path",
        () => {
            let is_address = |host: &&HostPattern| match host {
                HostPattern::Exact(host) => host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok(),
                HostPattern::Wildcard(_) => false,
            };
            let Some(address) = pattern.hosts().iter().find(is_address) else { return Ok(()) };
            // RFC 6066 3: literal addresses are not permitted in a server name.
            return Err((format!("no connection asks for the server name `{address}`: it is an address"), HELP));
        }
    };
    Err((format!("a tunnel reads no requests, and this match has {what}"), HELP))
}
