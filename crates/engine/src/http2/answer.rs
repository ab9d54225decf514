//! An answer on its way out by a stream: its head, its content as fast as the client takes it, and what its end means.

use super::head::head_of;
use crate::cut::{note_failure, reason_of};
use crate::done::{self, Done};
use crate::gateway::{Answer, Gateway};
use crate::reply;
use crate::runtime::Limits;
use crate::stop::Stop;
use crate::tunnel::{Toward, Tunnel};
use bytes::Bytes;
use h2::server::SendResponse;
use pintle_core::timer::Timer;
use pintle_core::{Body, Exchange, Method, Response, StatusCode, grpc, names};
use pintle_http1::server::WriteError;
use pintle_http2::body::{Outgoing, SendError};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// Sends the answer and records the request.
pub(super) async fn write(
    gateway: &Arc<Gateway>,
    mut respond: SendResponse<Bytes>,
    exchange: &mut Exchange,
    answer: Answer,
    limits: &Limits,
) {
    let Answer { mut response, route, listener, mut reason } = answer;
    let tunnel = response.status == StatusCode::SWITCHING_PROTOCOLS;
    if tunnel {
        join(&mut response, gateway);
    }
    let status = response.status;
    let head_only = exchange.request.method == Method::HEAD;
    let bodiless = head_only || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    let mut head = head_of(status, &response.fields);
    if let Some(length) = response.body.length()
        && !(bodiless && length == 0)
        && status != StatusCode::NO_CONTENT
    {
        head.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    }
    exchange.request.body = Body::Empty;
    let end = bodiless || response.body.is_empty();
    let (mut sent, mut failed) = (0, None);
    let mut grpc_status = grpc::status(&response.fields);
    match respond.send_response(head, end) {
        Err(_) => failed = Some(WriteError::Client),
        Ok(_) if end => {}
        Ok(stream) => {
            let mut out = Outgoing::new(stream, limits.body_timeout);
            let deadline = if tunnel { None } else { exchange.deadline };
            let result = pump(gateway, &mut out, &mut response.body, deadline, tunnel).await;
            sent = out.content;
            if let Err(error) = result {
                let is_grpc = grpc::Kind::of(&response.fields) == Some(grpc::Kind::Grpc);
                // A stream that was cut must not look whole (RFC 9113 8.1). A tunnel that broke is cancelled (RFC 8441 5).
                let cancelled = tunnel || matches!(error, WriteError::Stopped);
                let reset = if cancelled { h2::Reason::CANCEL } else { h2::Reason::INTERNAL_ERROR };
                if !is_grpc || !break_off(&mut out, &error) {
                    out.reset(reset);
                }
                failed = Some(error);
            } else if tunnel && gateway.is_over() {
                failed = Some(WriteError::Stopped);
            }
            grpc_status = grpc_status.or(out.grpc_status);
        }
    }
    // What it holds is free before the request is told of.
    response.body = Body::Empty;
    if let Some(error) = failed {
        reason = Some(note_failure(gateway, &error, exchange));
    }
    let fields = Some(&response.fields);
    let ended = Done { exchange, route: &route, listener: &listener, status, reason, fields, sent, grpc_status };
    done::record(gateway, &ended, Instant::now());
}

/// A tunnel begins with 200 here, and needs no proof (RFC 8441 4, 5).
fn join(response: &mut Response, gateway: &Arc<Gateway>) {
    response.status = StatusCode::OK;
    response.fields.remove(names::SEC_WEBSOCKET_ACCEPT);
    response.body.wrap(|inner| Tunnel::new(inner, gateway, Toward::Client));
}

/// Has a gRPC answer that is cut say why, by a status that is none of success; false where nobody reads it.
fn break_off(out: &mut Outgoing, error: &WriteError) -> bool {
    let reads = !matches!(error, WriteError::Client | WriteError::Stalled);
    reads && out.end_with(&reply::grpc_trailers(reason_of(error)))
}

async fn pump(
    gateway: &Gateway,
    out: &mut Outgoing,
    body: &mut Body,
    deadline: Option<Instant>,
    tunnel: bool,
) -> Result<(), WriteError> {
    let mut timer = Timer::new();
    if let Some(deadline) = deadline {
        timer.set(deadline);
    }
    // Most answers are out at once.
    let mut stop = None;
    poll_fn(|cx| match out.poll(body, cx) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
        Poll::Ready(Err(SendError::Body(error))) => Poll::Ready(Err(WriteError::Body(error))),
        Poll::Ready(Err(SendError::Stalled)) => Poll::Ready(Err(WriteError::Stalled)),
        Poll::Ready(Err(SendError::Reset(_))) => Poll::Ready(Err(WriteError::Client)),
        Poll::Pending => {
            let over = stop.get_or_insert_with(|| Stop::new(gateway)).poll_over(cx).is_ready();
            match timer.poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err(WriteError::Deadline)),
                // A tunnel has been woken to say goodbye by itself.
                Poll::Pending if over && !tunnel => Poll::Ready(Err(WriteError::Stopped)),
                Poll::Pending => Poll::Pending,
            }
        }
    })
    .await
}
