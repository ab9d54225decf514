//! The listeners: their names and numbers first, because routes name them; TLS and policies afterwards.

use super::World;
use super::errors::ErrorPages;
use super::surroundings;
use crate::document::{Document, ListenerConfig};
use crate::maybe::Maybe;
use pintle_core::config::{Diagnostic, Reader, Spanned, nearest};
use pintle_engine::socket::Address;
use pintle_engine::tls::{Alpn, TlsConfig, TlsListener};
use pintle_engine::{Listener, ListenerProtocol};
use pintle_policies::Surroundings;
use pintle_telemetry::TracesConfig;
use pintle_upstream::Services;
use rustls_pki_types::UnixTime;
use std::collections::HashMap;
use std::sync::Arc;

/// The listeners of a document, named and numbered.
pub(super) struct Doors<'a> {
    all: Vec<Door<'a>>,
    /// One is broken, and its name is not known.
    broken: bool,
}

struct Door<'a> {
    name: Arc<str>,
    addresses: Vec<Address>,
    config: &'a Spanned<ListenerConfig>,
}

impl<'a> Doors<'a> {
    pub(super) fn read(configs: &'a Spanned<Vec<Maybe<Spanned<ListenerConfig>>>>, reader: &mut Reader) -> Self {
        let mut names: HashMap<Arc<str>, &Spanned<ListenerConfig>> = HashMap::new();
        let mut addresses: HashMap<&Address, &Spanned<Address>> = HashMap::new();
        let mut free_ports: HashMap<Address, u32> = HashMap::new();
        let mut all = Vec::with_capacity(configs.len());
        for config in configs.iter().filter_map(Maybe::get) {
            let Some(first) = config.address.first() else {
                let message = "a listener needs an address";
                reader.report(
                    Diagnostic::error("no-address", message, &config.span).help("write `address: 0.0.0.0:8080`"),
                );
                continue;
            };
            let name: Arc<str> = match &config.name {
                Some(name) => name.as_str().into(),
                None => first.to_string().into(),
            };
            let span = config.name.as_ref().map_or(&first.span, |name| &name.span);
            if let Some(other) = names.insert(Arc::clone(&name), config) {
                let message = format!("two listeners are named `{name}`");
                let also = other.name.as_ref().map_or(&other.span, |name| &name.span);
                reader.report(
                    Diagnostic::error("same-name", message, span)
                        .also(also, "the other one")
                        .help("give one of them another `name`"),
                );
            }
            for address in &config.address {
                if !picks(address)
                    && let Some(other) = addresses.insert(&address.value, address)
                {
                    let message = format!("{} is listened on twice", address.value);
                    reader.report(
                        Diagnostic::error("same-address", message, &address.span).also(&other.span, "here as well"),
                    );
                }
            }
            let numbered = config.address.iter().map(|address| {
                let number = free_ports.entry(address.value.clone()).or_default();
                *number += 1;
                address.numbered(*number)
            });
            all.push(Door { name, addresses: numbered.collect(), config });
        }
        if configs.is_empty() {
            let help = "write at least one: `listeners: [{address: 127.0.0.1:8080}]`";
            reader.report(Diagnostic::error("no-listener", "there is no listener", &configs.span).help(help));
        }
        let broken = configs.iter().any(|config| config.get().is_none());
        Doors { all, broken }
    }

    /// The number of a listener.
    pub(super) fn number(&self, name: &Spanned<String>, reader: &mut Reader) -> Option<u32> {
        if let Some(number) = self.all.iter().position(|door| *door.name == **name) {
            return Some(number as u32);
        }
        if self.broken {
            return None;
        }
        let names: Vec<&str> = self.all.iter().map(|door| &*door.name).collect();
        let help = match nearest(name, names.iter().copied()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("there are: {}", names.join(", ")),
        };
        let message = format!("there is no listener `{}`", **name);
        reader.report(Diagnostic::error("unknown-listener", message, &name.span).help(help));
        None
    }

    /// Makes the listeners, files of TLS included: they are read here.
    pub(super) fn open(
        &self,
        document: &Document,
        pages: &ErrorPages,
        (around, services): (&Surroundings<'_>, &mut dyn Services),
        world: &World,
        reader: &mut Reader,
    ) -> Vec<Arc<Listener>> {
        let mut listeners = Vec::with_capacity(self.all.len());
        for (number, door) in self.all.iter().enumerate() {
            let config = door.config;
            let tls = config.tls.as_ref().and_then(|tls| open_tls(tls, config.protocol.into(), world, reader));
            let Some(fallback) = surroundings::fallback(document, config, around, services, world, reader) else {
                continue;
            };
            listeners.push(Arc::new(Listener {
                number: number as u32,
                name: Arc::clone(&door.name),
                protocol: config.protocol,
                addresses: door.addresses.clone(),
                tls,
                proxy_protocol: config.proxy_protocol.clone(),
                trusted_proxies: config.trusted_proxies.clone(),
                tracing: document.telemetry.traces.as_ref().map(TracesConfig::tracing).unwrap_or_default(),
                fallback,
                pages: pages.of_listener(&door.name),
                meter: world.metrics.listener(&door.name),
            }));
        }
        listeners
    }

    /// What the listener of that number takes.
    pub(super) fn protocol(&self, number: u32) -> Option<ListenerProtocol> {
        self.all.get(number as usize).map(|door| door.config.protocol)
    }

    /// Whether one takes this, or may: a broken one is not known, and that there is none is said by itself.
    pub(super) fn has(&self, protocol: ListenerProtocol) -> bool {
        self.broken || self.all.is_empty() || self.all.iter().any(|door| door.config.protocol == protocol)
    }

    /// Their names, in the order of their numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.all.iter().map(|door| &door.name)
    }

    /// The configurations, in the order of their numbers.
    pub(super) fn configs(&self) -> impl Iterator<Item = &'a ListenerConfig> + Clone + use<'a, '_> {
        self.all.iter().map(|door| &door.config.value)
    }
}

/// Whether the system chooses the port: another one each time.
fn picks(address: &Address) -> bool {
    matches!(address, Address::AnyPort(..))
}

pub(super) fn open_tls(
    config: &Spanned<TlsConfig>,
    alpn: Alpn,
    world: &World,
    reader: &mut Reader,
) -> Option<Arc<TlsListener>> {
    let listener = match world.tls.listener(config, alpn) {
        Ok(listener) => listener,
        Err(faults) => {
            for fault in faults {
                let span = fault.span.as_ref().unwrap_or(&config.span);
                reader.report(Diagnostic::error("tls", fault.message, span));
            }
            return None;
        }
    };
    for doubt in listener.warnings(UnixTime::now()) {
        let named = config.files().find(|file| ****file == *doubt.file);
        let span = named.map_or(&config.span, |file| &file.span);
        reader.report(Diagnostic::warning("certificate", doubt.message, span));
    }
    Some(listener)
}
