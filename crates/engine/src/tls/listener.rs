//! The TLS of one listener: what handshakes are made with, replaced as files change.

use super::certificate::Certificate;
use super::client_auth::{self, Demand};
use super::identities::{Identities, Resolver};
use super::resumption::Resumption;
use super::{Alpn, Fault, Tls, TlsConfig, TlsVersion};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::crypto::CryptoProvider;
use rustls::server::ServerConfig;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::UnixTime;
use std::path::PathBuf;
use std::sync::Arc;

/// The TLS of one listener.
#[derive(Debug)]
pub struct TlsListener {
    tls: Arc<Tls>,
    config: TlsConfig,
    alpn: Alpn,
    resolver: Arc<Resolver>,
    server: ArcSwap<ServerConfig>,
    /// What `server` demands of clients and keeps alive for resumption; held while renewing.
    state: Mutex<State>,
}

struct State {
    demand: Option<Demand>,
    /// Kept alive for the next listener or reload that demands the same.
    _resumption: Arc<Resumption>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

/// What came of reading the files again.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// Whether something is served now that was not before.
    pub changed: bool,
    /// Files that cannot be used; what they held before goes on.
    pub faults: Vec<Fault>,
}

impl Tls {
    /// Loads what a listener needs. All that is wrong is told at once. Reads files: not for a worker's thread.
    pub fn listener(
        self: &Arc<Self>,
        config: &TlsConfig,
        alpn: impl Into<Alpn>,
    ) -> Result<Arc<TlsListener>, Vec<Fault>> {
        let alpn = alpn.into();
        let mut faults = Vec::new();
        let mut certificates = Vec::new();
        for files in &config.certificates {
            match self.certificate(files) {
                Ok(certificate) => certificates.push(certificate),
                Err(found) => faults.extend(found),
            }
        }
        let made = server(self, config, alpn, Arc::new(Resolver(ArcSwap::from_pointee(Identities::new(certificates)))));
        match made {
            Ok((resolver, server, state)) if faults.is_empty() => Ok(Arc::new(TlsListener {
                tls: Arc::clone(self),
                config: config.detached(),
                alpn,
                resolver,
                server: ArcSwap::new(server),
                state: Mutex::new(state),
            })),
            Ok(_) => Err(faults),
            Err(fault) => {
                faults.push(fault);
                Err(faults)
            }
        }
    }
}

impl TlsListener {
    /// What to make a handshake with.
    pub(super) fn server(&self) -> Arc<ServerConfig> {
        self.server.load_full()
    }

    /// The cryptography.
    pub(super) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.tls.provider
    }

    /// What it was made of.
    pub fn config(&self) -> &TlsConfig {
        &self.config
    }

    /// Reads all files again. New certificates are served from the next handshake on; a file that is broken leaves
    /// what it held before. Reads files: not for a worker's thread.
    pub fn renew(&self) -> Renewal {
        let mut state = self.state.lock();
        let mut renewal = Renewal::default();
        let before = self.resolver.0.load_full();
        let mut renewed = Vec::with_capacity(before.all.len());
        for certificate in &before.all {
            match self.tls.certificate(&certificate.files) {
                Ok(new) => {
                    renewal.changed |= !Arc::ptr_eq(&new, certificate);
                    renewed.push(new);
                }
                Err(found) => {
                    renewal.faults.extend(found);
                    renewed.push(Arc::clone(certificate));
                }
            }
        }
        if renewal.changed {
            self.resolver.0.store(Arc::new(Identities::new(renewed)));
        }
        if self.config.client_auth.is_some() {
            match server(&self.tls, &self.config, self.alpn, Arc::clone(&self.resolver)) {
                Ok((_, server, new)) if new.demand != state.demand => {
                    self.server.store(server);
                    *state = new;
                    renewal.changed = true;
                }
                Ok(_) => {}
                Err(fault) => renewal.faults.push(fault),
            }
        }
        renewal
    }

    /// Every file whose change should lead to [`TlsListener::renew`].
    pub fn watched_files(&self) -> Vec<PathBuf> {
        self.config.files().map(|path| path.to_path_buf()).collect()
    }

    /// What the operator should know: certificates that are out of date or soon will be, or have no name.
    pub fn warnings(&self, now: UnixTime) -> Vec<Fault> {
        self.resolver.0.load().all.iter().filter_map(|certificate| certificate.warning(now)).collect()
    }

    /// The file, the names and the end of each certificate that is served, in the configuration's order.
    pub fn certificates(&self) -> Vec<(PathBuf, Vec<Box<str>>, Option<UnixTime>)> {
        let facts = |c: &Arc<Certificate>| (c.files.cert.to_path_buf(), c.names.clone(), c.not_after());
        self.resolver.0.load().all.iter().map(facts).collect()
    }
}

fn server(
    tls: &Tls,
    config: &TlsConfig,
    alpn: Alpn,
    resolver: Arc<Resolver>,
) -> Result<(Arc<Resolver>, Arc<ServerConfig>, State), Fault> {
    let versions: &[_] = match config.min_version {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    // Neither a provider without cipher suites nor a lack of random numbers has to do with a file.
    let no_file = |error: rustls::Error| Fault {
        file: PathBuf::new(),
        span: None,
        message: format!("TLS cannot start: {error}"),
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&tls.provider))
        .with_protocol_versions(versions)
        .map_err(no_file)?;
    let (builder, demand) = match &config.client_auth {
        None => (builder.with_no_client_auth(), None),
        Some(wanted) => {
            let (verifier, demand) = client_auth::load(wanted, &tls.provider)?;
            (builder.with_client_cert_verifier(verifier), Some(demand))
        }
    };
    let mut server = builder.with_cert_resolver(Arc::<Resolver>::clone(&resolver));
    server.alpn_protocols = alpn.offers().iter().map(|offer| offer.to_vec()).collect();
    let resumption = tls.resumption(demand.as_ref()).map_err(no_file)?;
    resumption.apply(&mut server);
    Ok((resolver, Arc::new(server), State { demand, _resumption: resumption }))
}
