//! Sending over HTTP/2: the connections that this worker shares among requests.

use super::attempt::reason_of_body;
use super::{Failure, Head, Stage};
use crate::endpoint::{Endpoint, Lease};
use crate::stream::Stream;
use crate::upstream::Upstream;
use pintle_core::{Body, Reason, Refusal, Response, Scheme};
use pintle_http2::client::{Bounds, Call, Client, Fail};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Upstream {
    /// Starts HTTP/2 on a fresh connection and keeps it for others.
    pub(super) async fn start_http2(&self, endpoint: &Endpoint, stream: Stream) -> Result<Client, Refusal> {
        let failed = |why: String| {
            Refusal::new(Reason::ConnectFailed).internal(format!("no HTTP/2 with {}: {why}", endpoint.name))
        };
        let started = tokio::time::timeout(self.config.timeout.connect, Client::start(stream)).await;
        let client = started.map_err(|_| failed("no preface in time".into()))?.map_err(|e| failed(e.to_string()))?;
        endpoint.speaks_http2.store(true, Ordering::Relaxed);
        if let Some(until) = endpoint.keeping.end_of_age(Instant::now()) {
            client.retire_at(until);
        }
        endpoint.own_http2().lock().add(client.clone());
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
        if request.protocol.is_some() {
            return Box::pin(self.tunnel(client, request, body, lease, reused)).await;
        }
        self.exchange(client, request, body, lease, reused).await
    }

    /// A request and its answer on a stream.
    pub(super) async fn exchange(
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
        let bounds = Bounds {
            response: self.config.timeout.response,
            idle: self.config.timeout.idle,
            deadline: request.deadline,
        };
        match client.send(&call, body, bounds, request.interim, lease).await {
            Ok(answer) => {
                let mut response = Response::new(answer.status);
                response.fields = answer.fields;
                response.body = answer.body;
                Ok(response)
            }
            Err(fail) => {
                let (reason, stage, why) = told(&fail, reused);
                let body = if let Fail::Unprocessed(body) = fail { body } else { None };
                let refusal = Refusal::new(reason).internal(format!("{}: {why}", endpoint.name));
                Err(Failure { refusal, stage, body })
            }
        }
    }
}

/// What a failure means: for the client, for another try, and in words. `reused` says whether others' requests went over the
/// connection before.
fn told(fail: &Fail, reused: bool) -> (Reason, Stage, String) {
    match fail {
        Fail::Unprocessed(_) => (Reason::UpstreamClosed, Stage::Unsent, "the stream was refused".into()),
        Fail::Closed(why) => {
            let stage = if reused { Stage::Stale } else { Stage::Reset };
            (Reason::UpstreamClosed, stage, format!("stream lost before an answer: {why}"))
        }
        Fail::Malformed(how) => (Reason::UpstreamMalformed, Stage::Malformed, format!("malformed answer: {how}")),
        Fail::Broken(how) => {
            // Where others' requests went over it, it may have been one of theirs.
            let stage = if reused { Stage::Stale } else { Stage::Malformed };
            (Reason::UpstreamMalformed, stage, format!("the connection does not speak HTTP/2: {how}"))
        }
        Fail::TimedOut => (Reason::UpstreamTimeout, Stage::TimedOut, "no answer in time".into()),
        Fail::Deadline => (Reason::Timeout, Stage::Aside, "the request's time was over".into()),
        Fail::Request(error) => (reason_of_body(error), Stage::Aside, error.to_string()),
    }
}
