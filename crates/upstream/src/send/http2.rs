//! Sending over HTTP/2: the connections that this worker shares among requests.

use super::{Failure, Head, is_idempotent, reason_of_body};
use crate::endpoint::{Endpoint, Lease};
use crate::stream::Stream;
use crate::upstream::Upstream;
use pintle_core::{Body, Reason, Refusal, Response, Scheme};
use pintle_http2::client::{Bounds, Call, Client, Fail};
use std::sync::Arc;

impl Upstream {
    /// An open connection with room for one more request. Closed ones are forgotten.
    pub(super) fn kept_http2(&self, endpoint: &Endpoint) -> Option<Client> {
        let mut clients = endpoint.own_http2().lock();
        clients.retain_mut(Client::is_open);
        clients.iter_mut().find_map(|client| client.has_room().then(|| client.clone()))
    }

    /// Starts HTTP/2 on a fresh connection and keeps it for others.
    pub(super) async fn start_http2(&self, endpoint: &Endpoint, stream: Stream) -> Result<Client, Refusal> {
        let failed = |why: String| {
            Refusal::new(Reason::ConnectFailed).internal(format!("no HTTP/2 with {}: {why}", endpoint.name))
        };
        let started = tokio::time::timeout(self.timeout.connect, Client::start(stream)).await;
        let client = started.map_err(|_| failed("no preface in time".into()))?.map_err(|e| failed(e.to_string()))?;
        endpoint.own_http2().lock().push(client.clone());
        Ok(client)
    }

    pub(super) async fn over_http2(
        &self,
        client: Client,
        request: &Head<'_>,
        body: Body,
        lease: Lease,
        reused: bool,
    ) -> Result<Response, Failure> {
        let endpoint = Arc::clone(&lease.endpoint);
        let scheme = if self.is_tls() { Scheme::Https } else { Scheme::Http };
        let host = request.host.unwrap_or(&endpoint.host);
        let Head { method, target, fields, protocol, .. } = *request;
        let call = Call { method, target, host, scheme, fields, protocol };
        let bounds = Bounds { response: self.timeout.response, idle: self.timeout.idle, deadline: request.deadline };
        let kept = if let Body::Full(bytes) = &body { Some(Body::Full(bytes.clone())) } else { None };
        match client.send(&call, body, bounds, request.interim, lease).await {
            Ok(answer) => {
                let mut response = Response::new(answer.status);
                response.fields = answer.fields;
                response.body = answer.body;
                Ok(response)
            }
            Err(Fail::Unprocessed(body)) => Err(Failure {
                refusal: Refusal::new(Reason::UpstreamClosed)
                    .internal(format!("{}: the stream was refused", endpoint.name)),
                again: body.or(kept),
            }),
            Err(fail) => {
                let stale = reused && matches!(fail, Fail::Closed(_)) && is_idempotent(request.method);
                Err(Failure { refusal: refusal_of(fail, &endpoint), again: if stale { kept } else { None } })
            }
        }
    }
}

fn refusal_of(fail: Fail, endpoint: &Endpoint) -> Refusal {
    let (reason, why) = match fail {
        Fail::Unprocessed(_) => (Reason::UpstreamClosed, "the stream was refused".into()),
        Fail::Closed(why) => (Reason::UpstreamClosed, format!("stream lost before an answer: {why}")),
        Fail::Malformed(how) => (Reason::UpstreamMalformed, format!("malformed answer: {how}")),
        Fail::TimedOut => (Reason::UpstreamTimeout, "no answer in time".into()),
        Fail::Deadline => (Reason::Timeout, "the request's time was over".into()),
        Fail::Request(error) => (reason_of_body(&error), error.to_string()),
    };
    Refusal::new(reason).internal(format!("{}: {why}", endpoint.name))
}
