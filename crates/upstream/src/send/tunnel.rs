//! A WebSocket to a service that speaks HTTP/2: by extended CONNECT (RFC 8441) where its settings allow that, else over
//! HTTP/1.1 where ALPN lets it choose.

use super::{Failure, Head, Stage, within};
use crate::connect::Offers;
use crate::endpoint::Lease;
use crate::event::Event;
use crate::settings::ProtocolChoice;
use crate::upstream::Upstream;
use pintle_core::{Body, Reason, Refusal, Response, StatusCode, names};
use pintle_http1::websocket::Accept;
use pintle_http2::client::Client;
use std::sync::Arc;
use std::time::Instant;

impl Upstream {
    /// Asks for a WebSocket where `client` leads. The proof that HTTP/1.1 has for its client is made here: HTTP/2 has none.
    pub(super) async fn tunnel(
        &self,
        client: Client,
        request: &Head<'_>,
        body: Body,
        lease: Lease,
        reused: bool,
    ) -> Result<Response, Failure> {
        if !client.takes_tunnels(self.config.timeout.connect).await {
            return self.tunnel_http1(request, body, lease).await;
        }
        let Some(accept) = request.fields.get(names::SEC_WEBSOCKET_KEY).and_then(Accept::of) else {
            let refusal = Refusal::new(Reason::BadRequest).detail("Sec-WebSocket-Key is no key (RFC 6455 4.2.1)");
            return Err(Failure { refusal, stage: Stage::Aside, body: None });
        };
        let mut response = self.exchange(client, request, body, lease, reused).await?;
        if response.status == StatusCode::SWITCHING_PROTOCOLS {
            response.fields.set(names::SEC_WEBSOCKET_ACCEPT, accept.as_bytes());
        }
        Ok(response)
    }

    async fn tunnel_http1(&self, request: &Head<'_>, body: Body, lease: Lease) -> Result<Response, Failure> {
        let endpoint = Arc::clone(&lease.endpoint);
        if self.protocol == ProtocolChoice::Http2 {
            let refusal = Refusal::new(Reason::NotImplemented)
                .detail("A WebSocket cannot be carried to this service.")
                .internal(format!("{} does not allow extended CONNECT (RFC 8441 3)", endpoint.name));
            return Err(Failure { refusal, stage: Stage::Aside, body: None });
        }
        // There is no header for an upstream that is spoken to in HTTP/2.
        let connecting = Box::pin(endpoint.connector.connect(&[], Offers::Http1));
        let connected = match within(request.deadline, connecting).await {
            Ok(connected) => connected,
            Err(refusal) => {
                self.tell(Event::ConnectFailed);
                return Err(Failure::unsent(refusal, body));
            }
        };
        self.tell(Event::Connected);
        let now = Instant::now();
        let connection = endpoint.connection(connected.stream.observed(Arc::clone(&self.observer)), now);
        self.over_http1(connection, request, body, lease, now).await
    }
}
