//! Certificates and hosts that miss each other: one that no route's host asks for, a host that none is for.
//!
//! A certificate for `*.x.y` is for hosts with one more label (RFC 6125 6.4.3). Addresses are left out, because clients
//! that ask for one name no host in the handshake; so is the first of several certificates, which is for them and for
//! those that name what is not there. That one ends soon or has ended is said when it is loaded.

use super::Subject;
use super::outline::Leaf;
use pintle_core::config::{Diagnostic, Reader, Span};
use pintle_engine::Runtime;
use pintle_engine::tls::TlsConfig;
use pintle_router::HostPattern;
use std::collections::HashSet;
use std::net::Ipv4Addr;

/// After so many hosts of one listener the rest is left to the next check.
const MOST: usize = 10;

pub(super) fn check(subject: &Subject<'_>, runtime: &Runtime, reader: &mut Reader) {
    for (number, (listener, open)) in subject.outline.listeners.iter().zip(&runtime.listeners).enumerate() {
        let (Some(tls), Some(config)) = (&open.tls, &listener.tls) else { continue };
        let routes: Vec<&Leaf<'_>> = subject.outline.routes.iter().filter(|route| route.is_on(number as u32)).collect();
        let certificates: Vec<Vec<Box<str>>> = tls.certificates().into_iter().map(|(_, names, _)| names).collect();
        let hosts = hosts(&routes);
        if hosts.iter().any(|(host, _)| certificates.iter().flatten().any(|name| fits(name, host))) {
            report_hosts(&open.name, &hosts, &certificates, reader);
        } else if let Some((_, first)) = hosts.first() {
            // Then the certificates are what is wrong, and each host would only follow from that.
            return report_all(config, &certificates, first, reader);
        }
        if routes.iter().all(|route| !route.pattern.hosts().is_empty()) {
            for (files, names) in config.certificates.iter().zip(&certificates).skip(1) {
                if !names.iter().any(|name| hosts.iter().any(|(host, _)| fits(name, host))) {
                    report_certificate(&files.cert.span, names, reader);
                }
            }
        }
    }
}

/// Each host of the routes that a client may name, with the first route that has it.
fn hosts<'d>(routes: &[&Leaf<'d>]) -> Vec<(HostPattern, &'d Span)> {
    let mut seen = HashSet::new();
    let all = routes.iter().flat_map(|route| route.pattern.hosts().iter().map(|host| (host, route.span())));
    all.filter(|(host, _)| !is_address(host) && seen.insert(*host)).map(|(host, span)| (host.clone(), span)).collect()
}

fn is_address(host: &HostPattern) -> bool {
    matches!(host, HostPattern::Exact(name) if name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok())
}

/// Whether a certificate's name is for a host of the pattern.
fn fits(name: &str, host: &HostPattern) -> bool {
    match host {
        HostPattern::Exact(host) => {
            &**host == name
                || name.strip_prefix("*.").is_some_and(|parent| {
                    host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent)
                })
        }
        // A host below it is enough: which of them clients ask for is not known here.
        HostPattern::Wildcard(parent) => {
            let name = name.strip_prefix("*.").map_or(name, |rest| rest);
            name == &**parent || name.strip_suffix(&**parent).is_some_and(|head| head.ends_with('.'))
        }
    }
}

fn report_hosts(listener: &str, hosts: &[(HostPattern, &Span)], certificates: &[Vec<Box<str>>], reader: &mut Reader) {
    let none = hosts.iter().filter(|(host, _)| !certificates.iter().flatten().any(|name| fits(name, host)));
    for (host, span) in none.take(MOST) {
        let message =
            format!("no certificate of listener `{listener}` is for `{host}`: clients will refuse what they get");
        let help = "add one to its `certificates`, or name the route's own listeners in `listener`";
        reader.report(Diagnostic::warning("host-without-certificate", message, span).help(help));
    }
}

fn report_all(config: &TlsConfig, certificates: &[Vec<Box<str>>], first: &Span, reader: &mut Reader) {
    for (files, names) in config.certificates.iter().zip(certificates) {
        if !names.is_empty() {
            let label = "a host that routes have";
            reader.report(for_no_host(&files.cert.span, names).also(first, label));
        }
    }
}

fn report_certificate(span: &Span, names: &[Box<str>], reader: &mut Reader) {
    if !names.is_empty() {
        reader.report(for_no_host(span, names));
    }
}

fn for_no_host(span: &Span, names: &[Box<str>]) -> Diagnostic {
    let mut text = names.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > 3 {
        text.push_str(", …");
    }
    let message = format!("this certificate is for no route's host: it names {text}");
    Diagnostic::warning("unused-certificate", message, span)
        .help("is it the right file, and are the routes' hosts right?")
}
