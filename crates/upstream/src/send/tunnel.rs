//! A WebSocket to a service that may speak HTTP/2: by extended CONNECT (RFC 8441) where its settings allow that, else over
//! HTTP/1.1 where it speaks that too.

use super::{Failure, Head, within};
use crate::endpoint::{Endpoint, Lease};
use crate::settings::ProtocolChoice;
use crate::upstream::Upstream;
use pintle_core::notes::Notes;
use pintle_core::{Body, Reason, Refusal, Response, StatusCode, names};
use pintle_http1::client::Connection;
use pintle_http1::websocket::Accept;
use pintle_http2::client::Client;
use std::sync::Arc;
use std::time::Instant;

impl Upstream {
    pub(super) async fn tunnel(
        &self,
        endpoint: &Arc<Endpoint>,
        request: &Head<'_>,
        body: Body,
        lease: Lease,
        notes: &mut Notes,
        now: Instant,
    ) -> Result<Response, Failure> {
        let auto = self.protocol != ProtocolChoice::Http2;
        let kept = self.kept_http2(endpoint);
        let reused = kept.is_some();
        let client = match kept {
            Some(client) => client,
            None if auto
                && notes.attempts == 1
                && let Some(connection) = endpoint.take(now) =>
            {
                return self.over_http1(connection, request, body, lease, now).await;
            }
            None => {
                let started = Instant::now();
                let connected = match within(request.deadline, endpoint.connector.connect()).await {
                    Ok(connected) => connected,
                    Err(refusal) => return Err(Failure { refusal, again: Some(body) }),
                };
                let connected_at = Instant::now();
                notes.connected = true;
                notes.connect = Some(connected_at - started);
                if auto && !connected.http2 {
                    let connection = Connection::new(connected.stream, connected_at);
                    return self.over_http1(connection, request, body, lease, connected_at).await;
                }
                match self.start_http2(endpoint, connected.stream).await {
                    Ok(client) => client,
                    Err(refusal) => return Err(Failure { refusal, again: Some(body) }),
                }
            }
        };
        if client.takes_tunnels(self.timeout.connect).await {
            return self.tunnel_http2(client, request, body, lease, reused).await;
        }
        if !auto {
            let refusal = Refusal::new(Reason::NotImplemented)
                .detail("A WebSocket cannot be carried to this service.")
                .internal(format!("{} does not allow extended CONNECT (RFC 8441 3)", endpoint.name));
            return Err(Failure { refusal, again: None });
        }
        let connected = match within(request.deadline, endpoint.connector.connect_http1()).await {
            Ok(connected) => connected,
            Err(refusal) => return Err(Failure { refusal, again: Some(body) }),
        };
        notes.connected = true;
        let now = Instant::now();
        self.over_http1(Connection::new(connected.stream, now), request, body, lease, now).await
    }

    /// Asks by extended CONNECT. The proof that the client expects in HTTP/1.1 is made here: in HTTP/2 there is none.
    async fn tunnel_http2(
        &self,
        client: Client,
        request: &Head<'_>,
        body: Body,
        lease: Lease,
        reused: bool,
    ) -> Result<Response, Failure> {
        let Some(accept) = request.fields.get(names::SEC_WEBSOCKET_KEY).and_then(Accept::of) else {
            let refusal = Refusal::new(Reason::BadRequest).detail("Sec-WebSocket-Key is no key (RFC 6455 4.2.1)");
            return Err(Failure { refusal, again: None });
        };
        let mut response = self.over_http2(client, request, body, lease, reused).await?;
        if response.status == StatusCode::SWITCHING_PROTOCOLS {
            response.fields.set(names::SEC_WEBSOCKET_ACCEPT, accept.as_bytes());
        }
        Ok(response)
    }
}
