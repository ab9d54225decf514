//! How an HTTP/2 connection comes to its end: idle for too long, it is told to go; if it does not, it is closed. What
//! waits to be written does not hold it for ever either.

use super::Connection;
use crate::runtime::Limits;
use pintle_core::timer::Timer;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// How long streams may take to say that they are ended.
const HURRY: Duration = Duration::from_millis(500);

/// Where a connection stands between its beginning and its end.
#[derive(Default)]
pub(super) struct End {
    /// The client has been told to open no more streams.
    pub(super) leaving: bool,
    /// `h2` is through with it; what has gathered is still to go out.
    pub(super) over: bool,
    /// The client broke the protocol.
    pub(super) broken: bool,
    /// What is left is given up.
    given_up: bool,
    timer: Timer,
}

impl End {
    /// `h2` is through with the connection.
    pub(super) fn came(&mut self, broken: bool) {
        (self.over, self.broken) = (true, broken);
        self.timer.clear();
    }

    /// Tells the client to go; what is under way goes on.
    pub(super) fn leave(&mut self, connection: &mut Connection) {
        self.leaving = true;
        self.timer.clear();
        connection.graceful_shutdown();
    }

    /// The gateway's time to stop is over: streams end themselves, and what does not is given up soon.
    pub(super) fn hurry(&mut self) {
        if !self.given_up {
            self.given_up = true;
            self.timer.set(Instant::now() + HURRY);
        }
    }

    /// Ready when the connection is to be closed, whatever is left on it. `busy` says whether streams are open.
    pub(super) fn poll(
        &mut self,
        busy: bool,
        connection: &mut Connection,
        limits: &Limits,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if self.given_up && !self.over {
            return self.timer.poll(cx);
        }
        if busy && !self.over {
            self.timer.clear();
            return Poll::Pending;
        }
        if self.timer.deadline().is_none() {
            let wait = if self.over || self.leaving { limits.header_timeout } else { limits.idle_timeout };
            self.timer.set(Instant::now() + wait);
        }
        ready!(self.timer.poll(cx));
        if self.over || self.leaving {
            return Poll::Ready(());
        }
        self.leave(connection);
        // The frames that say so go out with the next poll.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
