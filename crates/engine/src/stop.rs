//! How those who wait learn that the gateway stops: when it begins to, and when the time for that is over.
//!
//! Waiting for it costs a task a look at one number each time it is woken; the list of those to wake is touched once.

use crate::gateway::Gateway;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::futures::Notified;

/// One task's wait for the gateway to stop.
pub(crate) struct Stop<'g> {
    gateway: &'g Gateway,
    next: Pin<Box<Notified<'g>>>,
    /// In which phase the task was put on the list.
    listed: Option<u8>,
}

impl<'g> Stop<'g> {
    pub(crate) fn new(gateway: &'g Gateway) -> Self {
        Stop { gateway, next: Box::pin(gateway.drained()), listed: None }
    }

    /// Ready once the gateway has begun to stop.
    pub(crate) fn poll_begun(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll(Gateway::is_draining, cx)
    }

    /// Ready once its time is over.
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll(Gateway::is_over, cx)
    }

    /// Runs `work` to its end, unless the time is over before: then there is nothing.
    pub(crate) async fn before_over<T>(&mut self, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => self.poll_over(cx).map(|()| None),
        })
        .await
    }

    fn poll(&mut self, is_so: impl Fn(&Gateway) -> bool, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if is_so(self.gateway) {
                return Poll::Ready(());
            }
            let phase = self.gateway.phase();
            if self.listed == Some(phase) {
                return Poll::Pending;
            }
            // A phase that begins meanwhile makes it ready: it counts from when it was made.
            if self.next.as_mut().poll(cx).is_pending() {
                self.listed = Some(phase);
            } else {
                self.listed = None;
                self.next.set(self.gateway.drained());
            }
        }
    }
}
