//! A request whose head of an answer is awaited, while its content goes out.

use super::{Bounds, Fail};
use crate::body::{Outgoing, SendError as BodySendError};
use crate::head::fields_of;
use h2::client::ResponseFuture;
use pintle_core::timer::Timer;
use pintle_core::{Body, BodyError, Fault, Interim, StatusCode};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// How many interim answers a server may send: they wait in memory for a client that reads slowly.
const INTERIMS: u8 = 32;

/// A request whose head of an answer is awaited.
pub(super) struct Pending {
    pub(super) response: ResponseFuture,
    pub(super) upload: Option<Outgoing>,
    /// The content waits until the server says 100, or that there is a tunnel.
    pub(super) holds: bool,
    /// A tunnel is asked for: 100 and patience are no answer to that.
    pub(super) tunnel: bool,
    pub(super) interims: u8,
    pub(super) timer: Timer,
    pub(super) bounds: Bounds,
}

impl Pending {
    pub(super) fn wait(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        self.timer.set(self.bounds.deadline.map_or(until, |deadline| deadline.min(until)));
    }

    pub(super) fn poll(
        &mut self,
        body: &mut Body,
        interim: Option<&Arc<dyn Interim>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<http::Response<h2::RecvStream>, Fail>> {
        while let Poll::Ready(Some(Ok(head))) = self.response.poll_informational(cx) {
            self.interims += 1;
            if self.interims > INTERIMS {
                return Poll::Ready(Err(Fail::Malformed("too many interim answers".into())));
            }
            if head.status() == StatusCode::CONTINUE && !self.tunnel {
                self.release();
            } else if let Some(interim) = interim
                && let Ok(fields) = fields_of(head.headers())
            {
                interim.send(head.status(), fields);
            }
        }
        self.poll_upload(body, cx)?;
        match Pin::new(&mut self.response).poll(cx) {
            Poll::Ready(Ok(head)) => Poll::Ready(Ok(head)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(fail_of(&error))),
            Poll::Pending => {
                ready!(self.timer.poll(cx));
                let over = self.bounds.deadline.is_some_and(|deadline| Instant::now() >= deadline);
                if self.holds && !self.tunnel && !over {
                    self.release();
                    return self.poll(body, interim, cx);
                }
                Poll::Ready(Err(match &self.upload {
                    _ if over => Fail::Deadline,
                    // Who waits for content has nothing to answer yet: it is the client that is late.
                    Some(upload) if !self.holds && upload.awaits_content() => {
                        Fail::Request(BodyError::client(Fault::TimedOut))
                    }
                    _ => Fail::TimedOut,
                }))
            }
        }
    }

    /// Has held content go out.
    fn release(&mut self) {
        if std::mem::take(&mut self.holds) {
            self.wait(self.bounds.response);
        }
    }

    /// Moves the content on.
    fn poll_upload(&mut self, body: &mut Body, cx: &mut Context<'_>) -> Result<(), Fail> {
        if let Some(upload) = &mut self.upload
            && !self.holds
        {
            let before = upload.content;
            match upload.poll(body, cx) {
                Poll::Ready(Ok(())) => self.upload = None,
                Poll::Ready(Err(BodySendError::Body(error))) => {
                    upload.reset(h2::Reason::CANCEL);
                    return Err(Fail::Request(error));
                }
                // The server takes no more; its answer or its reset tells the rest.
                Poll::Ready(Err(_)) => self.upload = None,
                Poll::Pending if upload.content != before => self.wait(self.bounds.response),
                Poll::Pending => {}
            }
        }
        Ok(())
    }
}

fn fail_of(error: &h2::Error) -> Fail {
    match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => Fail::Unprocessed(None),
        // `h2` tells only streams past the last that the server has looked at of its GOAWAY (RFC 9113 6.8).
        Some(_) if error.is_go_away() && error.is_remote() => Fail::Unprocessed(None),
        Some(_) if error.is_library() && error.is_go_away() => Fail::Broken(error.to_string()),
        Some(_) if error.is_library() => Fail::Malformed(error.to_string()),
        _ => Fail::Closed(error.to_string()),
    }
}
