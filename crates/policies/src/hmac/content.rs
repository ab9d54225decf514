//! Content against its digest (RFC 9530): held in memory until it is known to be right, then given on as it came. All
//! that is held counts against one account of the process.

use super::DIGEST;
use super::structured::{Bare, Item, Member, dictionary};
use aws_lc_rs::{constant_time, digest};
use bytes::{Bytes, BytesMut};
use pintle_core::{Body, BodyError, BodySource, Exchange, Fault, Fields, Frame, Reason, Refusal, names};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// What all requests together may have in memory here.
const MOST_IN_ALL: usize = 64 * 1024 * 1024;

/// How much is held.
pub(super) struct Account {
    held: AtomicUsize,
    most: usize,
}

/// Part of what is held; given back by dropping.
struct Share {
    account: Arc<Account>,
    bytes: usize,
}

/// Why content is not known to be right.
pub(super) enum Unread {
    /// It is not what the digest says; for the operator.
    Wrong(&'static str),
    /// It could not be read.
    Refused(Refusal),
}

impl Account {
    pub(super) fn new() -> Self {
        Account { held: AtomicUsize::new(0), most: MOST_IN_ALL }
    }
}

impl Share {
    /// Takes more; false where there is none left.
    fn grow(&mut self, bytes: usize) -> bool {
        let before = self.account.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before + bytes <= self.account.most
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.account.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads the content of a request, and leaves it there if it is what `content-digest` says.
pub(super) async fn check(exchange: &mut Exchange, most: usize, account: &Arc<Account>) -> Result<(), Unread> {
    let mut share = Share { account: Arc::clone(account), bytes: 0 };
    let (deadline, body) = (exchange.deadline, &mut exchange.request.body);
    let reading = read(body, most, &mut share);
    let read = match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline.into(), reading).await,
        None => Ok(reading.await),
    };
    let (data, trailers) = read.unwrap_or_else(|_| Err(Refusal::new(Reason::Timeout))).map_err(Unread::Refused)?;
    matches(true, &exchange.request.fields, &data)
        .map_err(|_| Unread::Wrong("the content is not what its digest says"))?;
    let length = Some(data.len() as u64).filter(|_| trailers.is_none());
    exchange.request.body = match (data.is_empty(), trailers) {
        (true, None) => Body::Empty,
        (_, trailers) => Body::stream(Held { data: Some(data), trailers, _share: share }, length),
    };
    Ok(())
}

async fn read(body: &mut Body, most: usize, share: &mut Share) -> Result<(Bytes, Option<Fields>), Refusal> {
    let too_large =
        || Refusal::new(Reason::BodyTooLarge).detail(format!("The limit is {most} bytes for content that is signed."));
    if body.length().is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let (mut data, mut trailers) = (BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.map_err(|error| failed(&error))? {
            Frame::Data(piece) => {
                if data.len() + piece.len() > most {
                    return Err(too_large());
                }
                if !share.grow(piece.len()) {
                    let why = format!("content that is signed takes {MOST_IN_ALL} bytes of memory in all requests");
                    return Err(Refusal::new(Reason::AuthUnavailable).internal(why).field(names::RETRY_AFTER, "1"));
                }
                data.extend_from_slice(&piece);
            }
            Frame::Trailers(fields) => trailers = Some(fields),
        }
    }
    Ok((data.freeze(), trailers))
}

/// What a body that ends too early comes to.
fn failed(error: &BodyError) -> Refusal {
    let reason = match error.fault {
        Fault::TooLarge => Reason::BodyTooLarge,
        Fault::TimedOut => Reason::RequestTimeout,
        Fault::Malformed => Reason::BadRequest,
        Fault::Closed | Fault::Reset => Reason::ClientClosed,
    };
    Refusal::new(reason).internal(error.to_string())
}

/// Whether content is what its digests say: each that is known, and one at least. Where the signature does not cover them
/// they say nothing.
pub(super) fn matches(covered: bool, fields: &Fields, content: &[u8]) -> Result<(), String> {
    if !covered {
        return Ok(());
    }
    let text = fields.joined(DIGEST).ok_or("there is no `content-digest`")?;
    let members = dictionary(&text).ok_or("`content-digest` is no dictionary")?;
    let mut known = 0;
    for (name, member) in &members {
        let by = match &**name {
            "sha-256" => &digest::SHA256,
            "sha-512" => &digest::SHA512,
            _ => continue,
        };
        let Member::Item(Item { value: Bare::Bytes(said), .. }) = member else {
            return Err(format!("`content-digest` has no bytes for `{name}`"));
        };
        if constant_time::verify_slices_are_equal(digest::digest(by, content).as_ref(), said).is_err() {
            return Err("the content is not what its digest says".into());
        }
        known += 1;
    }
    if known == 0 { Err("`content-digest` has neither `sha-256` nor `sha-512`".into()) } else { Ok(()) }
}

/// Content that was read, on its way on.
struct Held {
    data: Option<Bytes>,
    trailers: Option<Fields>,
    _share: Share,
}

impl BodySource for Held {
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let data = self.data.take().filter(|data| !data.is_empty()).map(Frame::Data);
        Poll::Ready(data.or_else(|| self.trailers.take().map(Frame::Trailers)).map(Ok))
    }
}
