//! What a document names outside of itself: files, and addresses.

use super::{Document, RouteConfig};
use crate::maybe::Maybe;
use pintle_core::config::{ConfigPath, SecretSource, Span};
use pintle_engine::socket::Address;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

impl Document {
    /// Every file that the certificates and keys of the listeners and of the admin address are read from, and the authorities of their clients.
    pub fn listener_files(&self) -> impl Iterator<Item = &ConfigPath> {
        let listeners = self.listeners.iter().filter_map(Maybe::get).filter_map(|listener| listener.tls.as_ref());
        let admin = self.admin.as_ref().and_then(|admin| admin.tls.as_ref());
        listeners.chain(admin).flat_map(|tls| tls.files()).map(|file| &file.value)
    }

    /// Where an address of a listener was written.
    pub fn address_span(&self, address: &Address) -> Option<&Span> {
        let mut all = self.listeners.iter().filter_map(Maybe::get).flat_map(|listener| listener.address.iter());
        // Several with port 0 differ by numbers that are given later.
        all.find(|written| written.value == address.numbered(0)).map(|written| &written.span)
    }

    /// Every other file that is read with the configuration, each once: those of TLS to services and what these say of
    /// themselves, secrets, pages, those that the resolver goes by, and those that consumers and policies name.
    pub fn other_files(&self) -> Vec<ConfigPath> {
        let mut all: Vec<ConfigPath> = Vec::new();
        let upstreams = self.upstreams.0.iter().filter_map(|(_, upstream)| upstream.get());
        let tls = upstreams.filter_map(|upstream| upstream.tls.as_ref()).flat_map(|tls| tls.files());
        all.extend(tls.map(|file| file.value.clone()));
        let upstreams = self.upstreams.0.iter().filter_map(|(_, upstream)| upstream.get());
        all.extend(upstreams.filter_map(|upstream| upstream.openapi.as_ref()).map(|file| file.value.clone()));
        all.extend(self.errors.files().map(|file| file.value.clone()));
        if let Some(SecretSource::File(path)) =
            self.admin.as_ref().and_then(|admin| admin.token.as_ref()).map(|token| &token.value)
        {
            all.push(path.clone());
        }
        all.extend(self.resolver.files().cloned());
        all.extend_from_slice(self.consumers.files());
        all.extend(self.geo.iter().flat_map(|geo| geo.files().cloned()));
        self.policies.files(&mut all);
        self.defaults.policies.files(&mut all);
        for listener in self.listeners.iter().filter_map(Maybe::get) {
            all.extend(listener.errors.files().map(|file| file.value.clone()));
            listener.policies.files(&mut all);
        }
        let mut routes: Vec<&RouteConfig> =
            self.routes.iter().filter_map(Maybe::get).map(|route| &route.value).collect();
        while let Some(route) = routes.pop() {
            all.extend(route.errors.files().map(|file| file.value.clone()));
            route.policies.files(&mut all);
            routes.extend(route.routes.iter().flatten().filter_map(Maybe::get).map(|route| &route.value));
        }
        all.extend(self.stores.shared.iter().flat_map(|store| store.files()).cloned());
        // Many routes may name one file, and each look reads them.
        let mut seen = HashSet::new();
        all.retain(|path| seen.insert(path.clone()));
        all
    }

    /// Puts other ports in place of some, in loopback addresses of listeners and endpoints: for a demo whose ports are
    /// taken.
    pub fn move_loopback_ports(&mut self, ports: &HashMap<u16, u16>) {
        let moved = |address: &mut SocketAddr| {
            if address.ip().is_loopback()
                && let Some(&port) = ports.get(&address.port())
            {
                address.set_port(port);
            }
        };
        for listener in self.listeners.value.iter_mut().filter_map(Maybe::get_mut) {
            for address in &mut listener.value.address.0 {
                if let Address::Tcp(tcp) = &mut address.value {
                    moved(tcp);
                }
            }
        }
        for upstream in self.upstreams.0.iter_mut().filter_map(|(_, upstream)| upstream.get_mut()) {
            upstream.move_ports(|host, port| {
                let mut address = SocketAddr::new(host.parse().ok()?, port);
                moved(&mut address);
                Some(address.port())
            });
        }
    }
}
