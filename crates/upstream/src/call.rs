//! A small request of the gateway's own, and its whole answer: asked for keys, for what a token is worth, for leave. Bounded
//! in bytes and in time; whether a try is followed by another is the upstream's to say. What an answer means is for who
//! asks.

#[cfg(test)]
mod tests;

use crate::reference::Origin;
use crate::{Outgoing, Upstream, UpstreamFault};
use bytes::{Bytes, BytesMut};
use pintle_core::body::Whose;
use pintle_core::config::Span;
use pintle_core::notes::Notes;
use pintle_core::{Body, BodyError, Fault, Fields, Frame, Method, Reason, Refusal, Response, StatusCode, names};
use std::sync::Arc;
use std::time::Instant;

/// A request that the gateway makes by itself.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    /// The Host field or `:authority`; none takes the endpoint's own.
    pub host: Option<&'a str>,
    /// Header fields without those of the connection.
    pub fields: &'a Fields,
    /// The content.
    pub body: &'a Bytes,
    /// When all of the answer must be here.
    pub deadline: Instant,
    /// The most bytes that the answer's content may have.
    pub most: usize,
}

/// The whole answer to a [`Call`], whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The fields.
    pub fields: Fields,
    /// The content; trailers are left out.
    pub content: Bytes,
}

impl Upstream {
    /// Asks, and waits for the whole answer. A refusal says why there is none, its `internal` for the operator. Cancelled by
    /// dropping.
    pub async fn call(self: &Arc<Self>, call: &Call<'_>) -> Result<Answer, Refusal> {
        let outgoing = Outgoing {
            method: call.method,
            target: call.target,
            host: call.host,
            fields: call.fields,
            body: Body::full(call.body.clone()),
            protocol: None,
            deadline: Some(call.deadline),
            interim: None,
            caller: None,
            key: None,
            secure: self.is_tls(),
            trace: None,
        };
        // What is noted of it is nobody's request.
        let mut notes = Notes::default();
        let asked = async {
            let response = self.send(outgoing, &mut notes, Instant::now()).await?;
            self.whole(response, call.most).await
        };
        // On the heap: whoever calls pays for it then alone.
        match tokio::time::timeout_at(call.deadline.into(), Box::pin(asked)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.no_answer(Reason::UpstreamTimeout, "its answer was not here in time")),
        }
    }

    /// The same service for another runtime, such as the program's background: a connection belongs to the runtime that made
    /// it. It has connections, bounds and health of its own. Reads the files of TLS: not for a worker's thread.
    pub fn apart(&self) -> Result<Arc<Self>, UpstreamFault> {
        Upstream::new(&self.name, self.config.clone(), self.discovery.resolver(), Arc::new(|_| {}), None)
    }

    /// Another service, which a URL stands for, whose names are looked up as this one's. As [`Upstream::apart`].
    pub fn beside(&self, origin: &Origin) -> Result<Arc<Self>, UpstreamFault> {
        Upstream::of_url(origin, &Span::nowhere(), self.discovery.resolver(), Arc::new(|_| {}), None)
    }

    async fn whole(&self, mut response: Response, most: usize) -> Result<Answer, Refusal> {
        // None is asked for, and what is small when it comes may be large when it is unpacked.
        let coding = response.fields.get(names::CONTENT_ENCODING);
        if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
            return Err(self.no_answer(Reason::UpstreamMalformed, "its answer is in a coding that was not asked for"));
        }
        let mut content = BytesMut::new();
        while let Some(frame) = response.body.frame().await {
            match frame {
                Ok(Frame::Data(data)) if content.len() + data.len() <= most => content.extend_from_slice(&data),
                Ok(Frame::Data(_)) => {
                    let why = format!("its answer has more than {most} bytes");
                    return Err(self.no_answer(Reason::UpstreamMalformed, &why));
                }
                Ok(Frame::Trailers(_)) => {}
                Err(error) => return Err(self.no_answer(reason(&error), &error.to_string())),
            }
        }
        Ok(Answer { status: response.status, fields: std::mem::take(&mut response.fields), content: content.freeze() })
    }

    fn no_answer(&self, reason: Reason, why: &str) -> Refusal {
        Refusal::new(reason).internal(format!("{}: {why}", self.name))
    }
}

/// Why the body of an answer ended before its end.
pub fn reason(error: &BodyError) -> Reason {
    match (error.whose, error.fault) {
        (Whose::Upstream, Fault::TimedOut) => Reason::UpstreamTimeout,
        (Whose::Upstream, Fault::Malformed | Fault::TooLarge) => Reason::UpstreamMalformed,
        _ => Reason::UpstreamClosed,
    }
}
