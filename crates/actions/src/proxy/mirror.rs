//! `mirror: {to, share}`: a copy of some requests to another service, which neither delays nor fails the original.
//!
//! A copy is sent by a task of its own, with the fields of the original, once its content is complete: at once where
//! there is none or it is here already, else when the original has taken the last of it. Content over [`CONTENT`] bytes
//! is not copied, nor are tunnels; past [`UNDER_WAY`] copies of one route, which wait or are under way, there are no
//! more. What is left out is counted. The answer is read and thrown away, up to [`ANSWER`] bytes and within [`TIME`].

use super::MirrorConfig;
use bytes::Bytes;
use pintle_core::config::{Reader, Share};
use pintle_core::notes::Notes;
use pintle_core::step::Destination;
use pintle_core::{Body, BodyError, BodySource, Fields, Frame, Method, Request};
use pintle_upstream::Outgoing;
use pintle_upstream::{Services, Target};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most bytes of content that a copy has.
const CONTENT: usize = 64 * 1024;
/// How many copies of one route there may be at once.
pub(super) const UNDER_WAY: usize = 100;
/// How many bytes of an answer are read.
const ANSWER: usize = 1024 * 1024;
/// How long a copy may take, answer and all.
const TIME: Duration = Duration::from_secs(30);

/// Where copies go, and how many.
#[derive(Debug)]
pub(super) struct Mirror {
    target: Target,
    share: Share,
    pub(super) permits: Arc<Semaphore>,
}

impl Mirror {
    pub(super) fn build(config: &MirrorConfig, services: &mut dyn Services, reader: &mut Reader) -> Option<Self> {
        let target = Target::find(&config.to, services, reader)?;
        let permits = Arc::new(Semaphore::new(UNDER_WAY));
        Some(Mirror { target, share: config.share, permits })
    }

    /// Where a copy goes, and of how many requests; as [`Target::destination`].
    pub(super) fn destination(&self, chosen: Option<&str>, client: &str) -> (Destination, String) {
        (self.target.destination(1, chosen, client), self.share.to_string())
    }

    /// Copies a request that is ready to be sent, if it is one of the share. Never waits.
    pub(super) fn copy(&self, request: &mut Request, path: Option<&str>, host: Option<&str>) {
        if request.protocol.is_some() || fastrand::u32(..Share::ALL.millionths()) >= self.share.millionths() {
            return;
        }
        let length = request.body.length();
        let permit = match length {
            Some(length) if length > CONTENT as u64 => None,
            _ => Arc::clone(&self.permits).try_acquire_owned().ok(),
        };
        let Some(permit) = permit else {
            self.target.upstream.left_out();
            return;
        };
        let copy = Copy {
            method: request.method.clone(),
            path: path.unwrap_or(request.target.path_and_query()).into(),
            host: self.target.host(host, request.target.authority()).map(Box::from),
            fields: request.fields.clone(),
            target: self.target.clone(),
            _permit: permit,
        };
        match &request.body {
            Body::Empty => copy.spawn(Body::Empty),
            Body::Full(bytes) => copy.spawn(Body::Full(bytes.clone())),
            Body::Stream { .. } => {
                request.body.wrap(|inner| Tee { inner, copy: Some(copy), kept: Vec::new(), length });
            }
        }
    }
}

/// A request's copy.
struct Copy {
    target: Target,
    method: Method,
    path: Box<str>,
    host: Option<Box<str>>,
    fields: Fields,
    _permit: OwnedSemaphorePermit,
}

impl Copy {
    fn spawn(self, body: Body) {
        tokio::spawn(async move {
            // What becomes of it is of no consequence; its upstream has counted it.
            let _ = tokio::time::timeout(TIME, self.send(body)).await;
        });
    }

    async fn send(&self, body: Body) {
        let now = Instant::now();
        let outgoing = Outgoing {
            method: &self.method,
            target: &self.path,
            host: self.host.as_deref(),
            fields: &self.fields,
            body,
            protocol: None,
            deadline: Some(now + TIME),
            interim: None,
            key: None,
            secure: false,
            caller: None,
            trace: None,
        };
        let Ok(mut response) = self.target.upstream.send(outgoing, &mut Notes::default(), now).await else { return };
        let mut left = ANSWER;
        while let Some(Ok(frame)) = response.body.frame().await {
            let Frame::Data(data) = frame else { continue };
            let Some(rest) = left.checked_sub(data.len()) else { return };
            left = rest;
        }
    }
}

/// Content on its way to the original, kept for the copy as it passes.
struct Tee {
    inner: Body,
    /// The copy, until it is sent or given up.
    copy: Option<Copy>,
    kept: Vec<u8>,
    length: Option<u64>,
}

impl Tee {
    fn keep(&mut self, data: &[u8]) {
        if self.copy.is_none() {
            return;
        }
        if self.kept.len() + data.len() > CONTENT {
            self.give_up();
            return;
        }
        self.kept.extend_from_slice(data);
        // Whoever knows the length need not ask for the end.
        if self.length == Some(self.kept.len() as u64) {
            self.complete();
        }
    }

    fn complete(&mut self) {
        if let Some(copy) = self.copy.take() {
            copy.spawn(Body::full(Bytes::from(std::mem::take(&mut self.kept))));
        }
    }

    fn give_up(&mut self) {
        if let Some(copy) = self.copy.take() {
            self.kept = Vec::new();
            copy.target.upstream.left_out();
        }
    }
}

impl BodySource for Tee {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let frame = ready!(self.inner.poll_frame(cx));
        match &frame {
            Some(Ok(Frame::Data(data))) => self.keep(data),
            Some(Ok(Frame::Trailers(_))) => {}
            Some(Err(_)) => self.give_up(),
            None => self.complete(),
        }
        Poll::Ready(frame)
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_aside(cx);
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        self.give_up();
    }
}
