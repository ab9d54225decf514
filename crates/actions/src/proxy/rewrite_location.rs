//! `rewrite_location`: what an answer says of places is put into the client's words. `Location`, `Content-Location` and
//! `Refresh` name the gateway where they named the service, and the path that the client knows where `path` changed it;
//! cookies get the client's domain and path.
//!
//! A place of somebody else stays what it is. The path is undone where the template of `path` ends in `${path.rest}`: what
//! stands before it on both sides is then exchanged. A path that is not below what the service was asked for stays.

use crate::url::Url;
use pintle_core::template::{Expression, Variable};
use pintle_core::{Exchange, Fields, Name, Scheme, names};
use pintle_upstream::Upstream;
use std::sync::Arc;

/// Whether the paths that this template makes can be undone.
pub(super) fn can_be_undone(path: &Url) -> bool {
    let is_rest = |(before, expression): (&str, &Expression)| {
        before.ends_with('/') && expression.variable() == Some(&Variable::PathRest)
    };
    path.last_in_path().is_some_and(is_rest)
}

/// What was done to one request, to be undone in its answer.
pub(super) struct Undo<'a> {
    scheme: Scheme,
    /// As the client wrote it; empty where it named none.
    authority: &'a str,
    /// By which names the service knows itself: scheme and authority that it was asked by, and its endpoints.
    service: Scheme,
    asked: Option<&'a str>,
    upstream: &'a Upstream,
    paths: Option<Paths<'a>>,
}

/// What stands before the part of a path that is the same on both sides, without a slash at the end.
struct Paths<'a> {
    client: &'a str,
    service: &'a str,
}

impl<'a> Undo<'a> {
    /// `path` is what the service was asked for, if it differs; `host` the Host that was sent, if not the endpoint's own.
    pub(super) fn new(
        exchange: &'a Exchange,
        path: Option<&'a str>,
        undoes_path: bool,
        host: Option<&'a str>,
        upstream: &'a Upstream,
    ) -> Self {
        let request = &exchange.request;
        let asked_for = request.target.path();
        let rest = exchange.captures.rest(asked_for);
        let before = |path: &'a str| {
            let path = path.split('?').next().unwrap_or_default();
            path.strip_suffix(rest).map(|before| before.trim_end_matches('/'))
        };
        let paths = path
            .filter(|_| undoes_path)
            .and_then(|path| Some(Paths { client: before(asked_for)?, service: before(path)? }));
        Undo {
            scheme: request.scheme,
            authority: request.target.authority(),
            service: if upstream.is_tls() { Scheme::Https } else { Scheme::Http },
            asked: host,
            upstream,
            paths,
        }
    }

    /// Changes an answer's fields.
    pub(super) fn apply(&self, fields: &mut Fields) {
        const CONTENT_LOCATION: &str = "content-location";
        const REFRESH: &str = "refresh";
        self.each(fields, names::LOCATION, |value| self.place(value));
        self.each(fields, CONTENT_LOCATION.into(), |value| self.place(value));
        self.each(fields, REFRESH.into(), |value| self.refresh(value));
        self.each(fields, names::SET_COOKIE, |value| self.cookie(value));
    }

    /// Puts `change(value)` in place of each value of that name for which it gives one.
    fn each(&self, fields: &mut Fields, name: Name<'_>, change: impl Fn(&str) -> Option<String>) {
        let changed = |value: &[u8]| std::str::from_utf8(value).ok().and_then(&change);
        if !fields.get_all(name).any(|value| changed(value).is_some()) {
            return;
        }
        let values: Vec<Vec<u8>> = fields
            .get_all(name)
            .map(|value| changed(value).map_or_else(|| value.to_vec(), String::into_bytes))
            .collect();
        fields.remove(name);
        values.iter().for_each(|value| fields.append(name, value));
    }

    /// A URL or a path as the client knows it; none where it stays as it is.
    fn place(&self, place: &str) -> Option<String> {
        let (scheme, rest) = match place.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            _ => match place.strip_prefix("//") {
                Some(rest) => (self.service, rest),
                None if place.starts_with('/') => return self.path(place),
                // Relative to what was asked for, as the client knows it; or of a scheme that is not ours.
                None => return None,
            },
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if !self.is_ours(scheme, authority) {
            return None;
        }
        let path = self.path(path).unwrap_or_else(|| path.to_owned());
        if (scheme, self.scheme) == (Scheme::Https, Scheme::Http) && self.is_clients(scheme, authority) {
            // The service wants the client to come over TLS; to undo that would send it round in a circle.
            return Some(format!("https://{authority}{path}"));
        }
        if self.authority.is_empty() {
            return Some(rooted(&path));
        }
        Some(format!("{}://{}{path}", self.scheme.as_str(), self.authority))
    }

    /// Whether an authority is the service's, by whatever name: that by which it was asked, an endpoint's, the client's.
    fn is_ours(&self, scheme: Scheme, authority: &str) -> bool {
        let is_endpoint = |endpoint: &str| {
            let port = scheme.default_port();
            without_port(endpoint, port) == without_port(&authority.to_ascii_lowercase(), port)
        };
        self.is_clients(scheme, authority)
            || self.asked.is_some_and(|asked| self.is_same(scheme, authority, asked))
            || self.endpoints().iter().any(|endpoint| is_endpoint(endpoint))
    }

    fn is_clients(&self, scheme: Scheme, authority: &str) -> bool {
        self.is_same(scheme, authority, self.authority)
    }

    /// Whether an authority that is told is one that was asked for. A name without a port may be told with another
    /// scheme than it was sent over: both leave it out.
    fn is_same(&self, scheme: Scheme, told: &str, asked: &str) -> bool {
        let (told, asked) = (told.to_ascii_lowercase(), asked.to_ascii_lowercase());
        let told = without_port(&told, scheme.default_port());
        let ports = [self.service.default_port(), self.scheme.default_port()];
        !asked.is_empty() && ports.into_iter().any(|port| without_port(&asked, port) == told)
    }

    /// `host:port` of each endpoint, as it is written and as it was found.
    fn endpoints(&self) -> Vec<Arc<str>> {
        let found = self.upstream.endpoints().into_iter().map(|endpoint| Arc::clone(&endpoint.name));
        self.upstream.places().cloned().chain(found).filter(|name| !name.starts_with("unix:")).collect()
    }

    /// A path, and what follows it, as the client knows it.
    fn path(&self, path: &str) -> Option<String> {
        let Paths { client, service } = self.paths.as_ref()?;
        let rest = path.strip_prefix(service)?;
        if !(rest.is_empty() || rest.starts_with(['/', '?', '#'])) {
            return None;
        }
        Some(if client.is_empty() { rooted(rest) } else { format!("{client}{rest}") })
    }

    /// `SECONDS; url=PLACE`, which every browser knows and no RFC.
    fn refresh(&self, value: &str) -> Option<String> {
        let at = value.to_ascii_lowercase().find("url=")? + 4;
        let (before, place) = value.split_at(at);
        let bare = place.trim().trim_matches(['"', '\'']);
        Some(format!("{before}{}", self.place(bare)?))
    }

    /// A cookie with a domain and a path of the client's side (RFC 6265 5.2.3, 5.2.4).
    fn cookie(&self, cookie: &str) -> Option<String> {
        if cookie.trim_start().starts_with("__Host-") {
            // Its path is `/`, or clients drop it (RFC 6265bis 4.1.3.2).
            return None;
        }
        let mut changed = false;
        let mut parts = Vec::new();
        for part in cookie.split(';') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim(), value.trim());
            let is_first = parts.is_empty();
            if !is_first && name.eq_ignore_ascii_case("domain") && self.is_domain_of_service(value) {
                // Without a domain a cookie is the host's that the client asked.
                changed = true;
            } else if let (false, true, Some(path)) =
                (is_first, name.eq_ignore_ascii_case("path"), self.cookie_path(value))
            {
                parts.push(format!(" Path={path}"));
                changed = true;
            } else {
                parts.push(part.to_owned());
            }
        }
        changed.then(|| parts.join(";"))
    }

    /// Whether it holds the service's host and not the client's, who would refuse such a cookie.
    fn is_domain_of_service(&self, domain: &str) -> bool {
        let domain = domain.trim_start_matches('.').to_ascii_lowercase();
        let holds = |authority: &str| {
            let host = without_any_port(authority).to_ascii_lowercase();
            host == domain || host.strip_suffix(&*domain).is_some_and(|before| before.ends_with('.'))
        };
        !domain.is_empty()
            && !holds(self.authority)
            && (self.asked.is_some_and(holds) || self.endpoints().iter().any(|endpoint| holds(endpoint)))
    }

    /// A path below what the service was asked for is told as the client knows it; one above it, but for `/`, too: else
    /// no request would bring the cookie back.
    fn cookie_path(&self, path: &str) -> Option<String> {
        if let Some(path) = self.path(path) {
            return Some(path);
        }
        let Paths { client, service } = self.paths.as_ref()?;
        let above = path.trim_end_matches('/');
        let is_above = !above.is_empty() && service.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
        is_above.then(|| if client.is_empty() { "/".into() } else { (*client).to_owned() })
    }
}

/// A path that begins with one slash: two, or a backslash in the second's place, would name a host (RFC 3986 4.2, and
/// the URL Standard).
fn rooted(path: &str) -> String {
    format!("/{}", path.trim_start_matches(['/', '\\']))
}

fn without_port(authority: &str, port: u16) -> &str {
    authority.strip_suffix(&format!(":{port}")).unwrap_or(authority)
}

fn without_any_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
