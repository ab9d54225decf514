//! A listener without TLS that the world may reach.
//!
//! Not one where `trusted_proxies` or `proxy_protocol` says that others stand before it, not one whose every route sends
//! clients to https, and not one on an address that is private (RFC 1918, RFC 4193) or of this link.

use super::Subject;
use super::outline::Leaf;
use pintle_actions::RedirectScheme;
use pintle_core::config::{Diagnostic, Reader};
use pintle_engine::ListenerProtocol;
use std::net::IpAddr;

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    for (number, listener) in subject.outline.listeners.iter().enumerate() {
        let stands_behind = !listener.trusted_proxies.is_empty() || listener.proxy_protocol.is_some();
        let mut routes = subject.outline.routes.iter().filter(|route| route.is_on(number as u32));
        // What connections carry may well be TLS.
        let is_tunnel = listener.protocol == ListenerProtocol::Tcp;
        if is_tunnel || listener.tls.is_some() || stands_behind || routes.all(leads_to_https) {
            continue;
        }
        let public = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local()),
            IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
        };
        let mut addresses = listener.address.iter();
        let Some(address) = addresses.find(|address| address.tcp().is_some_and(|tcp| public(tcp.ip()))) else {
            continue;
        };
        let message = format!("{} may be reached from anywhere, and has no TLS", address.value);
        let help = "add `tls:`; behind a load balancer name its addresses in `trusted_proxies`; \
                    for this machine alone listen on 127.0.0.1";
        reader.report(Diagnostic::warning("public-without-tls", message, &address.span).help(help));
    }
}

/// Whether the route does nothing but send clients to https.
fn leads_to_https(route: &Leaf<'_>) -> bool {
    route.config.redirect.as_ref().is_some_and(|redirect| {
        redirect.scheme == Some(RedirectScheme::Https)
            || redirect.to.as_ref().is_some_and(|to| to.starts_with("https://"))
    })
}
