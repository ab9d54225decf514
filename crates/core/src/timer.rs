//! One timer for a connection's whole life. Setting it costs a store: the runtime's timer wheel is only touched when a
//! deadline comes closer than what is already armed, or when an armed one is reached and was moved meanwhile.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::time::Sleep;

/// A deadline that may be moved at every request.
#[derive(Debug, Default)]
pub struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    deadline: Option<Instant>,
}

impl Timer {
    /// A timer without a deadline.
    pub const fn new() -> Self {
        Timer { sleep: None, deadline: None }
    }

    /// Moves the deadline.
    pub fn set(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
        if let Some(sleep) = &mut self.sleep
            && sleep.deadline().into_std() > deadline
        {
            sleep.as_mut().reset(deadline.into());
        }
    }

    /// Takes the deadline away.
    pub fn clear(&mut self) {
        self.deadline = None;
    }

    /// The deadline, if there is one.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Ready once the deadline is reached; never, while there is none.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())));
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                self.deadline = None;
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline.into());
        }
        Poll::Pending
    }
}
