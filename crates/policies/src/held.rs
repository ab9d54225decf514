//! Content that a policy or an action needs whole before it goes on: read within a bound, and put back as it came, with its
//! trailers. What all requests hold so counts against one account of the process.

use bytes::{Bytes, BytesMut};
use pintle_core::config::ByteSize;
use pintle_core::{Body, BodyError, BodySource, Exchange, Fault, Fields, Frame, Lasting, Reason, Refusal, names};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

/// What all requests together may have in memory here.
const MOST_IN_ALL: usize = 64 * 1024 * 1024;

/// How much is held.
#[derive(Debug, Default)]
pub struct Account(AtomicUsize);

/// Part of what is held; given back by dropping.
#[derive(Debug)]
pub struct Share {
    account: Arc<Account>,
    bytes: usize,
}

impl Account {
    /// The one of the process.
    pub fn find(lasting: &Lasting) -> Arc<Self> {
        lasting.find("held content", "", |_| true, Arc::default)
    }
}

impl Share {
    /// None of it so far.
    pub fn new(account: &Arc<Account>) -> Self {
        Share { account: Arc::clone(account), bytes: 0 }
    }

    /// Gives back what is more than so many bytes.
    pub fn shrink(&mut self, bytes: usize) {
        let back = self.bytes.saturating_sub(bytes);
        self.account.0.fetch_sub(back, Ordering::Relaxed);
        self.bytes -= back;
    }

    /// Takes more; false where there is none left.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let before = self.account.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before + bytes <= MOST_IN_ALL
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.account.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads the content of a request, of at most so many bytes, and puts it back. How long the client may take between two
/// pieces is the listener's to say; all of it ends with the request's own time. A tunnel has none.
pub async fn take(exchange: &mut Exchange, most: ByteSize, account: &Arc<Account>) -> Result<Bytes, Refusal> {
    let deadline = exchange.deadline;
    let body = &mut exchange.request.body;
    if exchange.request.protocol.is_some() || body.is_empty() {
        return Ok(Bytes::new());
    }
    let mut share = Share::new(account);
    let (data, trailers) = read(body, most, deadline, &mut share).await?;
    let length = Some(data.len() as u64).filter(|_| trailers.is_none());
    *body = match (data.is_empty(), trailers) {
        (true, None) => Body::Empty,
        (_, trailers) => Body::stream(Held { data: Some(data.clone()), trailers, _share: share }, length),
    };
    Ok(data)
}

/// Reads a request's content, of at most so many bytes, and its trailers. As [`take`], but for putting it back.
pub async fn read(
    body: &mut Body,
    most: ByteSize,
    deadline: Option<Instant>,
    share: &mut Share,
) -> Result<(Bytes, Option<Fields>), Refusal> {
    let reading = read_all(body, most, share);
    match deadline {
        Some(deadline) => {
            let read = tokio::time::timeout_at(deadline.into(), reading).await;
            read.unwrap_or_else(|_| Err(Reason::Timeout.into()))
        }
        None => reading.await,
    }
}

async fn read_all(body: &mut Body, most: ByteSize, share: &mut Share) -> Result<(Bytes, Option<Fields>), Refusal> {
    let too_large = || Refusal::new(Reason::BodyTooLarge).detail(format!("The limit is {most}."));
    if body.length().is_some_and(|length| length > most.bytes()) {
        return Err(too_large());
    }
    let (mut data, mut trailers) = (BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.map_err(|error| failed(&error))? {
            Frame::Data(piece) => {
                if (data.len() + piece.len()) as u64 > most.bytes() {
                    return Err(too_large());
                }
                if !share.grow(piece.len()) {
                    return Err(no_room());
                }
                data.extend_from_slice(&piece);
            }
            Frame::Trailers(fields) => trailers = Some(fields),
        }
    }
    Ok((data.freeze(), trailers))
}

/// Why there is no room: what the operator reads.
pub const NO_ROOM: &str = "as much content is held in memory for all requests as may be";

/// What a request gets for which there is no room.
pub fn no_room() -> Refusal {
    Refusal::new(Reason::Overflow).internal(NO_ROOM).field(names::RETRY_AFTER, "1")
}

/// What content that does not come whole makes of its request.
pub fn failed(error: &BodyError) -> Refusal {
    let reason = match error.fault {
        Fault::TooLarge => Reason::BodyTooLarge,
        Fault::TimedOut => Reason::RequestTimeout,
        Fault::Malformed => Reason::BadRequest,
        Fault::Closed | Fault::Reset => Reason::ClientClosed,
    };
    Refusal::new(reason).internal(error.to_string())
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
