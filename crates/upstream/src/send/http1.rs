//! Sending over HTTP/1.1.

use super::attempt::reason_of_body;
use super::{Failure, Head, Stage};
use crate::endpoint::{Endpoint, Lease};
use crate::stream::Stream;
use crate::upstream::Upstream;
use pintle_core::{Body, Method, Reason, Refusal, Response, grpc};
use pintle_http1::client::{Bounds, Call, Connection, Fail, SendError};
use std::sync::Arc;
use std::time::Instant;

impl Upstream {
    pub(super) async fn over_http1(
        &self,
        connection: Connection<Stream>,
        request: &Head<'_>,
        body: Body,
        lease: Lease,
        now: Instant,
    ) -> Result<Response, Failure> {
        let endpoint = Arc::clone(&lease.endpoint);
        if *request.method == Method::POST && grpc::Kind::of(request.fields) == Some(grpc::Kind::Grpc) {
            let why = format!("{} is spoken to in HTTP/1.1, and gRPC needs HTTP/2: `protocol: http2`", endpoint.name);
            let refusal = Refusal::new(Reason::NotImplemented).internal(why);
            return Err(Failure { refusal, stage: Stage::Aside, body: None });
        }
        let host = request.host.unwrap_or(&endpoint.host);
        let call = Call {
            method: request.method,
            target: request.target,
            host,
            fields: request.fields,
            protocol: request.protocol,
        };
        let bounds = Bounds {
            response: self.config.timeout.response,
            idle: self.config.timeout.idle,
            deadline: request.deadline,
            limits: pintle_http1::Limits::default(),
            body_limits: pintle_http1::BodyLimits::default(),
        };
        match connection.send(&call, body, bounds, request.interim, lease, now).await {
            Ok(answer) => {
                let mut response = Response::new(answer.status);
                response.fields = answer.fields;
                response.body = answer.body;
                Ok(response)
            }
            Err(SendError { fail, body, stale }) => {
                let (reason, stage) = match &fail {
                    Fail::Closed(_) if stale => (Reason::UpstreamClosed, Stage::Stale),
                    Fail::Closed(_) => (Reason::UpstreamClosed, Stage::Reset),
                    Fail::Malformed(_) => (Reason::UpstreamMalformed, Stage::Malformed),
                    Fail::TimedOut => (Reason::UpstreamTimeout, Stage::TimedOut),
                    Fail::Deadline => (Reason::Timeout, Stage::Aside),
                    Fail::Request(error) => (reason_of_body(error), Stage::Aside),
                };
                Err(Failure { refusal: refusal(reason, &fail, &endpoint), stage, body })
            }
        }
    }
}

fn refusal(reason: Reason, fail: &Fail, endpoint: &Endpoint) -> Refusal {
    Refusal::new(reason).internal(format!("{}: {fail}", endpoint.name))
}
