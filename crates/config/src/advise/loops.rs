//! A redirection to the very URL that was asked for: `scheme: https` and nothing else, where clients come by https.

use super::Subject;
use super::outline::{Leaf, Outline};
use pintle_actions::RedirectScheme;
use pintle_core::config::{Diagnostic, Reader};

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    let outline = &subject.outline;
    for route in &outline.routes {
        let Some(redirect) = &route.config.redirect else { continue };
        let same_place =
            redirect.to.is_none() && redirect.host.is_none() && redirect.port.is_none() && redirect.path.is_none();
        let Some(scheme) = redirect.scheme.filter(|_| same_place) else { continue };
        for (number, listener) in outline.listeners.iter().enumerate() {
            // What stands before says itself how clients came.
            let known = listener.trusted_proxies.is_empty();
            let same_scheme = listener.tls.is_some() == (scheme == RedirectScheme::Https);
            let number = number as u32;
            if !known || !same_scheme || !route.is_on(number) || replaced(route, number, outline) {
                continue;
            }
            let word = if scheme == RedirectScheme::Https { "https" } else { "http" };
            let message = format!("clients come by {word} here already, and are sent to where they are, over and over");
            let help = "name the other listeners in the route's `listener`, or give another host, port or path";
            let diagnostic = Diagnostic::warning("redirect-loop", message, &redirect.span);
            reader.report(diagnostic.also(&listener.span, "this listener").help(help));
        }
    }
}

/// Whether another route stands in its place on that listener.
fn replaced(route: &Leaf<'_>, listener: u32, outline: &Outline<'_>) -> bool {
    route.listeners.is_none()
        && outline.routes.iter().any(|other| {
            other.listeners.as_ref().is_some_and(|all| all.contains(&listener)) && other.pattern == route.pattern
        })
}
