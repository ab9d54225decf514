//! Session resumption: tickets, and a small cache for TLS 1.2 clients that know none.
//!
//! A resumed session skips the check of client certificates: it stands on what the first one proved. Listeners share
//! tickets only where they demand the same, by the same authorities; a change of those ends all sessions under them.

use rustls::crypto::aws_lc_rs;
use rustls::server::{ProducesTickets, ServerConfig, ServerSessionMemoryCache, StoresServerSessions};
use std::sync::Arc;

/// Sessions of TLS 1.2 clients without tickets that are kept. Each takes about 1 KiB, client certificates apart.
const CACHED_SESSIONS: usize = 256;

/// Tickets sent after a full handshake (RFC 8446 4.6.1): two, as a browser's second connection should not use the first
/// one's (C.4). Each costs about 5 us where the handshake takes 100.
const TICKETS: usize = 2;

/// The keys of tickets, and the cache.
pub(super) struct Resumption {
    ticketer: Arc<dyn ProducesTickets>,
    cache: Arc<dyn StoresServerSessions>,
}

impl Resumption {
    /// New random keys, which change every six hours; tickets live twelve.
    pub(super) fn new() -> Result<Arc<Self>, rustls::Error> {
        let ticketer = aws_lc_rs::Ticketer::new()?;
        Ok(Arc::new(Resumption { ticketer, cache: ServerSessionMemoryCache::new(CACHED_SESSIONS) }))
    }

    pub(super) fn apply(&self, config: &mut ServerConfig) {
        config.ticketer = Arc::clone(&self.ticketer);
        config.session_storage = Arc::clone(&self.cache);
        config.send_tls13_tickets = TICKETS;
    }
}
