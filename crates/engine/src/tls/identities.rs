//! Which certificate a client gets: by the name that it asks for, exact before wildcard, else the first.

use super::certificate::Certificate;
use arc_swap::ArcSwap;
use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::sync::Arc;

/// The certificates of one listener, by name.
#[derive(Debug)]
pub(super) struct Identities {
    pub(super) all: Vec<Arc<Certificate>>,
    exact: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
    /// By what follows `*.`.
    wildcard: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
}

impl Identities {
    pub(super) fn new(all: Vec<Arc<Certificate>>) -> Self {
        let (mut exact, mut wildcard) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for certificate in &all {
            for name in &certificate.names {
                let (names, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut wildcard, parent),
                    None => (&mut exact, &**name),
                };
                names.entry(name.into()).or_default().push(Arc::clone(&certificate.key));
            }
        }
        Identities { all, exact, wildcard }
    }

    /// The certificate for `name`, which is in small letters. Of several for one name the first is taken whose key
    /// makes signatures that the client knows, so that RSA and ECDSA may stand side by side.
    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let usable = |keys: &'_ Vec<Arc<CertifiedKey>>| {
            keys.iter().find(|key| key.key.choose_scheme(schemes).is_some()).map(Arc::clone)
        };
        let by_name = |name: &str| {
            // A wildcard stands for one whole label (RFC 6125 6.4.3).
            let parent = name.split_once('.').map_or("", |(_, parent)| parent);
            self.exact.get(name).and_then(usable).or_else(|| self.wildcard.get(parent).and_then(usable))
        };
        name.and_then(by_name).or_else(|| self.all.first().map(|first| Arc::clone(&first.key)))
    }
}

/// Chooses for each handshake from what is the newest then.
#[derive(Debug)]
pub(super) struct Resolver(pub(super) ArcSwap<Identities>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().choose(hello.server_name(), hello.signature_schemes())
    }
}
