//! An answer that begins before all of its parts are known. What is in the way of it at a moment is the client or a call:
//! either way the other goes on.

use super::answer;
use super::call::Calling;
use super::plan::{Built, PartSet, Plan};
use super::run::{Decision, Run};
use parking_lot::Mutex;
use pintle_core::json::Json;
use pintle_core::step::BoxFuture;
use pintle_core::{BodyError, BodySource, Exchange, Fault, Fields, Frame};
use pintle_policies::held::Account;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The content of such an answer.
pub(super) struct Streamed {
    /// Works on it, until it is through.
    work: Option<BoxFuture<'static, Result<(), BodyError>>>,
    ready: Ready,
}

/// What is ready to be sent. It holds no more than the answers that it is made of, which are bounded.
type Ready = Arc<Mutex<VecDeque<Frame>>>;

impl Streamed {
    /// `exchange` is the request's own, without its content.
    pub(super) fn new(plan: Arc<Plan>, account: Arc<Account>, content: Option<Json>, exchange: Exchange) -> Self {
        let ready = Ready::default();
        let work = Box::pin(write(plan, account, content, exchange, Arc::clone(&ready)));
        Streamed { work: Some(work), ready }
    }

    fn work(&mut self, cx: &mut Context<'_>) -> Result<(), BodyError> {
        let Some(work) = &mut self.work else { return Ok(()) };
        match work.as_mut().poll(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(result) => {
                self.work = None;
                result
            }
        }
    }
}

impl BodySource for Streamed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if let Some(frame) = self.ready.lock().pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if let Err(error) = self.work(cx) {
            return Poll::Ready(Some(Err(error)));
        }
        match (self.ready.lock().pop_front(), &self.work) {
            (Some(frame), _) => Poll::Ready(Some(Ok(frame))),
            (None, None) => Poll::Ready(None),
            (None, Some(_)) => Poll::Pending,
        }
    }

    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        if let Err(error) = self.work(cx) {
            // It shows once what is ready has gone.
            self.work = Some(Box::pin(std::future::ready(Err(error))));
        }
    }
}

async fn write(
    plan: Arc<Plan>,
    account: Arc<Account>,
    content: Option<Json>,
    mut exchange: Exchange,
    ready: Ready,
) -> Result<(), BodyError> {
    let Built::Content(built) = &plan.answer.built else { return Ok(()) };
    let mut calling = Calling::new(&plan, &account, &exchange);
    let mut run = Run::new(&plan, content);
    let mut at = 0;
    loop {
        let mut text = String::new();
        let written = built
            .render_while(at, &run.scope(&exchange), &mut text, &|template| run.knows(PartSet::of_template(template)));
        at = match written {
            Ok(at) => at,
            Err(failed) => {
                // The head is out: that it breaks off is all that can be said to the client.
                let refusal = answer::cannot_be_built(&plan, &run.scope(&exchange), failed);
                super::note(&run, &exchange, refusal.part.as_deref());
                return Err(BodyError::gateway(Fault::Closed));
            }
        };
        if run.decision() == Some(Decision::TooLarge) {
            super::note(&run, &exchange, None);
            return Err(BodyError::gateway(Fault::TooLarge));
        }
        if !text.is_empty() {
            ready.lock().push_back(Frame::Data(text.into()));
        }
        if at == built.pieces() && run.decision() == Some(Decision::Complete) {
            break;
        }
        calling.step(&mut run, &mut exchange).await;
    }
    super::note(&run, &exchange, None);
    if let Some(partial) = answer::partial(&plan, &run.parts) {
        let mut trailers = Fields::new();
        trailers.append(answer::GATEWAY_PARTIAL, partial);
        ready.lock().push_back(Frame::Trailers(trailers));
    }
    Ok(())
}
