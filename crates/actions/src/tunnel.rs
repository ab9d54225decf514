//! `tunnel`: the bytes of a connection go to a service and back, whatever they mean. No request is read, so there is
//! nothing here but where they go; the engine carries them.

use pintle_core::config::{Read, Reader, Spanned, Text};
use pintle_upstream::Services;
use pintle_upstream::Upstream;
use pintle_upstream::reference::{Reference, Scheme};
use std::sync::Arc;

/// Where a tunnel leads to.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "an upstream's name, or an address such as tcp://127.0.0.1:5432")]
pub struct TunnelConfig(pub Reference);

impl Text for TunnelConfig {
    fn parse(text: &str) -> Result<Self, String> {
        Reference::parse_tunnel(text).map(TunnelConfig)
    }
}

impl TunnelConfig {
    /// Finds the service.
    pub fn build(this: &Spanned<Self>, services: &mut dyn Services, reader: &mut Reader) -> Option<Arc<Upstream>> {
        services.upstream(&Spanned::new(this.value.0.clone(), this.span.clone()), Scheme::Tcp, reader)
    }
}
