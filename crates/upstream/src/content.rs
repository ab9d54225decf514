//! A request's content over several tries: what is here already is lent to each, what streams is kept as it passes, up to
//! a bound, and anything else can be had once.

use bytes::Bytes;
use parking_lot::Mutex;
use pintle_core::{Body, BodyError, BodySource, Fields, Frame};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The content of a request.
pub(crate) enum Content {
    /// It can be taken once, or again if it came back untouched.
    Once(Option<Body>),
    /// It is all here.
    Whole(Bytes),
    /// It is kept as it is taken.
    Kept(Arc<Mutex<Kept>>),
}

/// Content that streams, and as much of it as has been taken.
pub(crate) struct Kept {
    rest: Body,
    taken: Vec<u8>,
    trailers: Option<Fields>,
    length: Option<u64>,
    /// How much is kept at most.
    most: usize,
    /// Whether all that was taken is kept.
    whole: bool,
}

impl Content {
    /// The content of a request; `most` bytes of what streams are kept for another try, if there may be one.
    pub(crate) fn new(body: Body, most: Option<u64>) -> Self {
        match (body, most) {
            (Body::Empty, _) => Content::Whole(Bytes::new()),
            (Body::Full(bytes), most) if most.is_none_or(|most| bytes.len() as u64 <= most) => Content::Whole(bytes),
            (body, Some(most)) if body.length().is_none_or(|length| length <= most) => {
                let length = body.length();
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                let kept = Kept { rest: body, taken: Vec::new(), trailers: None, length, most, whole: true };
                Content::Kept(Arc::new(Mutex::new(kept)))
            }
            (body, _) => Content::Once(Some(body)),
        }
    }

    /// The content for a try. None if it cannot be had again.
    pub(crate) fn take(&mut self) -> Option<Body> {
        match self {
            Content::Once(body) => body.take(),
            Content::Whole(bytes) => Some(Body::full(bytes.clone())),
            Content::Kept(kept) => {
                let (whole, length) = {
                    let kept = kept.lock();
                    (kept.whole, kept.length)
                };
                whole.then(|| Body::stream(Replay { kept: Arc::clone(kept), told: false, over: false }, length))
            }
        }
    }

    /// Takes back what a try left untouched.
    pub(crate) fn give_back(&mut self, body: Body) {
        if let Content::Once(once) = self {
            *once = Some(body);
        }
    }

    /// Whether another try can have it.
    pub(crate) fn is_there(&self) -> bool {
        match self {
            Content::Once(body) => body.is_some(),
            Content::Whole(_) => true,
            Content::Kept(kept) => kept.lock().whole,
        }
    }
}

/// One try's reading of kept content: what others took before, then the rest.
struct Replay {
    kept: Arc<Mutex<Kept>>,
    /// Whether what others took was given.
    told: bool,
    over: bool,
}

impl BodySource for Replay {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let kept = &mut *self.kept.lock();
        if !std::mem::replace(&mut self.told, true) && !kept.taken.is_empty() {
            return Poll::Ready(Some(Ok(Frame::Data(Bytes::copy_from_slice(&kept.taken)))));
        }
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(trailers) = &kept.trailers {
            self.over = true;
            return Poll::Ready(Some(Ok(Frame::Trailers(trailers.clone()))));
        }
        let frame = ready!(kept.rest.poll_frame(cx));
        match &frame {
            Some(Ok(Frame::Data(data))) => kept.keep(data),
            Some(Ok(Frame::Trailers(trailers))) => {
                kept.trailers = Some(trailers.clone());
                self.over = true;
            }
            Some(Err(_)) => kept.whole = false,
            None => self.over = true,
        }
        Poll::Ready(frame)
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        self.kept.lock().rest.poll_aside(cx);
    }
}

impl Kept {
    fn keep(&mut self, data: &[u8]) {
        if !self.whole {
            return;
        }
        if self.taken.len() + data.len() > self.most {
            self.whole = false;
            self.taken = Vec::new();
            return;
        }
        self.taken.extend_from_slice(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::Fault;
    use std::collections::VecDeque;
    use std::task::Waker;

    struct Pieces(VecDeque<Result<Frame, BodyError>>);

    impl BodySource for Pieces {
        fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    fn pieces(texts: &[&'static str]) -> Body {
        let mut all: VecDeque<_> = texts.iter().map(|text| Ok(Frame::Data(Bytes::from(*text)))).collect();
        let mut trailers = Fields::new();
        trailers.append(pintle_core::names::VIA, "x");
        all.push_back(Ok(Frame::Trailers(trailers)));
        Body::stream(Pieces(all), None)
    }

    /// Takes so many frames; what was in them, with `+` for trailers and `!` for an error.
    fn taken(body: &mut Body, most: usize) -> String {
        let mut text = String::new();
        for _ in 0..most {
            match body.poll_frame(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Some(Ok(Frame::Data(data)))) => text += std::str::from_utf8(&data).expect("text"),
                Poll::Ready(Some(Ok(Frame::Trailers(_)))) => text += "+",
                Poll::Ready(Some(Err(_))) => text += "!",
                Poll::Ready(None) => break,
                Poll::Pending => panic!("nothing waits here"),
            }
        }
        text
    }

    #[test]
    fn each_try_gets_all_of_it_wherever_the_one_before_ended() {
        for before in 0..6 {
            let mut content = Content::new(pieces(&["one", "two", "three"]), Some(11));
            taken(&mut content.take().expect("content"), before);
            assert_eq!(taken(&mut content.take().expect("content"), 10), "onetwothree+", "after {before}");
            assert_eq!(taken(&mut content.take().expect("content"), 10), "onetwothree+", "once more");
        }
    }

    #[test]
    fn what_is_more_than_the_bound_goes_once() {
        let mut content = Content::new(pieces(&["one", "two", "three"]), Some(10));
        assert_eq!(taken(&mut content.take().expect("content"), 2), "onetwo");
        assert!(content.is_there());
        assert_eq!(taken(&mut content.take().expect("content"), 10), "onetwothree+");
        assert!(!content.is_there() && content.take().is_none());
        let long = Body::stream(Pieces(VecDeque::new()), Some(12));
        assert!(matches!(Content::new(long, Some(10)), Content::Once(Some(_))));
    }

    #[test]
    fn what_failed_by_itself_is_not_sent_again() {
        let failing = Body::stream(Pieces(VecDeque::from([Err(BodyError::client(Fault::Closed))])), None);
        let mut content = Content::new(failing, Some(10));
        assert_eq!(taken(&mut content.take().expect("content"), 10), "!");
        assert!(!content.is_there());
    }

    #[test]
    fn what_came_back_untouched_is_there_again() {
        let mut content = Content::new(pieces(&["one"]), None);
        let body = content.take().expect("content");
        assert!(!content.is_there());
        content.give_back(body);
        assert_eq!(taken(&mut content.take().expect("content"), 10), "one+");
    }
}
