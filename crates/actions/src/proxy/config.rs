//! `proxy` as its user writes it.

use pintle_core::config::{
    Diagnostic, ExpressionText, Map, Node, Read, Reader, Shape, Share, Spanned, TemplateText, Text,
};
use pintle_upstream::Service;

/// Sends the request to a service and gives its answer back. A service is the name of an upstream, or
/// `http(s)://host[:port]` or `unix:/path` for one without settings; equal URLs are one upstream.
///
/// ```yaml
/// routes:
///   - {match: /orders/**, proxy: orders}
///   - {match: /legacy/**, proxy: "http://127.0.0.1:9001"}
///   - match: /users/**
///     proxy:
///       to: users
///       path: "/v2/${path.rest}?from=gateway"
///       host: users.internal
///       mirror: {to: "http://127.0.0.1:9011", share: 5%}
///       rewrite_location: true
///   - match: /carts/{id}
///     proxy: {split: {orders: 90, "http://127.0.0.1:9021": 10}, split_by: path.id}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "an upstream's name, a URL, or a map with `to` or `split`")]
pub enum ProxyConfig {
    /// The service; path and query go on as they are.
    #[read(text)]
    To(Spanned<Service>),
    /// The service with what is to be different.
    #[read(map)]
    Long(Box<ProxyMap>),
}

/// Sends the request to a service.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "proxy", check)]
pub struct ProxyMap {
    /// The service. Excludes `split`; one of the two must be there.
    pub to: Option<Spanned<Service>>,
    /// Several services, each with its weight: every request goes to one of them, at random or as `split_by` says. 0 takes part
    /// in nothing.
    pub split: Option<Split>,
    /// The path to ask for; the default is the request's. With a `?` it has the query too, else the request's stays.
    pub path: Option<TemplateText>,
    /// The Host to ask for; the default is the URL's own for an `https` URL, else the client's.
    pub host: Option<TemplateText>,
    /// Another service that gets a copy of requests; its answers are thrown away.
    pub mirror: Option<MirrorConfig>,
    /// What `split` goes by instead of at random: requests of the same value go to the same service, as
    /// `request.cookies['user']` or `client.ip`. Where it is absent the choice is at random.
    pub split_by: Option<ExpressionText>,
    /// Whether what answers say of places is put into the client's words: `Location`, `Content-Location`, `Refresh`, and
    /// domain and path of `Set-Cookie`. Places of others stay; the path is undone where `path` ends in `/${path.rest}`.
    #[read(default = "false")]
    pub rewrite_location: bool,
}

impl ProxyConfig {
    /// Every service that it names.
    pub fn services(&self) -> impl Iterator<Item = &Spanned<Service>> {
        let (to, map) = match self {
            ProxyConfig::To(service) => (Some(service), None),
            ProxyConfig::Long(map) => (map.to.as_ref(), Some(map)),
        };
        let split = map.and_then(|map| map.split.as_ref()).into_iter().flat_map(|split| split.0.iter());
        let mirror = map.and_then(|map| map.mirror.as_ref());
        to.into_iter().chain(split.map(|(service, _)| service)).chain(mirror.map(|mirror| &mirror.to))
    }
}

impl ProxyMap {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let (message, help) = match (&self.to, &self.split) {
            (Some(_), Some(_)) => ("`to` and `split` exclude each other", "take the one that is meant"),
            (None, None) => ("`proxy` has no service", "name one by `to`, or several by `split`"),
            (Some(_), None) if self.split_by.is_some() => {
                ("`split_by` without `split` splits nothing", "name the services by `split`, or remove it")
            }
            _ => return Some(self),
        };
        reader.report(Diagnostic::error("proxy-to", message, node.span()).help(help));
        None
    }
}

/// Services with their weights: `{orders: 90, orders-next: 10}`. A weight of 0 takes part in nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Split(pub Vec<(Spanned<Service>, u16)>);

impl Read for Split {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let written = Map::<u16>::read(node, reader)?;
        let mut good = true;
        let mut parts = Vec::with_capacity(written.len());
        for (name, weight) in written {
            match Service::parse(&name) {
                Ok(service) => parts.push((Spanned::new(service, name.span), weight)),
                Err(help) => {
                    let message = format!("`{name}` names no service");
                    reader.report(Diagnostic::error("unexpected", message, &name.span).help(help));
                    good = false;
                }
            }
        }
        if good && parts.iter().all(|(_, weight)| *weight == 0) {
            let help = "such as `{orders: 90, orders-next: 10}`";
            reader.report(Diagnostic::error("empty-split", "`split` leaves no service", node.span()).help(help));
            return None;
        }
        good.then_some(Split(parts))
    }

    fn shape() -> Shape {
        Map::<u16>::shape()
    }
}

/// A copy of requests to another service.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "mirror")]
pub struct MirrorConfig {
    /// The service that gets the copies.
    pub to: Spanned<Service>,
    /// How many of the requests are copied, chosen at random.
    #[read(default = "100%")]
    pub share: Share,
}
