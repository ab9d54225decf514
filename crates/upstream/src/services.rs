//! How an action or a policy names what it calls, and who finds it.

use crate::Upstream;
use crate::reference::{Reference, Scheme};
use pintle_core::config::{Read, Reader, Spanned, Text};
use pintle_core::step::Destination;
use std::sync::Arc;

/// A service as a configuration names it: an upstream, `http(s)://host[:port]` or `unix:/path`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Read)]
#[read(text, expected = "an upstream's name, or a URL such as http://127.0.0.1:9001")]
pub struct Service(pub Reference);

impl Text for Service {
    fn parse(text: &str) -> Result<Self, String> {
        Reference::parse(text).map(Service)
    }
}

/// Finds services while a configuration is built.
pub trait Services {
    /// The upstream that a reference means; one for equal URLs. A name that nobody gave is reported; a URL
    /// in its place would have this scheme.
    fn upstream(
        &mut self,
        reference: &Spanned<Reference>,
        scheme: Scheme,
        reader: &mut Reader,
    ) -> Option<Arc<Upstream>>;
}

/// A service, found.
#[derive(Clone, Debug)]
pub struct Target {
    /// It, or what its URL stands for.
    pub upstream: Arc<Upstream>,
    /// An `https` URL: it is asked by its own name, which its certificate has.
    pub own_host: bool,
}

impl Target {
    /// Looks it up; what is wrong is reported.
    pub fn find(service: &Spanned<Service>, services: &mut dyn Services, reader: &mut Reader) -> Option<Self> {
        let reference = Spanned::new(service.value.0.clone(), service.span.clone());
        let own_host = matches!(&reference.value, Reference::Url(origin) if origin.is_tls());
        Some(Target { upstream: services.upstream(&reference, Scheme::Http, reader)?, own_host })
    }

    /// The Host to send: `chosen` by the configuration, else the client's, else the endpoint's own.
    pub fn host<'h>(&self, chosen: Option<&'h str>, client: &'h str) -> Option<&'h str> {
        match chosen {
            Some(host) => Some(host),
            None if self.own_host || client.is_empty() => None,
            None => Some(client),
        }
    }

    /// The service as one of those that a request may go to; `chosen` and `client` as in [`Target::host`].
    pub fn destination(&self, weight: u32, chosen: Option<&str>, client: &str) -> Destination {
        Destination {
            upstream: Arc::clone(&self.upstream.name),
            endpoints: self.upstream.places().cloned().collect(),
            weight,
            host: self.host(chosen, client).map(str::to_owned),
        }
    }
}
