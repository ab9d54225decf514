//! WebSockets over HTTP/2, the asking side: extended CONNECT (RFC 8441), where the server's settings allow it.

use super::Client;
use h2::{Ping, PingPong};
use parking_lot::Mutex;
use pintle_core::{Method, Protocol, names};
use std::fmt;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Whether the server's first settings are known. `h2` tells what they say, but not whether they have come: they stand
/// before all else that a server sends (RFC 9113 3.4), the answer to a PING too.
pub(super) struct Settled {
    ping: Mutex<Option<PingPong>>,
    once: OnceCell<()>,
}

impl Settled {
    pub(super) fn new(ping: Option<PingPong>) -> Self {
        Settled { ping: Mutex::new(ping), once: OnceCell::new() }
    }

    async fn wait(&self) {
        let pong = || {
            poll_fn(|cx| {
                let mut ping = self.ping.lock();
                let Some(ping) = ping.as_mut() else { return Poll::Ready(()) };
                // Refused where one is under way already.
                let _ = ping.send_ping(Ping::opaque());
                ping.poll_pong(cx).map(|_| ())
            })
        };
        self.once.get_or_init(pong).await;
    }
}

impl fmt::Debug for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settled({})", self.once.initialized())
    }
}

impl Client {
    /// Whether the server lets a stream become a WebSocket (RFC 8441 3). Waits for its settings for at most `wait`.
    pub async fn takes_tunnels(&self, wait: Duration) -> bool {
        if !self.send.is_extended_connect_protocol_enabled() {
            let _ = tokio::time::timeout(wait, self.load.settled.wait()).await;
        }
        self.send.is_extended_connect_protocol_enabled()
    }
}

/// Makes a request ask for a tunnel. The proof that HTTP/1.1 has is left out (RFC 8441 5).
pub(super) fn ask(request: &mut http::Request<()>, protocol: Protocol) {
    let protocol = match protocol {
        Protocol::WebSocket => h2::ext::Protocol::from_static("websocket"),
    };
    *request.method_mut() = Method::CONNECT;
    request.extensions_mut().insert(protocol);
    request.headers_mut().remove(names::SEC_WEBSOCKET_KEY.as_str());
}
