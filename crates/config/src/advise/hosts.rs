//! URLs whose host is the name of an upstream: elsewhere `http://shop` may mean the upstream, here it is a host that DNS
//! is asked for.

use super::Subject;
use pintle_core::config::{Diagnostic, Reader};
use pintle_upstream::{Address, Reference};
use std::collections::HashSet;

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    let upstreams: HashSet<&str> = subject.document.upstreams.iter().map(|(name, _)| name.as_str()).collect();
    for proxy in subject.outline.routes.iter().filter_map(|route| route.config.proxy.as_ref()) {
        for service in proxy.services() {
            let Reference::Url(origin) = &service.value.0 else { continue };
            let Address::Host { host, port: 80 | 443 } = &origin.address else { continue };
            if !upstreams.contains(host.as_str()) {
                continue;
            }
            let message =
                format!("this URL asks DNS for the host `{host}`, and has nothing to do with the upstream `{host}`");
            let help = format!("write `{host}` for the upstream; for the host write its port too");
            reader.report(Diagnostic::warning("upstream-as-host", message, &service.span).help(help));
        }
    }
}
