//! The whole answer of a call, within its bounds; what is large is read off the worker.

use super::super::decode::{Undecodable, decode};
use super::super::part::{ALL_TOO_LARGE, Answered, Failure};
use super::Making;
use bytes::{Bytes, BytesMut};
use pintle_core::json::Json;
use pintle_core::{Fields, Frame, Response, names};
use pintle_policies::held::Share;
use pintle_upstream::reason_of_broken;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::Semaphore;

/// From so many bytes on content is read off the worker: it takes longer than other requests may wait.
const LARGE: usize = 64 * 1024;
/// So much large content is read at a time.
const AT_ONCE: usize = 8;

impl Making {
    /// The answer with all of its content.
    pub(super) async fn whole(&self, mut response: Response) -> Result<Answered, Failure> {
        let status = response.status;
        let failed = |reason, why: String| Failure { status: Some(status), ..Failure::new(reason, why) };
        // None is asked for, and what is small when it comes may be large when it is unpacked.
        let coding = response.fields.get(names::CONTENT_ENCODING);
        if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
            return Err(failed("coding", "it came in a coding that was not asked for".into()));
        }
        let mut share = Share::new(&self.told.account);
        let mut pieces = Pieces::default();
        while let Some(frame) = response.body.frame().await {
            let data = match frame {
                Ok(Frame::Data(data)) => data,
                Ok(Frame::Trailers(_)) => continue,
                Err(error) => {
                    return Err(Failure {
                        status: Some(status),
                        ..Failure::of_refusal(reason_of_broken(&error), error.to_string())
                    });
                }
            };
            let size = data.len() as u64;
            if pieces.size + size > self.most {
                return Err(failed("too_large", format!("its content has more than {} bytes", self.most)));
            }
            let left = self.told.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(size));
            if left.is_err() {
                return Err(failed(ALL_TOO_LARGE, "the answers of all parts together are too large".into()));
            }
            if !share.grow(data.len()) {
                return Err(Failure { status: Some(status), ..Failure::no_room() });
            }
            pieces.add(data);
        }
        let (fields, content) = (Arc::new(std::mem::take(&mut response.fields)), pieces.whole());
        let read =
            if content.len() >= LARGE { Some((self.reading.how, self.read(&fields, &content).await)) } else { None };
        // A tree may take many times as much as its text.
        if let Some((_, Ok(json))) = &read
            && !share.grow(json.memory())
        {
            return Err(Failure { status: Some(status), ..Failure::no_room() });
        }
        Ok(Answered::new((status, fields), content, read, share))
    }

    /// Reads content that takes its time off the worker: other requests wait there.
    async fn read(&self, fields: &Arc<Fields>, content: &Bytes) -> Result<Arc<Json>, Undecodable> {
        static READING: Semaphore = Semaphore::const_new(AT_ONCE);
        let permit = READING.acquire().await;
        let (reading, limits, fields, content) = (self.reading, self.limits, Arc::clone(fields), content.clone());
        let read = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            decode(reading, fields.get(names::CONTENT_TYPE), &content, limits).map(Arc::new)
        });
        read.await.unwrap_or(Err(Undecodable::At("the gateway is about to end", 0)))
    }
}

/// Content as it comes; what comes at once is not copied.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    rest: BytesMut,
    size: u64,
}

impl Pieces {
    fn add(&mut self, data: Bytes) {
        self.size += data.len() as u64;
        if self.first.is_empty() && self.rest.is_empty() {
            self.first = data;
            return;
        }
        self.rest.extend_from_slice(&std::mem::take(&mut self.first));
        self.rest.extend_from_slice(&data);
    }

    fn whole(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}
